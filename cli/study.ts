/**
 * Study: the workflow and the store that a command line means.
 *
 * Not responsible for running anything. Everything of the engine is loaded here on demand.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Store } from '../cache/store.js';
import type { Diagnostic } from '../engine/diagnostic.js';
import type { Workflow } from '../engine/workflow.js';
import { RefusedError, RejectedWorkflow, UserError } from './failure.js';
import { nearPath } from './format.js';
import type { Terminal } from './terminal.js';
import type { WorkflowFlags } from './verb.js';

const YAML = /\.ya?ml$/i;

/** The workflow file, absolute, and the words that are not it. @throws UserError */
export function takeWorkflowFile(
  words: readonly string[],
  flags: WorkflowFlags,
): { file: string; rest: readonly string[] } {
  if (flags.file !== undefined) return { file: resolve(flags.file), rest: words };
  const [first, ...rest] = words;
  if (first !== undefined && YAML.test(first)) return { file: resolve(first), rest };
  return { file: onlyWorkflow(process.cwd()), rest: words };
}

/** Of a verb that takes nothing but the workflow file. @throws UserError */
export function takeOnlyWorkflowFile(words: readonly string[], flags: WorkflowFlags): string {
  const { file, rest } = takeWorkflowFile(words, flags);
  refuseWords(rest);
  return file;
}

/** @throws UserError when there is any. */
export function refuseWords(words: readonly string[]): void {
  if (words.length > 0) throw new UserError(`'${words[0]!}' is not expected here`);
}

/** The one YAML file of a folder that declares the format. @throws UserError */
function onlyWorkflow(folder: string): string {
  const found = readdirSync(folder)
    .filter((name) => YAML.test(name))
    .filter((name) => /^cohortflow\s*:/m.test(readFileSync(join(folder, name), 'utf8')))
    .sort();
  if (found.length === 1) return join(folder, found[0]!);
  throw found.length === 0
    ? new UserError(
        'there is no workflow file in this folder',
        "name one: cohortflow run study.yaml, or with --file; a workflow is a .yaml file with the key 'cohortflow'",
      )
    : new UserError(
        `there are several workflow files in this folder: ${found.join(', ')}`,
        'name one of them',
      );
}

/** The folder of the store. */
export function storeFolder(file: string, flags: WorkflowFlags): string {
  const named = flags.store ?? process.env['COHORTFLOW_STORE'];
  return named ? resolve(named) : join(dirname(file), '.cohortflow');
}

/** The folder of the store for verbs that need no workflow: `.cohortflow` of the working folder, where there is one. */
export function storeAlone(words: readonly string[], flags: WorkflowFlags): string {
  if (words.length === 0 && flags.file === undefined) {
    const named = flags.store ?? process.env['COHORTFLOW_STORE'];
    const folder = resolve(named ?? '.cohortflow');
    if (named !== undefined || hasStore(folder)) return folder;
  }
  return storeFolder(takeOnlyWorkflowFile(words, flags), flags);
}

/** Opens the store in a folder, making it when absent. @throws UserError, RefusedError when the system refuses; StoreError */
async function openStore(folder: string): Promise<Store> {
  const { Store } = await import('../cache/store.js');
  try {
    return new Store(folder);
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string };
    if (!/^(E[A-Z]+|SQLITE_(CANTOPEN|READONLY|PERM|AUTH).*)$/.test(code)) throw error;
    // A path through a file is a slip; everything else is the system's refusal.
    const Refusal = code === 'ENOTDIR' || code === 'EEXIST' ? UserError : RefusedError;
    throw new Refusal(
      `the store at ${nearPath(folder)} cannot be opened: ${message}`,
      'choose a folder with --store',
    );
  }
}

const hasStore = (folder: string): boolean => existsSync(join(folder, 'index.sqlite'));

/** Opens a store that must be there. @throws UserError */
export async function openRecords(folder: string): Promise<Store> {
  if (!hasStore(folder)) {
    throw new UserError(
      `nothing has been run yet: there is no store at ${nearPath(folder)}`,
      'cohortflow run',
    );
  }
  return openStore(folder);
}

export interface LoadedStudy {
  readonly workflow: Workflow;
  readonly warnings: readonly Diagnostic[];
  /** A finding in lines. */
  readonly render: (diagnostic: Diagnostic) => string;
  /** The workflow file and those that it extends, absolute. */
  readonly sources: readonly string[];
}

/**
 * The workflow with its store open. A workflow with errors leaves no store behind; the caller closes the store.
 * @throws RejectedWorkflow
 */
export async function openStudy(
  file: string,
  flags: WorkflowFlags,
  terminal: Terminal,
): Promise<LoadedStudy & { readonly store: Store }> {
  const folder = storeFolder(file, flags);
  const known = hasStore(folder) ? await openStore(folder) : null;
  try {
    const study = await loadStudy(file, flags, terminal, known);
    return { ...study, store: known ?? (await openStore(folder)) };
  } catch (error) {
    known?.close();
    throw error;
  }
}

/** Checks a workflow, with what its store knows of the input files. @throws RejectedWorkflow */
export async function checkStudy(
  file: string,
  flags: WorkflowFlags,
  terminal: Terminal,
): Promise<LoadedStudy> {
  const folder = storeFolder(file, flags);
  const known = hasStore(folder) ? await openStore(folder) : null;
  try {
    return await loadStudy(file, flags, terminal, known);
  } finally {
    known?.close();
  }
}

/**
 * Loads and checks a workflow, columns of its input files included.
 * @param store lends what it knows of the files' columns; without it they are read from the files.
 * @throws RejectedWorkflow
 */
export async function loadStudy(
  file: string,
  flags: WorkflowFlags,
  terminal: Terminal,
  store: Store | null,
): Promise<LoadedStudy> {
  const [{ loadWorkflow }, { diagnosticJson, renderDiagnostic }, { registry }] = await Promise.all([
    import('../engine/language/load.js'),
    import('../engine/language/render.js'),
    import('../tasks/registry.js'),
  ]);
  const sets = (flags.set ?? []).map(parseSet);
  const loaded = loadWorkflow({ file, sets, registry });
  const { workflow, sources, missing } = loaded;
  let { diagnostics } = loaded;
  if (workflow) diagnostics = [...diagnostics, ...(await columnFindings(workflow, store))];
  const render = (diagnostic: Diagnostic): string =>
    renderDiagnostic(diagnostic, sources, { colour: terminal.errorColour });
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  // Texts of --set are among the sources, too.
  const files = [...sources.keys()].filter((name) => isAbsolute(name));
  if (!workflow || errors.length > 0) {
    const rendered = diagnostics.map(render);
    throw new RejectedWorkflow(rendered, diagnostics.map(diagnosticJson), errors.length, [
      ...files,
      ...missing,
    ]);
  }
  return { workflow, warnings: diagnostics, render, sources: files };
}

function parseSet(text: string): { path: string; value: string } {
  const at = text.indexOf('=');
  if (at > 0) return { path: text.slice(0, at).trim(), value: text.slice(at + 1) };
  throw new UserError(`--set ${text}: expected path=value`, 'for example --set params.k=7');
}

/** Names of columns that the input files do not have. */
async function columnFindings(workflow: Workflow, store: Store | null): Promise<Diagnostic[]> {
  const tables = [...workflow.inputs.values()].filter(
    ({ type, axes }) => type === 'table' && axes.length === 0,
  );
  if (tables.length === 0) return [];
  const [{ checkColumns }, { templateText }, { RawFiles }] = await Promise.all([
    import('../engine/language/columns.js'),
    import('../engine/language/template.js'),
    import('../engine/raw.js'),
  ]);
  const raw = store && new RawFiles(store, dirname(workflow.file));
  const headers = new Map<string, readonly string[]>();
  for (const { name, path: template, read } of tables) {
    const path = templateText(template, {});
    const known = raw?.header(raw.table(path, read));
    if (known) {
      const names = known.columns.map((column) => column.name);
      headers.set(name, read.id === null ? names : [read.id, ...names]);
      continue;
    }
    if (raw?.failureOf(path)) continue;
    try {
      const { readColumnNames } = await import('../engine/import.js');
      headers.set(name, await readColumnNames(path, read));
    } catch {
      // What cannot be read is told when the run reads it, with the reader's own words.
    }
  }
  return checkColumns(workflow, (input) => headers.get(input) ?? null);
}

/** The name under which runs of this file are recorded. Its text may be broken by now: what was run is what counts. */
export async function recordedName(
  store: Store,
  file: string,
  flags: WorkflowFlags,
  terminal: Terminal,
): Promise<string> {
  const known = store.index.runs.workflowOfFile(file);
  if (known !== null) return known;
  return (await loadStudy(file, flags, terminal, store)).workflow.name;
}

/** The command line that names the same study: `cohortflow VERB study.yaml …`. */
export function sameStudy(
  verb: string,
  file: string,
  flags: WorkflowFlags,
  words: readonly string[],
): string[] {
  return [
    'cohortflow',
    verb,
    nearPath(file),
    ...words,
    ...(flags.set ?? []).flatMap((set) => ['--set', set]),
    ...(flags.store === undefined ? [] : ['--store', flags.store]),
  ];
}
