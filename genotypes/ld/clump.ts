/**
 * LD clumping with PLINK 1.9's meaning: lead variants by p-value, each claiming its correlated neighbours.
 * Not responsible for: matching summary statistics to variants (`sumstats/harmonise.ts`).
 *
 * A lead is a variant with p ≤ p1 that no earlier lead claimed; leads are taken by p, then in the file's order. A lead
 * claims every reported, unclaimed variant within the window whose r² with it is > the threshold, whatever its p. r² is
 * from maximum-likelihood haplotype frequencies (`haplotypes.ts`) over the people called at both variants. A variant
 * that does not vary among them neither claims nor is claimed.
 */
import { packedLength } from '../hardcalls.js';
import type { GenotypeSource } from '../source.js';
import { byRun, reportedVariants, smallestP } from './clumpreport.js';
import type { ClumpReport, RunReport } from './clumpreport.js';
import { haplotypeR2, mayExceed, mayExceedWithMissing } from './haplotypes.js';
import type { HaplotypeCounts } from './haplotypes.js';
import { LdTable } from './ldtable.js';
import { PairMemo } from './pairmemo.js';
import { chromosomeRuns, firstAtLeast } from './regions.js';
import type { ChromosomeRun } from './regions.js';

export type { ClumpReport } from './clumpreport.js';

export interface ClumpOptions {
  /** Claimed when r² is greater than this. */
  readonly r2: number;
  /** Half-width of the window, kilobases; the largest distance is 1000·kb − 1 bp, as in PLINK. */
  readonly kb: number;
  /** Leads have p ≤ p1. */
  readonly p1: number;
  /** Whose calls give LD: founders, and best the training people. Undefined: all founders of the source. */
  readonly people?: Uint32Array | undefined;
  /** Memory for calls, and a quarter of it more for what is known of pairs, bytes (default 1 GiB). */
  readonly maxBytes?: number | undefined;
}

/** Clumps in order of their leads. Clump c has members memberStart[c] … memberStart[c + 1]. */
export interface Clumps {
  readonly leads: Uint32Array;
  readonly leadP: Float64Array;
  readonly memberStart: Uint32Array;
  /** Claimed variants in order of position, the lead itself not among them. */
  readonly members: Uint32Array;
  readonly memberP: Float64Array;
  /** r² with the lead, negative when the ALT alleles are negatively associated. */
  readonly memberR2: Float64Array;
  /** Reported variants that are on no chromosome (0), which cannot be clumped and are in no clump. */
  readonly unplaced: number;
  /** Rows of the report that repeated a variant. */
  readonly repeated: number;
}

const DEFAULT_BYTES = 2 ** 30;
/** Variants asked of the source at a time. */
const LOAD = 256;
/** PLINK's tolerance in reading 1000·kb as a whole number. */
const SMALL = 2 ** -44;

/** One clump while it is being made. */
interface Clump {
  readonly lead: number;
  readonly p: number;
  readonly members: number[];
  readonly memberP: number[];
  readonly r2: number[];
}

/** Founders of the source, in file order. */
export function founders(source: GenotypeSource): Uint32Array {
  const { founder } = source.samples;
  return Uint32Array.from(founder.keys()).filter((s) => founder[s] === 1);
}

/** Clumps one trait. @see clumpAll */
export async function clump(
  source: GenotypeSource,
  report: ClumpReport,
  options: ClumpOptions,
): Promise<Clumps> {
  const [clumps] = await clumpAll(source, [report], options);
  return clumps!;
}

/**
 * Clumps several traits against one reference, reading each variant's calls about once and computing r² of a pair once for
 * all of them. A trait's answer does not depend on the others. Throws what the source throws (`multiallelic` among them).
 */
export async function clumpAll(
  source: GenotypeSource,
  reports: readonly ClumpReport[],
  options: ClumpOptions,
): Promise<Clumps[]> {
  const { variants } = source;
  const people = options.people ?? founders(source);
  const maxBytes = options.maxBytes ?? DEFAULT_BYTES;
  const smallest = smallestP(reports, variants.count);
  const runs = chromosomeRuns(variants, reportedVariants(smallest, variants.count));
  const placeIn = new Uint32Array(variants.count);
  for (const run of runs) run.variants.forEach((v, key) => (placeIn[v] = key));
  const perRun = smallest.map((report) => byRun(report, runs, placeIn, variants));
  const found = reports.map((): Clump[] => []);
  const sex = Uint8Array.from(people, (s) => source.samples.sex[s]!);
  for (const [r, run] of runs.entries()) {
    const table = new LdTable(sex, run.ploidy, 'plink1', run.variants.length, maxBytes);
    const memo = new PairMemo(run.positions, radiusOf(options), options.r2, maxBytes / 4);
    const window = new Window(source, people, run, table, memo);
    if (table.capacity >= run.variants.length) await window.loadAll();
    for (let t = 0; t < reports.length; t++) {
      for (const clump of await clumpChromosome(window, run, perRun[t]![r]!, options)) found[t]!.push(clump);
    }
  }
  return found.map((clumps, t) => {
    const placed = perRun[t]!.reduce((sum, { keys }) => sum + keys.length, 0);
    const { variants: reported, repeated } = smallest[t]!;
    return assemble(clumps, reported.length - placed, repeated);
  });
}

/** The largest distance of a pair, bp. */
function radiusOf({ kb }: ClumpOptions): number {
  return Math.floor(kb * 1000 * (1 + SMALL)) - 1;
}

/** Loads the calls of a chromosome's variants as they are wanted. Keys are places in `run.variants`. */
class Window {
  private readonly buffer: Uint8Array;
  /** A lead's neighbours, and below them its signed r² with each; of so many as `r2With` is told. */
  readonly near: Int32Array;
  readonly r2: Float64Array;

  constructor(
    private readonly source: GenotypeSource,
    private readonly people: Uint32Array,
    private readonly run: ChromosomeRun,
    private readonly table: LdTable,
    private readonly memo: PairMemo,
  ) {
    this.buffer = new Uint8Array(LOAD * packedLength(people.length));
    this.near = new Int32Array(run.variants.length);
    this.r2 = new Float64Array(run.variants.length);
  }

  /** Puts at most LOAD absent variants into the table; others may be given away for them. */
  private async load(keys: readonly number[]): Promise<void> {
    const stride = packedLength(this.people.length);
    await this.source.hardCalls(
      keys.map((key) => this.run.variants[key]!),
      this.people,
      this.buffer,
    );
    keys.forEach((key, i) => {
      this.table.put(key, this.buffer.subarray(i * stride, (i + 1) * stride));
    });
  }

  /** Puts every variant into the table, which must have room: in the order of the file, they are read once and fast. */
  async loadAll(): Promise<void> {
    const keys = Array.from(this.run.variants.keys()).sort(
      (a, b) => this.run.variants[a]! - this.run.variants[b]!,
    );
    for (let from = 0; from < keys.length; from += LOAD) await this.load(keys.slice(from, from + LOAD));
  }

  /** Fills `r2` for the first `count` of `near`; NaN where it cannot exceed the threshold. Waits only where variants are read. */
  r2With(lead: number, count: number, threshold: number): void | Promise<void> {
    const { memo, near, r2 } = this;
    const unknown: number[] = [];
    for (let i = 0; i < count; i++) {
      const known = memo.get(lead, near[i]!);
      if (known === undefined) unknown.push(i);
      else r2[i] = known;
    }
    return unknown.length === 0 ? undefined : this.computeR2(lead, unknown, threshold);
  }

  private async computeR2(lead: number, unknown: readonly number[], threshold: number): Promise<void> {
    const { table, near } = this;
    const compute = (i: number): void => {
      this.r2[i] = this.pairR2(lead, near[i]!, threshold);
      this.memo.put(lead, near[i]!, this.r2[i]);
    };
    if (!table.has(lead)) await this.load([lead]);
    table.pin(lead);
    const absent: number[] = [];
    // Those at hand come first: loading the others may take their place.
    for (const i of unknown) {
      if (table.has(near[i]!)) compute(i);
      else absent.push(i);
    }
    const chunk = Math.min(table.capacity - 1, LOAD);
    for (let from = 0; from < absent.length; from += chunk) {
      const some = absent.slice(from, from + chunk);
      await this.load(some.map((i) => near[i]!));
      some.forEach(compute);
    }
  }

  /** Signed r² of two variants at hand; NaN when either is monomorphic among the shared people, or r² is small. */
  private pairR2(a: number, b: number, threshold: number): number {
    // Rounding room as in `mayExceed`.
    if (this.table.largestR2(a, b) < threshold - 1e-9) return NaN;
    if (this.run.ploidy === 'diploid' && this.isBelow(a, b, threshold)) return NaN;
    const joint = this.table.joint(a, b);
    const counts = haplotypes(joint.NN, joint.LN, joint.HN, joint.NL, joint.NH, joint.LL, joint.altPairs);
    if (this.run.ploidy === 'x') {
      // A man has one haplotype, so half of what his homozygous call was counted as.
      const m = this.table.jointMales(a, b);
      const males = haplotypes(m.NN, 0, m.HN, 0, m.NH, 0, m.altPairs);
      counts.n11 -= males.n11 / 2;
      counts.n12 -= males.n12 / 2;
      counts.n21 -= males.n21 / 2;
      counts.n22 -= males.n22 / 2;
    }
    if (!mayExceed(counts, threshold)) return NaN;
    // PLINK's allele 1 is the minor one: the same r² but for its sign and the last bit.
    const [flipA, flipB] = [this.altIsMajor(a), this.altIsMajor(b)];
    if (flipA)
      [counts.n11, counts.n12, counts.n21, counts.n22] = [counts.n21, counts.n22, counts.n11, counts.n12];
    if (flipB)
      [counts.n11, counts.n12, counts.n21, counts.n22] = [counts.n12, counts.n11, counts.n22, counts.n21];
    const r2 = haplotypeR2(counts);
    return flipA === flipB ? r2 : -r2;
  }

  /** True when missing calls, wherever they are, leave r² below the threshold; false when there are none to allow for. */
  private isBelow(a: number, b: number, threshold: number): boolean {
    const { table } = this;
    const [hets1, homs1, called1] = table.single(a);
    const [hets2, homs2, called2] = table.single(b);
    const { people } = table;
    if (called1 === people && called2 === people) return false;
    const { LL: doubleHets, altPairs: n11 } = table.joint3(a, b);
    const [alt1, alt2] = [hets1 + 2 * homs1, hets2 + 2 * homs2];
    return !mayExceedWithMissing({ people, alt1, called1, alt2, called2, n11, doubleHets }, threshold);
  }

  private altIsMajor(key: number): boolean {
    const [hets, homs, called] = this.table.single(key);
    return hets + 2 * homs > called;
  }
}

/** Known haplotypes from counts of calls; allele 1 is ALT. */
function haplotypes(
  people: number,
  hets1: number,
  homs1: number,
  hets2: number,
  homs2: number,
  doubleHets: number,
  altPairs: number,
): HaplotypeCounts {
  const n12 = hets1 + 2 * homs1 - altPairs - doubleHets;
  const n21 = hets2 + 2 * homs2 - altPairs - doubleHets;
  return { n11: altPairs, n12, n21, n22: 2 * people - altPairs - n12 - n21 - 2 * doubleHets, doubleHets };
}

async function clumpChromosome(
  window: Window,
  run: ChromosomeRun,
  report: RunReport,
  options: ClumpOptions,
): Promise<Clump[]> {
  const { variants, positions } = run;
  const p = new Float64Array(variants.length).fill(NaN);
  report.keys.forEach((key, i) => (p[key] = report.p[i]!));
  const radius = radiusOf(options);
  const claimed = new Uint8Array(variants.length);
  const order = report.keys
    .filter((key) => p[key]! <= options.p1)
    .sort((a, b) => p[a]! - p[b]! || variants[a]! - variants[b]!);
  // Reported variants by position: sparse traits pass over the many that only others report.
  const reported = Int32Array.from(report.keys).sort();
  const { near, r2 } = window;
  const clumps: Clump[] = [];
  for (const lead of order) {
    if (claimed[lead] === 1) continue;
    // An earlier lead is not marked: as in PLINK, a later one may list it where rounding at the very threshold makes r²
    // depend on which of the two comes first.
    let count = 0;
    const first = firstAtLeast(positions, positions[lead]! - radius);
    const end = firstAtLeast(positions, positions[lead]! + radius + 1);
    for (let at = firstAtLeast(reported, first); at < reported.length && reported[at]! < end; at++) {
      const key = reported[at]!;
      if (claimed[key] === 0 && key !== lead) near[count++] = key;
    }
    const clump: Clump = { lead: variants[lead]!, p: p[lead]!, members: [], memberP: [], r2: [] };
    const reading = window.r2With(lead, count, options.r2);
    if (reading !== undefined) await reading;
    for (let i = 0; i < count; i++) {
      if (!(Math.abs(r2[i]!) > options.r2)) continue;
      const key = near[i]!;
      claimed[key] = 1;
      clump.members.push(variants[key]!);
      clump.memberP.push(p[key]!);
      clump.r2.push(r2[i]!);
    }
    clumps.push(clump);
  }
  return clumps;
}

function assemble(clumps: Clump[], unplaced: number, repeated: number): Clumps {
  clumps.sort((a, b) => a.p - b.p || a.lead - b.lead);
  const memberStart = new Uint32Array(clumps.length + 1);
  clumps.forEach((clump, c) => {
    memberStart[c + 1] = memberStart[c]! + clump.members.length;
  });
  return {
    leads: Uint32Array.from(clumps, (clump) => clump.lead),
    leadP: Float64Array.from(clumps, (clump) => clump.p),
    memberStart,
    members: Uint32Array.from(clumps.flatMap((clump) => clump.members)),
    memberP: Float64Array.from(clumps.flatMap((clump) => clump.memberP)),
    memberR2: Float64Array.from(clumps.flatMap((clump) => clump.r2)),
    unplaced,
    repeated,
  };
}
