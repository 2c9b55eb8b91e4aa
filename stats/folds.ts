/**
 * Assigning people to folds and to a held-out part: at random, by stratum, by family, repeatedly, or stably by id.
 *
 * Not responsible for what is done with the folds, nor for where seeds come from.
 */
import { rngFromSeed, uniformOf, type Rng, type Seed } from './rng.js';

/**
 * What must be respected: `strata` (one label per person) are spread evenly over the folds; members of one of the `groups`
 * (one label per person, e.g. a family id) stay together.
 */
export type Constraint =
  { readonly strata: readonly (string | number)[] } | { readonly groups: readonly (string | number)[] };

/** Why `n` people cannot be put into `k` folds, for a caller's diagnostic; undefined when they can. */
export function foldProblem(n: number, k: number, constraint?: Constraint): string | undefined {
  if (!Number.isInteger(k) || k < 2) return `the number of folds must be an integer of at least 2, got ${k}`;
  if (k > n) return `${n} people cannot fill ${k} folds`;
  if (constraint === undefined) return undefined;
  const labels = labelsOf(constraint);
  if (labels.length !== n) return `${labels.length} labels for ${n} people`;
  const groups = new Set(labels).size;
  if ('groups' in constraint && groups < k) return `${groups} groups cannot fill ${k} folds`;
  return undefined;
}

const labelsOf = (constraint: Constraint): readonly (string | number)[] =>
  'groups' in constraint ? constraint.groups : constraint.strata;

/**
 * The fold (0 … k − 1) of each of `n` people. Sizes differ by at most one (with strata: overall and within each stratum);
 * with groups they are as even as the groups' sizes allow.
 */
export function assignFolds(n: number, k: number, rng: Rng, constraint?: Constraint): Int32Array {
  const problem = foldProblem(n, k, constraint);
  if (problem !== undefined) throw new Error(`internal error: ${problem}`);
  const folds = new Int32Array(n);
  if (constraint !== undefined && 'groups' in constraint) {
    const sizes = new Array<number>(k).fill(0);
    // Large groups first, each into the fold that is smallest so far.
    for (const members of shuffledGroups(constraint.groups, rng).sort((a, b) => b.length - a.length)) {
      const fold = sizes.indexOf(Math.min(...sizes));
      sizes[fold]! += members.length;
      for (const person of members) folds[person] = fold;
    }
    return folds;
  }
  const order =
    constraint === undefined ? Array.from(rng.permutation(n)) : shuffledGroups(constraint.strata, rng).flat();
  // Dealt like cards, one stratum after the other, so that no fold collects the strata's remainders.
  order.forEach((person, turn) => {
    folds[person] = turn % k;
  });
  return folds;
}

/**
 * Which of `n` people are held out: 1 for round(fraction·n) of them, 0 for the rest (7:3 is a fraction of 0.3). With strata the
 * share is kept within each to rounding; with groups whole groups are held out until the share is reached as nearly as they allow.
 */
export function holdOut(n: number, fraction: number, rng: Rng, constraint?: Constraint): Uint8Array {
  if (!(fraction >= 0 && fraction <= 1))
    throw new Error(`internal error: a fraction lies in [0, 1], got ${fraction}`);
  const held = new Uint8Array(n);
  const target = Math.round(fraction * n);
  if (constraint === undefined) {
    for (const person of rng.sample(n, target)) held[person] = 1;
    return held;
  }
  if (labelsOf(constraint).length !== n) {
    throw new Error(`internal error: ${labelsOf(constraint).length} labels for ${n} people`);
  }
  if ('groups' in constraint) {
    let count = 0;
    for (const members of rng.shuffle(shuffledGroups(constraint.groups, rng))) {
      // Taken when it brings the count nearer to the target.
      if (Math.abs(count + members.length - target) >= Math.abs(count - target)) continue;
      count += members.length;
      for (const person of members) held[person] = 1;
    }
    return held;
  }
  // The running total keeps the overall count exact, however many strata there are.
  let seen = 0;
  let taken = 0;
  for (const members of shuffledGroups(constraint.strata, rng)) {
    seen += members.length;
    const quota = Math.round(fraction * seen) - taken;
    taken += quota;
    for (const person of members.slice(0, quota)) held[person] = 1;
  }
  return held;
}

/** `repeats` independent assignments, the r-th from the stream (seed, 'repeat', r): more repeats change none of the earlier. */
export function repeatedFolds(
  n: number,
  k: number,
  repeats: number,
  seed: Seed,
  constraint?: Constraint,
): Int32Array[] {
  return Array.from({ length: repeats }, (_, r) =>
    assignFolds(n, k, rngFromSeed(seed, 'repeat', r), constraint),
  );
}

/**
 * Folds that depend on (id, seed) alone: adding or removing people moves nobody else. Sizes are binomial, not equal. For
 * families pass the family's id in place of the person's.
 */
export function stableFolds(ids: readonly string[], k: number, seed: Seed): Int32Array {
  if (!Number.isInteger(k) || k < 2) throw new Error(`internal error: ${foldProblem(ids.length, k) ?? ''}`);
  return Int32Array.from(ids, (id) => Math.floor(uniformOf(seed, 'fold', id) * k));
}

/** A held-out part that depends on (id, seed) alone; raising the fraction only adds people to it. */
export function stableHoldOut(ids: readonly string[], fraction: number, seed: Seed): Uint8Array {
  return Uint8Array.from(ids, (id) => (uniformOf(seed, 'hold out', id) < fraction ? 1 : 0));
}

/** Row indices, ascending, outside (`train`) and inside (`test`) one fold. */
export function splitByFold(folds: ArrayLike<number>, fold: number): { train: Int32Array; test: Int32Array } {
  const train: number[] = [];
  const test: number[] = [];
  for (let i = 0; i < folds.length; i++) (folds[i] === fold ? test : train).push(i);
  return { train: Int32Array.from(train), test: Int32Array.from(test) };
}

/** Members of each label, each list shuffled; labels in the order of their first member. */
function shuffledGroups(labels: readonly (string | number)[], rng: Rng): number[][] {
  const members = new Map<string | number, number[]>();
  rng.permutation(labels.length).forEach((person) => {
    const label = labels[person]!;
    const list = members.get(label);
    if (list === undefined) members.set(label, [person]);
    else list.push(person);
  });
  return [...members.values()];
}
