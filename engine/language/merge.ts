/**
 * Merge: one tree out of a chain of files that extend each other, and of `--set`.
 *
 * Maps merge; lists and scalars replace; null deletes; a node that names its `task` replaces the base's node. Every
 * value keeps the place where it was written. Not responsible for reading files (sources.ts).
 */
import type { Findings } from './findings.js';
import { describe, type Located, type LocatedEntry, type LocatedMap } from './located.js';
import type { Sources } from './sources.js';
import { LIMITS, parseYaml } from './yaml.js';

/** What `--set path=value` gives. */
export interface Override {
  readonly path: string;
  readonly value: string;
}

const LONG_FORM = new Set(['value', 'description', 'path', 'choices', 'assumption']);

/** A parameter in its long form: a map with `value` and nothing but the other keys of that form. */
export function isLongForm(value: Located): boolean {
  return (
    value.kind === 'map' &&
    value.entries.has('value') &&
    [...value.entries.keys()].every((key) => LONG_FORM.has(key))
  );
}

/** Merges `chain` (main file first, base last). Parameters come out in their long form. */
export function mergeChain(chain: readonly LocatedMap[], findings: Findings): LocatedMap {
  let merged: LocatedMap | null = null;
  for (const tree of [...chain].reverse()) {
    const next = withLongParameters(withoutExtends(tree), findings);
    merged = merged ? mergeMaps(merged, next, [], findings) : next;
  }
  if (!merged) throw new Error('internal error: a chain holds at least the main file');
  return merged;
}

function withoutExtends(tree: LocatedMap): LocatedMap {
  const entries = new Map(tree.entries);
  entries.delete('extends');
  return { ...tree, entries };
}

/** `k: 5` becomes `k: { value: 5 }`, so that a child's `k: 7` keeps the base's description. null stays: it deletes. */
export function withLongParameters(tree: LocatedMap, findings: Findings): LocatedMap {
  const params = tree.entries.get('params');
  if (params?.value.kind !== 'map') return tree;
  const entries = new Map<string, LocatedEntry>();
  for (const [name, entry] of params.value.entries) {
    const { value } = entry;
    if (value.kind === 'map' && value.entries.has('value') && !isLongForm(value)) {
      for (const [key, child] of value.entries) {
        if (LONG_FORM.has(key)) continue;
        findings.error('CF111', child.keyAt, `unknown key '${key}' in the parameter '${name}'`, {
          expected: "'value', 'description', 'path', 'choices' or 'assumption'",
          nearest: findings.nearest(key, LONG_FORM),
          hint: "a record that has a field 'value' is written as { value: { value: … } }",
        });
      }
      continue;
    }
    const isNull = value.kind === 'scalar' && value.value === null;
    entries.set(name, isLongForm(value) || isNull ? entry : { ...entry, value: longForm(entry) });
  }
  return withEntry(tree, 'params', { ...params, value: { ...params.value, entries } });
}

function longForm(entry: LocatedEntry): LocatedMap {
  return { kind: 'map', entries: new Map([['value', entry]]), at: entry.value.at };
}

function withEntry(map: LocatedMap, key: string, entry: LocatedEntry): LocatedMap {
  return { ...map, entries: new Map(map.entries).set(key, entry) };
}

function mergeMaps(
  base: LocatedMap,
  child: LocatedMap,
  path: readonly string[],
  findings: Findings,
): LocatedMap {
  const entries = new Map(base.entries);
  for (const [key, entry] of child.entries) {
    const earlier = entries.get(key)?.value;
    const { value } = entry;
    if (value.kind === 'scalar' && value.value === null) {
      if (!earlier) {
        findings.warn('CF193', entry.keyAt, `there is no '${[...path, key].join('.')}' to delete`, {
          nearest: findings.nearest(key, base.entries.keys()),
          hint: 'null in a file that extends another deletes what the other one gives',
        });
      }
      entries.delete(key);
      continue;
    }
    const replaces =
      path.length === 1 && path[0] === 'nodes' && value.kind === 'map' && value.entries.has('task');
    const merges = earlier?.kind === 'map' && value.kind === 'map' && !replaces;
    entries.set(
      key,
      merges ? { ...entry, value: mergeMaps(earlier, value, [...path, key], findings) } : entry,
    );
  }
  return { ...child, entries };
}

/** Applies `--set` in order; each touches a path that exists. Values are YAML flow values under the same limits. */
export function applyOverrides(
  tree: LocatedMap,
  overrides: readonly Override[],
  sources: Sources,
  cwd: string,
  findings: Findings,
): LocatedMap {
  let current: Located = tree;
  for (const { path, value } of overrides) {
    const file = `--set ${path}`;
    sources.addText(file, value, cwd);
    const before = findings.errorCount;
    const parsed = value.length > LIMITS.scalar ? null : parseYaml(value, file, findings);
    const whole = { file, line: 1, column: 1, offset: 0, end: value.length };
    if (findings.errorCount > before) continue;
    const isFlow = !/[\n\r]/.test(value) && (parsed?.kind !== 'map' || value.trimStart().startsWith('{'));
    if (!parsed || !isFlow || (parsed.kind === 'list' && !value.trimStart().startsWith('['))) {
      findings.error('CF109', whole, `'--set ${path}' has no usable value`, {
        expected: 'one value on one line, such as 7, text, [1, 2] or {a: 1}',
        hint: "put a text with special characters in quotes; 'null' is written out",
      });
      continue;
    }
    const entry = { keyAt: whole, value: parsed };
    current = setAt(current, path.split('.'), entry, [], findings, path) ?? current;
  }
  if (current.kind !== 'map') throw new Error('internal error: --set replaces values below the root');
  return current;
}

function setAt(
  tree: Located,
  rest: readonly string[],
  entry: LocatedEntry,
  done: readonly string[],
  findings: Findings,
  path: string,
): Located | null {
  // A parameter's value is set under the parameter's own name.
  const isParameter = done.length === 2 && done[0] === 'params' && tree.kind === 'map';
  if (isParameter && !(rest.length > 0 && LONG_FORM.has(rest[0]!))) {
    const inner = tree.entries.get('value');
    const next = inner && setAt(inner.value, rest, entry, [...done, 'value'], findings, path);
    return next ? withEntry(tree, 'value', { keyAt: inner.keyAt, value: next }) : null;
  }
  if (rest.length === 0) return entry.value;
  if (tree.kind === 'map') {
    // Keys may hold dots themselves (`publish.files.tables/a.csv`): the longest that exists is meant.
    for (let length = rest.length; length >= 1; length--) {
      const key = rest.slice(0, length).join('.');
      const child = tree.entries.get(key);
      if (!child) continue;
      const next = setAt(child.value, rest.slice(length), entry, [...done, key], findings, path);
      return next && withEntry(tree, key, { keyAt: child.keyAt, value: next });
    }
  } else if (tree.kind === 'list' && /^(0|[1-9][0-9]{0,6})$/.test(rest[0]!)) {
    const index = Number(rest[0]);
    const child = tree.items[index];
    if (child) {
      const next = setAt(child, rest.slice(1), entry, [...done, rest[0]!], findings, path);
      return next && { ...tree, items: tree.items.with(index, next) };
    }
  }
  const where = done
    .filter((part, index) => !(index === 2 && done[0] === 'params' && part === 'value'))
    .join('.');
  findings.error('CF108', null, `'--set ${path}' names nothing in the workflow`, {
    expected: 'the path of a value that the workflow gives, such as params.k or nodes.NAME.with.k',
    got: where === '' ? `no key '${rest[0]!}'` : `no '${rest[0]!}' in '${where}', which is ${describe(tree)}`,
    nearest: tree.kind === 'map' ? nearestPath(where, rest[0]!, tree, findings) : undefined,
  });
  return null;
}

function nearestPath(where: string, key: string, tree: LocatedMap, findings: Findings): string | undefined {
  const nearest = findings.nearest(key, tree.entries.keys());
  if (nearest === undefined) return undefined;
  return where === '' ? nearest : `${where}.${nearest}`;
}
