/** Every task type of the library. Heavy libraries are loaded by the tasks that need them, when they run. */
import { Registry } from '../engine/task.js';
import { assocCompare } from './assoc-compare.js';
import { assocCox } from './assoc-cox.js';
import { assocFdr } from './assoc-fdr.js';
import { cohortSelect } from './cohort-select.js';
import { figureVegalite } from './figure-vegalite.js';
import { foldsAssign } from './folds-assign.js';
import { genotypesClump } from './genotypes-clump.js';
import { genotypesDosage } from './genotypes-dosage.js';
import { genotypesGwas } from './genotypes-gwas.js';
import { genotypesJoin } from './genotypes-join.js';
import { genotypesKinship } from './genotypes-kinship.js';
import { genotypesPrune } from './genotypes-prune.js';
import { genotypesQc } from './genotypes-qc.js';
import { genotypesScore } from './genotypes-score.js';
import { genotypesSelect } from './genotypes-select.js';
import { genotypesView } from './genotypes-view.js';
import { imputeKnn } from './impute-knn.js';
import { imputeMasking } from './impute-masking.js';
import { imputeSimple } from './impute-simple.js';
import { metricsEffectiveRank } from './metrics-effective-rank.js';
import { metricsRegression } from './metrics-regression.js';
import { modelContributions } from './model-contributions.js';
import { modelPredict } from './model-predict.js';
import { modelRead } from './model-read.js';
import { modelStack } from './model-stack.js';
import { outcomeCauseSpecific } from './outcome-cause-specific.js';
import { outcomeEligible } from './outcome-eligible.js';
import { outcomeIncident } from './outcome-incident.js';
import { predictLogistic } from './predict-logistic.js';
import { scaleOutliers } from './scale-outliers.js';
import { scaleZscore } from './scale-zscore.js';
import { scoresRead } from './scores-read.js';
import { scoresWrite } from './scores-write.js';
import { simulateCohortTask } from './simulate-cohort.js';
import { simulateGwasTask } from './simulate-gwas.js';
import { simulateSurvey } from './simulate-survey.js';
import { splitHoldout } from './split-holdout.js';
import { sumstatsHarmonise } from './sumstats-harmonise.js';
import { sumstatsRead } from './sumstats-read.js';
import { sumstatsSelect } from './sumstats-select.js';
import { tableBind } from './table-bind.js';
import { tableConcat } from './table-concat.js';
import { tableDerive } from './table-derive.js';
import { tableDropMissing } from './table-drop-missing.js';
import { tableFilter } from './table-filter.js';
import { tableJoin } from './table-join.js';
import { tableMissingness } from './table-missingness.js';
import { tableSort } from './table-sort.js';
import { tableSummarise } from './table-summarise.js';
import { testNadeauBengio } from './test-nadeau-bengio.js';
import { testSpearman } from './test-spearman.js';
import { testWilcoxon } from './test-wilcoxon.js';
import { ukbDiseases } from './ukb-diseases.js';
import { ukbFields } from './ukb-fields.js';
import { ukbGwasMap } from './ukb-gwas-map.js';
import { ukbPeople } from './ukb-people.js';

export const registry = new Registry([
  assocCompare,
  assocCox,
  assocFdr,
  cohortSelect,
  figureVegalite,
  foldsAssign,
  genotypesClump,
  genotypesDosage,
  genotypesGwas,
  genotypesJoin,
  genotypesKinship,
  genotypesPrune,
  genotypesQc,
  genotypesScore,
  genotypesSelect,
  genotypesView,
  imputeKnn,
  imputeMasking,
  imputeSimple,
  metricsEffectiveRank,
  metricsRegression,
  modelContributions,
  modelPredict,
  modelRead,
  modelStack,
  outcomeCauseSpecific,
  outcomeEligible,
  outcomeIncident,
  predictLogistic,
  scaleOutliers,
  scaleZscore,
  scoresRead,
  scoresWrite,
  simulateCohortTask,
  simulateGwasTask,
  simulateSurvey,
  splitHoldout,
  sumstatsHarmonise,
  sumstatsRead,
  sumstatsSelect,
  tableBind,
  tableConcat,
  tableDerive,
  tableDropMissing,
  tableFilter,
  tableJoin,
  tableMissingness,
  tableSort,
  tableSummarise,
  testNadeauBengio,
  testSpearman,
  testWilcoxon,
  ukbDiseases,
  ukbFields,
  ukbGwasMap,
  ukbPeople,
]);
