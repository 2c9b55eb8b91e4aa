/**
 * The JSON schema of workflow files for editors (completion, hover, squiggles through yaml-language-server).
 *
 * It is looser than the loader, which has the last word: a file that loads never violates it. Descriptions come from the
 * task definitions.
 */
import type { Json, Registry } from '../task.js';
import { ANY_TEXT, nodeSchema, text, type Schema } from './editor-tasks.js';

const NAME = '^[A-Za-z][A-Za-z0-9_-]{0,99}$';
/** The JSON schema (draft 7) of a workflow file. */
export function workflowSchema(registry: Registry): Json {
  const tasks = registry.names().map((name) => registry.get(name)!);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'cohortflow workflow',
    description: 'A biobank study: inputs, axes, nodes and what is published.',
    type: 'object',
    required: ['cohortflow'],
    additionalProperties: false,
    properties: {
      cohortflow: { const: 1, description: 'Version of the format: 1.' },
      name: {
        type: 'string',
        pattern: '^[a-z][a-z0-9_-]{0,99}$',
        description: 'Name of the study: small letters, digits, _ and -.',
      },
      title: text('Title for people; the name when absent.'),
      description: text('What the study does and why (Markdown).'),
      extends: text(
        'A workflow file to build on, relative to this one. Maps merge, lists and values replace, null deletes.',
      ),
      seed: {
        type: ['integer', 'string', 'null'],
        description: 'Seed of every random draw. Required when a task draws.',
      },
      params: section('Values that the study is written in terms of: ${params.NAME}.', {
        $ref: '#/definitions/parameter',
      }),
      inputs: section('Files that the study reads.', { $ref: '#/definitions/input' }),
      axes: section('What nodes are repeated over.', { $ref: '#/definitions/axis' }),
      nodes: section('Tasks, connected by references.', { $ref: '#/definitions/node' }),
      publish: { $ref: '#/definitions/publish' },
    },
    definitions: {
      choose: chooseSchema(),
      reference: referenceSchema(),
      binding: bindingSchema(),
      parameter: parameterSchema(),
      input: inputSchema(),
      axis: axisSchema(),
      node: nodeSchema(tasks),
      publish: publishSchema(),
    },
  };
}

function section(description: string, values: Schema): Schema {
  return {
    type: ['object', 'null'],
    description,
    propertyNames: { pattern: NAME },
    additionalProperties: values,
  };
}

function chooseSchema(): Schema {
  return {
    type: 'object',
    description: 'Picks a branch by the value of a parameter, before anything runs.',
    required: ['choose', 'of'],
    additionalProperties: false,
    properties: {
      choose: {
        type: 'string',
        pattern: '^\\$\\{params\\.[^{}]+\\}$',
        description: 'The parameter, such as "${params.mode}".',
      },
      of: {
        type: 'object',
        minProperties: 1,
        description: 'From each value of the parameter to what stands there then.',
      },
    },
  };
}

function referenceSchema(): Schema {
  return {
    anyOf: [
      {
        type: 'string',
        pattern: '^[A-Za-z][A-Za-z0-9_-]*(\\.[A-Za-z][A-Za-z0-9_-]*)?\\s*(\\[.*)?$',
        description: 'node.port, a node with one output, or an input; then [axes], then [columns].',
      },
      { $ref: '#/definitions/choose' },
    ],
  };
}

function bindingSchema(): Schema {
  return {
    anyOf: [
      { $ref: '#/definitions/reference' },
      { type: 'null', description: 'Not connected.' },
      {
        type: 'array',
        minItems: 1,
        items: { anyOf: [{ $ref: '#/definitions/reference' }, { type: 'null' }] },
        description: 'Tables side by side.',
      },
      { type: 'object', description: 'Named references.' },
    ],
  };
}

function parameterSchema(): Schema {
  return {
    description: 'A value, or a map with `value`, `description`, `path`, `choices` and `assumption`.',
    if: { type: 'object', required: ['value'] },
    then: {
      additionalProperties: false,
      properties: {
        value: { description: 'The value.' },
        description: text('What the parameter means.'),
        path: { type: 'boolean', description: 'A relative path, which starts from the file that gives it.' },
        choices: { type: 'array', description: 'The values that are allowed.' },
        assumption: { type: 'boolean', description: 'It stands for an open choice, and the report says so.' },
      },
    },
  };
}

function inputSchema(): Schema {
  return {
    anyOf: [
      { $ref: '#/definitions/choose' },
      { type: 'null' },
      {
        type: 'object',
        additionalProperties: false,
        properties: {
          table: {
            anyOf: [{ type: 'string' }, { $ref: '#/definitions/choose' }],
            description: 'A CSV, TSV or Parquet file that is read column by column.',
          },
          file: {
            anyOf: [{ type: 'string' }, { $ref: '#/definitions/choose' }],
            description: 'A file that is handed to tasks as it is; ${axis} repeats it.',
          },
          from: { ...referenceSchema(), description: "A node's port under this name, such as sim.people." },
          id: {
            type: 'string',
            description: 'The column of unique ids. Without it, the order of rows is content.',
          },
          missing: {
            anyOf: [{ type: 'array', items: { type: ['string', 'number'] } }, ANY_TEXT],
            description: 'Cells read as missing, besides the empty one.',
          },
          types: {
            anyOf: [
              { type: 'object', additionalProperties: { anyOf: [{ enum: ['number', 'text'] }, ANY_TEXT] } },
              ANY_TEXT,
            ],
            description: 'Types of columns that should not be inferred.',
          },
          format: {
            anyOf: [{ enum: ['csv', 'tsv', 'parquet'] }, ANY_TEXT],
            description: 'The format, where the extension does not tell.',
          },
          description: text('What the file is.'),
        },
      },
    ],
  };
}

function axisSchema(): Schema {
  const whole: Schema = { anyOf: [{ type: 'integer' }, ANY_TEXT] };
  return {
    anyOf: [
      { type: 'array', minItems: 1, description: 'Items: values, or records with an id.' },
      ANY_TEXT,
      { $ref: '#/definitions/choose' },
      { type: 'null' },
      {
        type: 'object',
        additionalProperties: false,
        properties: {
          items: { description: 'Values, or records with an id.' },
          range: {
            anyOf: [{ type: 'array', items: whole, minItems: 2, maxItems: 2 }, ANY_TEXT],
            description: '[first, last], both included.',
          },
          replicate: { ...whole, description: 'Items 1 to this number, each with random draws of its own.' },
          from: {
            ...referenceSchema(),
            description: 'A table or JSON list, of a node or an input, whose items are known in a run.',
          },
          column: {
            type: 'string',
            description: 'The column of the table whose distinct values are the items.',
          },
          records: { type: 'boolean', description: 'The rows of the table are the items.' },
        },
      },
    ],
  };
}

function publishSchema(): Schema {
  const caption = text('A line below the figure or table.');
  return {
    type: ['object', 'null'],
    description: 'What the study hands out.',
    additionalProperties: false,
    properties: {
      to: text('Folder, relative to the main workflow file; results/NAME when absent.'),
      files: {
        type: ['object', 'null'],
        description: 'From paths within the folder to references; ${axis} in a path gives one file per item.',
        additionalProperties: { anyOf: [{ $ref: '#/definitions/reference' }, { type: 'null' }] },
      },
      report: {
        type: ['object', 'null'],
        additionalProperties: false,
        description: 'An HTML page of texts, figures and tables.',
        properties: {
          file: text('Path of the report within the folder, such as report.html.'),
          title: text('Title of the report.'),
          sections: {
            anyOf: [
              {
                type: 'array',
                items: {
                  type: 'object',
                  additionalProperties: false,
                  properties: {
                    title: text('Title of the section.'),
                    text: text('Markdown.'),
                    show: {
                      description: 'Figures, tables and flows, in order; each repeats over its axes.',
                      type: ['array', 'string', 'object'],
                      items: {
                        anyOf: [
                          { $ref: '#/definitions/reference' },
                          {
                            type: 'object',
                            additionalProperties: false,
                            properties: {
                              figure: { $ref: '#/definitions/reference' },
                              table: { $ref: '#/definitions/reference' },
                              flow: {
                                description:
                                  'Tables of step, reason, excluded and remaining, drawn as boxes beside each other.',
                                anyOf: [
                                  { $ref: '#/definitions/reference' },
                                  { type: 'array', minItems: 1, items: { $ref: '#/definitions/reference' } },
                                ],
                              },
                              into: {
                                type: 'array',
                                minItems: 1,
                                items: { $ref: '#/definitions/reference' },
                                description: 'The flows into which `flow` parts.',
                              },
                              caption,
                            },
                          },
                        ],
                      },
                    },
                  },
                },
              },
              { $ref: '#/definitions/choose' },
            ],
          },
        },
      },
    },
  };
}
