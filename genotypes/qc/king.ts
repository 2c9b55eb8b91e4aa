/**
 * Kinship of pairs of people by KING-robust (Manichaikul et al. 2010), as PLINK 2's --make-king-table.
 * Not responsible for: biobanks' hundreds of thousands of people, who come with a kinship table; every pair is visited
 * and all calls are held at once.
 */
import { ploidyOf } from '../chromosome.js';
import { HET, HOM_ALT, MISSING, callAt } from '../hardcalls.js';
import { VECTOR, countingKernel } from '../ld/kernel.js';
import { callBlocks } from '../source.js';
import type { GenotypeSource } from '../source.js';

/** Pairs in the order (1,0) (2,0) (2,1) (3,0) …; first > second, as positions in the list of people. */
export interface KinshipPairs {
  readonly first: Uint32Array;
  readonly second: Uint32Array;
  /** Variants called in both. */
  readonly shared: Uint32Array;
  /** Share of them at which both are heterozygous, and at which they are opposite homozygotes. */
  readonly bothHet: Float64Array;
  readonly ibs0: Float64Array;
  /** 0.5 is the same genome, 0.25 parent and child or full siblings; NaN or −Infinity for a person without any het. */
  readonly kinship: Float64Array;
}

/** Longest plane a kernel call may take, bytes: see `ld/kernel.ts`. */
const MAX_BYTES = 4095 * VECTOR;

/**
 * Kinship over those of the variants given that are diploid in everyone (autosomes and PAR); pairs below `minimum` are left out.
 * Throws RangeError when people × variants exceed the 4 GiB of the kernel (3 bits a call).
 */
export async function kingRobust(
  source: GenotypeSource,
  variants: Uint32Array,
  people: Uint32Array | undefined,
  minimum = -Infinity,
): Promise<KinshipPairs> {
  const diploid = source.variants.chromosomeNames.map((name) => ploidyOf(name) === 'diploid');
  const used = variants.filter((v) => diploid[source.variants.chromosome[v]!]!);
  const count = people?.length ?? source.samples.count;
  const plane = Math.max(1, Math.ceil(used.length / 8 / VECTOR)) * VECTOR;
  const total = 64 + count * 3 * plane;
  if (total > 2 ** 32 - 65536)
    throw new RangeError(`${count} people at ${used.length} variants need ${total} bytes`);
  const kernel = countingKernel(Math.ceil(total / 65536));
  const memory = new Uint8Array(kernel.memory.buffer);
  const answers = new Int32Array(kernel.memory.buffer, 0, 9);
  const address = (person: number): number => 64 + person * 3 * plane;
  for await (const block of callBlocks(source, used, people)) {
    for (let v = 0; v < block.count; v++) {
      const packed = block.calls.subarray(v * block.stride, (v + 1) * block.stride);
      const byte = (block.first + v) >> 3;
      const bit = 1 << ((block.first + v) & 7);
      for (let s = 0; s < count; s++) {
        const call = callAt(packed, s);
        if (call === HET) memory[address(s) + byte]! |= bit;
        else if (call === HOM_ALT) memory[address(s) + plane + byte]! |= bit;
        if (call !== MISSING) memory[address(s) + 2 * plane + byte]! |= bit;
      }
    }
  }
  const columns: [number[], number[], number[], number[], number[], number[]] = [[], [], [], [], [], []];
  for (let i = 1; i < count; i++) {
    for (let j = 0; j < i; j++) {
      let [LL, LN, NL, HN, NH, HH, HL, LH, NN] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
      for (let from = 0; from < plane; from += MAX_BYTES) {
        const [a, b] = [address(i) + from, address(j) + from];
        const length = Math.min(MAX_BYTES, plane - from);
        kernel.counts9(a, a + plane, a + 2 * plane, b, b + plane, b + 2 * plane, length, 0);
        LL += answers[0]!;
        LH += answers[1]!;
        LN += answers[2]!;
        HL += answers[3]!;
        HH += answers[4]!;
        HN += answers[5]!;
        NL += answers[6]!;
        NH += answers[7]!;
        NN += answers[8]!;
      }
      const opposite = HN - HL - HH + (NH - LH - HH);
      const fewerHets = Math.min(LN, NL);
      // Equation 11: ½ − ¼ Σ(x − y)² / min(N_Aa), Σ over 4 for opposite homozygotes and 1 for het against hom.
      const kinship = 0.5 - (4 * opposite + (LN - LL) + (NL - LL)) / (4 * fewerHets);
      if (minimum > -Infinity && !(kinship >= minimum)) continue;
      [i, j, NN, LL / NN, opposite / NN, kinship].forEach((value, c) => columns[c]!.push(value));
    }
  }
  return {
    first: Uint32Array.from(columns[0]),
    second: Uint32Array.from(columns[1]),
    shared: Uint32Array.from(columns[2]),
    bothHet: Float64Array.from(columns[3]),
    ibs0: Float64Array.from(columns[4]),
    kinship: Float64Array.from(columns[5]),
  };
}

/**
 * Whom to leave out so that no two people stay who are related above the threshold: repeatedly the person with the most
 * relatives left, the later in the list where equal. Pairs may come from a given kinship table.
 */
export function relatedToExclude(
  people: number,
  pairs: {
    readonly first: ArrayLike<number>;
    readonly second: ArrayLike<number>;
    readonly kinship: ArrayLike<number>;
  },
  threshold: number,
): Uint32Array {
  const relatives = Array.from({ length: people }, () => new Set<number>());
  for (let k = 0; k < pairs.first.length; k++) {
    if (!(pairs.kinship[k]! > threshold)) continue;
    relatives[pairs.first[k]!]!.add(pairs.second[k]!);
    relatives[pairs.second[k]!]!.add(pairs.first[k]!);
  }
  const excluded: number[] = [];
  // Buckets by number of relatives make each exclusion cost its relatives, not all people.
  const left = Array.from(relatives.keys()).filter((s) => relatives[s]!.size > 0);
  const most = left.reduce((max, s) => Math.max(max, relatives[s]!.size), 0);
  const buckets = Array.from({ length: most + 1 }, () => new Set<number>());
  for (const s of left) buckets[relatives[s]!.size]!.add(s);
  for (let degree = most; degree > 0; degree--) {
    while (buckets[degree]!.size > 0) {
      let person = -1;
      for (const s of buckets[degree]!) person = Math.max(person, s);
      buckets[degree]!.delete(person);
      excluded.push(person);
      for (const other of relatives[person]!) {
        const set = relatives[other]!;
        buckets[set.size]!.delete(other);
        set.delete(person);
        if (set.size > 0) buckets[set.size]!.add(other);
      }
      relatives[person]!.clear();
    }
  }
  return Uint32Array.from(excluded).sort();
}
