/**
 * Variants of one chromosome as bit planes in the kernel's memory, and the joint counts of any two.
 * Not responsible for: reading variants (the caller puts packed calls in) or r² (`haplotypes.ts`, `prune.ts`).
 *
 * Memory is bounded: when every slot is taken the oldest is given away, except the one that is pinned.
 */
import type { Ploidy } from '../chromosome.js';
import { SEX_MALE } from '../samples.js';
import { MAX_VECTORS, VECTOR, countingKernel } from './kernel.js';
import type { CountingKernel } from './kernel.js';
import { eraseHaploidHets, planeOf, spreadPlanes } from './planes.js';

const PAGE = 65536;
/** Bytes kept at the start of memory for the kernel's answers. */
const ANSWERS = 64;

/** Joint counts over the people called at both variants (L het, H hom-ALT, N any call; first variant, then second). */
export interface JointCounts {
  /** Het at both. */
  readonly LL: number;
  /** 2·HH + HL + LH: ALT-ALT haplotypes that are known for certain; Σxy of ALT copies is LL + 2·altPairs. */
  readonly altPairs: number;
  readonly LN: number;
  readonly HN: number;
  readonly NL: number;
  readonly NH: number;
  readonly NN: number;
}

/** How heterozygous calls of haploid people are treated: PLINK 1.9 leaves MT alone, PLINK 2 does not. */
export type HaploidRules = 'plink1' | 'plink2';

export class LdTable {
  /** Planes a variant: L, H, N, and on X the same of males only. */
  private readonly planes: number;
  private readonly planeBytes: number;
  readonly capacity: number;
  private readonly kernel: CountingKernel;
  private readonly bytes: Uint8Array;
  private readonly answers: Int32Array;
  private readonly totals = new Float64Array(9);
  /** Slot of each variant key, -1 when it has none; and the reverse. */
  private readonly slotOf: Int32Array;
  private readonly ownerOf: Int32Array;
  private next = 0;
  private pinned = -1;
  /** Per slot: people called het, hom-ALT, at all. */
  private readonly hets: Int32Array;
  private readonly homs: Int32Array;
  private readonly called: Int32Array;
  /** Per slot: odds p/(1 − p) of the minor allele; NaN where calls are missing or people differ in ploidy. */
  private readonly odds: Float64Array;
  private readonly males: Uint8Array;
  /** People whose heterozygous calls are erased, if any. */
  private readonly haploid: Uint8Array | undefined;
  readonly people: number;

  /**
   * @param sex of the people whose calls are put in, in that order
   * @param keys variants are named 0 … keys − 1 by the caller
   * @param maxBytes of memory; at least two variants are always held
   */
  constructor(
    sex: Uint8Array,
    private readonly ploidy: Ploidy,
    rules: HaploidRules,
    keys: number,
    maxBytes: number,
  ) {
    const people = sex.length;
    this.people = people;
    this.planeBytes = Math.max(1, Math.ceil(people / 8 / VECTOR)) * VECTOR;
    this.planes = ploidy === 'x' ? 6 : 3;
    const slotBytes = this.planes * this.planeBytes;
    // 4 GiB is all that 32-bit addresses reach.
    const room = Math.min(maxBytes, 2 ** 32 - PAGE) - ANSWERS;
    this.capacity = Math.max(2, Math.min(keys, Math.floor(room / slotBytes)));
    this.kernel = countingKernel(Math.ceil((ANSWERS + this.capacity * slotBytes) / PAGE));
    this.bytes = new Uint8Array(this.kernel.memory.buffer);
    this.answers = new Int32Array(this.kernel.memory.buffer, 0, 9);
    this.slotOf = new Int32Array(keys).fill(-1);
    this.ownerOf = new Int32Array(this.capacity).fill(-1);
    this.hets = new Int32Array(this.capacity);
    this.homs = new Int32Array(this.capacity);
    this.called = new Int32Array(this.capacity);
    this.odds = new Float64Array(this.capacity);
    this.males = planeOf(people, this.planeBytes, (s) => sex[s] === SEX_MALE);
    const everyone = planeOf(people, this.planeBytes, () => true);
    if (ploidy === 'x') this.haploid = this.males;
    else if (ploidy === 'y' || (ploidy === 'haploid' && rules === 'plink2')) this.haploid = everyone;
  }

  has(key: number): boolean {
    return this.slotOf[key]! >= 0;
  }

  /** Stores a variant's packed calls, giving away the oldest slot if need be. */
  put(key: number, packed: Uint8Array): void {
    if (this.next === this.pinned) this.next = (this.next + 1) % this.capacity;
    const slot = this.next;
    this.next = (this.next + 1) % this.capacity;
    if (this.ownerOf[slot]! >= 0) this.slotOf[this.ownerOf[slot]!] = -1;
    this.ownerOf[slot] = key;
    this.slotOf[key] = slot;
    const at = this.address(slot);
    const plane = (k: number): Uint8Array =>
      this.bytes.subarray(at + k * this.planeBytes, at + (k + 1) * this.planeBytes);
    const [het, hom, present] = [plane(0), plane(1), plane(2)];
    spreadPlanes(packed, this.people, het, hom, present);
    if (this.haploid !== undefined) eraseHaploidHets(het, present, this.haploid);
    if (this.ploidy === 'y')
      for (const p of [hom, present]) for (let b = 0; b < p.length; b++) p[b]! &= this.males[b]!;
    if (this.planes === 6) {
      for (let k = 0; k < 3; k++) {
        const [from, to] = [plane(k), plane(3 + k)];
        for (let b = 0; b < to.length; b++) to[b] = from[b]! & this.males[b]!;
      }
    }
    // A variant with itself: LL, HH and NN are its own counts.
    this.sum(9, slot, slot, 0);
    this.hets[slot] = this.totals[0]!;
    this.homs[slot] = this.totals[4]!;
    this.called[slot] = this.totals[8]!;
    const alt = this.hets[slot] + 2 * this.homs[slot];
    const minor = Math.min(alt, 2 * this.people - alt);
    const comparable = this.ploidy === 'diploid' && this.called[slot] === this.people;
    this.odds[slot] = comparable ? minor / (2 * this.people - minor) : NaN;
  }

  /**
   * The largest r² that two variants of their allele frequencies can have: the ratio of their odds. NaN when the
   * frequencies do not tell, because calls are missing or some people are haploid.
   */
  largestR2(a: number, b: number): number {
    const [x, y] = [this.odds[this.slotOf[a]!]!, this.odds[this.slotOf[b]!]!];
    return x < y ? x / y : y / x;
  }

  /** Keeps one variant's slot from being given away until the next call. */
  pin(key: number): void {
    this.pinned = this.slotOf[key]!;
  }

  private address(slot: number): number {
    return ANSWERS + slot * this.planes * this.planeBytes;
  }

  /** Calls of one variant alone: [het, hom-ALT, called]. */
  single(key: number): [number, number, number] {
    const slot = this.slotOf[key]!;
    return [this.hets[slot]!, this.homs[slot]!, this.called[slot]!];
  }

  /** Joint counts of two stored variants. */
  joint(a: number, b: number): JointCounts {
    const [i, j] = [this.slotOf[a]!, this.slotOf[b]!];
    if (this.called[i] !== this.people || this.called[j] !== this.people) return this.nine(i, j, 0);
    const { totals } = this;
    this.sum(3, i, j, 0);
    return {
      LL: totals[0]!,
      altPairs: totals[1]! + totals[2]!,
      LN: this.hets[i]!,
      HN: this.homs[i]!,
      NL: this.hets[j]!,
      NH: this.homs[j]!,
      NN: this.people,
    };
  }

  /**
   * Of two variants on a chromosome that all people have two of: the counts among people called at both that missing calls do
   * not touch, without the passes over the planes that the others need.
   */
  joint3(a: number, b: number): Pick<JointCounts, 'LL' | 'altPairs'> {
    const { totals } = this;
    this.sum(3, this.slotOf[a]!, this.slotOf[b]!, 0);
    return { LL: totals[0]!, altPairs: totals[1]! + totals[2]! };
  }

  /** Joint counts among males (X only, where males have no heterozygous calls left). */
  jointMales(a: number, b: number): JointCounts {
    return this.nine(this.slotOf[a]!, this.slotOf[b]!, 3);
  }

  /** Nine counts: LL LH LN HL HH HN NL NH NN. */
  private nine(i: number, j: number, firstPlane: 0 | 3): JointCounts {
    const { totals } = this;
    this.sum(9, i, j, firstPlane);
    return {
      LL: totals[0]!,
      altPairs: 2 * totals[4]! + totals[3]! + totals[1]!,
      LN: totals[2]!,
      HN: totals[5]!,
      NL: totals[6]!,
      NH: totals[7]!,
      NN: totals[8]!,
    };
  }

  private sum(terms: 3 | 9, i: number, j: number, firstPlane: 0 | 3): void {
    const { totals, answers, kernel, planeBytes: step } = this;
    const most = MAX_VECTORS * VECTOR;
    const a = this.address(i) + firstPlane * step;
    const b = this.address(j);
    totals.fill(0);
    for (let from = 0; from < step; from += most) {
      const [p, q, length] = [a + from, b + from, Math.min(most, step - from)];
      if (terms === 3) kernel.counts3(p, p + step, q, q + step, length, 0);
      else kernel.counts9(p, p + step, p + 2 * step, q, q + step, q + 2 * step, length, 0);
      for (let t = 0; t < terms; t++) totals[t]! += answers[t]!;
    }
  }
}
