/**
 * Loads a workflow: from files and `--set` to a Workflow, or to everything that is wrong with it.
 *
 * The steps, one file each: read (sources, yaml) → merge → parameters (scope) → axes → inputs → nodes → references
 * (binder, connect) → order (graph) → publish. Not responsible for columns of data files (columns.ts).
 */
import { resolve } from 'node:path';
import type { Diagnostic, Range } from '../diagnostic.js';
import type { Registry } from '../task.js';
import type { FileInput, Workflow } from '../workflow.js';
import { axisShapes, bindAxes, declareAxes } from './axes.js';
import { Binder, type InputShape } from './binder.js';
import { Fields, readSection } from './fields.js';
import { Findings } from './findings.js';
import { orderNodes, referencesOf } from './graph.js';
import { declareInputs } from './inputs.js';
import { describeJson, type LocatedMap } from './located.js';
import { applyOverrides, mergeChain, withLongParameters, type Override } from './merge.js';
import { buildNodes, declareNodes } from './nodes.js';
import { readPublish } from './publish.js';
import { Scope, type Branch } from './scope.js';
import { realDisk, Sources, type Disk } from './sources.js';
import { LIMITS } from './yaml.js';

export interface LoadOptions {
  /** The main workflow file. */
  readonly file: string;
  /** `--set path=value`, in order. */
  readonly sets: readonly Override[];
  readonly registry: Registry;
  /** The folder that `file`, and relative paths in `--set`, start from; the working folder when absent. */
  readonly cwd?: string;
  /** Replaces the disk in tests. @throws Error, with `code: 'ENOENT'` when there is no such file. */
  readonly readFile?: (path: string) => Uint8Array | string;
  /** Whether an input file exists; asks the disk when absent. */
  readonly exists?: (path: string) => boolean;
}

export interface Loaded {
  /** null when there is any error. */
  readonly workflow: Workflow | null;
  /** Errors and warnings by file and place. */
  readonly diagnostics: Diagnostic[];
  /** Every text that a diagnostic may point into. */
  readonly sources: Map<string, string>;
  /** Files that are named and not there; absolute. */
  readonly missing: readonly string[];
}

const KEYS = [
  'cohortflow',
  'name',
  'title',
  'description',
  'extends',
  'seed',
  'params',
  'inputs',
  'axes',
  'nodes',
  'publish',
];
/** Findings that say nothing of a branch that is not taken. */
const ONLY_OF_TAKEN = new Set(['CF181', 'CF191', 'CF192', 'CF193']);

/** Reads, checks and resolves a workflow. Never throws on what a user wrote: all findings come at once. */
export function loadWorkflow(options: LoadOptions): Loaded {
  const cwd = options.cwd ?? process.cwd();
  const file = resolve(cwd, options.file);
  const findings = new Findings();
  const missing = new Set<string>();
  const exists = options.exists ?? realDisk.exists;
  const disk: Disk = {
    readFile: options.readFile ?? realDisk.readFile,
    exists: (path) => {
      const isThere = exists(path);
      if (!isThere) missing.add(path);
      return isThere;
    },
  };
  const sources = new Sources(disk, findings);
  const workflow = load(file, cwd, options, sources, findings);
  return {
    workflow: findings.hasErrors ? null : workflow,
    diagnostics: findings.sorted([...sources.texts.keys()]),
    sources: sources.texts,
    missing: [...missing],
  };
}

function load(
  file: string,
  cwd: string,
  options: LoadOptions,
  sources: Sources,
  findings: Findings,
): Workflow | null {
  const chain = sources.readChain(file);
  if (!chain) return null;
  const merged = mergeChain(chain, findings);
  const overridden = applyOverrides(merged, options.sets, sources, cwd, findings);
  const tree = withLongParameters(overridden, findings);
  const study: Study = { tree, chain, file, registry: options.registry, sources };
  const base = compile(study, null, findings);
  const uses = [base.uses];
  const branches = [...base.scope.otherBranches.values()];
  if (branches.length > LIMITS.branches) {
    findings.error('CF103', tree.at, "'choose' has too many branches", {
      expected: `at most ${LIMITS.branches} over the whole workflow`,
      got: String(branches.length),
    });
  }
  for (const branch of branches.slice(0, LIMITS.branches)) {
    const own = new Findings();
    uses.push(compile(study, branch, own).uses);
    for (const finding of own.all) {
      if (ONLY_OF_TAKEN.has(finding.code)) continue;
      const when = `when params.${branch.path.join('.')} is ${describeJson(branch.value)}`;
      findings.addOf(finding, when);
    }
  }
  // After an error, what looks unused may only be out of reach.
  if (!findings.hasErrors) warnUnused(study, uses, findings);
  return base.workflow;
}

interface Study {
  readonly tree: LocatedMap;
  readonly chain: readonly LocatedMap[];
  readonly file: string;
  readonly registry: Registry;
  readonly sources: Sources;
}

/** What one way through the workflow refers to. */
interface Uses {
  readonly params: ReadonlySet<string>;
  readonly inputs: ReadonlySet<string>;
  readonly nodes: ReadonlySet<string>;
  readonly axes: ReadonlySet<string>;
}

/** Compiles the merged tree; `branch` makes one `choose` take another branch, so that it is checked as well. */
function compile(
  study: Study,
  branch: Branch | null,
  findings: Findings,
): { workflow: Workflow; scope: Scope; uses: Uses } {
  const { tree, file, registry, sources } = study;
  const top = new Fields(tree, 'the workflow', KEYS, findings);
  const scope = new Scope(readSection(top.get('params'), "'params'", findings), sources, findings, branch);
  const params = scope.parameters((name) => declaringFile(study.chain, name));
  const text = (key: string): string => {
    const located = top.get(key);
    return (located && scope.staticText(located, `'${key}'`)) ?? '';
  };
  const name = readName(top, scope, findings);
  const declaredAxes = declareAxes(readSection(top.get('axes'), "'axes'", findings), scope, findings);
  const shapes = axisShapes(declaredAxes);
  const inputs = declareInputs(
    readSection(top.get('inputs'), "'inputs'", findings),
    shapes,
    scope,
    sources,
    findings,
  );
  const nodes = declareNodes(
    readSection(top.get('nodes'), "'nodes'", findings),
    shapes,
    registry,
    scope,
    findings,
  );
  const inputShapes = new Map<string, InputShape>();
  for (const input of inputs.values()) {
    inputShapes.set(input.name, input.shape);
    const node = nodes.get(input.name);
    if (node) {
      findings.error('CF115', node.at, `'${node.name}' is the name of a node and of an input`, {
        expected: 'names that differ: references use one name for either',
        hint: `the input stands on line ${input.at.line}`,
      });
    }
  }
  const binder = new Binder(nodes, inputShapes, shapes, scope, findings);
  checkStandIns(inputs.values(), binder);
  const axes = bindAxes(declaredAxes, binder);
  const built = buildNodes(nodes, binder);
  const files = new Map<string, FileInput>();
  for (const input of inputs.values()) if (input.file) files.set(input.name, input.file);
  const ordered = orderNodes(built, axes, files, findings);
  const published = readPublish(top.get('publish'), name, file, binder);
  const seeded = [...built.values()].find((node) => node.task.seeded);
  const workflow: Workflow = {
    name,
    title: text('title') || name,
    description: text('description'),
    file,
    seed: readSeed(top, seeded?.name, scope, findings),
    params,
    inputs: files,
    axes,
    nodes: ordered,
    publishTo: published.to,
    publish: published.files,
    report: published.report,
  };
  return { workflow, scope, uses: usesOf(workflow, scope, binder) };
}

/** The file furthest down the chain that declares a parameter. */
function declaringFile(chain: readonly LocatedMap[], name: string): string {
  for (const tree of [...chain].reverse()) {
    const params = tree.entries.get('params')?.value;
    if (params?.kind === 'map' && params.entries.has(name)) return tree.at.file;
  }
  return '';
}

function readName(top: Fields, scope: Scope, findings: Findings): string {
  const located = top.require('name', 'the name of the study, such as nhanes', {
    ...top.at,
    end: top.at.offset,
  });
  const name = located && scope.staticText(located, "'name'");
  if (name === undefined) return 'unnamed';
  if (!/^[a-z][a-z0-9_-]{0,99}$/.test(name)) {
    findings.error('CF114', located!.at, `'${name.slice(0, 60)}' cannot be the name of a study`, {
      expected: 'a small letter, then up to 99 small letters, digits, _ or -',
    });
    return 'unnamed';
  }
  return name;
}

function readSeed(top: Fields, seededNode: string | undefined, scope: Scope, findings: Findings): string {
  const located = top.get('seed');
  if (!located) {
    if (seededNode !== undefined) {
      findings.error(
        'CF165',
        { ...top.at, end: top.at.offset },
        "'seed' is missing: the study draws random numbers",
        {
          expected: "'seed: ' with a whole number or a text",
          got: `the node '${seededNode}' runs a seeded task`,
        },
      );
    }
    return '';
  }
  const json = scope.json(located);
  if (json === undefined) return '';
  if (typeof json === 'string' && json !== '') return json;
  if (typeof json === 'number' && Number.isInteger(json)) return String(json);
  findings.error('CF113', located.at, "'seed' does not fit", {
    expected: 'a whole number or a text',
    got: describeJson(json),
  });
  return '';
}

/** An input that stands for a node's port must name one, whether or not anything uses it. */
function checkStandIns(
  inputs: Iterable<{ name: string; at: Range; shape: InputShape }>,
  binder: Binder,
): void {
  for (const { name, at, shape } of inputs) {
    if (shape.kind !== 'from') continue;
    if (binder.nodes.has(shape.node)) {
      binder.nodeSource(shape.node, shape.port, at, at);
      continue;
    }
    binder.findings.error(
      'CF142',
      at,
      `the input '${name}' stands for '${shape.node}.${shape.port}', and there is no node '${shape.node}'`,
      {
        nearest: binder.findings.nearest(shape.node, binder.nodes.keys()),
      },
    );
  }
}

function usesOf(workflow: Workflow, scope: Scope, binder: Binder): Uses {
  const axes = new Set<string>();
  for (const node of workflow.nodes.values()) {
    for (const axis of node.axes) axes.add(axis);
    for (const binding of node.inputs.values()) {
      for (const reference of referencesOf(binding)) for (const { axis } of reference.select) axes.add(axis);
    }
  }
  for (const item of workflow.publish) for (const axis of item.axes) axes.add(axis);
  return { params: scope.used, inputs: binder.usedInputs, nodes: binder.usedNodes, axes };
}

/** Warns of what no way through the workflow refers to. Nodes count only where something is published. */
function warnUnused(study: Study, uses: readonly Uses[], findings: Findings): void {
  const { entries } = study.tree;
  const check = (
    section: string,
    kind: keyof Uses,
    code: 'CF191' | 'CF192',
    what: string,
    hint: string,
  ): void => {
    const value = entries.get(section)?.value;
    if (value?.kind !== 'map') return;
    for (const [name, entry] of value.entries) {
      if (uses.some((each) => each[kind].has(name))) continue;
      findings.warn(code, entry.keyAt, `${what} '${name}' is not used`, { hint });
    }
  };
  check('params', 'params', 'CF191', 'the parameter', 'refer to it as ${params.…}, or remove it');
  check('inputs', 'inputs', 'CF192', 'the input', 'nothing refers to it');
  check('axes', 'axes', 'CF192', 'the axis', "no node has it in 'each'");
  if (entries.has('publish'))
    check('nodes', 'nodes', 'CF192', 'the node', 'no node, axis, file or report refers to it');
}
