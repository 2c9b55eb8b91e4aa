/**
 * Selection: some instances of a node, as the words of a user name them (`fev`, `cause=CVD`), and names that are not there.
 *
 * Not responsible for whether the instances were ever run.
 */
import { nearestName } from './diagnostic.js';
import type { Scalar } from './item.js';

/** A user named something that is not there. Shown as it stands. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

/** `'knnn' is not a node; did you mean 'knn'?` */
export function notFound(what: string, name: string, names: Iterable<string>): NotFoundError {
  const all = [...names];
  // One or two letters resemble everything.
  const nearest = name.length < 3 ? undefined : nearestName(name, all);
  const known =
    all.length === 0
      ? 'there are none'
      : `there are ${all.slice(0, 20).join(', ')}${all.length > 20 ? ', …' : ''}`;
  return new NotFoundError(
    `'${name}' is not ${what}; ${nearest === undefined ? known : `did you mean '${nearest}'?`}`,
  );
}

export interface SelectionAxis {
  readonly name: string;
  readonly items: readonly Scalar[];
}

/** Items by axis name; an axis that is absent stands for all of its items. */
export type Selection = Readonly<Record<string, Scalar>>;

/**
 * The selection that `words` stand for: `axis=item`, or an item that only one axis has.
 * @throws NotFoundError
 */
export function selectItems(
  node: string,
  axes: readonly SelectionAxis[],
  words: readonly string[],
): Selection {
  const selection: Record<string, Scalar> = {};
  for (const word of words) {
    const [axis, item] = findItem(node, axes, word);
    if (selection[axis.name] !== undefined) {
      throw new NotFoundError(
        `'${word}' names a second item of the axis '${axis.name}'; name one, or none for all`,
      );
    }
    selection[axis.name] = item;
  }
  return selection;
}

function findItem(node: string, axes: readonly SelectionAxis[], word: string): [SelectionAxis, Scalar] {
  if (axes.length === 0)
    throw new NotFoundError(`the node '${node}' has no axes: it has one instance, without an item`);
  const named = /^([A-Za-z][A-Za-z0-9_-]*)=(.*)$/s.exec(word);
  const axis = named && axes.find(({ name }) => name === named[1]);
  if (axis) {
    const item = axis.items.find((each) => String(each) === named[2]);
    if (item === undefined)
      throw notFound(`an item of the axis '${axis.name}'`, named[2]!, axis.items.map(String));
    return [axis, item];
  }
  const found = axes.flatMap((each) => {
    const item = each.items.find((candidate) => String(candidate) === word);
    return item === undefined ? [] : [[each, item] as [SelectionAxis, Scalar]];
  });
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    const forms = found.map(([each]) => `${each.name}=${word}`).join(' or ');
    throw new NotFoundError(`'${word}' is an item of several axes of '${node}'; write ${forms}`);
  }
  throw notFound(
    `an item of '${node}'`,
    word,
    axes.flatMap(({ items }) => items.map(String)),
  );
}

/** The instances of a selection: positions in the product of the axes (row-major), ascending. */
export function* selectedInstances(axes: readonly SelectionAxis[], selection: Selection): Generator<number> {
  const choices = axes.map(({ name, items }) => {
    const chosen = selection[name];
    if (chosen === undefined) return null;
    return items.findIndex((item) => item === chosen);
  });
  // An item that the axis lacks leaves nothing.
  if (choices.some((choice) => choice !== null && choice < 0)) return;
  function* walk(axis: number, base: number): Generator<number> {
    if (axis === axes.length) {
      yield base;
      return;
    }
    const { length } = axes[axis]!.items;
    const choice = choices[axis] ?? null;
    if (choice !== null) yield* walk(axis + 1, base * length + choice);
    else for (let i = 0; i < length; i++) yield* walk(axis + 1, base * length + i);
  }
  yield* walk(0, 0);
}

/** How many instances a selection has. */
export function countSelected(axes: readonly SelectionAxis[], selection: Selection): number {
  return axes.reduce((product, { name, items }) => {
    const chosen = selection[name];
    if (chosen === undefined) return product * items.length;
    return items.includes(chosen) ? product : 0;
  }, 1);
}
