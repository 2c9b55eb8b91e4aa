/**
 * What is known of the r² of pairs of one chromosome's variants, so that many traits compute each pair once.
 * Not responsible for: computing r² (`clump.ts`).
 *
 * Nearly all pairs are below the threshold, which takes a byte for each pair within the window. The few others keep their
 * value by (lead, neighbour): the last bit of r² may depend on which of the two is the lead.
 */
import { firstAtLeast } from './regions.js';

/** Room for rounding, far above it: what is below the threshold by this is below whichever variant leads. */
const ROUNDING = 1e-9;

const UNKNOWN = 0;
const BELOW = 1;
const VALUE = 2;

/** About the bytes of an entry of the map. */
const ENTRY = 64;

export class PairMemo {
  /** starts[i] + j − i − 1 is the pair (i, j), i < j; pairs of variants from `known` on are not kept. */
  private readonly starts: Float64Array;
  private readonly known: number;
  private readonly states: Uint8Array;
  private readonly values = new Map<number, number>();
  private readonly mostValues: number;

  /**
   * @param positions of the variants, ascending; keys are places in it
   * @param radius largest distance of a pair, bp
   * @param maxBytes pairs of the first variants are kept as far as this goes, half of it for values
   */
  constructor(
    private readonly positions: Int32Array,
    radius: number,
    private readonly threshold: number,
    maxBytes: number,
  ) {
    this.starts = new Float64Array(positions.length + 1);
    let known = 0;
    for (let i = 0; i < positions.length; i++) {
      const pairs = firstAtLeast(positions, positions[i]! + radius + 1) - i - 1;
      this.starts[i + 1] = this.starts[i]! + pairs;
      if (this.starts[i + 1]! <= maxBytes / 2) known = i + 1;
    }
    this.known = known;
    this.states = new Uint8Array(this.starts[known]!);
    this.mostValues = maxBytes / 2 / ENTRY;
  }

  private pair(a: number, b: number): number {
    return a < b ? this.starts[a]! + b - a - 1 : this.starts[b]! + a - b - 1;
  }

  /** r² of a lead with another; NaN when it is below the threshold, undefined when it was not computed yet. */
  get(lead: number, near: number): number | undefined {
    if (Math.min(lead, near) >= this.known) return undefined;
    const state = this.states[this.pair(lead, near)];
    if (state === UNKNOWN) return undefined;
    return state === BELOW ? NaN : this.values.get(lead * this.positions.length + near);
  }

  put(lead: number, near: number, r2: number): void {
    if (Math.min(lead, near) >= this.known) return;
    if (!(Math.abs(r2) > this.threshold - ROUNDING)) this.states[this.pair(lead, near)] = BELOW;
    else if (this.values.size < this.mostValues) {
      this.states[this.pair(lead, near)] = VALUE;
      this.values.set(lead * this.positions.length + near, r2);
    }
  }
}
