/**
 * Typed arrays that grow as they are filled, for readers that do not know the number of rows beforehand.
 * Not responsible for: text (`textcolumn.ts`).
 */

export class GrowingFloats {
  private values = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const grown = new Float64Array(this.length * 2);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.length++] = value;
  }

  finish(): Float64Array {
    return this.values.slice(0, this.length);
  }
}
