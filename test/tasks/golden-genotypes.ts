/** The golden calls of the tasks on genotypes, summary statistics and scores; see golden-calls.ts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ldPanel, seeded, writeBed } from '../genotypes/oracle.js';
import type { Call } from './context.js';
import { bedPaths, viewOf } from './genotype-rig.js';
import { people, rows, samples } from './tables.js';

const folder = mkdtempSync(join(tmpdir(), 'golden-genotypes-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const VARIANTS = 15;
/** A chromosome's panel of the same 30 people. */
function panel(
  chromosome: string,
  seed: number,
): { paths: Record<string, string>; position: readonly number[] } {
  const prefix = join(folder, `chr${chromosome}`);
  const made = ldPanel(seeded(seed), 30, VARIANTS, 0.03, 30_000);
  writeBed(prefix, {
    ...made,
    sex: made.sex.map((_, s) => 1 + (s % 2)),
    chromosome: made.chromosome.map(() => chromosome),
  });
  return { paths: bedPaths(prefix), position: made.position };
}
/** A file of these lines, for the time of the tests. */
export function file(name: string, lines: readonly string[]): { path: string } {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return { path };
}

const [one, two] = [panel('1', 41), panel('2', 42)];
const { view } = await viewOf(folder, one.paths, { build: 'GRCh37' });
const other = await viewOf(folder, two.paths, { build: 'GRCh37' });
const genotypes = { view };
const some = samples(...Array.from({ length: 20 }, (_, s) => `s${s}`));
const stats = rows({
  chr: one.position.map(() => '1'),
  pos: [...one.position],
  id: one.position.map((_, v) => `v${v}`),
  effect_allele: one.position.map((_, v) => (v % 3 ? 'A' : 'G')),
  other_allele: one.position.map((_, v) => (v % 3 ? 'G' : 'A')),
  beta: one.position.map((_, v) => (v % 5) - 2.5),
  eaf: one.position.map((_, v) => (v + 1) / 20),
  p: one.position.map((_, v) => ((v * 7) % 15) / 100),
  log10p: one.position.map((_, v) => Math.log10(((v * 7) % 15) / 100 + 1e-9)),
  build: one.position.map(() => 'GRCh37'),
});

export const GENOTYPE_CALLS: Readonly<Record<string, Call>> = {
  'genotypes.clump': { params: { r2: 0.2 }, inputs: { sumstats: stats, genotypes, samples: some } },
  'genotypes.dosage': {
    params: { missing: 'frequency' },
    inputs: { genotypes, samples: samples('s3', 's28'), train: some },
  },
  'genotypes.gwas': {
    inputs: {
      genotypes,
      trait: people(Object.fromEntries(Array.from({ length: 30 }, (_, s) => [`s${s}`, { y: Math.sin(s) }]))),
    },
  },
  'genotypes.join': {
    inputs: {
      genotypes: {
        gather: [
          { item: { chr: 1 }, value: { view } },
          { item: { chr: 2 }, value: { view: other.view } },
        ],
      },
    },
  },
  'genotypes.kinship': { params: { threshold: 0.0442 }, inputs: { genotypes } },
  'genotypes.prune': { params: { r2: 0.3 }, inputs: { genotypes } },
  'genotypes.qc': {
    params: { max_missing: 0.06, min_maf: 0.1, max_heterozygosity_sd: 2 },
    inputs: { genotypes, samples: some },
  },
  'genotypes.score': { params: { columns: ['beta', 'p'] }, inputs: { genotypes, weights: stats } },
  'genotypes.select': { inputs: { genotypes, variants: rows({ id: ['v2', 'v5'] }), samples: some } },
  'genotypes.view': {
    params: { build: 'GRCh38' },
    inputs: Object.fromEntries(Object.entries(two.paths).map(([role, path]) => [role, { path }])),
  },
  'scores.read': {
    inputs: {
      file: file('score.txt', [
        '#genome_build=GRCh37',
        'rsID\tchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight',
        'rs1\t1\t100\tA\tG\t0.5',
        'rs2\tX\t200\tC\tT\t-0.25',
      ]),
    },
  },
  'scores.write': { params: { name: 'golden', trait: 'y', harmonised: true }, inputs: { weights: stats } },
  'sumstats.harmonise': {
    inputs: {
      sumstats: stats,
      variants: rows({
        chr: one.position.map(() => '1'),
        pos: one.position.map((position, v) => (v === 4 ? 1 : position)),
        ref: one.position.map((_, v) => (v === 6 ? 'C' : 'G')),
        alt: one.position.map((_, v) => (v === 6 ? 'T' : 'A')),
        af: one.position.map((_, v) => (v + 1) / 20),
        build: one.position.map(() => 'GRCh37'),
      }),
    },
  },
  'sumstats.read': {
    params: { build: 'GRCh37' },
    inputs: {
      file: file('gwas.txt', [
        'chr rsid pos a1 a2 beta se pval(-log10)',
        '01 rs1 100 A G 0.5 0.1 6.5',
        '02 rs2 200 C C 0.5 0.1 6.5',
        '22 rs4 300 c t 0.25 0.1 400',
      ]),
    },
  },
  'sumstats.select': { params: { p_below: 0.05 }, inputs: { sumstats: stats } },
};
