/** Every task type of the library. Heavy libraries are loaded by the tasks that need them, when they run. */
import { Registry } from '../engine/task.js';
import { assocCompare } from './assoc-compare.js';
import { assocCox } from './assoc-cox.js';
import { assocFdr } from './assoc-fdr.js';
import { cohortSelect } from './cohort-select.js';
import { figureVegalite } from './figure-vegalite.js';
import { foldsAssign } from './folds-assign.js';
import { imputeKnn } from './impute-knn.js';
import { imputeMasking } from './impute-masking.js';
import { imputeSimple } from './impute-simple.js';
import { metricsRegression } from './metrics-regression.js';
import { modelPredict } from './model-predict.js';
import { modelStack } from './model-stack.js';
import { outcomeCauseSpecific } from './outcome-cause-specific.js';
import { predictLogistic } from './predict-logistic.js';
import { scaleOutliers } from './scale-outliers.js';
import { scaleZscore } from './scale-zscore.js';
import { simulateSurvey } from './simulate-survey.js';
import { splitHoldout } from './split-holdout.js';
import { tableBind } from './table-bind.js';
import { tableConcat } from './table-concat.js';
import { tableDerive } from './table-derive.js';
import { tableDropMissing } from './table-drop-missing.js';
import { tableFilter } from './table-filter.js';
import { tableSort } from './table-sort.js';
import { testNadeauBengio } from './test-nadeau-bengio.js';
import { testSpearman } from './test-spearman.js';
import { testWilcoxon } from './test-wilcoxon.js';

export const registry = new Registry([
  assocCompare,
  assocCox,
  assocFdr,
  cohortSelect,
  figureVegalite,
  foldsAssign,
  imputeKnn,
  imputeMasking,
  imputeSimple,
  metricsRegression,
  modelPredict,
  modelStack,
  outcomeCauseSpecific,
  predictLogistic,
  scaleOutliers,
  scaleZscore,
  simulateSurvey,
  splitHoldout,
  tableBind,
  tableConcat,
  tableDerive,
  tableDropMissing,
  tableFilter,
  tableSort,
  testNadeauBengio,
  testSpearman,
  testWilcoxon,
]);
