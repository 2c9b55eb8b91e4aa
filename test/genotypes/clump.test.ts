/** Clumping against plink1.9 v1.90b6.26 --clump, live: leads, their order, members, RSQ to three digits. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clump, clumpAll, founders } from '../../genotypes/ld/clump.js';
import type { ClumpReport, Clumps } from '../../genotypes/ld/clump.js';
import type { GenotypeSource } from '../../genotypes/source.js';
import {
  SHARED,
  hasPlink1,
  hasShared,
  ldPanel,
  openBedPrefix,
  plink1,
  range,
  scratch,
  seeded,
  writeBed,
} from './oracle.js';

interface PlinkClump {
  readonly lead: string;
  /** Members other than the lead: id and signed r². */
  readonly members: Map<string, number>;
}

/** Parses `.clumped` of `--clump-verbose`: a header, the lead's own line, and below it the members. */
function parseVerbose(path: string): PlinkClump[] {
  const clumps: PlinkClump[] = [];
  let afterHeader = false;
  for (const row of readFileSync(path, 'utf8').split('\n')) {
    const cells = row.trim().split(/\s+/);
    if (afterHeader) clumps.push({ lead: cells[2]!, members: new Map() });
    afterHeader = cells[0] === 'CHR';
    // Members: id, distance in kb, r², alleles, file, p. The lead's line has INDEX before it and no r².
    if (cells.length === 6 && /^[ACGT]{2}\/[ACGT]{2}$/.test(cells[3]!)) {
      clumps.at(-1)!.members.set(cells[0]!, Number(cells[2]));
    }
  }
  return clumps;
}

function runPlink(
  folder: string,
  bed: string,
  ids: readonly string[],
  p: readonly number[],
  flags: string[],
): PlinkClump[] {
  writeFileSync(join(folder, 'report'), ['SNP P', ...ids.map((id, i) => `${id} ${p[i]!}`), ''].join('\n'));
  plink1(folder, '--bfile', bed, '--clump', 'report', '--clump-verbose', ...flags, '--out', 'verbose');
  return parseVerbose(join(folder, 'verbose.clumped'));
}

function ours(source: GenotypeSource, clumps: Clumps): PlinkClump[] {
  return Array.from(clumps.leads, (lead, c) => {
    const members = new Map<string, number>();
    for (let m = clumps.memberStart[c]!; m < clumps.memberStart[c + 1]!; m++) {
      members.set(source.variants.id.at(clumps.members[m]!), clumps.memberR2[m]!);
    }
    return { lead: source.variants.id.at(lead), members };
  });
}

function expectSame(mine: PlinkClump[], theirs: PlinkClump[]): void {
  expect(mine.map((c) => c.lead)).toEqual(theirs.map((c) => c.lead));
  mine.forEach((clump, c) => {
    const { members } = theirs[c]!;
    expect([...clump.members.keys()].sort()).toEqual([...members.keys()].sort());
    for (const [id, r2] of clump.members) {
      // PLINK prints three significant digits of |r²|.
      const printed = Math.abs(members.get(id)!);
      const half = 0.51 * 10 ** (Math.floor(Math.log10(printed)) - 2);
      expect(Math.abs(Math.abs(r2) - printed)).toBeLessThanOrEqual(half);
    }
  });
}

const folder = scratch();
const ALL = ['--clump-p1', '1', '--clump-p2', '1'];

describe.skipIf(!hasPlink1 || !hasShared)("bigsnpr's example, 517 × 4,542", () => {
  const prefix = join(SHARED, 'bigsnpr_example/example');
  // plink refuses p = 1 members through p2 = 1 (strict): these p-values stay below.
  const p = hasShared
    ? readFileSync(join(SHARED, 'bigsnpr_example/pval.txt'), 'utf8').trim().split('\n').map(Number)
    : [];

  test.each([
    [0.1, 250],
    [0.05, 50],
    [0.8, 3],
  ])('r² > %f within %i kb', async (r2, kb) => {
    const source = await openBedPrefix(prefix);
    const ids = source.variants.id.toArray();
    const report = { variants: range(p.length), p: Float64Array.from(p) };
    const mine = await clump(source, report, { r2, kb, p1: 1 });
    const theirs = runPlink(folder, prefix, ids, p, [
      ...ALL,
      '--clump-r2',
      String(r2),
      '--clump-kb',
      String(kb),
    ]);
    expect(theirs.length).toBeGreaterThan(50);
    expectSame(ours(source, mine), theirs);
    source.close();
  });

  test('p1 selects leads only: members may have any p', async () => {
    const source = await openBedPrefix(prefix);
    const report = { variants: range(p.length), p: Float64Array.from(p) };
    const mine = ours(source, await clump(source, report, { r2: 0.1, kb: 250, p1: 0.01 }));
    const flags = ['--clump-p1', '0.01', '--clump-p2', '1', '--clump-r2', '0.1', '--clump-kb', '250'];
    expectSame(mine, runPlink(folder, prefix, source.variants.id.toArray(), p, flags));
    source.close();
  });

  test('little memory, several traits at once: the same clumps', async () => {
    const source = await openBedPrefix(prefix);
    const reports: ClumpReport[] = [1, 2, 3].map((k) => ({
      variants: range(1000),
      p: Float64Array.from({ length: 1000 }, (_, i) => p[(i * (2 * k + 1)) % p.length]!),
    }));
    const options = { r2: 0.1, kb: 50, p1: 0.5 };
    const together = await clumpAll(source, reports, { ...options, maxBytes: 8000 });
    for (let t = 0; t < reports.length; t++)
      expect(together[t]).toEqual(await clump(source, reports[t]!, options));
    source.close();
  });
});

describe.skipIf(!hasPlink1)('random panels', () => {
  test('200 seeded panels: missing calls, ties of p, shared positions, monomorphic variants, every chromosome kind', async () => {
    let compared = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const random = seeded(seed);
      const people = 4 + Math.floor(random() * 60);
      const variants = 8 + Math.floor(random() * 40);
      const panel = ldPanel(random, people, variants, [0, 0, 0.05, 0.4][seed % 4]!, 8000);
      const chromosome = panel.chromosome.map((_, v) => {
        if (seed % 5 !== 0) return v < variants / 2 ? '1' : '2';
        return ['1', '23', '24', '25', '26'][Math.floor((5 * v) / variants)]!;
      });
      const position = panel.position.map((p, v) =>
        seed % 3 === 0 && v % 4 === 1 ? panel.position[v - 1]! : p,
      );
      const calls = panel.calls.map((row, v) => (v % 9 === 8 ? row.map((c) => (c === 3 ? 3 : 0)) : row));
      // Some haploid hets stay on X and Y; sex may be unknown.
      const sex = panel.sex.map((s) => (random() < 0.1 ? 0 : s));
      writeBed(join(folder, 'random'), { chromosome, position, calls, sex });
      const p = Array.from({ length: variants }, () =>
        seed % 2 === 0 ? Math.ceil(random() * 5) / 10 : random(),
      );
      const r2 = [0.05, 0.1, 0.3, 0.7][seed % 4]!;
      const kb = [5, 20, 100.5, 250][(seed >> 2) % 4]!;
      // p of even seeds is 0.1 … 0.5: a p1 of 0.3 is met exactly, and it is inclusive.
      const p1 = seed % 6 === 0 && p.some((value) => value <= 0.3) ? 0.3 : 1;
      const flags = [
        '--clump-p1',
        String(p1),
        '--clump-p2',
        '1',
        '--clump-r2',
        String(r2),
        '--clump-kb',
        String(kb),
      ];
      const source = await openBedPrefix(join(folder, 'random'));
      const report = { variants: range(variants), p: Float64Array.from(p) };
      const mine = await clump(source, report, { r2, kb, p1 });
      const theirs = runPlink(folder, 'random', source.variants.id.toArray(), p, flags);
      try {
        expectSame(ours(source, mine), theirs);
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`);
      }
      compared += theirs.length;
      source.close();
    }
    expect(compared).toBeGreaterThan(2000);
  });
});

test('founders are those without parents in the file', async () => {
  const panel = ldPanel(seeded(1), 9, 3, 0, 1000);
  writeBed(join(folder, 'fam'), panel);
  const fam = readFileSync(join(folder, 'fam.fam'), 'utf8').replace('s4\ts4\t0\t0', 's4\ts4\ts1\ts2');
  writeFileSync(join(folder, 'fam.fam'), fam);
  const source = await openBedPrefix(join(folder, 'fam'));
  expect([...founders(source)]).toEqual([0, 1, 2, 3, 5, 6, 7, 8]);
  source.close();
});

test('a variant listed twice counts with its smaller p; NaN is not reported; unplaced variants are counted', async () => {
  const panel = ldPanel(seeded(2), 40, 4, 0, 1000);
  writeBed(join(folder, 'odd'), { ...panel, chromosome: ['0', '1', '1', '1'] });
  const source = await openBedPrefix(join(folder, 'odd'));
  const report = { variants: Uint32Array.of(0, 1, 2, 1, 3), p: Float64Array.of(0.1, 0.5, 0.2, 0.01, NaN) };
  const clumps = await clump(source, report, { r2: 0.999999, kb: 1, p1: 1 });
  expect([...clumps.leads]).toEqual([1, 2]);
  expect([...clumps.leadP]).toEqual([0.01, 0.2]);
  expect(clumps.unplaced).toBe(1);
  expect(clumps.repeated).toBe(1);
  source.close();
});
