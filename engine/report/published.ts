/**
 * Published: the files of the publish folder that hold what an exhibit shows, as links from the page.
 *
 * Not responsible for writing them (../publish.ts): the page is written beside them.
 */
import { dirname, posix } from 'node:path';
import { itemId, type Item } from '../item.js';
import { publishedPath } from '../published-path.js';
import type { PublishItem, Reference } from '../workflow.js';
import type { ReportContext } from './context.js';
import { joined, markup, type Html } from './html.js';

/** `published as tables/a.csv, tables/a.parquet`, linked; null when nothing is. */
export function publishedHtml(
  { source }: Reference,
  items: Readonly<Record<string, Item>>,
  context: ReportContext,
): Html | null {
  if (!('node' in source)) return null;
  const paths = context.workflow.publish
    .filter((item) => holds(item, source.node, source.port, items))
    .map((item) => publishedPath(item, items));
  if (paths.length === 0) return null;
  return markup`published as ${joined(
    paths.map((path) => markup`<a href="${href(path, context)}"><code>${path}</code></a>`),
    ', ',
  )}`;
}

/** The whole of this output or, beside a figure, the specification from which it was drawn. */
function holds(
  { reference }: PublishItem,
  node: string,
  port: string,
  items: Readonly<Record<string, Item>>,
): boolean {
  const { source, select, columns } = reference;
  if (!('node' in source) || source.node !== node || columns !== null) return false;
  if (source.port !== port && !(port === 'figure' && source.port === 'spec')) return false;
  return select.every((each) => each.how !== 'fixed' || itemIs(items[each.axis], each.item));
}

function itemIs(item: Item | undefined, fixed: Item): boolean {
  return item !== undefined && itemId(item) === itemId(fixed);
}

/** From the page to a file of the same folder. */
function href(path: string, { workflow }: ReportContext): string {
  const from = dirname(workflow.report?.path ?? '');
  return posix.relative(from, path).split('/').map(encodeURIComponent).join('/');
}
