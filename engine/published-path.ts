/**
 * Published path: where a published result lies in its folder, at its items. Not responsible for writing it (publish.ts).
 */
import type { Item } from './item.js';
import { templateText } from './language/template.js';
import type { PublishItem } from './workflow.js';

export function publishedPath(item: PublishItem, items: Readonly<Record<string, Item>>): string {
  return templateText(item.path, items, escapeItem);
}

/** An item's text as part of a path: it can neither leave its folder nor meet another item's. */
export function escapeItem(text: string): string {
  const escaped = text.replace(/[^A-Za-z0-9._-]/gu, (char) =>
    [...Buffer.from(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
  return escaped.replace(/^\./, '%2E');
}
