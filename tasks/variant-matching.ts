/**
 * Which variants of a view the rows of a table name: by place and alleles on either strand and in either order, equal ones told
 * apart by id; by id where there is no place. Every row without a variant is counted by reason.
 *
 * Not responsible for whether an effect may be carried over: palindromic alleles are taken as they are labelled, which only
 * sumstats-harmonise.ts does better.
 */
import type { Table, TableSchema } from '../cache/table.js';
import { TaskError, type TaskContext } from '../engine/task.js';
import { PlaceIndex } from '../genotypes/placeindex.js';
import type { Build } from '../genotypes/qc/longrangeld.js';
import { harmonise, LOSS_REASONS, type LossReason } from '../genotypes/sumstats/harmonise.js';
import type { SumstatsTable } from '../genotypes/sumstats/table.js';
import type { VariantTable } from '../genotypes/variants.js';
import { refusing } from './genotype-views.js';
import { anyColumn, cellAt } from './reading.js';
import { sumstatsOf, variantColumns } from './sumstats-table.js';

/** The optional port that narrows to some variants. */
export const VARIANTS_PORT = {
  type: 'table',
  optional: true,
  summary: 'The variants to keep: `chr`, `pos` and alleles, or `id`; all when absent.',
  reads: (_params: unknown, schema: TableSchema) => variantColumns(schema),
} as const;

export interface Matches {
  /** Rows that have a variant, ascending. */
  readonly rows: Uint32Array;
  /** Variant of each of them, each once. */
  readonly variants: Uint32Array;
  /** 1 when the row's effect allele is ALT, −1 when it is REF. */
  readonly sign: Int8Array;
  readonly lost: Readonly<Partial<Record<LossReason, number>>>;
}

/** @throws TaskError when builds differ. */
export async function matchRows(
  stats: SumstatsTable,
  port: string,
  reference: { readonly variants: VariantTable; readonly build: Build | null },
): Promise<Matches> {
  const { variants, build } = reference;
  if (stats.build !== undefined && build !== null && stats.build !== build)
    throw new TaskError(`the variants are on ${stats.build}, the genotypes on ${build}: lift one over`, {
      port,
    });
  const harmonised = await refusing(port, () =>
    harmonise(
      `'${port}'`,
      stats,
      { variants, build: build ?? undefined },
      { palindromic: 'forward', minMatch: 0 },
    ),
  );
  const lost = Object.fromEntries(
    LOSS_REASONS.flatMap((reason) =>
      harmonised.lost[reason] > 0 ? [[reason, harmonised.lost[reason]]] : [],
    ),
  );
  const matched = Uint32Array.from(harmonised.rows, (row) => harmonised.variant[row]!);
  return { rows: harmonised.rows, variants: matched, sign: harmonised.sign, lost };
}

/** `12 no-variant-there, 3 alleles-differ`. */
export function describeLost(lost: Matches['lost']): string {
  return Object.entries(lost)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
}

export function countLost(lost: Matches['lost']): number {
  return Object.values(lost).reduce((sum, count) => sum + count, 0);
}

/**
 * The variants that the port `variants` names, in the order of the reference, each once.
 * @throws TaskError when there is none although the table has rows.
 */
export async function namedVariants(
  context: TaskContext<unknown>,
  reference: { readonly variants: VariantTable; readonly build: Build | null },
): Promise<Uint32Array> {
  const table = context.table('variants');
  const byId = !table.columns.has('effect_allele') && !table.columns.has('alt');
  const { variants, lost } = byId
    ? matchIds(table, reference.variants)
    : await matchRows(sumstatsOf(table, 'variants', []), 'variants', reference);
  if (variants.length === 0 && table.rows > 0) {
    throw new TaskError(`none of the ${table.rows} variants is in the genotypes (${describeLost(lost)})`, {
      port: 'variants',
    });
  }
  context.log(`${variants.length} of ${table.rows} variants found`);
  if (countLost(lost) > 0)
    context.warn(
      `${countLost(lost)} of ${table.rows} rows of 'variants' give no variant: ${describeLost(lost)}`,
    );
  return Uint32Array.from(variants).sort();
}

/** Every variant that has one of the ids. */
function matchIds(table: Table, variants: VariantTable): Pick<Matches, 'variants' | 'lost'> {
  const ids = anyColumn(table, 'variants', 'id');
  const places = new PlaceIndex(variants);
  const found = new Set<number>();
  let absent = 0;
  for (let row = 0; row < table.rows; row++) {
    const id = cellAt(ids, row);
    const named = id === null ? [] : places.called(String(id));
    if (named.length === 0) absent++;
    for (const v of named) found.add(v);
  }
  return {
    variants: Uint32Array.from(found),
    lost: absent > 0 ? { 'no-variant-there': absent } : {},
  };
}
