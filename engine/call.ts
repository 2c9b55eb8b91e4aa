/**
 * Call: works of one kind as a job for a worker: inputs on the wire, small objects inline, resources asked for.
 */
import type { Digest } from '../cache/artifact.js';
import type { Store } from '../cache/store.js';
import type { TaskJob, WireInput, WireValue } from './job.js';
import type { InputShapes } from './task.js';
import type { Work } from './queue.js';

/** What a task is taken to need when it does not say. */
const DEFAULT_MEMORY = 256 * 1024 * 1024;

export function resourcesOf(work: Work): { cores: number; memory: number } {
  const { task } = work.state.node;
  const asked = task.resources?.(work.params as never, shapesOf(work)) ?? {};
  return { cores: asked.cores ?? 1, memory: asked.memory ?? DEFAULT_MEMORY };
}

function shapesOf(work: Work): InputShapes {
  return Object.fromEntries(
    Object.entries(work.inputs.wire).map(([port, input]) => [
      port,
      valuesOf(input).flatMap((value) => {
        if (value.kind === 'view') return [value.recipe.shape];
        return value.kind === 'table'
          ? [{ rows: value.manifest.rows, columns: value.manifest.columns.length }]
          : [];
      }),
    ]),
  );
}

/** Bytes of the tables that an instance does not share with its call: a worker holds those of all instances at a time. */
export function ownBytes(work: Work): number {
  const { task } = work.state.node;
  const shared = 'batch' in task ? task.batch.shared : [];
  let bytes = 0;
  for (const [port, input] of Object.entries(work.inputs.wire)) {
    if (shared.includes(port)) continue;
    for (const value of valuesOf(input))
      if (value.kind === 'table') bytes += 8 * value.manifest.rows * value.manifest.columns.length;
  }
  return bytes;
}

function valuesOf(input: WireInput): readonly WireValue[] {
  switch (input.how) {
    case 'one':
      return [input.value];
    case 'named':
      return input.entries.map(([, value]) => value);
    case 'gather':
      return input.items.map(({ value }) => value);
  }
}

/** `reads` are the large objects among the inputs, for the choice of the worker. */
export function callJob(works: readonly Work[], store: Store): { job: TaskJob; reads: Digest[] } {
  const inline = new Map<Digest, Uint8Array>();
  const large = new Set<Digest>();
  const add = (digest: Digest): void => {
    if (inline.has(digest) || large.has(digest)) return;
    const bytes = store.index.small(digest);
    if (bytes) inline.set(digest, bytes);
    else large.add(digest);
  };
  // Values shared by the works are the same objects: each is looked at, and sent, once.
  const seen = new Set<WireValue>();
  for (const work of works) {
    for (const input of Object.values(work.inputs.wire)) {
      for (const value of valuesOf(input)) {
        if (seen.has(value)) continue;
        seen.add(value);
        if (value.kind === 'table') {
          if (value.manifest.id) add(value.manifest.id.digest);
          for (const column of value.manifest.columns) add(column.digest);
        } else if (value.kind === 'json' || value.kind === 'array') {
          add(value.digest);
        }
      }
    }
  }
  const first = works[0]!;
  return {
    job: {
      kind: 'task',
      task: first.state.node.task.name,
      seed: first.seed ?? '',
      items: works.map((work) => ({ params: work.params, inputs: work.inputs.wire })),
      inline,
    },
    reads: [...large],
  };
}
