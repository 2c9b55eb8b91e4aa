/**
 * Random numbers as a function of place: (seed, name; two numbers and an index) → number, without any state, so that nobody's
 * draws depend on how many others there are or in which order they are made.
 * Not responsible for the generator (stats/rng.ts, Philox) nor for sequences, for which `rngFromSeed` serves.
 */
import { philox4x32, rngFromSeed, type Seed } from '../../stats/rng.js';

const TWO_53 = 2 ** 53;

export class Draws {
  private readonly key: Uint32Array;
  private readonly counter = new Uint32Array(4);
  /** The four words of the last `block`. */
  readonly words = new Uint32Array(4);

  constructor(seed: Seed, ...names: readonly (string | number)[]) {
    const rng = rngFromSeed(seed, ...names);
    this.key = Uint32Array.of(rng.uint32(), rng.uint32());
  }

  /** Fills `words` with 128 random bits. */
  block(a: number, b: number, c: number, d: number): void {
    const counter = this.counter;
    counter[0] = a;
    counter[1] = b;
    counter[2] = c;
    counter[3] = d;
    philox4x32(counter, this.key, this.words);
  }

  /** A uniform in [0, 1) of 53 bits. */
  uniform(unit: number, role: number, index = 0): number {
    this.block(0, unit, role, index);
    return this.first();
  }

  /** A uniform in [0, 1) from the first two words of the last block. */
  first(): number {
    return ((this.words[0]! >>> 5) * 67_108_864 + (this.words[1]! >>> 6)) / TWO_53;
  }

  /** A uniform in [0, 1) from the last two words of the last block. */
  second(): number {
    return ((this.words[2]! >>> 5) * 67_108_864 + (this.words[3]! >>> 6)) / TWO_53;
  }

  /** A standard normal (Marsaglia's polar method; attempts are counted in the first word). */
  normal(unit: number, role: number, index = 0): number {
    for (let attempt = 0; ; attempt++) {
      this.block(attempt, unit, role, index);
      const x = 2 * this.first() - 1;
      const y = 2 * this.second() - 1;
      const square = x * x + y * y;
      if (square < 1 && square > 0) return x * Math.sqrt((-2 * Math.log(square)) / square);
    }
  }
}
