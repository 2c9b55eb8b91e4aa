import { describe, expect, it } from 'vitest';
import { countSelected, selectedInstances, selectItems } from '../../engine/selection.js';

const axes = [
  { name: 'trait', items: ['fev', 'height', 'both'] },
  { name: 'fold', items: [1, 2] },
  { name: 'kind', items: ['both', 'x=y'] },
];

describe('words that name items', () => {
  it('an item that one axis has needs no axis, in any order', () => {
    expect(selectItems('cox', axes, ['2', 'fev'])).toEqual({ fold: 2, trait: 'fev' });
  });

  it('axis=item; an item may hold an equals sign itself', () => {
    expect(selectItems('cox', axes, ['kind=both', 'fold=1'])).toEqual({ kind: 'both', fold: 1 });
    expect(selectItems('cox', axes, ['x=y'])).toEqual({ kind: 'x=y' });
  });

  it.each([
    [['fex'], "'fex' is not an item of 'cox'; did you mean 'fev'?"],
    [['zzz'], "'zzz' is not an item of 'cox'; there are fev, height, both, 1, 2, both, x=y"],
    [['fold=3'], "'3' is not an item of the axis 'fold'; there are 1, 2"],
    [['both'], "'both' is an item of several axes of 'cox'; write trait=both or kind=both"],
    [['fev', 'height'], "'height' names a second item of the axis 'trait'; name one, or none for all"],
  ])('%j is refused', (words, message) => {
    expect(() => selectItems('cox', axes, words)).toThrow(message);
  });

  it('a node without axes takes no item', () => {
    expect(() => selectItems('all', [], ['fev'])).toThrow(
      "the node 'all' has no axes: it has one instance, without an item",
    );
  });
});

describe('instances of a selection', () => {
  it('are positions in the product of the axes', () => {
    expect([...selectedInstances(axes.slice(0, 2), {})]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...selectedInstances(axes.slice(0, 2), { trait: 'height' })]).toEqual([2, 3]);
    expect([...selectedInstances(axes.slice(0, 2), { fold: 2 })]).toEqual([1, 3, 5]);
    expect([...selectedInstances([], {})]).toEqual([0]);
  });

  it('an item that is not there has none; the number and the text 1 differ', () => {
    expect([...selectedInstances(axes, { fold: '1' })]).toEqual([]);
    expect(countSelected(axes, { fold: '1' })).toBe(0);
  });

  it('are as many as countSelected says', () => {
    for (const selection of [{}, { trait: 'fev' }, { fold: 1, kind: 'both' }]) {
      expect(countSelected(axes, selection)).toBe([...selectedInstances(axes, selection)].length);
    }
  });
});
