/**
 * Explanation: what can be said of one instance of a node: fresh, would run, may run, and why. Types and their words.
 *
 * Not responsible for finding it out (explain.ts).
 */
import type { Digest } from '../cache/artifact.js';
import { changeText, type Change } from './why.js';

/** What an instance was compared with. */
export type Comparison =
  | { readonly with: 'run'; readonly run: number; readonly changes: readonly Change[] }
  /** Never done in this workflow: the most similar result of the same task. */
  | { readonly with: 'nearest'; readonly key: Digest; readonly changes: readonly Change[] }
  | { readonly with: 'nothing' };

export interface Waiting {
  /** Nodes that it reads and that are not finished. */
  readonly on: readonly string[];
  /** Nodes that would run for certain, with the reasons. */
  readonly because: readonly { readonly node: string; readonly reason: string }[];
}

export type Explanation =
  | {
      readonly verdict: 'fresh';
      readonly key: Digest;
      /** The last run that had this instance; null when none had. */
      readonly run: number | null;
      /** The run that computed it; null when it was another workflow's or node's, or too long ago. */
      readonly made: number | null;
      /** It was computed in that run: what it was then compared with. */
      readonly computed: Comparison | null;
      /** Its key differs from that run's: an earlier result fits. */
      readonly since: readonly Change[];
      /** Nodes that were computed again in that run with an identical output. */
      readonly cutOff: readonly string[];
    }
  | {
      readonly verdict: 'runs';
      readonly key: Digest;
      readonly comparison: Comparison;
      /** How it ended in the last run that had it, unless it was done. */
      readonly unfinished: { readonly run: number; readonly message: string } | null;
    }
  | { readonly verdict: 'may run'; readonly waiting: Waiting }
  | { readonly verdict: 'fails'; readonly message: string }
  | { readonly verdict: 'skipped'; readonly cause: string; readonly message: string };

/** The verdict alone. */
export function verdictText(verdict: Explanation['verdict']): string {
  switch (verdict) {
    case 'fresh':
      return 'fresh';
    case 'runs':
      return 'would run';
    case 'may run':
      return 'may run';
    case 'fails':
      return 'cannot run';
    case 'skipped':
      return 'would be skipped';
  }
}

const changesText = (changes: readonly Change[]): string => changes.map(changeText).join('; ');

/** Said of an instance that runs, or ran: `because params.k 5 → 7`, `not run before`. */
function comparisonText(comparison: Comparison): string {
  switch (comparison.with) {
    case 'run':
      return comparison.changes.length === 0
        ? 'its result was no longer in the store'
        : `because ${changesText(comparison.changes)}`;
    case 'nearest':
      return `not run before; the nearest earlier result differs in ${changesText(comparison.changes)}`;
    case 'nothing':
      return 'not run before';
  }
}

/** One sentence without times, so that instances with the same story read the same. */
export function explanationText(explanation: Explanation): string {
  const head = verdictText(explanation.verdict);
  switch (explanation.verdict) {
    case 'fresh': {
      const { run, computed, since, cutOff } = explanation;
      if (run === null) return `${head}: the same was computed before, elsewhere`;
      if (computed) {
        const why = comparisonText(computed);
        return `${head}: ran in the last run (${run})${why.startsWith('because') ? ' ' : ': '}${why}`;
      }
      if (since.length > 0)
        return `${head}: an earlier result fits (since run ${run}: ${changesText(since)})`;
      if (cutOff.length > 0)
        return `${head}: cut off: upstream ${cutOff.join(', ')} was computed again with an identical output`;
      return `${head}: nothing that it reads has changed since run ${run}`;
    }
    case 'runs': {
      const { comparison, unfinished } = explanation;
      if (unfinished) return `${head}: in run ${unfinished.run} ${unfinished.message}`;
      if (comparison.with === 'run' && comparison.changes.length === 0)
        return `${head}: its result is no longer in the store`;
      const why = comparisonText(comparison);
      return `${head}${why.startsWith('because') ? ' ' : ': '}${why}`;
    }
    case 'may run':
      return `${head}: ${waitingText(explanation.waiting)}`;
    case 'fails':
      return `${head}: ${explanation.message}`;
    case 'skipped':
      return `${head}: ${explanation.cause} cannot run: ${explanation.message}`;
  }
}

function waitingText({ on, because }: Waiting): string {
  const [first] = because;
  if (!first) return `waits for ${on.join(', ')} to be read`;
  if (because.length === 1 && on.length === 1 && on[0] === first.node)
    return `waits on ${first.node}, which would run (${first.reason})`;
  return `waits on ${on.join(', ')}; ${because.map(({ node, reason }) => `${node} would run (${reason})`).join('; ')}`;
}
