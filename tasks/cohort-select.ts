/** `cohort.select`: who is eligible, by ordered rules, with every exclusion counted. */
import { numberColumn, textColumn } from '../cache/column.js';
import { idTable, plainTable, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { CONDITION_SCHEMA, conditionColumns, holds, type Condition } from './condition.js';
import { idsOf, present } from './reading.js';

interface Rule {
  readonly reason: string;
  readonly exclude?: Condition;
  readonly keep?: Condition;
}

interface Params {
  readonly rules: readonly Rule[];
  readonly start: string;
}

export const cohortSelect = defineTask<Params>({
  name: 'cohort.select',
  version: 1,
  summary: 'Applies eligibility and quality rules in order and counts every exclusion.',
  details: `The rules are applied in the order in which they stand, and each person is counted at the first rule that excludes
them, so the counts of \`flow\` add up (a STROBE or CONSORT flow). A rule either excludes those who fulfil its condition
(\`exclude\`), or keeps only those who do (\`keep\`: people with a missing cell then go).`,
  params: {
    type: 'object',
    properties: {
      rules: {
        type: 'array',
        description: 'The rules, in order; each has a `reason` and either `exclude` or `keep`.',
        minItems: 1,
        items: {
          type: 'object',
          properties: {
            reason: { type: 'string', minLength: 1, description: 'Why people go, as the flow shows it.' },
            exclude: CONDITION_SCHEMA,
            keep: CONDITION_SCHEMA,
          },
          required: ['reason'],
          oneOf: [{ required: ['exclude'] }, { required: ['keep'] }],
          additionalProperties: false,
        },
      },
      start: {
        type: 'string',
        default: 'in the data',
        description: "The flow's first line: where people come from.",
      },
    },
    required: ['rules'],
    additionalProperties: false,
  },
  inputs: {
    table: {
      type: 'table',
      summary: 'One row per person.',
      reads: (params: Params, schema: TableSchema) => present(schema, params.rules.flatMap(ruleColumns)),
    },
  },
  outputs: {
    samples: { type: 'samples', summary: 'The people who remain.' },
    flow: { type: 'table', summary: 'Per rule: step, reason, excluded, remaining.' },
  },
  run(context) {
    const { params } = context;
    const table = context.table('table');
    const ids = idsOf(table, 'table');
    const keeps = new Uint8Array(table.rows).fill(1);
    let remaining = table.rows;
    const reasons = [params.start];
    const excluded = [0];
    const left = [remaining];
    for (const rule of params.rules) {
      const out = goes(rule, holds(condition(rule), table, 'table'));
      let gone = 0;
      for (let i = 0; i < keeps.length; i++) {
        if (keeps[i] === 1 && out[i] === 1) {
          keeps[i] = 0;
          gone++;
        }
      }
      remaining -= gone;
      reasons.push(rule.reason);
      excluded.push(gone);
      left.push(remaining);
      context.log(`${rule.reason}: ${gone} excluded, ${remaining} remain`);
      if (gone === 0) context.warn(`the rule '${rule.reason}' excludes nobody`);
    }
    if (remaining === 0) {
      const last = excluded.findLastIndex((count) => count > 0);
      throw new TaskError(
        `nobody remains after the rule '${reasons[last] ?? ''}' (${table.rows} people at the start)`,
        {
          port: 'table',
        },
      );
    }
    return {
      samples: tableOutput(
        idTable(
          table.id!.name,
          ids.filter((_, i) => keeps[i] === 1),
          [],
        ),
      ),
      flow: tableOutput(
        plainTable([
          ['step', numberColumn(reasons.map((_, i) => i))],
          ['reason', textColumn(reasons)],
          ['excluded', numberColumn(excluded)],
          ['remaining', numberColumn(left)],
        ]),
      ),
    };
  },
});

function condition(rule: Rule): Condition {
  return (rule.exclude ?? rule.keep)!;
}

function ruleColumns(rule: Rule): readonly string[] {
  return conditionColumns(condition(rule));
}

function goes(rule: Rule, fulfilled: Uint8Array): Uint8Array {
  return rule.exclude ? fulfilled : fulfilled.map((flag) => 1 - flag);
}
