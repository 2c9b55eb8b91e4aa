/** Pages that come from the definitions: stale ones fail here. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cataloguePage, parametersOf, taskLines } from '../../cli/catalogue.js';
import { generatedPages } from '../../cli/docs.js';
import { PLAIN } from '../../cli/terminal.js';
import { VERBS } from '../../cli/verbs.js';
import { defineTask, Registry } from '../../engine/task.js';
import { registry } from '../../tasks/registry.js';

const task = defineTask<never>({
  name: 'toy.fit',
  version: 3,
  summary: 'Fits a toy.',
  details: 'Source: a textbook | page 3.',
  params: {
    type: 'object',
    properties: {
      outcome: { type: 'string', 'x-columns-of': 'table', description: 'What is fitted.' },
      alpha: { type: 'number', exclusiveMinimum: 0, maximum: 1, default: 0.5, description: 'Penalty.' },
      method: { enum: ['mean', 'median'], default: 'mean', description: 'Centre.' },
      omit: {
        type: ['array', 'null'],
        items: { type: ['string', 'null'] },
        default: null,
        description: 'Left out.',
      },
      names: {
        type: 'object',
        additionalProperties: { type: 'integer' },
        default: {},
        description: 'Ranks.',
      },
    },
    required: ['outcome'],
    additionalProperties: false,
  },
  inputs: {
    table: { type: 'table', summary: 'The data.' },
    extra: { type: 'metrics', summary: 'More.', optional: true, gather: true },
  },
  outputs: { model: { type: 'model', summary: 'The fit.' } },
  seeded: true,
  run: () => ({}),
});

describe('the catalogue', () => {
  it('says parameters in words', () => {
    expect(
      parametersOf(task).map(({ name, type, fallback, required }) => [name, type, fallback, required]),
    ).toEqual([
      ['outcome', 'column', null, true],
      ['alpha', 'number > 0, ≤ 1', '0.5', false],
      ['method', 'mean | median', '"mean"', false],
      ['omit', 'list of (text | null) | null', 'null', false],
      ['names', 'map of integer', '{}', false],
    ]);
  });

  it('describes a task on a terminal', () => {
    expect(taskLines(task, PLAIN).join('\n')).toBe(`toy.fit  Fits a toy.
version 3, draws random numbers

Source: a textbook | page 3.

Parameters (with:)
  outcome  column                        required        What is fitted.
  alpha    number > 0, ≤ 1               default 0.5     Penalty.
  method   mean | median                 default "mean"  Centre.
  omit     list of (text | null) | null  default null    Left out.
  names    map of integer                default {}      Ranks.

Inputs (in:)
  table  table                            The data.
  extra  metrics, optional, gathered [*]  More.

Outputs
  model  model  The fit.`);
  });

  it('describes it in Markdown; bars in cells are escaped', () => {
    const page = cataloguePage(new Registry([task]));
    expect(page).toContain('- [`toy.fit`](#toyfit): Fits a toy.');
    expect(page).toContain('| `method` | mean \\| median | `"mean"` | Centre. |');
    expect(page).toContain('| `outcome` | column | **required** | What is fitted. |');
  });
});

describe('generated pages are fresh (npm run docs)', () => {
  it.each(['docs/tasks.md', 'workflows/cohortflow.schema.json'])('%s', async (path) => {
    expect(readFileSync(path, 'utf8')).toBe((await generatedPages(registry))[path]);
  });
});

it('docs/cli.md describes every verb', () => {
  const text = readFileSync('docs/cli.md', 'utf8');
  for (const { name } of VERBS) expect(text).toMatch(new RegExp(`^\\| \`${name}\\b`, 'm'));
});
