/**
 * How often each bit of many equally long planes is set: counters kept bit-sliced, 32 people an operation.
 * Not responsible for: what the bits mean.
 */

/** Planes added before the sliced counters are emptied: eight slices hold 255. */
const FLUSH = 255;

export class Tally {
  private readonly slices: Uint32Array[];
  private pending = 0;
  private readonly totals: Int32Array;
  private readonly words: number;

  constructor(private readonly people: number) {
    this.words = Math.ceil(people / 32);
    this.slices = Array.from({ length: 8 }, () => new Uint32Array(this.words));
    this.totals = new Int32Array(people);
  }

  /** Counts one plane of ⌈people/32⌉ words; bits past the last person are ignored. */
  add(plane: Uint32Array): void {
    const [first, ...others] = this.slices as [Uint32Array, ...Uint32Array[]];
    for (let w = 0; w < this.words; w++) {
      let carry = first[w]! & plane[w]!;
      first[w]! ^= plane[w]!;
      // Ripple the carry; half of the time there is none left.
      for (let k = 0; carry !== 0; k++) {
        const slice = others[k]!;
        const next = slice[w]! & carry;
        slice[w]! ^= carry;
        carry = next;
      }
    }
    if (++this.pending === FLUSH) this.flush();
  }

  private flush(): void {
    for (let s = 0; s < this.people; s++) {
      let count = 0;
      for (let k = 0; k < 8; k++) count += ((this.slices[k]![s >> 5]! >>> (s & 31)) & 1) << k;
      this.totals[s]! += count;
    }
    for (const slice of this.slices) slice.fill(0);
    this.pending = 0;
  }

  /** The counts so far. */
  counts(): Int32Array {
    this.flush();
    return this.totals.slice();
  }
}
