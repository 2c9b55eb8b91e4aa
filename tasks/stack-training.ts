/**
 * Who trains a stacked model, and on what: the people of each instance, and the feature tables of equal training sets prepared once.
 *
 * Not responsible for genotypes (snp-training.ts) or for fitting (model-stack.ts).
 */
import { matchIds, type Table } from '../cache/table.js';
import { TaskError, type TaskContext } from '../engine/task.js';
import type { RidgeMode } from '../stats/bayesian-ridge.js';
import type { Learner } from '../stats/comparator.js';
import { DenseModality, type PreparedModality } from '../stats/stack.js';
import type { Openings } from './genotype-views.js';
import { featureMatrix, foldsOf, requireComplete, requireFold, sortedNames } from './modalities.js';
import { columnNames, idsOf, onlyColumn, people as counted } from './reading.js';
import { SNPS } from './snp-modality.js';

/** Parameters of `model.stack`. */
export interface StackParams {
  readonly mode: RidgeMode;
  readonly learner: Learner;
  readonly layer_two: Learner;
  readonly mixing: number;
  readonly penalty: 'best' | 'one-se';
  readonly configurations: Readonly<Record<string, readonly string[]>> | null;
  readonly hold_out: number | null;
}

/** The people of one instance, bytewise sorted. Equal lists are the same array. */
export interface TrainingPeople {
  /** Everybody in the sample who has the target and every modality, whichever fold is held out. */
  readonly everyone: readonly string[];
  /** The fold of each of them; all 0 when no fold is held out. */
  readonly fold: Float64Array;
  /** Those of them who train: not held out. */
  readonly people: readonly string[];
  /** Rows of `everyone` that are `people`. */
  readonly rows: Int32Array;
  /** The target of each of `people`. */
  readonly values: Float64Array;
}

/** Lists that were last seen; more would hold on to the people of traits long done. */
const LISTS_KEPT = 64;
/** Training sets whose feature tables are kept prepared: the folds of a trait and one more. */
export const TABLES_KEPT = 6;

/** People and feature tables of one call. */
export class StackTraining {
  private readonly lists: (readonly string[])[] = [];
  private readonly matches = new WeakMap<readonly string[], WeakMap<readonly string[], Int32Array>>();
  private readonly prepared: { people: readonly string[]; modalities: ReadonlyMap<string, DenseModality> }[] =
    [];

  constructor(private readonly openings: Openings) {}

  /** The one array that stands for all lists equal to `ids`. */
  private same(ids: readonly string[]): readonly string[] {
    const at = this.lists.findIndex((known) => known === ids || sameIds(known, ids));
    const found = at < 0 ? ids : this.lists[at]!;
    if (at >= 0) this.lists.splice(at, 1);
    this.lists.unshift(found);
    this.lists.length = Math.min(this.lists.length, LISTS_KEPT);
    return found;
  }

  /** `matchIds`, once for each two lists. */
  private match(ids: readonly string[], wanted: readonly string[]): Int32Array {
    const [from, to] = [this.same(ids), this.same(wanted)];
    let known = this.matches.get(from);
    if (!known) this.matches.set(from, (known = new WeakMap()));
    let rows = known.get(to);
    if (!rows) known.set(to, (rows = matchIds(from, to)));
    return rows;
  }

  /** @throws TaskError when fewer than three people can train */
  async people(context: TaskContext<StackParams>): Promise<TrainingPeople> {
    const table = context.table('target');
    const { name: column, values } = onlyColumn(table, 'target');
    const all = idsOf(table, 'target');
    const candidates = context.has('samples') ? idsOf(context.table('samples'), 'samples') : all;
    const fold = outerFolds(context, candidates);
    const { hold_out: heldOut } = context.params;
    const trains = fold.map((value) => (Number.isNaN(value) || value === heldOut ? 0 : 1));
    const row = this.match(all, candidates);
    const lists = [...usedModalities(context).values()].map((features) => idsOf(features, 'features'));
    const ports = lists.map(() => 'features');
    if (usesSnps(context)) {
      lists.push((await this.openings.index(context.view('genotypes'))).people.iid);
      ports.push('genotypes');
    }
    const rows = lists.map((ids) => this.match(ids, candidates));
    const isMeasured = candidates.map((_, i) => Number.isFinite(values[row[i]!] ?? NaN));
    const isComplete = candidates.map((_, i) => isMeasured[i]! && rows.every((list) => list[i]! >= 0));
    const count = (of: (i: number) => boolean): number =>
      candidates.reduce((sum, _, i) => sum + (trains[i] === 1 && of(i) ? 1 : 0), 0);
    const whole = Int32Array.from(candidates.keys()).filter((i) => isComplete[i]!);
    const kept = Int32Array.from(whole.keys()).filter((i) => trains[whole[i]!] === 1);
    const measured = count((i) => isMeasured[i]!);
    if (kept.length < measured)
      context.warn(`${counted(measured - kept.length)} with a target have no row in some modality`);
    context.log(`${kept.length} training people; ${count(() => true) - measured} have no target`);
    if (kept.length < 3) {
      const joined: [port: string, rows: Int32Array, ids: readonly string[]][] = [['target', row, all]];
      rows.forEach((found, l) => joined.push([ports[l]!, found, lists[l]!]));
      if (heldOut !== null) {
        const ids = idsOf(context.table('folds'), 'folds');
        joined.push(['folds', this.match(ids, candidates), ids]);
      }
      for (const [port, found, ids] of joined) {
        if (candidates.length > 0 && found.every((at) => at < 0)) throw noneJoins(port, candidates, ids);
      }
      if (candidates.length > 0 && !isMeasured.includes(true))
        throw new TaskError('the target is missing in everybody to train on', { port: 'target', column });
      throw new TaskError(`expected at least 3 training people with a target, got ${kept.length}`, {
        port: 'target',
      });
    }
    const everyone = this.same(Array.from(whole, (i) => candidates[i]!));
    return {
      everyone,
      fold: Float64Array.from(whole, (i) => fold[i]!),
      people: this.same(Array.from(kept, (i) => everyone[i]!)),
      rows: kept,
      values: Float64Array.from(kept, (i) => values[row[whole[i]!]!]!),
    };
  }

  /** The feature tables of the people of `TrainingPeople`, prepared once for each training set among the last few. */
  tables(
    context: TaskContext<StackParams>,
    people: readonly string[],
  ): ReadonlyMap<string, PreparedModality> {
    const known = this.prepared.findIndex((entry) => entry.people === people);
    if (known >= 0) this.prepared.unshift(...this.prepared.splice(known, 1));
    else this.prepared.unshift({ people, modalities: this.prepare(context, people) });
    this.prepared.length = Math.min(this.prepared.length, TABLES_KEPT);
    return this.prepared[0]!.modalities;
  }

  private prepare(
    context: TaskContext<StackParams>,
    people: readonly string[],
  ): ReadonlyMap<string, DenseModality> {
    const inner = innerFolds(context, people);
    const modalities = new Map<string, DenseModality>();
    for (const [name, table] of usedModalities(context)) {
      const features = columnNames(table);
      const x = featureMatrix(name, table, people, features);
      requireComplete(name, x, features, people);
      modalities.set(name, new DenseModality(name, features, x, inner));
    }
    return modalities;
  }
}

/** Two lists of people without anybody in common, each with an example. */
function noneJoins(port: string, people: readonly string[], ids: readonly string[]): TaskError {
  return new TaskError(
    `none of the ${counted(people.length)} to train on has a row; ids look like '${people[0]!}' and '${ids[0] ?? '(nobody)'}'`,
    { port },
  );
}

/** The fold of each of `people`, NaN without one; all 0 when none is held out. */
function outerFolds(context: TaskContext<StackParams>, people: readonly string[]): Float64Array {
  const { hold_out: heldOut } = context.params;
  if (heldOut === null) return new Float64Array(people.length);
  if (!context.has('folds')) throw new TaskError("'hold_out' needs folds", { port: 'folds' });
  const table = context.table('folds');
  requireFold(table, 'folds', heldOut);
  return foldsOf(table, 'folds', people);
}

/**
 * The inner fold of each training person; undefined where nothing needs one.
 * @throws TaskError when somebody has none, or too few occur
 */
export function innerFolds(
  context: TaskContext<StackParams>,
  people: readonly string[],
): Int32Array | undefined {
  const { mode, learner, layer_two: second } = context.params;
  const stacked = Object.values(configurationsOf(context)).some((names) => names.length > 1);
  const outOfFold = stacked && mode === 'recommended';
  const tuned = learner !== 'bayesian-ridge' || (stacked && second !== 'bayesian-ridge');
  if (!outOfFold && !tuned) return undefined;
  if (!context.has('inner_folds')) {
    const why = outOfFold
      ? 'recommended mode trains layer 2 out of fold'
      : `the penalty of '${learner === 'bayesian-ridge' ? second : learner}' is chosen by cross-validation`;
    throw new TaskError(`${why} and needs folds of its own`, { port: 'inner_folds' });
  }
  const folds = foldsOf(context.table('inner_folds'), 'inner_folds', people);
  const without = folds.findIndex((fold) => Number.isNaN(fold));
  if (without >= 0)
    throw new TaskError('a training person has no fold', { port: 'inner_folds', row: people[without]! });
  // A fold that is held out must leave two to choose a penalty with.
  const needed = outOfFold && learner !== 'bayesian-ridge' ? 3 : 2;
  const found = new Set(folds).size;
  if (found < needed) {
    throw new TaskError(`expected at least ${needed} folds among the training people, got ${found}`, {
      port: 'inner_folds',
      column: 'fold',
    });
  }
  return Int32Array.from(folds);
}

export function configurationsOf(
  context: TaskContext<StackParams>,
): Readonly<Record<string, readonly string[]>> {
  const { configurations } = context.params;
  if (configurations) return configurations;
  const names = sortedNames(modalityNames(context));
  const alone = Object.fromEntries(names.map((name) => [name, [name]]));
  return names.length > 1 ? { ...alone, stacked: names } : alone;
}

function modalityNames(context: TaskContext<StackParams>): string[] {
  const names = [...tablesOf(context).keys()];
  if (!context.has('genotypes')) return names;
  if (names.includes(SNPS))
    throw new TaskError(`'${SNPS}' is the modality of 'genotypes'; name the one of 'features' otherwise`, {
      port: 'features',
    });
  return [...names, SNPS];
}

function tablesOf(context: TaskContext<StackParams>): ReadonlyMap<string, Table> {
  if (!context.has('features') && !context.has('genotypes'))
    throw new TaskError("expected 'features', 'genotypes' or both", { port: 'features' });
  return context.has('features') ? context.tables('features') : new Map<string, Table>();
}

export function usesSnps(context: TaskContext<StackParams>): boolean {
  return context.has('genotypes') && Object.values(configurationsOf(context)).flat().includes(SNPS);
}

/** @throws TaskError when a configuration names a modality that is not there */
function usedModalities(context: TaskContext<StackParams>): ReadonlyMap<string, Table> {
  const tables = tablesOf(context);
  const known = modalityNames(context);
  const used = new Set(Object.values(configurationsOf(context)).flat());
  for (const name of used) {
    if (known.includes(name)) continue;
    throw new TaskError(
      `'configurations' names the modality '${name}', but 'features' has ${sortedNames(known).join(', ')}`,
      {
        port: 'features',
      },
    );
  }
  return new Map([...tables].filter(([name]) => used.has(name)));
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
