/**
 * Codec: columns and arrays as bytes. Columns are Arrow IPC files, read straight into a typed array; arrays are NumPy's
 * .npy. Not responsible for digests (digest.ts), which are of the content, never of these bytes.
 */
import type * as Arrow from 'apache-arrow';
import type { ArrayType, NdArray } from './array.js';
import type { Column } from './column.js';

/** Arrow's module is 100 ms of start-up: it is loaded when the first column is read or written. */
let arrow: typeof Arrow | null = null;
async function loadArrow(): Promise<typeof Arrow> {
  arrow ??= await import('apache-arrow');
  return arrow;
}

export async function encodeColumn(column: Column): Promise<Uint8Array> {
  const { Float64, Table, Utf8, makeData, makeVector, tableToIPC } = await loadArrow();
  const length = column.values.length;
  const nullBitmap = new Uint8Array(Math.ceil(length / 8));
  let nullCount = 0;
  const isMissing =
    column.type === 'number'
      ? (i: number) => Number.isNaN(column.values[i]!)
      : (i: number) => column.values[i] === null;
  for (let i = 0; i < length; i++) {
    if (isMissing(i)) nullCount++;
    else nullBitmap[i >> 3]! |= 1 << (i & 7);
  }
  const validity = { nullCount, nullBitmap: nullCount > 0 ? nullBitmap : null };
  if (column.type === 'number') {
    const data = makeData({ type: new Float64(), length, data: column.values, ...validity });
    return tableToIPC(new Table({ values: makeVector(data) }), 'file');
  }
  const valueOffsets = new Int32Array(length + 1);
  let bytes = 0;
  for (let i = 0; i < length; i++) {
    const value = column.values[i] ?? null;
    if (value !== null) bytes += Buffer.byteLength(value);
    valueOffsets[i + 1] = bytes;
  }
  const text = Buffer.allocUnsafe(bytes);
  for (let i = 0; i < length; i++) {
    const value = column.values[i] ?? null;
    if (value !== null) text.write(value, valueOffsets[i]!);
  }
  const data = makeData<Arrow.Utf8>({ type: new Utf8(), length, data: text, valueOffsets, ...validity });
  return tableToIPC(new Table({ values: makeVector(data) }), 'file');
}

/** @throws Error when `bytes` is not a column that `encodeColumn` wrote. */
export async function decodeColumn(bytes: Uint8Array): Promise<Column> {
  const { DataType, tableFromIPC } = await loadArrow();
  // Arrow's buffers are views: they need the 8-byte alignment that a pooled Buffer may lack. (Buffer.slice would not copy.)
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  const table = tableFromIPC(aligned);
  const vector = table.getChild('values');
  if (!vector || vector.data.length > 1) throw new Error('not a column of one batch');
  const data = vector.data[0];
  // Without rows there is no batch, and the type stands in the schema only.
  if (!data || data.length === 0) {
    const empty: unknown = table.schema.fields[0]?.type;
    return DataType.isUtf8(empty)
      ? { type: 'text', values: [] }
      : { type: 'number', values: new Float64Array(0) };
  }
  const { length, nullCount, nullBitmap } = data;
  const isValid = (i: number): boolean => nullCount === 0 || (nullBitmap[i >> 3]! & (1 << (i & 7))) !== 0;
  const type: unknown = vector.type;
  if (DataType.isFloat(type)) {
    const values = (data.values as Float64Array).subarray(0, length);
    if (nullCount > 0) for (let i = 0; i < length; i++) if (!isValid(i)) values[i] = NaN;
    return { type: 'number', values };
  }
  if (DataType.isUtf8(type)) {
    const offsets = data.valueOffsets as Int32Array;
    const body = data.values as Uint8Array;
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const values = new Array<string | null>(length);
    for (let i = 0; i < length; i++) {
      values[i] = isValid(i) ? text.toString('utf8', offsets[i], offsets[i + 1]) : null;
    }
    return { type: 'text', values };
  }
  throw new Error(`a column of Arrow type ${String(type)}`);
}

const NPY_TYPES: Record<ArrayType, string> = { float64: '<f8', float32: '<f4', int32: '<i4', uint8: '|u1' };

/** NumPy's .npy, version 1.0. */
export function encodeArray(array: NdArray): Uint8Array {
  const shape = array.shape.length === 1 ? `${array.shape[0]!},` : array.shape.join(', ');
  const text = `{'descr': '${NPY_TYPES[array.type]}', 'fortran_order': False, 'shape': (${shape}), }`;
  // The header is padded so that the data begin at a multiple of 64 bytes.
  const padded = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + '\n';
  const { data } = array;
  const out = Buffer.alloc(10 + padded.length + data.byteLength);
  out.write('\x93NUMPY\x01\x00', 'latin1');
  out.writeUInt16LE(padded.length, 8);
  out.write(padded, 10, 'latin1');
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + padded.length);
  return out;
}

/** @throws Error when `bytes` is not an array that `encodeArray` wrote. */
export function decodeArray(bytes: Uint8Array): NdArray {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.toString('latin1', 0, 6) !== '\x93NUMPY') throw new Error('not a .npy array');
  const start = 10 + header.readUInt16LE(8);
  const text = header.toString('latin1', 10, start);
  const descr = /'descr': '([^']+)'/.exec(text)?.[1];
  const shape = /'shape': \(([^)]*)\)/
    .exec(text)?.[1]
    ?.split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const type = (Object.keys(NPY_TYPES) as ArrayType[]).find((name) => NPY_TYPES[name] === descr);
  if (!type || !shape) throw new Error(`a .npy array with the header ${text.trim()}`);
  const body = new Uint8Array(bytes.subarray(start)).buffer;
  switch (type) {
    case 'float64':
      return { type, shape, data: new Float64Array(body) };
    case 'float32':
      return { type, shape, data: new Float32Array(body) };
    case 'int32':
      return { type, shape, data: new Int32Array(body) };
    case 'uint8':
      return { type, shape, data: new Uint8Array(body) };
  }
}
