/**
 * Regions of long-range linkage disequilibrium, to be left out of principal components and kinship.
 * Not responsible for: builds other than the two tabulated, which are refused rather than lifted over.
 * Source: Anderson et al. 2010 and Price et al. 2008, as tabulated by the University of Michigan's genome wiki,
 * "Regions of high linkage disequilibrium (LD)".
 */
import { joinName } from '../chromosome.js';
import type { VariantTable } from '../variants.js';

/** A genome build by its assembly's name. */
export type Build = 'GRCh36' | 'GRCh37' | 'GRCh38';

/** Chromosome, first and last base pair. */
export type Region = readonly [chromosome: string, start: number, end: number];

const GRCH37: readonly Region[] = [
  ['1', 48_000_000, 52_000_000],
  ['2', 86_000_000, 100_500_000],
  ['2', 134_500_000, 138_000_000],
  ['2', 183_000_000, 190_000_000],
  ['3', 47_500_000, 50_000_000],
  ['3', 83_500_000, 87_000_000],
  ['3', 89_000_000, 97_500_000],
  ['5', 44_500_000, 50_500_000],
  ['5', 98_000_000, 100_500_000],
  ['5', 129_000_000, 132_000_000],
  ['5', 135_500_000, 138_500_000],
  ['6', 25_000_000, 35_000_000],
  ['6', 57_000_000, 64_000_000],
  ['6', 140_000_000, 142_500_000],
  ['7', 55_000_000, 66_000_000],
  ['8', 7_000_000, 13_000_000],
  ['8', 43_000_000, 50_000_000],
  ['8', 112_000_000, 115_000_000],
  ['10', 37_000_000, 43_000_000],
  ['11', 46_000_000, 57_000_000],
  ['11', 87_500_000, 90_500_000],
  ['12', 33_000_000, 40_000_000],
  ['12', 109_500_000, 112_000_000],
  ['20', 32_000_000, 34_500_000],
];

/** The wiki's list for GRCh38 without fragments shorter than 100 kb, which liftover left behind. */
const GRCH38: readonly Region[] = [
  ['1', 47_761_740, 51_761_740],
  ['2', 85_919_365, 100_517_106],
  ['2', 182_427_027, 189_427_029],
  ['3', 47_483_505, 49_987_563],
  ['3', 83_368_158, 86_868_160],
  ['5', 44_464_140, 51_168_409],
  ['5', 129_636_407, 132_636_409],
  ['6', 25_391_792, 33_424_245],
  ['6', 57_788_603, 58_453_888],
  ['6', 61_109_122, 61_357_029],
  ['6', 139_637_169, 142_137_170],
  ['7', 54_964_812, 66_897_578],
  ['8', 8_105_067, 12_105_082],
  ['8', 43_025_699, 48_924_888],
  ['8', 110_918_594, 113_918_595],
  ['10', 36_671_065, 43_184_546],
  ['11', 88_127_183, 91_127_184],
  ['12', 32_955_798, 41_319_931],
  ['20', 33_948_532, 36_438_183],
];

/** The tabulated regions of a build. Throws RangeError for GRCh36. */
export function longRangeLd(build: Build): readonly Region[] {
  if (build === 'GRCh37') return GRCH37;
  if (build === 'GRCh38') return GRCH38;
  throw new RangeError(`no long-range LD regions are tabulated for ${build}: give them as regions`);
}

/** 1 for each variant of the table that lies in any region. */
export function inRegions(variants: VariantTable, regions: readonly Region[]): Uint8Array {
  const byChromosome = new Map<string, (readonly [number, number])[]>();
  for (const [chromosome, start, end] of regions) {
    const list = byChromosome.get(chromosome) ?? [];
    list.push([start, end]);
    byChromosome.set(chromosome, list);
  }
  const lists = variants.chromosomeNames.map((name) => byChromosome.get(joinName(name)) ?? []);
  return Uint8Array.from(variants.position, (position, v) =>
    lists[variants.chromosome[v]!]!.some(([start, end]) => position >= start && position <= end) ? 1 : 0,
  );
}
