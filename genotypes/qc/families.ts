/**
 * Families: people who are connected by pairs of relatives, however many pairs lie between them.
 * Not responsible for finding relatives (king.ts) or for whom to leave out.
 */

/**
 * For each of `count` people the first (least) member of their family; somebody without a relative is their own.
 * `first` and `second` are the pairs, by number of the person.
 */
export function familiesOf(
  count: number,
  { first, second }: { readonly first: ArrayLike<number>; readonly second: ArrayLike<number> },
): Uint32Array {
  const parent = Uint32Array.from({ length: count }, (_, i) => i);
  const root = (person: number): number => {
    let at = person;
    // Every second step is cut short, so that chains of relatives stay flat.
    while (parent[at]! !== at) at = parent[at] = parent[parent[at]!]!;
    return at;
  };
  for (let k = 0; k < first.length; k++) {
    const [a, b] = [root(first[k]!), root(second[k]!)];
    if (a !== b) parent[Math.max(a, b)] = Math.min(a, b);
  }
  return parent.map((_, i) => root(i));
}
