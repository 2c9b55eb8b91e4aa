/**
 * Seed of an instance: H(study seed, task name, stream, replicate items).
 *
 * Never from a node's name or position, so renaming changes no number; never from other axes' items, so that all traits of
 * one node share their draws. Streams keep two nodes of one task type apart.
 */
import type { Digest } from '../cache/artifact.js';
import { digestOf } from '../cache/digest.js';
import type { Scalar } from './item.js';

export function instanceSeed(
  study: string,
  task: string,
  stream: string,
  replicates: readonly Scalar[],
): Digest {
  return digestOf('seed/1', [study, task, stream, replicates]);
}
