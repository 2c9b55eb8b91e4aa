/**
 * The part of the editors' schema that comes from the task definitions: nodes, their ports and parameters.
 */
import type { InputPort, Json, TaskType } from '../task.js';

export type Schema = Record<string, Json>;

/** A place where `${params.x}` may stand for a value of another type, or `choose` for either. */
export const ANY_TEXT = { type: 'string', pattern: '\\$\\{' } as const;

/** A text that `extends` may delete. */
export function text(description: string): Schema {
  return { type: ['string', 'null'], description };
}

/** A node of any of `tasks`: ports and parameters follow from `task`. */
export function nodeSchema(tasks: readonly TaskType[]): Schema {
  return {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: {
      task: {
        anyOf: [
          {
            enum: tasks.map((task) => task.name),
            enumDescriptions: tasks.map((task) => task.summary),
            description: 'What the node does.',
          },
          ANY_TEXT,
          { $ref: '#/definitions/choose' },
        ],
      },
      in: { type: ['object', 'null'], description: 'References for the input ports of the task.' },
      with: { type: ['object', 'string', 'null'], description: 'Parameters of the task.' },
      each: {
        anyOf: [
          { type: 'string' },
          { type: 'array', items: { type: 'string' } },
          { $ref: '#/definitions/choose' },
          { type: 'null' },
        ],
        description: 'The axes that the node is repeated over.',
      },
      stream: {
        type: ['string', 'number', 'null'],
        description: 'Names the random draws, where several nodes run one seeded task.',
      },
      label: text('Name for people.'),
      description: text('Why the node is there.'),
    },
    allOf: tasks.map((task) => ({
      if: { properties: { task: { const: task.name } }, required: ['task'] },
      then: {
        description: [task.summary, task.details].filter((part) => part !== undefined).join('\n\n'),
        properties: { in: portsSchema(task), with: withSchema(task) },
      },
    })),
  };
}

function portsSchema(task: TaskType): Schema {
  const ports = Object.entries(task.inputs);
  return {
    anyOf: [
      {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(
          ports.map(([name, port]) => [name, { ...(ref('binding') as Schema), description: portText(port) }]),
        ),
      },
      ref('choose'),
      { type: 'null' },
    ],
  };
}

function ref(name: string): Json {
  return { allOf: [{ $ref: `#/definitions/${name}` }] };
}

function portText(port: InputPort): string {
  const kinds = [
    port.type,
    port.gather ? 'gathered [*]' : '',
    port.named ? 'a map of names' : '',
    port.optional ? 'optional' : '',
  ];
  return `${port.summary} (${kinds.filter((kind) => kind !== '').join(', ')})`;
}

/** The task's schema, where a template or `choose` may stand for every value and nothing is required (extends may give it). */
function withSchema(task: TaskType): Schema {
  const properties = Object.entries(task.params.properties).map(([name, schema]) => {
    const { description, default: fallback, ...rest } = schema as Schema;
    return [
      name,
      {
        ...(description === undefined ? {} : { description }),
        ...(fallback === undefined ? {} : { default: fallback }),
        anyOf: [loosen(rest), ANY_TEXT, { type: 'null' }, { $ref: '#/definitions/choose' }],
      },
    ] as const;
  });
  return {
    anyOf: [
      { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) },
      ANY_TEXT,
      ref('choose'),
      { type: 'null' },
    ],
  };
}

/** Lets templates stand below the top of a parameter as well. */
function loosen(schema: Json): Json {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema;
  const out: Schema = { ...(schema as Schema) };
  const alternative = (inner: Json): Json => ({
    anyOf: [loosen(inner), ANY_TEXT, { $ref: '#/definitions/choose' }],
  });
  delete out['x-columns-of'];
  delete out['uniqueItems'];
  if (out['items'] !== undefined && !Array.isArray(out['items'])) out['items'] = alternative(out['items']);
  if (typeof out['additionalProperties'] === 'object')
    out['additionalProperties'] = alternative(out['additionalProperties'] ?? null);
  if (typeof out['properties'] === 'object') {
    out['properties'] = Object.fromEntries(
      Object.entries(out['properties'] as Schema).map(([name, inner]) => [name, alternative(inner)]),
    );
  }
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    if (Array.isArray(out[key])) out[key] = (out[key] as readonly Json[]).map(loosen);
  }
  // An exact count of alternatives fails as soon as a template fits several of them.
  if (out['oneOf'] !== undefined) {
    out['anyOf'] = out['oneOf'];
    delete out['oneOf'];
  }
  return out;
}
