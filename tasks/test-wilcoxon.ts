/** `test.wilcoxon`: are paired results shifted? Wilcoxon's signed-rank test over units, for all and within groups. */
import { numberColumn, textColumn } from '../cache/column.js';
import { plainTable } from '../cache/table.js';
import { defineTask, tableOutput } from '../engine/task.js';
import { signedRank, type Alternative } from '../stats/wilcoxon.js';
import {
  PAIRED_PARAMS,
  PAIRED_PORTS,
  pairTables,
  testTable,
  testedGroups,
  unitColumns,
  unitMeans,
  type PairedParams,
} from './paired.js';

interface Params extends PairedParams {
  readonly unit: readonly string[] | null;
  readonly mode: 'faithful' | 'recommended';
  readonly alternative: Alternative;
}

export const testWilcoxon = defineTask<Params>({
  name: 'test.wilcoxon',
  version: 1,
  summary: 'Tests by signed ranks whether paired results differ, for all units and within groups.',
  details: `Differences are other − reference. The unit of the test matters: repeats of one disease (seeds) share people and are no independent
evidence, so \`unit: [disease]\` averages them first, while \`unit\` = \`by\` counts every repeat as if it were new (pseudo-replication, the
smaller p). \`faithful\` is scipy 1.10's \`wilcoxon\` (exact up to 50 differences without zeros, else normal without continuity correction);
\`recommended\` is exact given the midranks up to 1,000 non-zero differences. \`shift\` is the Hodges–Lehmann estimate. Zero differences are dropped
from the test and counted; pairs with a missing number are counted in \`missing\`.`,
  params: {
    type: 'object',
    properties: {
      ...PAIRED_PARAMS,
      unit: {
        type: ['array', 'null'],
        items: { type: 'string' },
        minItems: 1,
        default: null,
        description:
          'Columns of `by` that make a unit; results are averaged over the others. Null: all of `by`.',
      },
      mode: {
        enum: ['faithful', 'recommended'],
        default: 'recommended',
        description: '`faithful`: as scipy; `recommended`: the exact distribution.',
      },
      alternative: {
        enum: ['two-sided', 'greater', 'less'],
        default: 'two-sided',
        description: '`greater`: the other tends to be larger than the reference.',
      },
    },
    required: ['by', 'values'],
    additionalProperties: false,
  },
  inputs: PAIRED_PORTS,
  outputs: {
    table: {
      type: 'table',
      summary:
        'Per value and group: units, zeros, missing, reference and other (means over units), shift, positive and negative rank sums, p, method.',
    },
    units: { type: 'table', summary: 'Per value and unit: reference, other, difference.' },
  },
  run(context) {
    const { values, within, mode, alternative, by } = context.params;
    const unit = context.params.unit ?? by;
    const paired = pairTables(context, unit);
    const tests = values.flatMap((value) => {
      const { reference, other, missing } = unitMeans(paired, value);
      if (missing > 0) context.warn(`${value}: ${missing} pairs with a missing number are left out`);
      return testedGroups(paired).map(({ group, members }) => {
        const known = members.filter((u) => !Number.isNaN(other[u]! - reference[u]!));
        const test = signedRank(
          known.map((u) => other[u]! - reference[u]!),
          mode,
          alternative,
        );
        const mean = (of: Float64Array): number => known.reduce((sum, u) => sum + of[u]!, 0) / known.length;
        const counts = { units: known.length, missing: members.length - known.length };
        return { value, group, ...counts, reference: mean(reference), other: mean(other), ...test };
      });
    });
    const means = values.map((value) => unitMeans(paired, value));
    const spread = (pick: (of: (typeof means)[number], u: number) => number) =>
      numberColumn(Float64Array.from(means.flatMap((of) => paired.units.map((_, u) => pick(of, u)))));
    return {
      table: tableOutput(
        testTable(
          within,
          tests,
          {
            units: (of) => of.units,
            missing: (of) => of.missing,
            zeros: (of) => of.zeros,
            reference: (of) => of.reference,
            other: (of) => of.other,
            shift: (of) => of.shift,
            positive: (of) => of.positive,
            negative: (of) => of.negative,
            p: (of) => of.p,
          },
          ({ method }) => method,
        ),
      ),
      units: tableOutput(
        plainTable([
          ['value', textColumn(values.flatMap((value) => paired.units.map(() => value)))],
          ...unitColumns(
            unit,
            values.flatMap(() => paired.units),
          ),
          ...(within === null
            ? []
            : ([
                [within, textColumn(values.flatMap(() => paired.units.map(({ group }) => group)))],
              ] as const)),
          ['reference', spread(({ reference }, u) => reference[u]!)],
          ['other', spread(({ other }, u) => other[u]!)],
          ['difference', spread(({ reference, other }, u) => other[u]! - reference[u]!)],
        ]),
      ),
    };
  },
});
