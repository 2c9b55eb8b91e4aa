/**
 * Catalogue: the task types as text for a terminal and as the page docs/tasks.md, both from the definitions.
 *
 * Not responsible for the JSON schema of workflows (engine/language/editor-schema.ts).
 */
import type { InputPort, Json, Registry, TaskType } from '../engine/task.js';
import { layout } from './layout.js';
import { inline, type Paint } from './terminal.js';

interface Parameter {
  readonly name: string;
  /** `integer ≥ 1`, `uniform | distance` */
  readonly type: string;
  /** As it is written; null when there is none. */
  readonly fallback: string | null;
  readonly required: boolean;
  readonly description: string;
}

/** The parameters of a task, in the order of its schema. */
export function parametersOf(task: TaskType): Parameter[] {
  const { properties, required = [] } = task.params;
  return Object.entries(properties).map(([name, schema]) => {
    const map = schema as Readonly<Record<string, Json>>;
    return {
      name,
      type: typeText(schema),
      fallback: map['default'] === undefined ? null : JSON.stringify(map['default']),
      required: required.includes(name),
      description: typeof map['description'] === 'string' ? map['description'] : '',
    };
  });
}

/** A JSON schema in a few words. */
function typeText(schema: Json | undefined): string {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return 'any';
  const map = schema as Readonly<Record<string, Json>>;
  if (map['const'] !== undefined) return inline(map['const']);
  if (Array.isArray(map['enum'])) return (map['enum'] as readonly Json[]).map(inline).join(' | ');
  const alternatives = map['anyOf'] ?? map['oneOf'];
  if (Array.isArray(alternatives)) return (alternatives as readonly Json[]).map(typeText).join(' | ');
  const type = map['type'] ?? 'any';
  const types = Array.isArray(type) ? (type as readonly string[]) : [inline(type)];
  return types.map((each) => oneType(each, map)).join(' | ');
}

function oneType(type: string, schema: Readonly<Record<string, Json>>): string {
  switch (type) {
    case 'array': {
      const of = schema['items'] === undefined ? 'any' : typeText(schema['items']);
      const least = typeof schema['minItems'] === 'number' ? `, at least ${schema['minItems']}` : '';
      return `list of ${of.includes(' | ') ? `(${of})` : of}${least}`;
    }
    case 'object': {
      const values = schema['additionalProperties'];
      return typeof values === 'object' && values !== null ? `map of ${typeText(values)}` : 'map';
    }
    case 'string':
      return schema['x-columns-of'] === undefined ? 'text' : 'column';
    case 'integer':
    case 'number':
      return `${type}${bounds(schema)}`;
    default:
      return type;
  }
}

function bounds(schema: Readonly<Record<string, Json>>): string {
  const signs = [
    ['minimum', '≥'],
    ['exclusiveMinimum', '>'],
    ['maximum', '≤'],
    ['exclusiveMaximum', '<'],
  ] as const;
  const found = signs.flatMap(([key, sign]) =>
    typeof schema[key] === 'number' ? [`${sign} ${schema[key]}`] : [],
  );
  return found.length === 0 ? '' : ` ${found.join(', ')}`;
}

/** `table, optional`, `metrics, one for each item (\`[*]\`)` */
function portText(port: InputPort): string {
  return [
    port.type,
    port.optional ? 'optional' : '',
    port.gather ? 'gathered [*]' : '',
    port.named ? 'by name' : '',
    port.allowEmpty ? 'may be empty' : '',
  ]
    .filter(Boolean)
    .join(', ');
}

function traits(task: TaskType): string {
  return [
    `version ${task.version}`,
    task.seeded ? 'draws random numbers' : '',
    'batch' in task ? 'computes many items in one call' : '',
  ]
    .filter(Boolean)
    .join(', ');
}

// ---- for a terminal ----

/** All tasks, one line each, by room. */
export function catalogueLines(registry: Registry, paint: Paint): string[] {
  const rows = registry.names().map((name) => [paint.bold(name), registry.get(name)!.summary]);
  return [...layout(rows), '', 'cohortflow tasks NAME describes one.'];
}

/** One task in full. */
export function taskLines(task: TaskType, paint: Paint): string[] {
  const section = (title: string, rows: readonly (readonly string[])[]): string[] =>
    rows.length === 0 ? [] : ['', paint.bold(title), ...layout(rows, { indent: '  ' })];
  const parameters = parametersOf(task).map(({ name, type, fallback, required, description }) => [
    name,
    type,
    required ? paint.yellow('required') : fallback === null ? '' : `default ${fallback}`,
    description,
  ]);
  return [
    `${paint.bold(task.name)}  ${task.summary}`,
    paint.dim(traits(task)),
    ...(task.details === undefined ? [] : ['', ...task.details.trim().split('\n')]),
    ...section('Parameters (with:)', parameters),
    ...section(
      'Inputs (in:)',
      Object.entries(task.inputs).map(([name, port]) => [name, portText(port), port.summary]),
    ),
    ...section(
      'Outputs',
      Object.entries(task.outputs).map(([name, port]) => [name, port.type, port.summary]),
    ),
  ];
}

/** One task for a program. */
export function taskJson(task: TaskType): Record<string, unknown> {
  const { name, version, summary, details, params, inputs, outputs } = task;
  const ports = Object.entries(inputs).map(
    ([port, { type, summary: text, optional, gather, named, allowEmpty }]) => [
      port,
      {
        type,
        summary: text,
        optional: optional === true,
        gather: gather === true,
        named: named === true,
        allowEmpty: allowEmpty === true,
      },
    ],
  );
  return {
    name,
    version,
    summary,
    ...(details === undefined ? {} : { details }),
    seeded: task.seeded === true,
    batch: 'batch' in task,
    params,
    inputs: Object.fromEntries(ports) as unknown,
    outputs,
  };
}

// ---- docs/tasks.md ----

/** The page of all tasks, in Markdown. */
export function cataloguePage(registry: Registry): string {
  const names = registry.names();
  const index = names.map((name) => `- [\`${name}\`](#${anchor(name)}): ${registry.get(name)!.summary}`);
  return `${[
    '# Tasks',
    '',
    'Generated from the definitions in `tasks/` by `npm run docs`; do not edit.',
    '',
    ...index,
    '',
    ...names.flatMap((name) => taskSection(registry.get(name)!)),
  ]
    .join('\n')
    .trimEnd()}\n`;
}

const anchor = (name: string): string => name.toLowerCase().replaceAll('.', '');
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function taskSection(task: TaskType): string[] {
  const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
    rows.length === 0
      ? []
      : [
          `| ${head.join(' | ')} |`,
          `|${' --- |'.repeat(head.length)}`,
          ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
          '',
        ];
  return [
    `## ${task.name}`,
    '',
    task.summary,
    '',
    `*${traits(task)}*`,
    '',
    ...(task.details === undefined ? [] : [task.details.trim(), '']),
    ...table(
      ['parameter', 'type', 'default', 'meaning'],
      parametersOf(task).map(({ name, type, fallback, required, description }) => [
        `\`${name}\``,
        type,
        required ? '**required**' : fallback === null ? '' : `\`${fallback}\``,
        description,
      ]),
    ),
    ...table(
      ['input', 'type', 'what it is'],
      Object.entries(task.inputs).map(([name, port]) => [`\`${name}\``, portText(port), port.summary]),
    ),
    ...table(
      ['output', 'type', 'what it is'],
      Object.entries(task.outputs).map(([name, port]) => [`\`${name}\``, port.type, port.summary]),
    ),
  ];
}
