/**
 * Regions: the stretches of genome that carry variants, and their recombination maps. A study's markers are dense in some
 * regions and absent between them, so that linkage disequilibrium is real at any number of variants.
 * Not responsible for haplotypes (founders.ts).
 */
import { rngFromSeed, type Seed } from '../../stats/rng.js';
import { MORGANS_PER_BASE } from './demography.js';
import { DesignError } from './design.js';

/** Lengths of the autosomes 1 … 22, GRCh37, base pairs. */
const AUTOSOMES = [
  249_250_621, 243_199_373, 198_022_430, 191_154_276, 180_915_260, 171_115_067, 159_138_663, 146_364_022,
  141_213_431, 135_534_747, 135_006_516, 133_851_895, 115_169_878, 107_349_540, 102_531_392, 90_354_753,
  81_195_210, 78_077_248, 59_128_983, 63_025_520, 48_129_895, 51_304_566,
] as const;

/** Recombination rates change every so many base pairs. */
const BIN = 5_000;

export interface Region {
  /** Its number when it was made; its random draws are named by it. */
  readonly index: number;
  /** 1 … 22. */
  readonly chromosome: number;
  /** First base pair, 1-based. */
  readonly start: number;
  readonly length: number;
  /** Morgans from the region's start to the start of each bin of BIN base pairs, and to its end. */
  readonly map: Float64Array;
}

/** Morgans from the region's start to an offset in base pairs. */
export function morgansAt(region: Region, offset: number): number {
  const bin = Math.min(Math.floor(offset / BIN), region.map.length - 2);
  const [from, to] = [region.map[bin]!, region.map[bin + 1]!];
  const width = Math.min(BIN, region.length - bin * BIN);
  return from + ((to - from) * (offset - bin * BIN)) / width;
}

/** Morgans between the ends of two regions of one chromosome, by the genome's mean rate. */
export function morgansBetween(before: Region, after: Region): number {
  return (after.start - before.start - before.length) * MORGANS_PER_BASE;
}

/**
 * Regions in the order of the genome. Region i lies where the fractional part of i·φ says, which spreads any number of
 * regions evenly and leaves earlier ones in place when more are asked for.
 * Throws DesignError when they overlap.
 */
export function placeRegions(seed: Seed, count: number, length: number): Region[] {
  const genome = AUTOSOMES.reduce((sum, size) => sum + size, 0);
  const golden = (Math.sqrt(5) - 1) / 2;
  const regions = Array.from({ length: count }, (_, index) => {
    let at = Math.floor(((index + 0.5) * golden - Math.floor((index + 0.5) * golden)) * genome);
    let chromosome = 0;
    while (at >= AUTOSOMES[chromosome]!) at -= AUTOSOMES[chromosome++]!;
    const start = 1 + Math.max(0, Math.min(at, AUTOSOMES[chromosome]! - length));
    return { index, chromosome: chromosome + 1, start, length, map: recombinationMap(seed, index, length) };
  });
  regions.sort((a, b) => a.chromosome - b.chromosome || a.start - b.start);
  regions.forEach((region, i) => {
    const next = regions[i + 1];
    if (next?.chromosome === region.chromosome && next.start < region.start + length)
      throw new DesignError(
        `${count} regions of ${length} base pairs overlap: lower genome.regions or genome.region_kb`,
      );
  });
  return regions;
}

/**
 * Most recombination falls into few hotspots: a bin's rate is the cube of an exponential variable, so that a tenth of the
 * sequence has about 70 % of it, and the region's mean is the genome's.
 */
function recombinationMap(seed: Seed, index: number, length: number): Float64Array {
  const rng = rngFromSeed(seed, 'recombination', index);
  const map = new Float64Array(Math.ceil(length / BIN) + 1);
  for (let bin = 1; bin < map.length; bin++) {
    const exponential = -Math.log(1 - rng.uniform());
    map[bin] = map[bin - 1]! + exponential * exponential * exponential;
  }
  const scale = (length * MORGANS_PER_BASE) / map.at(-1)!;
  return map.map((m) => m * scale);
}
