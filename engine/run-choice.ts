/**
 * Run choice: the run that a user's word means: its number, its pinned name, `last`, `last-1`.
 *
 * Not responsible for what is in the run (recorded.ts).
 */
import type { RunRow } from '../cache/runs.js';
import type { Store } from '../cache/store.js';
import { NotFoundError, notFound } from './selection.js';

/** A name that a run can be pinned by: neither a number nor a place from the end. */
export function isPinName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9._-]*$/.test(name) && !/^last(-\d+)?$/.test(name);
}

/**
 * @param workflow whose runs `last` counts; numbers and names reach those of every workflow of the store.
 * @throws NotFoundError
 */
export function findRun(store: Store, workflow: string, word: string): RunRow {
  const back = /^last(?:-(\d+))?$/.exec(word);
  if (back) {
    const steps = Number(back[1] ?? 0);
    const runs = store.index.runs.list(workflow, steps + 1);
    const run = runs[steps];
    if (run) return run;
    throw new NotFoundError(
      `'${workflow}' has ${runs.length === 1 ? 'one run' : `${runs.length} runs`}: there is no ${word}`,
    );
  }
  if (/^\d+$/.test(word)) {
    const run = store.index.runs.get(Number(word));
    if (run) return run;
    const known = store.index.runs.list(workflow, 20).map(({ id }) => String(id));
    throw new NotFoundError(`there is no run ${word}; ${knownText(workflow, known)}`);
  }
  const pins = store.index.runs.pins();
  const pin = pins.find(({ name }) => name === word);
  if (!pin) {
    throw notFound(
      'the number of a run, the name of a pinned one, or last, last-1, …',
      word,
      pins.map(({ name }) => name),
    );
  }
  return store.index.runs.get(pin.run)!;
}

function knownText(workflow: string, runs: readonly string[]): string {
  if (runs.length === 0) return `'${workflow}' has none`;
  return `those of '${workflow}' are ${runs.join(', ')}${runs.length === 20 ? ', …' : ''}`;
}
