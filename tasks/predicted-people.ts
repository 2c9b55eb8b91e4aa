/**
 * Who is predicted by a model, and their features, which the instances of a call have in common.
 *
 * Not responsible for predicting (model-predict.ts) nor for SNPs (snp-scores.ts).
 */
import type { Table } from '../cache/table.js';
import { TaskError, type TaskContext } from '../engine/task.js';
import type { Matrix } from '../stats/linalg/matrix.js';
import { standardiseColumns, type FeatureScale } from './feature-scales.js';
import type { Openings } from './genotype-views.js';
import { featureMatrix, foldsOf, peopleInAll, requireFold } from './modalities.js';
import { idsOf, people as counted } from './reading.js';

/** Of one call of `model.predict`. */
export class PredictedPeople {
  /** By fold and by the people of the genotypes. */
  private readonly known: {
    fold: number | null;
    genotyped: readonly string[] | undefined;
    people: readonly string[];
    wanted: number;
  }[] = [];
  private matrices: { people: readonly string[]; byName: Map<string, { key: string; x: Matrix }> } | null =
    null;

  constructor(private readonly openings: Openings) {}

  /** @throws TaskError when nobody has every modality */
  async people(context: TaskContext<{ readonly fold: number | null }>): Promise<readonly string[]> {
    const tables = featureTables(context);
    const { fold } = context.params;
    const genotyped = context.has('genotypes')
      ? (await this.openings.index(context.view('genotypes'))).people.iid
      : undefined;
    let known = this.known.find((entry) => entry.fold === fold && sameList(entry.genotyped, genotyped));
    if (!known) {
      const wanted = peopleWanted(context, tables, genotyped);
      const lists = [...tables.values()].map((table) => idsOf(table, 'features'));
      const people = peopleInAll(wanted, genotyped ? [...lists, genotyped] : lists);
      const same = this.known.find((entry) => sameList(entry.people, people));
      known = { fold, genotyped, people: same?.people ?? people, wanted: wanted.length };
      this.known.push(known);
    }
    const { people, wanted } = known;
    if (people.length === 0 && wanted > 0) {
      throw new TaskError(`none of the ${counted(wanted)} has a row in every modality`, {
        port: tables.size > 0 ? 'features' : 'genotypes',
      });
    }
    if (people.length < wanted) {
      context.warn(`${counted(wanted - people.length)} have no row in some modality and no prediction`);
    }
    return people;
  }

  /**
   * A modality; that of the people who were asked for last is kept.
   * @param scales  what to standardise it by, null: it is standardised
   * @param fill    a missing value is its mean (with scales)
   */
  matrix(
    name: string,
    table: Table,
    people: readonly string[],
    features: readonly string[],
    scales: readonly FeatureScale[] | null,
    fill: boolean,
  ): Matrix {
    if (this.matrices?.people !== people) this.matrices = { people, byName: new Map() };
    const key = JSON.stringify([features, scales, fill]);
    const known = this.matrices.byName.get(name);
    if (known?.key === key) return known.x;
    const x = featureMatrix(name, table, people, features);
    if (scales) standardiseColumns(x, scales, fill);
    this.matrices.byName.set(name, { key, x });
    return x;
  }
}

/** The modalities that are tables. */
export function featureTables(context: TaskContext<unknown>): ReadonlyMap<string, Table> {
  return context.has('features') ? context.tables('features') : new Map<string, Table>();
}

function sameList(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a === b || (a?.length === b?.length && a!.every((id, i) => id === b![i]));
}

function peopleWanted(
  context: TaskContext<{ readonly fold: number | null }>,
  tables: ReadonlyMap<string, Table>,
  genotyped: readonly string[] | undefined,
): readonly string[] {
  const first = tables.values().next().value;
  const everyone = first ? idsOf(first, 'features') : genotyped;
  if (!everyone) throw new TaskError('expected at least one modality', { port: 'features' });
  const all = context.has('samples') ? idsOf(context.table('samples'), 'samples') : everyone;
  const { fold } = context.params;
  if (fold === null) return all;
  if (!context.has('folds')) throw new TaskError("'fold' needs folds", { port: 'folds' });
  const table = context.table('folds');
  requireFold(table, 'folds', fold);
  const folds = foldsOf(table, 'folds', all);
  return all.filter((_, i) => folds[i] === fold);
}
