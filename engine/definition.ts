/**
 * Definition: how the parts of a workflow are written, as texts that are equal when the parts mean the same. Places in the file,
 * comments, and what nodes are called for readers are no part of it.
 *
 * Coarser than keys: it tells two workflows apart before anything of them is known. Not responsible for keys (key.ts).
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../cache/digest.js';
import { treeJson } from './describe.js';
import { referencesOf } from './language/graph.js';
import { axisReference } from './plan-graph.js';
import type { Node, Workflow } from './workflow.js';

/** Part (`node knn`, `axis trait`, `input blood`, `seed`) → a digest of how it is written. @param nodes those that matter. */
export function definitions(workflow: Workflow, nodes: Iterable<string>): Record<string, string> {
  const found: Record<string, string> = { seed: workflow.seed };
  for (const name of nodes) {
    const node = workflow.nodes.get(name)!;
    found[`node ${name}`] = digest(nodeParts(node));
    const references = [...node.inputs.values()].flatMap((binding) => [...referencesOf(binding)]);
    for (const name of node.axes) {
      const axis = workflow.axes.get(name)!;
      const reference = axisReference(axis);
      if (reference) references.push(reference);
      found[`axis ${name}`] ??= digest(plain(axis.source));
    }
    for (const { source } of references) {
      if ('input' in source)
        found[`input ${source.input}`] ??= digest(plain(workflow.inputs.get(source.input)));
    }
  }
  return found;
}

/** One text for a whole workflow with what it publishes. */
export function definition(workflow: Workflow): string {
  const { publish, publishTo, report, name } = workflow;
  const parts = definitions(workflow, workflow.nodes.keys());
  return digest({ parts, name, publishTo, publish: plain(publish), report: plain(report) });
}

function nodeParts({ task, axes, inputs, with: params, stream }: Node): unknown {
  return { task: [task.name, task.version], axes, inputs: plain(inputs), with: treeJson(params), stream };
}

/** As JSON: maps as lists of pairs, places in files left out. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return [...value].map(([key, each]) => [key as unknown, plain(each)]);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, each]) => !isPlace(each));
  return Object.fromEntries(fields.map(([key, each]) => [key, plain(each)]));
}

const isPlace = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'offset' in value && 'line' in value && 'file' in value;

const digest = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 32);
