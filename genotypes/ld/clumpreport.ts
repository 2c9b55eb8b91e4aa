/**
 * What traits report for clumping: each variant once, with its smallest p, and by chromosome.
 * Not responsible for: matching summary statistics to variants, or clumping (`clump.ts`).
 */
import type { VariantTable } from '../variants.js';
import type { ChromosomeRun } from './regions.js';

/** The report of one trait: variants of the reference with their p-values. */
export interface ClumpReport {
  /** Indices into the source's variants; one that is listed twice counts with its smallest p. */
  readonly variants: Uint32Array;
  readonly p: Float64Array;
}

/** A report with each variant once. */
export interface SmallestP {
  readonly variants: Uint32Array;
  readonly p: Float64Array;
  readonly repeated: number;
}

/** The smallest p of each variant of each report; rows whose p is NaN are not reported. */
export function smallestP(reports: readonly ClumpReport[], variants: number): SmallestP[] {
  /** Where a variant stands in the report at hand, if that place says so too. */
  const placeOf = new Uint32Array(variants);
  return reports.map((report) => {
    const own = new Uint32Array(report.variants.length);
    const p = new Float64Array(report.variants.length);
    let count = 0;
    let repeated = 0;
    for (let i = 0; i < report.variants.length; i++) {
      const variant = report.variants[i]!;
      if (variant >= variants) throw new RangeError(`internal error: variant ${variant} of ${variants}`);
      const here = report.p[i]!;
      if (Number.isNaN(here)) continue;
      const place = placeOf[variant]!;
      if (place < count && own[place] === variant) {
        repeated++;
        p[place] = Math.min(p[place]!, here);
      } else {
        placeOf[variant] = count;
        own[count] = variant;
        p[count++] = here;
      }
    }
    return { variants: own.subarray(0, count), p: p.subarray(0, count), repeated };
  });
}

/** Every variant that some trait reports. */
export function reportedVariants(reports: readonly SmallestP[], variants: number): Uint32Array {
  const reported = new Uint8Array(variants);
  for (const report of reports) for (const v of report.variants) reported[v] = 1;
  const list = new Uint32Array(reported.reduce((sum, one) => sum + one, 0));
  let count = 0;
  for (let v = 0; v < variants; v++) if (reported[v] === 1) list[count++] = v;
  return list;
}

/** A trait's variants on one chromosome, as places in the run. */
export interface RunReport {
  readonly keys: readonly number[];
  readonly p: readonly number[];
}

/** The parts of a report by run; variants on no run are left out. `placeIn` is the place of each variant in its run. */
export function byRun(
  report: SmallestP,
  runs: readonly ChromosomeRun[],
  placeIn: Uint32Array,
  table: VariantTable,
): RunReport[] {
  const runOf = new Map(runs.map(({ code }, r) => [code, r]));
  const parts = runs.map((): { keys: number[]; p: number[] } => ({ keys: [], p: [] }));
  report.variants.forEach((v, i) => {
    const r = runOf.get(table.chromosome[v]!);
    if (r === undefined) return;
    parts[r]!.keys.push(placeIn[v]!);
    parts[r]!.p.push(report.p[i]!);
  });
  return parts;
}
