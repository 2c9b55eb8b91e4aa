/**
 * FeatureScales: by what features were standardised before a model was fitted to them. A model that keeps them predicts people from
 * their values as measured.
 *
 * Not responsible for estimating them: that is `scale.zscore`.
 */
import { TaskError, type InputPort, type TaskContext } from '../engine/task.js';
import type { Matrix } from '../stats/linalg/matrix.js';
import { sortedNames } from './modalities.js';
import { numbersOf } from './reading.js';

export interface FeatureScale {
  readonly feature: string;
  readonly mean: number;
  readonly sd: number;
}

/** By modality, in the order of its features. */
export type FeatureScales = Readonly<Record<string, readonly FeatureScale[]>>;

export const SCALES_PORT = {
  type: 'table',
  summary:
    "What `features` were standardised by: the moments of `scale.zscore`, under the modality's name; the model keeps them.",
  named: true,
  optional: true,
} satisfies InputPort;

/**
 * The scales of the modalities that a model uses; undefined when the port is not connected.
 * @param featuresOf  the features of each modality of the model, in its order
 * @throws TaskError when a modality or a feature has none
 */
export function scalesOf(
  context: TaskContext<unknown>,
  featuresOf: ReadonlyMap<string, readonly string[]>,
): FeatureScales | undefined {
  if (!context.has('scales')) return undefined;
  const tables = context.tables('scales');
  return Object.fromEntries(
    sortedNames(featuresOf.keys()).map((modality) => {
      const table = tables.get(modality);
      if (!table) {
        throw new TaskError(
          `'scales' has no '${modality}', which is a modality of the model; it has ${sortedNames(tables.keys()).join(', ')}`,
          { port: 'scales' },
        );
      }
      const names = table.columns.get('column');
      if (names?.type !== 'text')
        throw new TaskError("expected a column 'column' of names, as the moments of scale.zscore have it", {
          port: 'scales',
          column: 'column',
        });
      const rowOf = new Map(names.values.map((name, row) => [name, row]));
      const [mean, sd] = ['mean', 'sd'].map((name) => numbersOf(table, 'scales', name));
      const scales = featuresOf.get(modality)!.map((feature) => {
        const row = rowOf.get(feature);
        if (row === undefined)
          throw new TaskError(`'scales' of '${modality}' has no row of the feature '${feature}'`, {
            port: 'scales',
            row: feature,
          });
        return { feature, mean: mean![row]!, sd: sd![row]! };
      });
      return [modality, scales];
    }),
  );
}

/** Standardises columns in place, as `scale.zscore` does: a constant feature (SD 0) is only centred. `fill`: a missing value becomes the mean. */
export function standardiseColumns(x: Matrix, scales: readonly FeatureScale[], fill: boolean): void {
  scales.forEach(({ mean, sd }, j) => {
    const divisor = sd > 0 ? sd : 1;
    for (let at = j; at < x.data.length; at += x.cols) {
      const z = (x.data[at]! - mean) / divisor;
      x.data[at] = fill && Number.isNaN(z) ? 0 : z;
    }
  });
}
