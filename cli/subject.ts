/**
 * Subject: the results that the words of a command line name, of the run that it asks about.
 *
 * Not responsible for what a name means (engine/recorded.ts).
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RunRow } from '../cache/runs.js';
import type { Store } from '../cache/store.js';
import type { Subject } from '../engine/recorded.js';
import { UserError } from './failure.js';

/** Flags of verbs that ask about a recorded run. */
export interface RunFlags {
  readonly run?: string;
}

export function runOption(command: Command, meaning = 'ask about this run'): void {
  command.option('--run <run>', `${meaning}: its number, its pinned name, last, last-1, …`);
}

/** The run that is named; null when none is. @throws NotFoundError */
export async function chosenRun(store: Store, workflow: string, { run }: RunFlags): Promise<RunRow | null> {
  if (run === undefined) return null;
  const { findRun } = await import('../engine/run-choice.js');
  return findRun(store, workflow, run);
}

/** @throws NotFoundError */
export async function chosenSubject(
  store: Store,
  workflow: string,
  words: readonly string[],
  flags: RunFlags,
): Promise<Subject> {
  const { findSubject } = await import('../engine/recorded.js');
  return findSubject(
    store,
    workflow,
    words,
    (word) => resolve(word),
    await chosenRun(store, workflow, flags),
  );
}

/** The subject, which must be results of a node. @param ofFile what to say of a raw file. @throws UserError */
export function requireNode(
  subject: Subject,
  ofFile: string,
  hint: string | null = null,
): Subject & { kind: 'node' } {
  if (subject.kind === 'node') return subject;
  if (subject.kind === 'file') throw new UserError(`${subject.path} is a raw file: ${ofFile}`, hint);
  throw new UserError(
    `${subject.path} is the report of the whole run: name a node`,
    `one of ${subject.recorded.nodesRun().slice(0, 20).join(', ')}`,
  );
}
