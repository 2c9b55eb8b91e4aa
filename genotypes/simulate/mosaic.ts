/**
 * Mosaic: which founder each haplotype copies, variant after variant. Haplotypes of people without parents here switch
 * founders at exponential genetic distances, as in HAPGEN2 and the Li–Stephens model; children receive their parents'
 * haplotypes with crossovers (Haldane's model, no interference).
 * Not responsible for alleles, which are the founders'.
 *
 * What happens to one haplotype in one region is a function of (seed, person, region). Switches wait in a calendar by
 * variant, so a variant costs only its own switches: the state is one number a haplotype, whatever the number of variants.
 */
import { ANCESTRIES, COPYING_EFFECTIVE_SIZE } from './demography.js';
import { Draws } from './draws.js';
import type { FounderPanel, RegionVariants } from './founders.js';
import type { Slots } from './pedigree.js';
import { morgansBetween } from './regions.js';

/** Told of every change: haplotype `h` copies founder `to` and no longer `from`. */
export type Moved = (h: number, from: number, to: number) => void;

export class Mosaic {
  /** founder[2s], founder[2s + 1]: what the two haplotypes of slot s copy at the current variant. */
  readonly founder: Uint16Array;
  private readonly draws: Draws;
  /** Genetic position of each haplotype's next switch, Morgans from the region's start. */
  private readonly at: Float64Array;
  /** Switches drawn so far in this region. */
  private readonly drawn: Uint16Array;
  /** Calendar: the first haplotype that waits for each variant, and the next one that waits for the same; −1 ends. */
  private head = new Int32Array(0);
  private readonly next: Int32Array;
  /** Children's haplotypes, and which of the parent's two each copies. */
  private readonly inherited: Int32Array;
  private readonly strand: Uint8Array;
  private readonly firstFounder: readonly number[];
  private readonly switchRate: readonly number[];
  private region: RegionVariants | null = null;
  private previous: RegionVariants | null = null;

  constructor(
    seed: string,
    private readonly panel: FounderPanel,
    private readonly slots: Slots,
    private readonly moved: Moved | null = null,
  ) {
    const haplotypes = 2 * slots.count;
    this.draws = new Draws(seed, 'mosaic');
    this.founder = new Uint16Array(haplotypes);
    this.at = new Float64Array(haplotypes);
    this.drawn = new Uint16Array(haplotypes);
    this.next = new Int32Array(haplotypes);
    this.strand = new Uint8Array(haplotypes);
    this.inherited = Int32Array.from(Array.from(slots.parents.keys()).filter((h) => slots.parents[h]! >= 0));
    this.firstFounder = panel.firstFounder;
    this.switchRate = ANCESTRIES.map(
      (_, a) => (4 * COPYING_EFFECTIVE_SIZE) / (panel.firstFounder[a + 1]! - panel.firstFounder[a]!),
    );
  }

  /** Draws every haplotype anew at a region's start; regions come in the order of the panel. */
  enter(region: RegionVariants): void {
    this.previous = this.region;
    this.region = region;
    this.head = new Int32Array(region.end - region.first).fill(-1);
    this.drawn.fill(0);
    this.at.fill(0);
    for (let h = 0; h < this.founder.length; h++) {
      if (this.slots.parents[h]! < 0) this.copyAnother(h);
      else this.crossBetween(h);
      this.schedule(h, region.first);
    }
    this.inherit(false);
  }

  private draw(h: number): void {
    const slot = h >> 1;
    const { role, index, ghost } = this.slots;
    const place = (role[slot]! << 4) | (ghost[slot]! << 1) | (h & 1);
    this.draws.block(this.drawn[h]!++, index[slot]!, place, this.region!.region.index);
  }

  /** A founder of the person's ancestry, and the distance to the next switch. */
  private copyAnother(h: number): void {
    this.draw(h);
    const ancestry = this.slots.ancestry[h >> 1]!;
    const first = this.firstFounder[ancestry]!;
    const among = this.firstFounder[ancestry + 1]! - first;
    this.founder[h] = first + Math.floor(this.draws.first() * among);
    this.at[h]! += -Math.log(1 - this.draws.second()) / this.switchRate[ancestry]!;
  }

  /** Recombination since the previous region: Haldane's r = ½(1 − e^{−2d}), ½ on another chromosome. */
  private crossBetween(h: number): void {
    this.draw(h);
    const [before, here] = [this.previous?.region, this.region!.region];
    const linked = before?.chromosome === here.chromosome;
    const r = linked ? 0.5 * (1 - Math.exp(-2 * (before.map.at(-1)! + morgansBetween(before, here)))) : 0.5;
    if (this.draws.first() < r) this.strand[h]! ^= 1;
    this.at[h] = -Math.log(1 - this.draws.second());
  }

  private schedule(h: number, from: number): void {
    const { first, end } = this.region!;
    const { morgans } = this.panel;
    const at = this.at[h]!;
    if (at > morgans[end - 1]!) return;
    let low = from;
    let high = end - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (morgans[middle]! < at) low = middle + 1;
      else high = middle;
    }
    this.next[h] = this.head[low - first]!;
    this.head[low - first] = h;
  }

  /** Makes all switches up to variant v of the region entered; variants are visited in order. */
  advance(v: number): void {
    const { head, next, slots, founder } = this;
    const place = v - this.region!.first;
    const reached = this.panel.morgans[v]!;
    let h = head[place]!;
    head[place] = -1;
    while (h >= 0) {
      const following = next[h]!;
      const from = founder[h]!;
      while (this.at[h]! <= reached) {
        if (slots.parents[h]! < 0) this.copyAnother(h);
        else this.cross(h);
      }
      if (this.moved && founder[h] !== from) this.moved(h, from, founder[h]!);
      this.schedule(h, v + 1);
      h = following;
    }
    this.inherit(true);
  }

  private cross(h: number): void {
    this.draw(h);
    this.strand[h]! ^= 1;
    this.at[h]! += -Math.log(1 - this.draws.second());
  }

  private inherit(tell: boolean): void {
    const { founder, slots, strand } = this;
    for (const h of this.inherited) {
      const from = founder[h]!;
      const to = founder[2 * slots.parents[h]! + strand[h]!]!;
      if (from === to) continue;
      founder[h] = to;
      if (tell && this.moved) this.moved(h, from, to);
    }
  }
}
