/** `test.spearman`: do two sets of results rank units alike? Spearman's ρ, for all and within groups. */
import { defineTask, tableOutput } from '../engine/task.js';
import { spearman, type SpearmanRule } from '../stats/ranks.js';
import {
  PAIRED_PARAMS,
  PAIRED_PORTS,
  pairTables,
  testTable,
  testedGroups,
  unitMeans,
  type PairedParams,
} from './paired.js';

interface Params extends PairedParams {
  readonly rule: SpearmanRule;
}

export const testSpearman = defineTask<Params>({
  name: 'test.spearman',
  version: 1,
  summary: 'Tests whether two sets of results rank the same units alike.',
  details: `Spearman's ρ of the reference and the other, ties by midranks. The two-sided p is by Student's t at every n (\`t\`, scipy), or by the
permutation distribution up to n = 9 and the Edgeworth series of algorithm AS 89 up to n = 1,290, both only without ties, else by t (\`as89\`, R's
\`cor.test\`). Pairs with a missing number are counted in \`missing\`; ρ is missing when either side does not vary.`,
  params: {
    type: 'object',
    properties: {
      ...PAIRED_PARAMS,
      rule: { enum: ['t', 'as89'], default: 't', description: "How p is obtained: scipy's way or R's." },
    },
    required: ['by', 'values'],
    additionalProperties: false,
  },
  inputs: PAIRED_PORTS,
  outputs: { table: { type: 'table', summary: 'Per value and group: units, missing, rho, p, method.' } },
  run(context) {
    const { by, values, within, rule } = context.params;
    const paired = pairTables(context, by);
    const tests = values.flatMap((value) => {
      const { reference, other } = unitMeans(paired, value);
      return testedGroups(paired).map(({ group, members }) => {
        const known = members.filter((u) => !Number.isNaN(other[u]! + reference[u]!));
        const test = spearman(
          known.map((u) => reference[u]!),
          known.map((u) => other[u]!),
          rule,
        );
        return { value, group, missing: members.length - known.length, ...test };
      });
    });
    return {
      table: tableOutput(
        testTable(
          within,
          tests,
          { units: (of) => of.n, missing: (of) => of.missing, rho: (of) => of.rho, p: (of) => of.p },
          ({ method }) => method,
        ),
      ),
    };
  },
});
