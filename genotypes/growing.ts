/**
 * Typed arrays that grow as they are filled, for readers that do not know the number of rows beforehand.
 * Not responsible for: text (`textcolumn.ts`).
 */

/** Twice as long, with the same values at its beginning. What is never filled takes no memory: pages are given out when written. */
export function grown<A extends Uint16Array | Int32Array | Uint32Array | Float64Array>(values: A): A {
  const longer = new (values.constructor as new (length: number) => A)(values.length * 2);
  longer.set(values);
  return longer;
}
