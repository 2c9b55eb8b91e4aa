import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeArray, decodeColumn, encodeArray, encodeColumn } from '../../cache/codec.js';
import { numberColumn, textColumn } from '../../cache/column.js';
import {
  arrayDigest,
  canonicalJson,
  columnDigest,
  digestOf,
  fileDigest,
  jsonDigest,
} from '../../cache/digest.js';
import { encodeManifest } from '../../cache/manifest.js';

describe('golden digests', () => {
  // A change here renames everything in every store: it needs a line in CHANGELOG.md and a new STORE_VERSION.
  it('are pinned', () => {
    const column = columnDigest(numberColumn([1.5, null, -0, 1e300]));
    expect({
      numbers: column,
      texts: columnDigest(textColumn(['a', null, '', 'é𝄞'])),
      array: arrayDigest({ type: 'float64', shape: [2, 2], data: Float64Array.of(1, NaN, 3, 4) }),
      json: jsonDigest(canonicalJson({ b: 1, a: [null, true, 'x'] })),
      file: fileDigest(Buffer.from('svg'), 'svg'),
      manifest: encodeManifest({
        rows: 4,
        id: null,
        columns: [{ name: 'x', type: 'number', digest: column }],
      }).digest,
      key: digestOf('key/1', ['impute.knn', 1, { k: 5 }, [['table', column]], null]),
    }).toMatchInlineSnapshot(`
      {
        "array": "a2aea2ca36a4008c7d9d3e7ec6231b6323bef6c64635af18f34c4f2d9bc9b0af",
        "file": "544a65f91aae352d58f6ad1a4d632316db0b0dc0e57242ef33c4b2eeb9f1e26e",
        "json": "6ab93c3341ebf7ea1d297ac7b154fdb5caa223e737f2466b0234078ec7429ab4",
        "key": "d01452f535c307da9926a14a6eb95350cbcb7b035e962e08b1d0d9fd5594a8a7",
        "manifest": "2de88c12d6b3723758e945afc4f49cb4ba32af62dbdff9ce818f96df99ffdbee",
        "numbers": "9e034e15a51b36516d53b1739dfbdbc0b7dd4b7a39535b478ab5cf4ddac44045",
        "texts": "f705304cb3b5290dcb81137ca6895ab57993541ed96d853223f20ad91ba6bbce",
      }
    `);
  });
});

describe('canonical JSON', () => {
  it('sorts keys, and has one spelling for each value', () => {
    expect(canonicalJson({ b: 1.0, a: [1e21, 'é\n'], c: { z: null, y: -0 } })).toBe(
      '{"a":[1e+21,"é\\n"],"b":1,"c":{"y":0,"z":null}}',
    );
    expect(() => canonicalJson({ a: NaN })).toThrow('internal error: NaN has no JSON form');
  });

  it('is read back as what was written', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

const numberCells = fc.array(fc.oneof(fc.double({ noNaN: true }), fc.constant(null)));
const textCells = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constant(null), fc.constant('')));

describe('columns', () => {
  it('come back from their bytes with the same digest', async () => {
    await fc.assert(
      fc.asyncProperty(numberCells, textCells, async (cells, texts) => {
        for (const column of [numberColumn(cells), textColumn(texts)]) {
          const decoded = await decodeColumn(await encodeColumn(column));
          expect(decoded).toEqual(column);
          expect(columnDigest(decoded)).toBe(columnDigest(column));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('differ in their digest when they differ in type, length, missing cells or values', () => {
    const columns = [
      numberColumn([]),
      textColumn([]),
      numberColumn([0]),
      numberColumn([null]),
      numberColumn([0, 0]),
      textColumn(['']),
      textColumn([null]),
      textColumn(['ab', 'c']),
      textColumn(['a', 'bc']),
      textColumn(['abc', null]),
    ];
    expect(new Set(columns.map(columnDigest)).size).toBe(columns.length);
  });

  it('every NaN is the one missing value', () => {
    const odd = new Float64Array(new BigUint64Array([0x7ff8000000000001n, 0xfff8000000000000n]).buffer);
    expect(columnDigest(numberColumn(odd))).toBe(columnDigest(numberColumn([NaN, null])));
  });
});

describe('arrays', () => {
  it('come back from .npy', () => {
    for (const array of [
      { type: 'float64', shape: [2, 3], data: Float64Array.of(1, 2, NaN, 4, 5, 6) },
      { type: 'int32', shape: [4], data: Int32Array.of(1, -2, 3, 4) },
      { type: 'uint8', shape: [1, 1, 2], data: Uint8Array.of(0, 255) },
      { type: 'float32', shape: [0], data: new Float32Array(0) },
    ] as const) {
      const bytes = encodeArray(array);
      expect(bytes.indexOf(10) % 64).toBe(63);
      expect(decodeArray(bytes)).toEqual(array);
    }
  });
});
