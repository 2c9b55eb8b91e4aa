/**
 * Verb: what a file of a verb offers to the program, and the options that several verbs share.
 *
 * Files of verbs import the engine and the tasks only when they run, so that help costs nothing. Not responsible for parsing
 * (program.ts).
 */
import type { Command } from 'commander';
import { UserError, type ExitCode } from './failure.js';
import type { Terminal } from './terminal.js';

export interface Verb<Flags> {
  /** What follows the verb on the command line. */
  readonly usage: string;
  /** Said below the summary in the verb's help. */
  readonly details?: string;
  /** Command lines without the leading `cohortflow`, each with what it does. At least two. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** Adds the verb's own options; `--json` and `--no-colour` are there already. */
  options(command: Command): void;
  run(words: readonly string[], flags: Flags, terminal: Terminal): Promise<ExitCode>;
}

/** A verb whose flags are known to itself only. */
export type AnyVerb = Verb<never>;

/** Keeps the type of the flags while it defines a verb. */
export function defineVerb<Flags>(verb: Verb<Flags>): AnyVerb {
  return verb;
}

/** Flags of every verb that takes a workflow. */
export interface WorkflowFlags {
  readonly file?: string;
  readonly set?: readonly string[];
  readonly store?: string;
}

/** Of verbs that look at what was run, or at the store alone: a `--set` would change nothing. */
export function storeOptions(command: Command): void {
  command
    .option('-f, --file <path>', 'workflow file (default: the only one in this folder)')
    .option(
      '--store <folder>',
      'where results are kept (default: .cohortflow beside the workflow file; COHORTFLOW_STORE)',
    );
}

export function workflowOptions(command: Command): void {
  command
    .option('-f, --file <path>', 'workflow file (default: the only one in this folder)')
    .option('--set <path=value>', 'change a value of the workflow; may be repeated', append)
    .option(
      '--store <folder>',
      'where results are kept (default: .cohortflow beside the workflow file; COHORTFLOW_STORE)',
    );
}

const append = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];

/** A whole number ≥ 1. @throws UserError */
export function parseCount(text: string, option: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 4096) return value;
  throw new UserError(`${option}: expected a whole number from 1 to 4096, got '${text}'`);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Bytes from `8G`, `512M`, `1.5 GiB`; units are powers of 1024. @throws UserError */
export function parseSize(text: string, option: string): number {
  const [, digits, unit] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text) ?? [];
  const size = Math.round(Number(digits) * (UNITS[(unit ?? '').toLowerCase()] ?? NaN));
  if (size >= 1024 ** 2) return size;
  throw new UserError(`${option}: expected a size of at least 1M, such as 8G or 512M, got '${text}'`);
}
