/**
 * Item: one value of an axis (a trait, a disease, a fold, a seed). Items are values, never positions.
 */
import { compareBytes } from '../cache/table.js';

export type Scalar = string | number | boolean;

/** A scalar, or a record whose `id` names it. Of a record only the fields that are referenced reach a key. */
export type Item = Scalar | ItemRecord;
export type ItemRecord = Readonly<Record<string, Scalar | null>> & { readonly id: Scalar };

/** What names the item: itself, or its record's `id`. */
export function itemId(item: Item): Scalar {
  return typeof item === 'object' ? item.id : item;
}

/** The item's name for people, and in paths before escaping. */
export function itemText(item: Item): string {
  return String(itemId(item));
}

/** Order of items in a gather: numbers by value, then texts bytewise, then false, true. */
export function compareItems(a: Scalar, b: Scalar): number {
  const rank = (value: Scalar): number => (typeof value === 'number' ? 0 : typeof value === 'string' ? 1 : 2);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return compareBytes(a, b);
  return rank(a) - rank(b) || Number(a) - Number(b);
}

/** An item's text as part of a path: it can neither leave its folder nor meet another item's. */
export function escapeItem(text: string): string {
  const escaped = text.replace(/[^A-Za-z0-9._-]/gu, (char) =>
    [...Buffer.from(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
  return escaped.replace(/^\./, '%2E');
}
