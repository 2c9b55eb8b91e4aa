/** `test.nadeau_bengio`: do results over repeated splits of the same people differ? The corrected resampled t test. */
import { numberColumn, textColumn } from '../cache/column.js';
import { plainTable } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { resampledT } from '../stats/resampled-t.js';
import {
  PAIRED_PARAMS,
  PAIRED_PORTS,
  pairTables,
  testedGroups,
  unitColumns,
  type PairedParams,
  type PairedTables,
} from './paired.js';
import { numbersOf } from './reading.js';

interface Params extends PairedParams {
  readonly repeat: string;
  readonly test_share: number;
}

export const testNadeauBengio = defineTask<Params>({
  name: 'test.nadeau_bengio',
  version: 1,
  summary:
    'Tests differences of scores over repeated splits of the same people, corrected for what the splits share.',
  details: `Nadeau and Bengio (Machine Learning 52:239, 2003): t = d̄/√((1/J + n_test/n_train)·s²) on J − 1 degrees of freedom, J the repeats and d
the differences other − reference. \`table\` has one test for each unit (disease) over its repeats; \`groups\` tests the mean difference over all units,
and over those of each group, in the same way: units that lack a repeat, or a number in one, take no part there and are counted in \`incomplete\`.`,
  params: {
    type: 'object',
    properties: {
      ...PAIRED_PARAMS,
      repeat: { type: 'string', description: 'The column of `by` that numbers the splits, such as `seed`.' },
      test_share: {
        type: 'number',
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        default: 0.3,
        description: 'Share of the people that a split tests on: n_test/(n_test + n_train).',
      },
    },
    required: ['by', 'values', 'repeat'],
    additionalProperties: false,
  },
  inputs: PAIRED_PORTS,
  outputs: {
    table: {
      type: 'table',
      summary: 'Per value and unit: repeats, missing, difference, se, t, df, p, log10p.',
    },
    groups: {
      type: 'table',
      summary: 'Per value, for all and for each group: units, incomplete, and the same.',
    },
  },
  run(context) {
    const { by, values, within, repeat, test_share: share } = context.params;
    if (!by.includes(repeat)) {
      throw new TaskError(`'repeat' is '${repeat}', which is not among 'by' (${by.join(', ')})`);
    }
    const unit = by.filter((name) => name !== repeat);
    const paired = pairTables(context, unit);
    const repeats = [
      ...new Set(paired.units.flatMap(({ pairs }) => pairs.map((pair) => pair.repeat))),
    ].sort();
    const test = (differences: readonly number[]) => resampledT(differences, share, 1 - share);
    const perUnit = values.flatMap((value) =>
      differencesOf(paired, value).map((differences) => {
        const known = [...differences.values()].filter((d) => !Number.isNaN(d));
        return { value, repeats: known.length, missing: differences.size - known.length, ...test(known) };
      }),
    );
    const perGroup = values.flatMap((value) => {
      const differences = differencesOf(paired, value);
      return testedGroups(paired).map(({ group, members }) => {
        const complete = members.filter((u) =>
          repeats.every((name) => Number.isFinite(differences[u]!.get(name) ?? NaN)),
        );
        const means =
          complete.length === 0
            ? []
            : repeats.map(
                (name) => complete.reduce((sum, u) => sum + differences[u]!.get(name)!, 0) / complete.length,
              );
        const counts = {
          units: complete.length,
          incomplete: members.length - complete.length,
          repeats: means.length,
        };
        return { value, group, ...counts, ...test(means) };
      });
    });
    type Tested = ReturnType<typeof test> & { readonly repeats: number };
    const columns = (tests: readonly Tested[]) =>
      (
        [
          ['difference', ({ mean }: Tested) => mean],
          ['se', ({ standardError }: Tested) => standardError],
          ['t', ({ t }: Tested) => t],
          ['df', ({ df, repeats }: Tested) => (repeats > 1 ? df : NaN)],
          ['p', ({ p }: Tested) => p],
          ['log10p', ({ log10P }: Tested) => log10P],
        ] as const
      ).map(([name, pick]) => [name, numberColumn(Float64Array.from(tests, pick))] as const);
    return {
      table: tableOutput(
        plainTable([
          ['value', textColumn(perUnit.map(({ value }) => value))],
          ...unitColumns(
            unit,
            values.flatMap(() => paired.units),
          ),
          ['repeats', numberColumn(perUnit.map((row) => row.repeats))],
          ['missing', numberColumn(perUnit.map(({ missing }) => missing))],
          ...columns(perUnit),
        ]),
      ),
      groups: tableOutput(
        plainTable([
          ['value', textColumn(perGroup.map(({ value }) => value))],
          [within ?? 'group', textColumn(perGroup.map(({ group }) => group ?? 'all'))],
          ['units', numberColumn(perGroup.map(({ units }) => units))],
          ['incomplete', numberColumn(perGroup.map(({ incomplete }) => incomplete))],
          ['repeats', numberColumn(perGroup.map((row) => row.repeats))],
          ...columns(perGroup),
        ]),
      ),
    };
  },
});

/** For each unit its differences other − reference by repeat; NaN where a number is missing. */
function differencesOf({ reference, other, units }: PairedTables, value: string): Map<string, number>[] {
  const first = numbersOf(reference, 'reference', value);
  const second = numbersOf(other, 'other', value);
  return units.map(
    ({ pairs }) => new Map(pairs.map((pair) => [pair.repeat, second[pair.other]! - first[pair.reference]!])),
  );
}
