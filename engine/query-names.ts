/**
 * Query names: which tables and columns an SQL text names, as DuckDB itself parses it.
 *
 * Columns are told too many rather than too few: any word of the text that is a column's name counts as one. Not responsible for what the
 * names stand for (query.ts).
 */

export interface TableName {
  /** null: written without one. `node.port` is read as a schema and a table. */
  readonly schema: string | null;
  readonly table: string;
  /** By what the query calls it. */
  readonly alias: string;
}

export interface QueryNames {
  /** Each once for every name that it goes by. */
  readonly tables: readonly TableName[];
  /** Names that `WITH` defines: in lower case. */
  readonly defined: ReadonlySet<string>;
  /** Every word that may be a column: in lower case. */
  readonly words: ReadonlySet<string>;
  /** Names or aliases of tables of which all columns are asked for (`t.*`, or `t` as a value): in lower case. */
  readonly whole: ReadonlySet<string>;
  /** All columns of all tables are asked for. */
  readonly all: boolean;
}

/** The text is not one SELECT statement. Shown as it stands. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  constructor(
    message: string,
    readonly hint: string | null = null,
  ) {
    super(message);
  }
}

/** Words of the parsed text that are never names of columns. */
const STRUCTURE = new Set([
  'type',
  'class',
  'id',
  'join_type',
  'ref_type',
  'function_name',
  'aggregate_handling',
  'comparison_type',
  'subquery_type',
  'null_order',
  'table_name',
  'schema_name',
]);

/** @param serialized what DuckDB's `json_serialize_sql` gave for the text. @throws QueryError */
export function queryNames(serialized: string): QueryNames {
  const parsed = JSON.parse(serialized) as {
    error: boolean;
    error_message?: string;
    statements?: readonly unknown[];
  };
  if (parsed.error) {
    const message = parsed.error_message ?? 'it cannot be read';
    throw new QueryError(
      message.startsWith('Only SELECT') ? 'only a SELECT can be asked: results are never changed' : message,
    );
  }
  if (parsed.statements?.length !== 1)
    throw new QueryError(`one SELECT is expected, got ${parsed.statements?.length ?? 0} statements`);
  const tables: TableName[] = [];
  const [defined, words, whole] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let all = false;
  const visit = (value: unknown, field: string): void => {
    if (typeof value === 'string') {
      if (!STRUCTURE.has(field)) words.add(value.toLowerCase());
      return;
    }
    if (Array.isArray(value)) for (const each of value) visit(each, field);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    const node = value as Record<string, unknown>;
    const text = (name: string): string => (typeof node[name] === 'string' ? node[name] : '');
    if (node['type'] === 'BASE_TABLE') {
      if (text('catalog_name') !== '')
        throw new QueryError(
          `${text('catalog_name')}.${text('schema_name')}.${text('table_name')} is no result`,
        );
      const table = text('table_name');
      tables.push({ schema: text('schema_name') || null, table, alias: text('alias') || table });
    }
    if (node['class'] === 'STAR') {
      const relation = text('relation_name');
      if (relation === '') all = true;
      else whole.add(relation.toLowerCase());
    }
    if (node['ref_type'] === 'NATURAL') all = true;
    if (node['class'] === 'COLUMN_REF') {
      // A table's name as a value stands for all of its columns.
      const names = node['column_names'] as readonly string[];
      if (names.length === 1) whole.add(names[0]!.toLowerCase());
    }
    if (field === 'cte_map') {
      for (const { key } of (node['map'] ?? []) as readonly { key: string }[]) defined.add(key.toLowerCase());
    }
    for (const [name, each] of Object.entries(node)) visit(each, name);
  };
  visit(parsed.statements[0], '');
  return { tables, defined, words, whole, all };
}
