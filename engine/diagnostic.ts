/**
 * Diagnostic: one finding about what a user wrote, with a place in a file. Collected, never thrown one at a time.
 *
 * Not responsible for failures of tasks (those are events of a run) nor for bugs (those throw "internal error: …").
 */

/** A place in a source file. Lines and columns count from 1; `end` is exclusive. Offsets are UTF-16 units into the text. */
export interface Range {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly offset: number;
  readonly end: number;
}

export interface Diagnostic {
  /** A code of docs/errors.md, such as 'CF103'. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly at: Range | null;
  readonly expected?: string;
  readonly got?: string;
  /** The nearest valid name: "did you mean …?" */
  readonly nearest?: string;
  readonly hint?: string;
}

/** The candidate nearest to `name` by edit distance, when it is near enough to be a slip (a third of its length). */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Damerau–Levenshtein distance, adjacent swaps counting one. Names are short: inputs beyond 100 characters are cut. */
function editDistance(a: string, b: string): number {
  const x = a.slice(0, 100);
  const y = b.slice(0, 100);
  let beforeLast: number[] = [];
  let last = Array.from({ length: y.length + 1 }, (_, j) => j);
  for (let i = 1; i <= x.length; i++) {
    const row = [i];
    for (let j = 1; j <= y.length; j++) {
      const cost = x[i - 1] === y[j - 1] ? 0 : 1;
      let distance = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && x[i - 1] === y[j - 2] && x[i - 2] === y[j - 1]) {
        distance = Math.min(distance, beforeLast[j - 2]! + 1);
      }
      row.push(distance);
    }
    beforeLast = last;
    last = row;
  }
  return last[y.length]!;
}
