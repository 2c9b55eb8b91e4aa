/**
 * One pass over the genome for a set of people: their `.bed`, their dosages at a few tracked variants, their ancestry scores,
 * and the kinship of related pairs as it came out.
 * Not responsible for the haplotypes (mosaic.ts) nor for which variants are tracked (idpmodel.ts).
 *
 * Memory: one row of the `.bed` and a megabyte, a few numbers a haplotype, and what is tracked; time grows with people × variants.
 */
import { bedCode, dosagesOf, encodeBedRow, RowWriter, setMissing, type Sink } from './bedrows.js';
import { ANCESTRIES } from './demography.js';
import type { Design } from './design.js';
import { Draws } from './draws.js';
import { founderAlleles, founderFrequency, type FounderPanel } from './founders.js';
import { Mosaic } from './mosaic.js';
import type { Relation, Slots } from './pedigree.js';

/** At most this many variants make the ancestry scores. */
const SCORE_VARIANTS = 1_000;
export const SCORE_AXES = ANCESTRIES.length - 1;

export interface GenotypingOptions {
  /** The first this many listed people are genotyped: their calls are written and may be missing. */
  readonly genotyped: number;
  readonly bed: Sink | null;
  /** Variants whose true dosages of everyone listed are kept, ascending. */
  readonly tracked: Int32Array;
  readonly progress?: (fraction: number) => void;
}

/** A related pair, with what KING reports of it (Manichaikul et al., Bioinformatics 2010; 26:2867). */
export interface KinshipEstimate {
  readonly a: number;
  readonly b: number;
  readonly relation: Relation;
  /** Shares of the variants at which both are called. */
  readonly hetHet: number;
  readonly ibs0: number;
  readonly kinship: number;
}

export interface Genotyping {
  /** dosages[t × listed + s]: copies of the alternative allele of tracked variant t in slot s. */
  readonly dosages: Uint8Array;
  /** scores[axis × genotyped + s]: like principal components; mean 0 and SD about 1 in the main ancestry. */
  readonly scores: Float64Array;
  readonly kinship: readonly KinshipEstimate[];
}

export function genotype(
  design: Design,
  panel: FounderPanel,
  slots: Slots,
  { genotyped, bed, tracked, progress }: GenotypingOptions,
): Genotyping {
  const mosaic = new Mosaic(design.seed, panel, slots);
  const alleles = new Uint8Array(panel.founders);
  const dosages = new Uint8Array(tracked.length * slots.listed);
  const rows = bed && new RowWriter(bed, Math.ceil(genotyped / 4));
  const failures = new CallFailures(design, panel.variants, slots, genotyped);
  const scores = new AncestryScores(panel, genotyped);
  const pairs = new PairCounts(slots, genotyped);
  let t = 0;
  for (const region of panel.regions) {
    mosaic.enter(region);
    for (let v = region.first; v < region.end; v++) {
      mosaic.advance(v);
      const isTracked = tracked[t] === v;
      if (!rows && !isTracked) continue;
      founderAlleles(panel, v, alleles);
      if (isTracked) {
        dosagesOf(mosaic.founder, alleles, dosages.subarray(t * slots.listed, (t + 1) * slots.listed));
        t++;
      }
      if (!rows) continue;
      const row = rows.row();
      encodeBedRow(mosaic.founder, alleles, genotyped, row);
      scores.add(v, row);
      failures.apply(v, row);
      pairs.add(row);
      rows.push();
    }
    progress?.(region.end / panel.variants);
  }
  rows?.flush();
  return { dosages, scores: scores.finish(), kinship: pairs.finish() };
}

/** Missing calls: each person's next one waits in a calendar by variant, as a mosaic's switches do. */
class CallFailures {
  private readonly head: Int32Array;
  private readonly next: Int32Array;
  private readonly draws: Draws;
  private readonly logKept: number;

  constructor(
    design: Design,
    private readonly variants: number,
    private readonly slots: Slots,
    people: number,
  ) {
    this.draws = new Draws(design.seed, 'missing call');
    this.logKept = Math.log(1 - design.genome.missing);
    this.head = new Int32Array(variants).fill(-1);
    this.next = new Int32Array(people);
    if (design.genome.missing > 0) for (let s = 0; s < people; s++) this.schedule(s, 0);
  }

  /** The gap to the next missing call is geometric. */
  private schedule(s: number, from: number): void {
    const u = this.draws.uniform(this.slots.index[s]!, this.slots.role[s]!, from);
    const v = from + Math.floor(Math.log(1 - u) / this.logKept);
    if (v >= this.variants) return;
    this.next[s] = this.head[v]!;
    this.head[v] = s;
  }

  apply(v: number, row: Uint8Array): void {
    for (let s = this.head[v]!; s >= 0;) {
      const following = this.next[s]!;
      setMissing(row, s);
      this.schedule(s, v + 1);
      s = following;
    }
  }
}

/**
 * Projections on the frequency differences between each minority and the main ancestry, scaled so that the main ancestry
 * has mean 0 and SD about 1: they part ancestries as principal components do, without an eigenproblem.
 */
class AncestryScores {
  private readonly sums: Float64Array;
  private readonly squares = new Float64Array(SCORE_AXES);
  private readonly step: number;

  constructor(
    private readonly panel: FounderPanel,
    private readonly people: number,
  ) {
    this.sums = new Float64Array(SCORE_AXES * people);
    this.step = Math.ceil(panel.variants / SCORE_VARIANTS);
  }

  /** Reads the row before calls fail. */
  add(v: number, row: Uint8Array): void {
    if (v % this.step !== 0) return;
    const p = founderFrequency(this.panel, v, 0);
    for (let axis = 0; axis < SCORE_AXES; axis++) {
      const weight = founderFrequency(this.panel, v, axis + 1) - p;
      this.squares[axis]! += weight * weight * 2 * p * (1 - p);
      // By .bed code: hom A1, missing, het, hom A2.
      const by = [weight * (2 - 2 * p), 0, weight * (1 - 2 * p), weight * (-2 * p)] as const;
      const base = axis * this.people;
      for (let s = 0; s < this.people; s++) this.sums[base + s]! += by[bedCode(row, s) as 0 | 1 | 2 | 3];
    }
  }

  finish(): Float64Array {
    for (let i = 0; i < this.sums.length; i++)
      this.sums[i]! /= Math.sqrt(this.squares[Math.floor(i / this.people)]!) || 1;
    return this.sums;
  }
}

const HOM_A1 = 0;
const MISSING = 1;
const HET = 2;

class PairCounts {
  private readonly pairs: Slots['pairs'];
  /** Called by both, both heterozygous, opposite homozygotes, first heterozygous, second heterozygous. */
  private readonly counts: Float64Array;

  constructor(slots: Slots, genotyped: number) {
    this.pairs = slots.pairs.filter(({ a, b }) => a < genotyped && b < genotyped);
    this.counts = new Float64Array(5 * this.pairs.length);
  }

  add(row: Uint8Array): void {
    const { counts, pairs } = this;
    for (let i = 0, at = 0; i < pairs.length; i++, at += 5) {
      const x = bedCode(row, pairs[i]!.a);
      const y = bedCode(row, pairs[i]!.b);
      if (x === MISSING || y === MISSING) continue;
      counts[at]!++;
      if (x === HET) counts[at + 3]!++;
      if (y === HET) counts[at + 4]!++;
      if (x === HET && y === HET) counts[at + 1]!++;
      else if (x !== y && x !== HET && y !== HET && (x === HOM_A1 || y === HOM_A1)) counts[at + 2]!++;
    }
  }

  finish(): KinshipEstimate[] {
    return this.pairs.map(({ a, b, relation }, i) => {
      const count = (which: number): number => this.counts[5 * i + which]!;
      const [called, both, opposite] = [count(0), count(1), count(2)];
      const fewer = Math.min(count(3), count(4));
      // KING-robust, eq. 11.
      const kinship = (both - 2 * opposite) / (2 * fewer) + 0.5 - (count(3) + count(4)) / (4 * fewer);
      return { a, b, relation, hetHet: both / called, ibs0: opposite / called, kinship };
    });
  }
}
