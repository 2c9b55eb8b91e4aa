/**
 * The items of a gather as columns of a table: one column for each gathered axis.
 *
 * A column is of numbers when all items are, else of text, so that a fold stays a number and a trait stays a name.
 */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { compareBytes } from '../cache/table.js';
import type { GatheredItem } from '../engine/task.js';

/** Axis names of gathered items, bytewise. */
export function axesOf(items: readonly GatheredItem[]): string[] {
  return Object.keys(items[0] ?? {}).sort(compareBytes);
}

/** One column for each axis; `repeat[i]` rows for item i (1 when absent). `axes` is for when there may be no item. */
export function itemColumns(
  items: readonly GatheredItem[],
  repeat?: readonly number[],
  axes: readonly string[] = axesOf(items),
): [string, Column][] {
  return axes.map((axis) => {
    const names = items.map((item) => item[axis]!);
    const spread = <T>(values: readonly T[]): T[] =>
      values.flatMap((value, i) => new Array<T>(repeat?.[i] ?? 1).fill(value));
    return names.every((value) => typeof value === 'number')
      ? [axis, numberColumn(spread(names))]
      : [axis, textColumn(spread(names.map(String)))];
  });
}

/** `trait fev, cause 3`, for messages. */
export function itemLabel(item: GatheredItem): string {
  return Object.keys(item)
    .sort(compareBytes)
    .map((axis) => `${axis} ${item[axis]!}`)
    .join(', ');
}
