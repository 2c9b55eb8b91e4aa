/**
 * LD pruning as PLINK 2's `--indep-pairwise`: a window slides along each chromosome; of two variants correlated above the
 * threshold the one with the more common major allele goes, until none are left in the window.
 * Not responsible for: p-values (`clump.ts`). r² here is the correlation of genotypes over people called at both.
 */
import { packedLength } from '../hardcalls.js';
import type { GenotypeSource } from '../source.js';
import { founders } from './clump.js';
import { LdTable } from './ldtable.js';
import { chromosomeRuns } from './regions.js';
import type { ChromosomeRun } from './regions.js';

export type PruneWindow =
  /** `variants` variants wide, moved by `step`. */
  | { readonly variants: number; readonly step: number }
  /** `kb` kilobases wide, moved by one variant. */
  | { readonly kb: number };

export interface PruneOptions {
  readonly window: PruneWindow;
  /** A pair goes apart when r² is greater than this. */
  readonly r2: number;
  /** Whose calls give LD and frequencies; undefined: founders. */
  readonly people?: Uint32Array | undefined;
}

export interface Pruned {
  /** Variants left, in file order. */
  readonly kept: Uint32Array;
  /** Variants removed for LD. */
  readonly correlated: Uint32Array;
  /** Variants removed because everyone has the same call. */
  readonly monomorphic: Uint32Array;
  /** Variants on chromosome 0, neither kept nor tested. */
  readonly unplaced: Uint32Array;
}

const SMALL = 2 ** -44;

/** Prunes the given variants. Throws what the source throws. */
export async function prune(
  source: GenotypeSource,
  variants: Uint32Array,
  options: PruneOptions,
): Promise<Pruned> {
  const people = options.people ?? founders(source);
  const sex = Uint8Array.from(people, (s) => source.samples.sex[s]!);
  const removed = new Set<number>();
  const monomorphic = new Set<number>();
  const placed = new Set<number>();
  for (const run of chromosomeRuns(source.variants, variants)) {
    for (const v of run.variants) placed.add(v);
    const pruner = new ChromosomePruner(source, people, sex, run, options);
    for (const key of await pruner.run()) {
      removed.add(run.variants[key]!);
      if (pruner.monomorphic.has(key)) monomorphic.add(run.variants[key]!);
    }
  }
  const sorted = Uint32Array.from(new Set(variants)).sort();
  return {
    kept: sorted.filter((v) => placed.has(v) && !removed.has(v)),
    correlated: sorted.filter((v) => removed.has(v) && !monomorphic.has(v)),
    monomorphic: sorted.filter((v) => monomorphic.has(v)),
    unplaced: sorted.filter((v) => !placed.has(v)),
  };
}

/** One chromosome. Keys are places in `run.variants`. */
class ChromosomePruner {
  readonly monomorphic = new Set<number>();
  private readonly removed: Uint8Array;
  private readonly majorFrequency: Float64Array;
  /** First later key that a key has not been compared with. */
  private readonly unchecked: Uint32Array;
  private readonly table: LdTable;
  private readonly packed: Uint8Array;

  constructor(
    private readonly source: GenotypeSource,
    private readonly people: Uint32Array,
    private readonly sex: Uint8Array,
    private readonly chromosome: ChromosomeRun,
    private readonly options: PruneOptions,
  ) {
    const count = chromosome.variants.length;
    this.removed = new Uint8Array(count);
    this.majorFrequency = new Float64Array(count);
    this.unchecked = Uint32Array.from({ length: count }, (_, key) => key + 1);
    this.packed = new Uint8Array(packedLength(people.length));
    // The ring of slots is as long as the longest window, so that a window's variants are always at hand.
    const slots = this.longestWindow() + 1;
    const planes = chromosome.ploidy === 'x' ? 6 : 3;
    const bytes = (slots + 1) * planes * (Math.ceil(people.length / 128) + 1) * 16 + 64;
    this.table = new LdTable(sex, chromosome.ploidy, 'plink2', count, bytes);
    if (this.table.capacity < Math.min(slots, count)) {
      throw new RangeError(`a window of ${slots} variants of ${people.length} people does not fit in memory`);
    }
  }

  /** End (exclusive) of the window that begins at `start`. */
  private windowEnd(start: number): number {
    const { positions } = this.chromosome;
    const { window } = this.options;
    if ('variants' in window) return Math.min(start + window.variants, positions.length);
    const most = positions[start]! + Math.floor(window.kb * 1000 * (1 + SMALL));
    let end = start + 1;
    while (end < positions.length && positions[end]! <= most) end++;
    return end;
  }

  private longestWindow(): number {
    let longest = 1;
    for (let start = 0; start < this.chromosome.positions.length; start++) {
      longest = Math.max(longest, this.windowEnd(start) - start);
    }
    return longest;
  }

  /** Keys removed. */
  async run(): Promise<number[]> {
    const count = this.chromosome.variants.length;
    let loaded = 0;
    for (let start = 0; start < count;) {
      const end = this.windowEnd(start);
      for (; loaded < end; loaded++) await this.load(loaded);
      this.pruneWindow(start, end);
      if (end === count) break;
      start = this.nextStart(start, end);
    }
    return Array.from(this.removed.keys()).filter((key) => this.removed[key] === 1);
  }

  /** By kilobases, the window starts at the first variant whose window reaches at least one further. */
  private nextStart(start: number, end: number): number {
    if ('variants' in this.options.window) return start + this.options.window.step;
    const { positions } = this.chromosome;
    const least = positions[end]! - Math.floor(this.options.window.kb * 1000 * (1 + SMALL));
    let next = start + 1;
    while (positions[next]! < least) next++;
    return next;
  }

  private async load(key: number): Promise<void> {
    await this.source.hardCalls([this.chromosome.variants[key]!], this.people, this.packed);
    const ref = this.refFrequency();
    this.majorFrequency[key] = Math.max(ref, 1 - ref);
    this.table.put(key, this.packed);
    const [hets, homs, called] = this.table.single(key);
    if (hets === called || homs === called || hets + homs === 0) {
      this.removed[key] = 1;
      this.monomorphic.add(key);
    }
  }

  /** REF frequency of the calls in `packed`: haploid people count once, a heterozygous haploid call as half. */
  private refFrequency(): number {
    const { ploidy } = this.chromosome;
    let copies = 0;
    let alleles = 0;
    for (let s = 0; s < this.people.length; s++) {
      const call = (this.packed[s >> 2]! >> ((s & 3) << 1)) & 3;
      const male = this.sex[s] === 1;
      if (call === 3 || (ploidy === 'y' && !male)) continue;
      const haploid = ploidy !== 'diploid' && (ploidy !== 'x' || male);
      copies += haploid ? (2 - call) / 2 : 2 - call;
      alleles += haploid ? 1 : 2;
    }
    return copies / alleles;
  }

  private pruneWindow(start: number, end: number): void {
    const { removed, unchecked, majorFrequency } = this;
    for (let changed = true; changed;) {
      changed = false;
      for (let a = start; a < end; a++) {
        if (removed[a] === 1) continue;
        let b = Math.max(a + 1, unchecked[a]!);
        for (; b < end; b++) {
          if (removed[b] === 1 || !this.correlated(a, b)) continue;
          changed = true;
          if (majorFrequency[a]! > majorFrequency[b]! * (1 + SMALL)) removed[a] = 1;
          else {
            removed[b] = 1;
            b++;
          }
          break;
        }
        unchecked[a] = b;
      }
    }
  }

  private correlated(a: number, b: number): boolean {
    const joint = this.table.joint(a, b);
    let [n, x, y, xx, yy, xy] = moments(joint);
    if (this.chromosome.ploidy === 'x') {
      // Women weigh two, men one: twice everyone less the men.
      const males = moments(this.table.jointMales(a, b));
      [n, x, y, xx, yy, xy] = [n, x, y, xx, yy, xy].map((value, k) => 2 * value - males[k]!) as Moments;
    }
    const covariance = n * xy - x * y;
    const limit = this.options.r2 * (1 + SMALL);
    return covariance * covariance > limit * (n * xx - x * x) * (n * yy - y * y);
  }
}

/** n, Σx, Σy, Σx², Σy², Σxy of ALT copies. */
type Moments = [n: number, x: number, y: number, xx: number, yy: number, xy: number];

function moments(joint: {
  NN: number;
  LN: number;
  HN: number;
  NL: number;
  NH: number;
  LL: number;
  altPairs: number;
}): Moments {
  const { NN, LN, HN, NL, NH, LL, altPairs } = joint;
  return [NN, LN + 2 * HN, NL + 2 * NH, LN + 4 * HN, NL + 4 * NH, LL + 2 * altPairs];
}
