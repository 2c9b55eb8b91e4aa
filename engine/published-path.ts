/**
 * Published path: where a published result lies in its folder, at its items. Not responsible for writing it (publish.ts).
 */
import { escapeItem, type Item } from './item.js';
import { templateText } from './language/template.js';
import type { PublishItem } from './workflow.js';

export function publishedPath(item: PublishItem, items: Readonly<Record<string, Item>>): string {
  return templateText(item.path, items, escapeItem);
}
