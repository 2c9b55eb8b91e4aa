import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { familiesOf } from '../../genotypes/qc/families.js';

describe('families', () => {
  it('joins people through others, and leaves the rest alone', () => {
    const pairs = { first: [5, 1, 3], second: [1, 0, 4] };
    expect([...familiesOf(7, pairs)]).toEqual([0, 0, 2, 3, 3, 0, 6]);
    expect([...familiesOf(3, { first: [], second: [] })]).toEqual([0, 1, 2]);
  });

  it('two people are of one family exactly when a chain of pairs joins them, in whatever order the pairs stand', () => {
    const person = fc.nat({ max: 19 });
    fc.assert(
      fc.property(fc.array(fc.tuple(person, person), { maxLength: 30 }), (pairs) => {
        const columns = (list: typeof pairs) => ({
          first: list.map(([a]) => a),
          second: list.map(([, b]) => b),
        });
        const found = [...familiesOf(20, columns(pairs))];
        expect([...familiesOf(20, columns([...pairs].reverse()))]).toEqual(found);
        for (let person = 0; person < 20; person++) {
          const reached = new Set([person]);
          for (let size = 0; size < reached.size;) {
            size = reached.size;
            for (const [a, b] of pairs) if (reached.has(a) || reached.has(b)) reached.add(a).add(b);
          }
          expect(found[person]).toBe(Math.min(...reached));
        }
      }),
    );
  });
});
