/** Calls counted sixteen bytes at a time are those counted one by one. */
import { expect, test } from 'vitest';
import { callAt, clearPadding, countCalls, packedLength } from '../../genotypes/hardcalls.js';
import { seeded } from './oracle.js';

test.each([0, 1, 3, 4, 63, 64, 65, 1000, 131_072, 131_076, 300_001])('%i people', (people) => {
  const random = seeded(people + 1);
  // Not at the start of its memory, and with calls of others beyond.
  const bytes = Uint8Array.from({ length: packedLength(people) + 24 }, () => Math.floor(256 * random()));
  const packed = bytes.subarray(5, 5 + packedLength(people));
  clearPadding(packed, people);
  const counts = [0, 0, 0, 0];
  for (let s = 0; s < people; s++) counts[callAt(packed, s)]!++;
  expect(countCalls(packed, people)).toEqual(counts);
});

test('a stretch of missing calls as long as a counter must hold', () => {
  const people = 4 * 32_768;
  expect(countCalls(new Uint8Array(people / 4).fill(0xff), people)).toEqual([0, 0, 0, people]);
  expect(countCalls(new Uint8Array(people / 4).fill(0x55), people)).toEqual([0, people, 0, 0]);
  expect(countCalls(new Uint8Array(people / 4).fill(0xaa), people)).toEqual([0, 0, people, 0]);
});
