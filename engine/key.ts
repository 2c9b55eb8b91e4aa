/**
 * The key of an instance, made of its preimage. Not responsible for the preimage (binding.ts, run.ts).
 */
import type { Digest } from '../cache/artifact.js';
import { canonicalJson, digestOfText } from '../cache/digest.js';
import type { Preimage } from '../cache/index.js';

/** The key of an instance: everything that its result depends on, and nothing else. */
export function keyOf(preimage: Preimage): Digest {
  const { task, version, params, inputs, seed } = preimage;
  const parts = [
    JSON.stringify(task),
    version,
    canonicalParams(params),
    canonicalJson(inputs),
    JSON.stringify(seed),
  ];
  return digestOfText('key/1', `[${parts.join(',')}]`);
}

const spelled = new WeakMap<object, string>();

/** Parameters without holes are one object for all instances of a node: they are spelled once. */
function canonicalParams(params: unknown): string {
  if (typeof params !== 'object' || params === null) return canonicalJson(params);
  let text = spelled.get(params);
  if (text === undefined) spelled.set(params, (text = canonicalJson(params)));
  return text;
}
