import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { selectionOf, type SnpModel } from '../../bench/validation-genetics.js';
import { agreement, median } from '../../bench/validation-measures.js';
import { pairsOf } from '../../bench/validation-pairs.js';
import { SWITCHES } from '../../bench/validation-switches.js';
import { loadWorkflow } from '../../engine/language/load.js';
import type { Truth } from '../../genotypes/simulate/truth.js';
import { registry } from '../../tasks/registry.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const TRUTH: Truth = {
  pool: [],
  idps: [
    {
      idp: 'a',
      orphan: false,
      shares: { snp: 0.1, blood: 0.1, covariates: 0 },
      snps: [
        { variant: 'rs1', beta: 0.2 },
        { variant: 'rs2', beta: -0.1 },
        { variant: 'rs3', beta: 0.3 },
      ],
      blood: [],
      covariates: { age: 0, sex: 0, bmi: 0 },
    },
    {
      idp: 'b',
      orphan: true,
      shares: { snp: 0.1, blood: 0.1, covariates: 0 },
      snps: [],
      blood: [],
      covariates: { age: 0, sex: 0, bmi: 0 },
    },
  ],
  diseases: [
    ['I10', [{ idp: 'a', log_hazard_ratio: 0.5 }]] as const,
    ['I20', [{ idp: 'c', log_hazard_ratio: 0.1 }]] as const,
    ['I44', []] as const,
  ].map(([disease, idps]) => ({
    ...{
      disease,
      idps,
      blood: [],
      category: 'circulatory',
      scale: 1,
      base_hazard: 0.01,
      five_year_risk: 0.03,
    },
    ...{ age: 0.3, bmi: 0.15, smoking: 0.3 },
  })),
};

describe('agreement of estimates with what was planted', () => {
  test('weighs the slope by precision and counts intervals', () => {
    // Σxy/se² = 1·1.2 + 2·1·4 = 9.2; Σx²/se² = 1 + 4·4 = 17; |1 − 2| is more than 1.96 · 0.5.
    const found = agreement([
      { planted: 1, beta: 1.2, se: 1 },
      { planted: 2, beta: 1, se: 0.5 },
    ]);
    expect(found.slope).toBeCloseTo(9.2 / 17, 12);
    expect(found.coverage).toBe(0.5);
    expect(found.error).toBeCloseTo(Math.sqrt((0.04 + 1) / 2), 12);
    expect(found.correlation).toBeCloseTo(-1, 12);
  });

  test('is perfect where estimates are exact, and scales with them', () => {
    const values = fc.array(fc.double({ min: 0.1, max: 2, noNaN: true }), { minLength: 3, maxLength: 20 });
    fc.assert(
      fc.property(values, fc.double({ min: 0.2, max: 3, noNaN: true }), (planted, factor) => {
        const exact = agreement(planted.map((x) => ({ planted: x, beta: x, se: 0.1 })));
        expect(exact).toMatchObject({ coverage: 1, error: 0, pairs: planted.length });
        const scaled = agreement(planted.map((x) => ({ planted: x, beta: factor * x, se: 0.1 })));
        expect(scaled.slope).toBeCloseTo(factor * exact.slope, 9);
      }),
    );
  });

  test('has no slope where nothing was planted', () => {
    expect(agreement([{ planted: 0, beta: 0.1, se: 1 }])).toMatchObject({ slope: NaN, coverage: 1 });
    expect(agreement([]).coverage).toBe(NaN);
  });

  test('median of odd, even, partly missing and no values', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([NaN, 5]), median([])]).toEqual([2, 2.5, 5, NaN]);
  });
});

test('every pair of disease and IDP is of the kind that was planted', () => {
  const row = (disease: string, idp: string, log10p: number | null) => ({
    ...{ disease, idp, category: 'circulatory', group: 'T1' },
    ...{ beta: 0.1, se: 0.05, log10p, q: log10p === null ? null : 0.1 },
  });
  const pairs = pairsOf(TRUTH, {
    real: [
      row('I10', 'a', -1),
      row('I10', 'b', -1),
      row('I20', 'a', null),
      row('I20', 'b', -1),
      row('I44', 'b', -1),
    ],
    imputed: [row('I10', 'a', -2)],
  });
  expect(pairs.map(({ kind, planted }) => [kind, planted])).toEqual([
    ['planted', 0.5],
    ['orphan', 0],
    ['unplanted', 0],
    ['orphan', 0],
    ['covariates only', 0],
  ]);
  expect(pairs.map(({ arms }) => Object.keys(arms))).toEqual([
    ['measured', 'imputed'],
    ['measured'],
    [],
    ['measured'],
    ['measured'],
  ]);
});

test('chosen variants are planted, near a planted one, or neither; weights are of the alternative allele', () => {
  const model: SnpModel = {
    snps: {
      variants: [
        { id: 'rs1', chr: '1', pos: 100, counted: 'A' },
        { id: 'rs2', chr: '1', pos: 500_000, counted: 'G' },
        { id: 'rs9', chr: '1', pos: 250_100, counted: 'A' },
        { id: 'rs8', chr: '2', pos: 100, counted: 'A' },
      ],
    },
    configurations: { snp: { modalities: [{ coef: [0.15, 0.08, 0.01, 0.02] }] } },
  };
  const variants = new Map([
    ['rs1', { chr: '1', pos: 100, alt: 'A' }],
    ['rs2', { chr: '1', pos: 500_000, alt: 'C' }],
    ['rs3', { chr: '3', pos: 100, alt: 'C' }],
  ]);
  const found = selectionOf(TRUTH, variants, new Map([['a', model]]));
  expect(found).toMatchObject({ chosen: 4, planted: 2, near: 1, effects: 3, found: 2 });
  expect(found.weights.map(({ planted, weight }) => [planted, weight])).toEqual([
    [0.2, 0.15],
    [-0.1, -0.08],
  ]);
});

describe('the workflow of the validation', () => {
  test.each(SWITCHES)('takes the switch $name', ({ sets }) => {
    const overrides = sets.map((text) => ({
      path: text.slice(0, text.indexOf('=')),
      value: text.slice(text.indexOf('=') + 1),
    }));
    const { workflow, diagnostics } = loadWorkflow({
      file: `${ROOT}workflows/validation.yaml`,
      sets: overrides,
      registry,
    });
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(workflow?.name).toBe('validation');
  });

  test.each(['analysis', 'figures', 'study', 'ukb', 'demo'])('no node of %s.yaml reads the truth', (name) => {
    expect(readFileSync(`${ROOT}workflows/${name}.yaml`, 'utf8')).not.toMatch(/simulation\.truth/);
  });
});

test('every table and figure of docs/validation.md is there', () => {
  const page = readFileSync(`${ROOT}docs/validation.md`, 'utf8');
  const blocks = [...page.matchAll(/<!-- (?!end)(\w+) -->\n([^]*?)<!-- end -->/g)];
  expect(blocks.length).toBeGreaterThan(8);
  for (const [, name, table] of blocks) expect(table, name).toMatch(/\|.*\d/);
  const figures = [...page.matchAll(/\]\((figures\/[^)]+)\)/g)].map(([, path]) => path!);
  expect(figures.length).toBeGreaterThan(5);
  for (const path of figures) expect(existsSync(`${ROOT}docs/${path}`), path).toBe(true);
});
