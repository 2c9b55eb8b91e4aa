/**
 * Operations on manifests: picking, renaming and binding columns. No cell is touched.
 *
 * Not responsible for where the manifests come from (binding.ts).
 */
import type { Manifest, ManifestColumn } from '../cache/manifest.js';
import { nearestName } from './diagnostic.js';
import { refuse } from './input-failure.js';
import type { Item } from './item.js';
import { fillTemplate } from './language/template.js';
import type { ColumnPick } from './workflow.js';

export function pickColumns(
  picks: readonly ColumnPick[],
  items: Record<string, Item>,
): { column: string; as: string }[] {
  return picks.map((pick) => {
    const column = String(fillTemplate(pick.column, items));
    return { column, as: pick.as ? String(fillTemplate(pick.as, items)) : column };
  });
}

export function findColumn(
  columns: readonly ManifestColumn[],
  name: string,
  table: string,
  port: string,
): ManifestColumn {
  const found = columns.find((column) => column.name === name);
  if (found) return found;
  const names = columns.map((column) => column.name);
  const nearest = nearestName(name, names);
  return refuse(
    `${table} has no column '${name}'${nearest ? ` (did you mean '${nearest}'?)` : ''}; it has ${names.slice(0, 30).join(', ')}${names.length > 30 ? ' …' : ''}`,
    { port, column: name },
  );
}

export const renamed = (column: ManifestColumn, name: string): ManifestColumn =>
  column.name === name ? column : { ...column, name };

/** Tables with the same ids, side by side. */
export function bindColumns(parts: readonly Manifest[], port: string): Manifest {
  const [first] = parts;
  if (!first) return refuse('an empty list of tables', { port });
  const names = new Set<string>();
  for (const [i, part] of parts.entries()) {
    if (part.rows !== first.rows || part.id?.digest !== first.id?.digest) {
      refuse(
        `the tables bound together have different rows: ${first.rows} in the first, ${part.rows} in number ${i + 1}${part.rows === first.rows ? ' (other ids)' : ''}; filter or join them to the same people first`,
        { port },
      );
    }
    for (const { name } of part.columns) {
      if (names.has(name))
        refuse(
          `the tables bound together both have a column '${name}'; rename one: table[${name} as other]`,
          { port, column: name },
        );
      names.add(name);
    }
  }
  return { ...first, columns: parts.flatMap((part) => part.columns) };
}
