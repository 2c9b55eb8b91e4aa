/**
 * plink1.9 and plink2 as live oracles, a scratch folder, the shared data folder, and seeded random genotypes.
 * Not responsible for: expectations; each test states its own.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import { FileSource } from '../../genotypes/io/bytesource.js';
import { openBed } from '../../genotypes/plink1/bed.js';
import { openPgen } from '../../genotypes/plink2/pgen.js';
import type { GenotypeSource } from '../../genotypes/source.js';

export const SHARED = resolve(import.meta.dirname, '../../../shared/data');

/** True when the shared data are here; prints why tests are skipped otherwise. */
export const hasShared = existsSync(SHARED);
if (!hasShared) console.log(`skipped: no data at ${SHARED}`);

function installed(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log(`skipped: ${program} is not installed (apt-get install ${program})`);
    return false;
  }
}

export const hasPlink1 = installed('plink1.9');
export const hasPlink2 = installed('plink2');

/** A folder that goes away with the test file. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'genotypes-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function run(program: string, folder: string, args: readonly string[]): string {
  try {
    return execFileSync(program, [...args, '--threads', '1', '--memory', '1000'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${program} ${args.join(' ')}\n${stdout}\n${stderr}`);
  }
}

export const plink1 = (folder: string, ...args: string[]): string => run('plink1.9', folder, args);
export const plink2 = (folder: string, ...args: string[]): string => run('plink2', folder, args);

/** Rows of a whitespace-separated table as records by header; a leading # of the header is dropped. */
export function readTable(path: string): Record<string, string>[] {
  const [header, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const names = header!.trim().replace(/^#/, '').split(/\s+/);
  return rows
    .filter((row) => row.trim() !== '')
    .map((row) => {
      const cells = row.trim().split(/\s+/);
      return Object.fromEntries(names.map((name, c) => [name, cells[c]!]));
    });
}

export function openBedPrefix(prefix: string): Promise<GenotypeSource> {
  return openBed({
    bed: new FileSource(`${prefix}.bed`),
    bim: new FileSource(`${prefix}.bim`),
    fam: new FileSource(`${prefix}.fam`),
  });
}

export function openPgenPrefix(prefix: string, pvar = '.pvar'): Promise<GenotypeSource> {
  return openPgen({
    pgen: new FileSource(`${prefix}.pgen`),
    pvar: new FileSource(prefix + pvar),
    psam: new FileSource(`${prefix}.psam`),
  });
}

export const range = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i);

/** Copies of ALT of everyone at every variant, variant by variant. */
export async function altDosages(source: GenotypeSource): Promise<Float64Array> {
  const out = new Float64Array(source.variants.count * source.samples.count);
  await source.dosages(range(source.variants.count), undefined, 'alt', out);
  return out;
}

/** Mulberry32: a small seeded generator, uniform in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A panel to be written as PLINK 1 files: calls[v][s] is copies of A1, 3 is missing. */
export interface Panel {
  readonly chromosome: readonly string[];
  readonly position: readonly number[];
  readonly calls: readonly (readonly number[])[];
  readonly sex: readonly number[];
}

/** Writes prefix.bed/.bim/.fam; ids are v0…, s0…; A1 is A, A2 is G. */
export function writeBed(prefix: string, panel: Panel): void {
  const people = panel.sex.length;
  const stride = Math.ceil(people / 4);
  const bed = new Uint8Array(3 + panel.calls.length * stride);
  bed.set([0x6c, 0x1b, 1]);
  panel.calls.forEach((calls, v) => {
    calls.forEach((call, s) => {
      bed[3 + v * stride + (s >> 2)]! |= [3, 2, 0, 1][call]! << ((s & 3) * 2);
    });
  });
  writeFileSync(`${prefix}.bed`, bed);
  writeFileSync(
    `${prefix}.bim`,
    panel.calls.map((_, v) => `${panel.chromosome[v]!}\tv${v}\t0\t${panel.position[v]!}\tA\tG\n`).join(''),
  );
  writeFileSync(`${prefix}.fam`, panel.sex.map((sex, s) => `s${s}\ts${s}\t0\t0\t${sex}\t-9\n`).join(''));
}

/**
 * People whose haplotypes are mosaics of a few founders, so that neighbours are in LD; a share of calls missing.
 */
export function ldPanel(
  random: () => number,
  people: number,
  variants: number,
  missing: number,
  step: number,
): Panel {
  const founders = Array.from({ length: 8 }, () =>
    Array.from({ length: variants }, () => (random() < 0.4 ? 1 : 0)),
  );
  const haplotype = (): number[] => {
    let from = founders[Math.floor(random() * founders.length)]!;
    return Array.from({ length: variants }, (_, v) => {
      if (random() < 0.08) from = founders[Math.floor(random() * founders.length)]!;
      return random() < 0.02 ? 1 - from[v]! : from[v]!;
    });
  };
  const haplotypes = Array.from({ length: people * 2 }, haplotype);
  let position = 1000;
  return {
    chromosome: Array.from({ length: variants }, () => '1'),
    position: Array.from({ length: variants }, () => (position += Math.floor(random() * 2 * step))),
    calls: Array.from({ length: variants }, (_, v) =>
      Array.from({ length: people }, (_, s) =>
        random() < missing ? 3 : haplotypes[2 * s]![v]! + haplotypes[2 * s + 1]![v]!,
      ),
    ),
    sex: Array.from({ length: people }, () => 1 + Math.floor(random() * 2)),
  };
}
