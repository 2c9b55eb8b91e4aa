/** Toy task types and a loader over files in memory, for the tests of the language. */
import { checkColumns } from '../../../engine/language/columns.js';
import { loadWorkflow, type Loaded } from '../../../engine/language/load.js';
import { renderDiagnostic } from '../../../engine/language/render.js';
import { defineTask, Registry, type ParameterSchema, type TaskType } from '../../../engine/task.js';
import type { Case } from './cases.js';

const NO_PARAMS: ParameterSchema = { type: 'object', properties: {}, additionalProperties: false };

function toy(task: Partial<TaskType> & Pick<TaskType, 'name' | 'inputs' | 'outputs'>): TaskType {
  return defineTask({
    version: 1,
    summary: `Toy ${task.name}.`,
    params: NO_PARAMS,
    run: () => ({}),
    ...task,
  });
}

const tableIn = { type: 'table', summary: 'rows' } as const;
const tableOut = { table: { type: 'table', summary: 'rows' } } as const;

export const TOYS = new Registry([
  toy({
    name: 'scale.zscore',
    inputs: { table: tableIn, people: { type: 'samples', summary: 'whom to keep', optional: true } },
    outputs: tableOut,
    params: {
      type: 'object',
      properties: {
        ddof: { type: 'integer', minimum: 0, maximum: 1, default: 0, description: 'degrees of freedom' },
        columns: {
          type: 'array',
          items: { type: 'string', minLength: 1 },
          default: [],
          description: 'columns to scale',
          'x-columns-of': 'table',
        },
        method: { enum: ['mean', 'median'], default: 'mean', description: 'centre' },
      },
      additionalProperties: false,
    },
  }),
  toy({
    name: 'fit.ridge',
    inputs: { table: tableIn },
    outputs: { model: { type: 'model', summary: 'fit' }, metrics: { type: 'metrics', summary: 'quality' } },
    params: {
      type: 'object',
      properties: {
        outcome: { type: 'string', description: 'outcome', 'x-columns-of': 'table' },
        alpha: { type: 'number', exclusiveMinimum: 0, default: 1, description: 'penalty' },
      },
      required: ['outcome'],
      additionalProperties: false,
    },
  }),
  toy({
    name: 'fit.stack',
    inputs: { modalities: { ...tableIn, named: true } },
    outputs: { model: { type: 'model', summary: 'fit' } },
  }),
  toy({
    name: 'table.collect',
    inputs: { parts: { type: 'metrics', summary: 'parts', gather: true } },
    outputs: { table: { type: 'metrics', summary: 'all' }, list: { type: 'json', summary: 'names' } },
  }),
  toy({
    name: 'folds.make',
    seeded: true,
    inputs: { table: tableIn },
    outputs: { folds: { type: 'folds', summary: 'folds' } },
  }),
  toy({
    name: 'sim.people',
    seeded: true,
    inputs: {},
    outputs: { people: { type: 'table', summary: 'people' } },
  }),
  toy({ name: 'list.names', inputs: {}, outputs: { list: { type: 'json', summary: 'names' } } }),
  toy({
    name: 'draw.figure',
    inputs: { table: tableIn },
    outputs: { figure: { type: 'figure', summary: 'figure' } },
  }),
  toy({ name: 'read.file', inputs: { file: { type: 'file', summary: 'file' } }, outputs: tableOut }),
]);

/** Loads files held in memory; every path under /data exists. */
export function loadFiles(
  files: Readonly<Record<string, string>>,
  sets: readonly { path: string; value: string }[] = [],
  main = '/study/main.yaml',
): Loaded {
  return loadWorkflow({
    file: main,
    sets,
    registry: TOYS,
    cwd: '/work',
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return text;
    },
    exists: (path) => path.startsWith('/data/'),
  });
}

/** The head of a valid file, then `body`. */
export function study(body: string): string {
  return `cohortflow: 1\nname: toy\nseed: 1\n${body}`;
}

export function load(body: string, sets: readonly { path: string; value: string }[] = []): Loaded {
  return loadFiles({ '/study/main.yaml': study(body) }, sets);
}

/** What a user sees of all findings. */
export function printed(loaded: Loaded): string {
  return loaded.diagnostics.map((d) => renderDiagnostic(d, loaded.sources, { colour: false })).join('\n\n');
}

/** Every finding of a case with its code and printed text. */
export function findingsOf(example: Case): { code: string; text: string }[] {
  const loaded = loadFiles(example.files ?? { '/study/main.yaml': study(example.body ?? '') }, example.sets);
  const { headers } = example;
  const more =
    loaded.workflow && headers ? checkColumns(loaded.workflow, (input) => headers[input] ?? null) : [];
  return [...loaded.diagnostics, ...more].map((diagnostic) => ({
    code: diagnostic.code,
    text: renderDiagnostic(diagnostic, loaded.sources, { colour: false }),
  }));
}
