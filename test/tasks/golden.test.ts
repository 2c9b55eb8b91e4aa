/**
 * Every task's output on a small call is pinned by golden.json, so that none changes without its version being raised: results
 * in a store are found by task name and version, and a change that keeps the version would be served from old results.
 *
 * After raising a version (or adding a task, or changing a call in golden-calls.ts), pin anew with
 *   COHORTFLOW_UPDATE_GOLDEN=1 npx vitest run test/tasks/golden.test.ts
 * which refuses what changed without a version.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { canonicalJson, columnDigest, digestOf, fileDigest, jsonDigest } from '../../cache/digest.js';
import { encodeManifest } from '../../cache/manifest.js';
import { textColumn } from '../../cache/column.js';
import type { Table } from '../../cache/table.js';
import type { OutputValue } from '../../engine/task.js';
import { registry } from '../../tasks/registry.js';
import { runTask, type Call, type Given } from './context.js';
import { GOLDEN_CALLS } from './golden-calls.js';

interface Pin {
  readonly version: number;
  /** Digest of the call: parameters, inputs, seed. */
  readonly call: string;
  readonly outputs: Readonly<Record<string, string>>;
}

// The bits of a product differ between BLAS libraries: pins are of the portable backend.
process.env['COHORTFLOW_BLAS'] = 'none';
const FILE = new URL('golden.json', import.meta.url);
const COMMAND = 'COHORTFLOW_UPDATE_GOLDEN=1 npx vitest run test/tasks/golden.test.ts';
const update = process.env['COHORTFLOW_UPDATE_GOLDEN'] === '1';
const pins = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Pin>;
const made: Record<string, Pin> = {};

function tableDigest(table: Table): string {
  return encodeManifest({
    rows: table.rows,
    id: table.id && { name: table.id.name, digest: columnDigest(textColumn(table.id.values)) },
    columns: [...table.columns].map(([name, column]) => ({
      name,
      type: column.type,
      digest: columnDigest(column),
    })),
  }).digest;
}

function outputDigest(output: OutputValue): string {
  if (output.kind === 'table') return tableDigest(output.table);
  if (output.kind === 'json') return jsonDigest(canonicalJson(output.json));
  if (output.kind === 'view') return jsonDigest(canonicalJson(output.recipe));
  if (output.kind === 'file' && 'bytes' in output) return fileDigest(output.bytes, output.extension);
  throw new Error(`no task hands out this ${output.kind}`);
}

/** Tables as digests, everything else as it stands. */
function describeGiven(given: Given | { readonly json: unknown }): unknown {
  if ('rows' in given) return tableDigest(given);
  if ('json' in given) return given;
  if ('named' in given)
    return Object.fromEntries(Object.entries(given.named).map(([name, table]) => [name, tableDigest(table)]));
  if ('path' in given) return fileDigest(readFileSync(given.path), '');
  if ('view' in given) return given.view.recipe.content;
  return {
    items: given.gather.map(({ item, value }) => ({ item, value: describeGiven(value) })),
    failed: given.failed ?? [],
  };
}

function callDigest({ params = {}, inputs, seed = '' }: Call): string {
  const described = Object.fromEntries(
    Object.entries(inputs).map(([port, given]) => [port, describeGiven(given)]),
  );
  return digestOf('golden/1', { params, inputs: described, seed });
}

/** Why the pin does not hold; null when it does. */
function verdict(name: string, pin: Pin | undefined, now: Pin): string | null {
  if (!pin) return `'${name}' has no pin yet: run ${COMMAND}`;
  if (pin.version > now.version)
    return `the version of '${name}' was lowered from ${pin.version} to ${now.version}: raise it instead`;
  if (pin.version < now.version)
    return `the version of '${name}' was raised to ${now.version}: pin its output with ${COMMAND}`;
  if (pin.call !== now.call)
    return `the golden call of '${name}' has changed: pin its output with ${COMMAND}`;
  const changed = Object.keys({ ...pin.outputs, ...now.outputs }).filter(
    (port) => pin.outputs[port] !== now.outputs[port],
  );
  if (changed.length === 0) return null;
  return (
    `the output of '${name}' has changed (${changed.join(', ')}), but its version is still ${now.version}, so old results would be ` +
    `served as new. If the change is meant: raise 'version' in tasks/${name.replace(/[._]/g, '-')}.ts, say in CHANGELOG.md what it ` +
    `recomputes, and run ${COMMAND}. If it is not: undo it.`
  );
}

describe('golden outputs', () => {
  it('there is one call for each task', () => {
    expect(Object.keys(GOLDEN_CALLS).sort()).toEqual(registry.names());
    if (!update) expect(Object.keys(pins).sort()).toEqual(registry.names());
  });

  it.each(Object.keys(GOLDEN_CALLS))('%s', async (name) => {
    const task = registry.get(name)!;
    const call = GOLDEN_CALLS[name]!;
    const { outputs } = await runTask(task, call);
    const digests = Object.fromEntries(
      Object.keys(task.outputs).map((port) => [port, outputDigest(outputs[port]!)]),
    );
    const now: Pin = { version: task.version, call: callDigest(call), outputs: digests };
    made[name] = now;
    const problem = verdict(name, pins[name], now);
    if (update && problem?.startsWith('the output of') !== true) return;
    expect(problem).toBeNull();
  });

  afterAll(() => {
    if (!update) return;
    const kept = Object.keys(made)
      .sort()
      .map((name) => {
        const refused = verdict(name, pins[name], made[name]!)?.startsWith('the output of') === true;
        return [name, refused ? pins[name] : made[name]];
      });
    writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
  });
});

describe('the message of a pin that does not hold', () => {
  const pin: Pin = { version: 2, call: 'c', outputs: { table: 'x' } };
  it.each([
    [
      'a changed output',
      { ...pin, outputs: { table: 'y' } },
      /^the output of 'scale\.zscore' has changed \(table\), but its version is still 2.*raise 'version' in tasks\/scale-zscore\.ts/,
    ],
    [
      'a raised version',
      { ...pin, version: 3, outputs: { table: 'y' } },
      /^the version of 'scale\.zscore' was raised to 3: pin its output/,
    ],
    ['a lowered version', { ...pin, version: 1 }, /raise it instead$/],
    ['a changed call', { ...pin, call: 'd' }, /^the golden call of 'scale\.zscore' has changed/],
  ])('%s', (_what, now, message) => {
    expect(verdict('scale.zscore', pin, now)).toMatch(message);
    expect(verdict('scale.zscore', pin, pin)).toBeNull();
  });
});
