/**
 * The founders: haplotypes of every ancestry at every variant, drawn from the coalescent, region by region. All simulated
 * people are mosaics of them.
 * Not responsible for people (mosaic.ts).
 *
 * Variants are ascertained as imputed genotypes usually are: at least `min_maf` in the main ancestry. Beyond that their
 * spectrum is the coalescent's.
 */
import { rngFromSeed } from '../../stats/rng.js';
import { ANCESTRIES, EPOCHS } from './demography.js';
import type { Design } from './design.js';
import { Genealogy } from './genealogy.js';
import { morgansAt, placeRegions, type Region } from './regions.js';

export interface RegionVariants {
  readonly region: Region;
  /** Variants first … end − 1 lie here, in order of position. */
  readonly first: number;
  readonly end: number;
}

/** Ancestral (reference) and derived (alternative) alleles; transitions are twice as frequent as transversions. */
const ALLELES = ['AG', 'GA', 'CT', 'TC', 'AG', 'CT', 'GA', 'TC', 'AC', 'GT', 'AT', 'CG'] as const;

export interface FounderPanel {
  readonly variants: number;
  /** Founders of ancestry a are firstFounder[a] … firstFounder[a + 1] − 1. */
  readonly firstFounder: readonly number[];
  readonly founders: number;
  readonly regions: readonly RegionVariants[];
  /** 1 … 22. */
  readonly chromosome: Uint8Array;
  /** GRCh37, 1-based. */
  readonly position: Int32Array;
  /** Morgans from the region's start. */
  readonly morgans: Float64Array;
  /** Index into ALLELES. */
  readonly alleles: Uint8Array;
  /** rs number. */
  readonly rs: Float64Array;
  /** One bit a founder, low bits first: 1 where it carries the alternative allele. */
  readonly bits: Uint8Array;
}

export const referenceAllele = (panel: FounderPanel, v: number): string => ALLELES[panel.alleles[v]!]![0]!;
export const alternativeAllele = (panel: FounderPanel, v: number): string => ALLELES[panel.alleles[v]!]![1]!;
export const variantId = (panel: FounderPanel, v: number): string => `rs${panel.rs[v]!}`;

/** Draws the founders of a design. A region's haplotypes depend on the seed and the region's number alone. */
export function simulateFounders(design: Design): FounderPanel {
  const { variants, regions: count, region_kb, founders: main, min_maf } = design.genome;
  const firstFounder = [0];
  for (let a = 0; a < ANCESTRIES.length; a++)
    firstFounder.push(firstFounder[a]! + (a === 0 ? main : Math.ceil(main / 4)));
  const founders = firstFounder.at(-1)!;
  const stride = Math.ceil(founders / 8);
  const panel: FounderPanel = {
    variants,
    firstFounder,
    founders,
    regions: shareOut(placeRegions(design.seed, count, region_kb * 1000), variants),
    chromosome: new Uint8Array(variants),
    position: new Int32Array(variants),
    morgans: new Float64Array(variants),
    alleles: new Uint8Array(variants),
    rs: new Float64Array(variants),
    bits: new Uint8Array(variants * stride),
  };
  const least = Math.max(1, Math.ceil(min_maf * main));
  for (const here of panel.regions) fillRegion(design.seed, panel, here, least);
  return panel;
}

/** As even as can be; the lower-numbered regions get the remainder, wherever they lie. */
function shareOut(regions: readonly Region[], variants: number): RegionVariants[] {
  const each = Math.floor(variants / regions.length);
  const extra = variants % regions.length;
  let first = 0;
  return regions.map((region) => {
    const end = first + each + (region.index < extra ? 1 : 0);
    const here = { region, first, end };
    first = end;
    return here;
  });
}

function fillRegion(
  seed: string,
  panel: FounderPanel,
  { region, first, end }: RegionVariants,
  least: number,
): void {
  const places = placeVariants(seed, region, end - first);
  const population = Uint8Array.from({ length: panel.founders }, (_, f) => ancestryOf(panel, f));
  const rng = rngFromSeed(seed, 'genealogy', region.index);
  const tree = new Genealogy(population, EPOCHS, rng);
  const stride = Math.ceil(panel.founders / 8);
  const carriers = new Uint8Array(panel.founders);
  const distance = (): number => -Math.log(1 - rng.uniform()) / tree.length;
  let breakpoint = distance();
  places.forEach(({ offset, number }, i) => {
    const v = first + i;
    const morgans = morgansAt(region, offset);
    while (breakpoint <= morgans) {
      tree.recombine();
      breakpoint += distance();
    }
    const own = rngFromSeed(seed, 'mutation', region.index, number);
    panel.chromosome[v] = region.chromosome;
    panel.position[v] = region.start + offset;
    panel.morgans[v] = morgans;
    panel.alleles[v] = own.integer(ALLELES.length);
    // Unique, and the same however many regions and variants there are: a region holds fewer than 100,000.
    panel.rs[v] = 100_000 * (region.index + 1) + number;
    tree.mutate(own, 0, least, carriers);
    for (let f = 0; f < carriers.length; f++) panel.bits[v * stride + (f >> 3)]! |= carriers[f]! << (f & 7);
  });
}

/** Offsets in the region, distinct and ascending, each with the number under which it was drawn. */
function placeVariants(seed: string, region: Region, count: number): { offset: number; number: number }[] {
  const rng = rngFromSeed(seed, 'positions', region.index);
  const taken = new Set<number>();
  const places: { offset: number; number: number }[] = [];
  while (places.length < count) {
    const offset = rng.integer(region.length);
    if (taken.has(offset)) continue;
    taken.add(offset);
    places.push({ offset, number: places.length });
  }
  return places.sort((a, b) => a.offset - b.offset);
}

function ancestryOf(panel: FounderPanel, founder: number): number {
  let a = 0;
  while (founder >= panel.firstFounder[a + 1]!) a++;
  return a;
}

/** Sets out[f] to 1 where founder f carries the alternative allele of variant v, else 0. */
export function founderAlleles(panel: FounderPanel, v: number, out: Uint8Array): void {
  const base = v * Math.ceil(panel.founders / 8);
  for (let f = 0; f < panel.founders; f++) out[f] = (panel.bits[base + (f >> 3)]! >> (f & 7)) & 1;
}

/** Frequency of the alternative allele among an ancestry's founders. */
export function founderFrequency(panel: FounderPanel, v: number, ancestry: number): number {
  const [from, to] = [panel.firstFounder[ancestry]!, panel.firstFounder[ancestry + 1]!];
  const base = v * Math.ceil(panel.founders / 8);
  let carriers = 0;
  for (let f = from; f < to; f++) carriers += (panel.bits[base + (f >> 3)]! >> (f & 7)) & 1;
  return carriers / (to - from);
}
