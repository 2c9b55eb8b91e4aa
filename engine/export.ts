/**
 * Export: one artifact as the bytes of a file in a format of the user's choice.
 *
 * Not responsible for finding the artifact (recorded.ts), for naming or writing the file (cli/), nor for publishing (publish.ts).
 */
import type { ArtifactRef } from '../cache/artifact.js';
import type { NdArray } from '../cache/array.js';
import { encodeArray } from '../cache/codec.js';
import { numberColumn } from '../cache/column.js';
import type { Store } from '../cache/store.js';
import { plainTable, type Table } from '../cache/table.js';
import { encodeTable, type TabularFormat } from '../cache/tabular.js';
import type { Content } from './content.js';

/** What each kind can be written as; a file only as what it is. */
const FORMATS: Readonly<Record<ArtifactRef['kind'], readonly string[]>> = {
  table: ['csv', 'tsv', 'parquet', 'json', 'npy'],
  array: ['npy', 'json', 'csv', 'tsv', 'parquet'],
  json: ['json'],
  file: [],
  view: [],
};

/** Extensions that an artifact can be written as. */
export function formatsOf(ref: ArtifactRef): readonly string[] {
  return ref.kind === 'file' ? [ref.extension ?? ''] : FORMATS[ref.kind];
}

export type Exported = Content | { readonly problem: string };

/** @param format an extension without its dot. @throws MissingObjectError */
export async function exportArtifact(store: Store, ref: ArtifactRef, format: string): Promise<Exported> {
  const formats = formatsOf(ref);
  if (!formats.includes(format)) {
    const known = formats.filter(Boolean).map((each) => `.${each}`);
    return {
      problem: `${ref.kind === 'array' ? 'an' : 'a'} ${ref.kind} cannot be written as .${format}${known.length > 0 ? `, only as ${known.join(', ')}` : ''}`,
    };
  }
  switch (ref.kind) {
    case 'table': {
      const table = await store.artifacts.table(store.artifacts.manifest(ref.digest));
      if (format === 'npy') return matrixOf(table);
      if (format === 'json') return json(recordsOf(table));
      return { bytes: await encodeTable(table, format as TabularFormat, store.folder) };
    }
    case 'array': {
      if (format === 'npy') return { bytes: store.read(ref.digest) };
      const array = store.artifacts.array(ref.digest);
      if (format === 'json') return json(nested(array));
      if (array.shape.length > 2)
        return {
          problem: `an array of ${array.shape.length} dimensions is no table; write it as .npy or .json`,
        };
      return { bytes: await encodeTable(tableOfArray(array), format as TabularFormat, store.folder) };
    }
    case 'json':
      return json(store.artifacts.json(ref.digest));
    case 'file':
      return { file: store.objects.existingPath(ref.digest) };
    case 'view':
      return { bytes: store.read(ref.digest) };
  }
}

function json(value: unknown): Exported {
  return { bytes: Buffer.from(`${JSON.stringify(value, null, 2)}\n`) };
}

/** One record for each row, the id first; missing cells are null. */
function recordsOf(table: Table): Record<string, string | number | null>[] {
  return Array.from({ length: table.rows }, (_, row) => {
    const record: Record<string, string | number | null> = table.id
      ? { [table.id.name]: table.id.values[row]! }
      : {};
    for (const [name, column] of table.columns) {
      const value = column.values[row] ?? null;
      record[name] = typeof value === 'number' && Number.isNaN(value) ? null : value;
    }
    return record;
  });
}

/** Rows × columns of numbers; ids are left out. */
function matrixOf(table: Table): Exported {
  const columns = [...table.columns];
  const data = new Float64Array(table.rows * columns.length);
  for (const [c, [name, column]] of columns.entries()) {
    if (column.type === 'text')
      return { problem: `the column '${name}' holds text: a .npy file holds numbers only` };
    for (let row = 0; row < table.rows; row++) data[row * columns.length + c] = column.values[row]!;
  }
  return { bytes: encodeArray({ type: 'float64', shape: [table.rows, columns.length], data }) };
}

/** A vector is one column; a matrix has a column for each of its own, named by position from 0. */
export function tableOfArray({ shape, data }: NdArray): Table {
  const [rows = 1, columns = 1] = shape;
  return plainTable(
    Array.from({ length: columns }, (_, c) => [
      String(c),
      numberColumn(Float64Array.from({ length: rows }, (__, row) => data[row * columns + c]!)),
    ]),
    rows,
  );
}

function nested({ shape, data }: NdArray): unknown {
  const at = (axis: number, from: number, length: number): unknown => {
    if (axis === shape.length) return Number.isFinite(data[from]!) ? data[from]! : null;
    const part = length / shape[axis]!;
    return Array.from({ length: shape[axis]! }, (_, i) => at(axis + 1, from + i * part, part));
  };
  return at(0, 0, data.length);
}
