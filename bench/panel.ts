/**
 * Genotypes to measure with: PLINK 1 files of people whose haplotypes are mosaics of a few ancestors', so that neighbours
 * are in LD as in a population. Not responsible for realism beyond that.
 */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { rngFromSeed } from '../stats/rng.js';

export interface PanelSize {
  readonly people: number;
  readonly variants: number;
  readonly chromosomes: number;
}

/** Mean distance of neighbours, bp: a dense array, with about 250 variants within 250 kb of one. */
const SPACING = 2000;
const ANCESTORS = 40;
/** Shares of haplotypes that go over to another ancestor at a variant, and of calls that are missing. */
const SWITCH = 0.02;
const MISSING = 0.002;

/** Variants v0, v1 … with alleles A (A1) and G; people s0, s1 … */
export function writePanel(prefix: string, { people, variants, chromosomes }: PanelSize): void {
  const random = rngFromSeed(1n);
  const ancestorOf = new Uint8Array(2 * people);
  const bed = openSync(`${prefix}.bed`, 'w');
  writeSync(bed, Uint8Array.of(0x6c, 0x1b, 1));
  const row = new Uint8Array(Math.ceil(people / 4));
  const alleles = new Uint8Array(ANCESTORS);
  const bim: string[] = [];
  const upTo = (end: number): number => Math.floor(random.uniform() * end);
  ancestorOf.forEach((_, h) => (ancestorOf[h] = upTo(ANCESTORS)));
  const perChromosome = Math.ceil(variants / chromosomes);
  let position = 0;
  for (let v = 0; v < variants; v++) {
    position = v % perChromosome === 0 ? 10_000 : position + 1 + upTo(2 * SPACING);
    bim.push(`${1 + Math.floor(v / perChromosome)}\tv${v}\t0\t${position}\tA\tG\n`);
    const frequency = 0.02 + 0.48 * random.uniform();
    for (let a = 0; a < ANCESTORS; a++) alleles[a] = random.uniform() < frequency ? 1 : 0;
    alleles[0] = 1;
    alleles[1] = 0;
    for (let k = 0; k < SWITCH * ancestorOf.length; k++)
      ancestorOf[upTo(ancestorOf.length)] = upTo(ANCESTORS);
    row.fill(0);
    for (let s = 0; s < people; s++) {
      const copies = alleles[ancestorOf[2 * s]!]! + alleles[ancestorOf[2 * s + 1]!]!;
      row[s >> 2]! |= [3, 2, 0][copies]! << ((s & 3) * 2);
    }
    for (let k = 0; k < MISSING * people; k++) {
      const s = upTo(people);
      row[s >> 2] = (row[s >> 2]! & ~(3 << ((s & 3) * 2))) | (1 << ((s & 3) * 2));
    }
    writeSync(bed, row);
  }
  closeSync(bed);
  writeFileSync(`${prefix}.bim`, bim.join(''));
  writeFileSync(
    `${prefix}.fam`,
    Array.from({ length: people }, (_, s) => `s${s}\ts${s}\t0\t0\t${1 + (s % 2)}\t-9\n`).join(''),
  );
}
