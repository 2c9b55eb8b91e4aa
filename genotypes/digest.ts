/**
 * A digest of each variant's canonical calls for a set of people: equal for the same genotypes in any format or file,
 * and untouched by people and variants that are not in the request.
 * Not responsible for: combining digests into keys.
 *
 * Canonical bytes: `genotypes/1`, number of people, chromosome, position, REF and ALT, each ended by a NUL, then either
 * `c` and the packed hard calls (every dosage is 0, 1, 2 or missing) or `d` and the ALT dosages as little-endian
 * float32, missing as the quiet NaN 0x7fc00000. The variant's id is not part of it.
 */
import { createHash, type Hash } from 'node:crypto';
import { packedLength, setCall } from './hardcalls.js';
import { callBlocks, dosageBlocks } from './source.js';
import type { GenotypeSource } from './source.js';

const TAG = 'genotypes/1\0';

/** SHA-256 in hexadecimal of each variant asked for, in that order. One pass; memory is one block. */
export async function variantDigests(
  source: GenotypeSource,
  variants: Uint32Array,
  people: Uint32Array | undefined,
): Promise<string[]> {
  const count = people?.length ?? source.samples.count;
  const packed = new Uint8Array(packedLength(count));
  const floats = new DataView(new ArrayBuffer(4 * count));
  const table = source.variants;
  const begin = (variant: number): Hash => {
    const place = [
      String(count),
      table.chromosomeNames[table.chromosome[variant]!]!,
      String(table.position[variant]!),
    ];
    const hash = createHash('sha256').update(TAG);
    return hash.update([...place, table.ref.at(variant), table.alt.at(variant), ''].join('\0'));
  };
  const digests: string[] = [];
  if (!source.hasDosages) {
    for await (const block of callBlocks(source, variants, people)) {
      for (let v = 0; v < block.count; v++) {
        const calls = block.calls.subarray(v * block.stride, (v + 1) * block.stride);
        digests.push(
          begin(variants[block.first + v]!)
            .update('c')
            .update(calls)
            .digest('hex'),
        );
      }
    }
    return digests;
  }
  for await (const block of dosageBlocks(source, variants, people, 'alt')) {
    for (let v = 0; v < block.count; v++) {
      const hash = begin(variants[block.first + v]!);
      const row = block.values.subarray(v * count, (v + 1) * count);
      if (packWhole(row, packed)) hash.update('c').update(packed);
      else {
        for (let s = 0; s < count; s++) {
          const dosage = row[s]!;
          if (Number.isNaN(dosage)) floats.setUint32(4 * s, 0x7fc00000, true);
          else floats.setFloat32(4 * s, dosage, true);
        }
        hash.update('d').update(new Uint8Array(floats.buffer));
      }
      digests.push(hash.digest('hex'));
    }
  }
  return digests;
}

/** Packs dosages that are all whole or missing; answers false at the first that is not. */
function packWhole(dosages: Float64Array, packed: Uint8Array): boolean {
  packed.fill(0);
  for (let s = 0; s < dosages.length; s++) {
    const dosage = dosages[s]!;
    if (Number.isNaN(dosage)) setCall(packed, s, 3);
    else if (dosage === 0 || dosage === 1 || dosage === 2) setCall(packed, s, dosage);
    else return false;
  }
  return true;
}
