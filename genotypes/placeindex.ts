/**
 * Variants of a table by chromosome and position, and by id where asked.
 * Not responsible for: alleles. PAR counts as X, where its positions lie.
 */
import { joinName } from './chromosome.js';
import type { VariantTable } from './variants.js';

export class PlaceIndex {
  private readonly codes = new Map<string, number>();
  /** Sorted keys, chromosome × 2³² + position, and the variant of each. */
  private readonly keys: Float64Array;
  private readonly order: Uint32Array;
  private ids: Map<string, number[]> | undefined;

  constructor(private readonly variants: VariantTable) {
    const codeOf = variants.chromosomeNames.map((name) => this.code(joinName(name)));
    const raw = Float64Array.from(variants.position, (position, v) =>
      this.key(codeOf[variants.chromosome[v]!]!, position),
    );
    this.order = Uint32Array.from({ length: variants.count }, (_, v) => v);
    let ascending = true;
    for (let v = 1; ascending && v < raw.length; v++) ascending = raw[v - 1]! <= raw[v]!;
    // Files are nearly always sorted: then the table's own order serves.
    if (!ascending) this.order.sort((a, b) => raw[a]! - raw[b]! || a - b);
    this.keys = ascending ? raw : Float64Array.from(this.order, (v) => raw[v]!);
  }

  private code(name: string): number {
    const known = this.codes.get(name);
    if (known !== undefined) return known;
    this.codes.set(name, this.codes.size);
    return this.codes.size - 1;
  }

  private key(code: number, position: number): number {
    return code * 2 ** 32 + position;
  }

  /** Variants at a place, in file order. */
  at(chromosome: string, position: number): number[] {
    const code = this.codes.get(joinName(chromosome));
    if (code === undefined) return [];
    const key = this.key(code, position);
    let low = 0;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    const found: number[] = [];
    for (; this.keys[low] === key; low++) found.push(this.order[low]!);
    return found;
  }

  /** Variants called `id`, in file order. */
  called(id: string): readonly number[] {
    if (this.ids === undefined) {
      this.ids = new Map();
      for (let v = 0; v < this.variants.count; v++) {
        const name = this.variants.id.at(v);
        const list = this.ids.get(name);
        if (list === undefined) this.ids.set(name, [v]);
        else list.push(v);
      }
    }
    return this.ids.get(id) ?? [];
  }
}
