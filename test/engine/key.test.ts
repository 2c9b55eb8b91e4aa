/** Keys: of the canonical JSON of the whole preimage, however it is spelled. */
import { expect, it } from 'vitest';
import { digestOf } from '../../cache/digest.js';
import { keyOf } from '../../engine/key.js';

it.each([
  ['parameters', { k: 5, b: [1, null], a: { z: 'é', y: undefined } }, 'seed'],
  ['no parameters', {}, null],
  ['a number', 3, null],
  ['null', null, null],
])('%s', (_, params, seed) => {
  const inputs = [['x', digestOf('test/1', 'x')]] as const;
  const preimage = { task: 'a "task"', version: 2, params, inputs, seed };
  const wanted = digestOf('key/1', [preimage.task, 2, params, inputs, seed]);
  expect([keyOf(preimage), keyOf(preimage)]).toEqual([wanted, wanted]);
});
