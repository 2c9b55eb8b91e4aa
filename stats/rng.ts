/**
 * Random numbers: the counter-based generator Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011), and streams made from a seed and names.
 *
 * A stream is a pure function of (seed, names): two streams never share state, so neither the order of items nor the
 * number of workers matters. Not responsible for where seeds come from: the engine derives them.
 *
 * Numbers use only integer operations, + − × ÷, √ and log, never sin or cos, whose last bits differ between versions of Node.
 */
import { createHash } from 'node:crypto';

// The paper's constants: two multipliers and the Weyl increments of the key.
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;

/** The high 32 bits of the product of two unsigned 32-bit integers, by 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  return aHigh * bHigh + Math.floor(middle / 65536) + ((((middle & 0xffff) + aLow * bHigh) / 65536) >>> 0);
}

/** One block: `out[0..3]` from a 128-bit counter and a 64-bit key, all little-endian in 32-bit words. */
export function philox4x32(counter: Uint32Array, key: Uint32Array, out: Uint32Array): void {
  let c0 = counter[0]!;
  let c1 = counter[1]!;
  let c2 = counter[2]!;
  let c3 = counter[3]!;
  let k0 = key[0]!;
  let k1 = key[1]!;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** A seed: 64 hexadecimal digits (as the engine gives it), 32 bytes, or an integer below 2²⁵⁶. */
export type Seed = string | Uint8Array | bigint;

/** 32 bytes of a seed; throws for anything else, because a truncated seed would silently correlate streams. */
function seedBytes(seed: Seed): Uint8Array {
  const hex = typeof seed === 'bigint' ? seed.toString(16).padStart(64, '0') : seed;
  if (typeof hex !== 'string') {
    if (hex.length !== 32) throw new Error(`internal error: a seed has 32 bytes, got ${hex.length}`);
    return hex;
  }
  if (!/^[0-9a-f]{64}$/i.test(hex))
    throw new Error(`internal error: a seed has 64 hexadecimal digits, got "${hex}"`);
  return Buffer.from(hex, 'hex');
}

/** SHA-256 of the seed and names; each name is tagged by its type and length, so ("ab", "c") differs from ("a", "bc"). */
function digest(seed: Seed, names: readonly (string | number)[]): Buffer {
  const hash = createHash('sha256').update(seedBytes(seed));
  for (const name of names) {
    const text = String(name);
    hash.update(`${typeof name === 'number' ? 'n' : 's'}${Buffer.byteLength(text)}:${text}`);
  }
  return hash.digest();
}

/** A sequence of random numbers. Every method advances it; the same calls on the same stream give the same numbers. */
export class Rng {
  readonly #key: Uint32Array;
  readonly #counter: Uint32Array;
  readonly #block = new Uint32Array(4);
  #next = 4;
  #spareNormal: number | undefined;

  /** `bytes[0..8)` are the key, `bytes[8..16)` the upper half of the counter; the lower half counts blocks from 0. */
  constructor(bytes: Uint8Array) {
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#key = Uint32Array.of(words.getUint32(0, true), words.getUint32(4, true));
    this.#counter = Uint32Array.of(0, 0, words.getUint32(8, true), words.getUint32(12, true));
  }

  /** An integer in [0, 2³²). */
  uint32(): number {
    if (this.#next === 4) {
      philox4x32(this.#counter, this.#key, this.#block);
      this.#counter[0]!++;
      if (this.#counter[0] === 0) this.#counter[1]!++;
      this.#next = 0;
    }
    return this.#block[this.#next++]!;
  }

  /** An integer in [0, 2⁵³). */
  #uint53(): number {
    const high = this.uint32() >>> 5;
    return high * 67_108_864 + (this.uint32() >>> 6);
  }

  /** A double in [0, 1) with 53 random bits. */
  uniform(): number {
    return this.#uint53() / TWO_53;
  }

  /** An integer in [0, bound), each equally likely (rejection, no modulo bias); 1 ≤ bound ≤ 2⁵³. */
  integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > TWO_53) {
      throw new Error(`internal error: a bound must be an integer in [1, 2^53], got ${bound}`);
    }
    const range = bound <= TWO_32 ? TWO_32 : TWO_53;
    const limit = range - (range % bound);
    for (;;) {
      const value = range === TWO_32 ? this.uint32() : this.#uint53();
      if (value < limit) return value % bound;
    }
  }

  /** A standard normal (Marsaglia's polar method). */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spareNormal = y * scale;
      return x * scale;
    }
  }

  /** Shuffles in place (Fisher–Yates, from the end) and returns the same array. */
  shuffle<T extends { length: number; [index: number]: unknown }>(values: T): T {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const held = values[i];
      values[i] = values[j];
      values[j] = held;
    }
    return values;
  }

  /** The integers 0 … n − 1 in random order. */
  permutation(n: number): Uint32Array {
    return this.shuffle(Uint32Array.from({ length: n }, (_, i) => i));
  }

  /** `k` distinct integers of 0 … n − 1 in random order, in O(k) memory; 0 ≤ k ≤ n. */
  sample(n: number, k: number): Uint32Array {
    if (!Number.isInteger(k) || k < 0 || k > n)
      throw new Error(`internal error: cannot draw ${k} of ${n} without replacement`);
    // The first k steps of a Fisher–Yates shuffle; only positions that were swapped away are remembered.
    const moved = new Map<number, number>();
    return Uint32Array.from({ length: k }, (_, i) => {
      const j = i + this.integer(n - i);
      const drawn = moved.get(j) ?? j;
      moved.set(j, moved.get(i) ?? i);
      return drawn;
    });
  }
}

/**
 * The stream of (seed, names), e.g. `rngFromSeed(seed, 'bootstrap', replicate)`. Without names the seed's own bytes are used.
 */
export function rngFromSeed(seed: Seed, ...names: readonly (string | number)[]): Rng {
  return new Rng(names.length === 0 ? seedBytes(seed) : digest(seed, names));
}

/** A uniform in [0, 1) that depends on (seed, names) alone, for assignments that must not move when people are added. */
export function uniformOf(seed: Seed, ...names: readonly (string | number)[]): number {
  const bytes = digest(seed, names);
  return ((bytes.readUInt32LE(0) >>> 5) * 67_108_864 + (bytes.readUInt32LE(4) >>> 6)) / TWO_53;
}
