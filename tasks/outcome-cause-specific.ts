/** `outcome.cause_specific`: time to death of one cause (or of any), from follow-up time and cause codes. */
import { numberColumn } from '../cache/column.js';
import { idTable, plainTable, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { holds } from './condition.js';
import { anyColumn, cellAt, checkComparable, idsOf, numbersOf, present } from './reading.js';

interface Params {
  readonly time: string;
  readonly cause: string;
  readonly code: string | number | null;
  readonly also_died: { readonly column: string; readonly equals: string | number } | null;
  readonly add: number;
}

export const outcomeCauseSpecific = defineTask<Params>({
  name: 'outcome.cause_specific',
  version: 1,
  summary: 'Makes a survival outcome: time, and death of one cause or of any.',
  details: `A death of another cause is censored at its time (the cause-specific hazard). Somebody died when a cause is given, or
when \`also_died\` says so; deaths without a cause are events only when all causes count (\`code: null\`), and are otherwise
censored at their time like deaths of another cause. \`add\` keeps deaths at time zero in the risk sets.`,
  params: {
    type: 'object',
    properties: {
      time: { type: 'string', description: 'Column with the follow-up time.' },
      cause: {
        type: 'string',
        description: 'Column with the code of the cause of death; missing for the living.',
      },
      code: {
        type: ['string', 'number', 'null'],
        default: null,
        description: 'The cause that counts as the event; null counts every death.',
      },
      also_died: {
        type: ['object', 'null'],
        default: null,
        description: 'A column and value that mark deaths whose cause is not known.',
        properties: { column: { type: 'string' }, equals: { type: ['string', 'number'] } },
        required: ['column', 'equals'],
        additionalProperties: false,
      },
      add: { type: 'number', minimum: 0, default: 0, description: 'Added to every time, in its unit.' },
    },
    required: ['time', 'cause'],
    additionalProperties: false,
  },
  inputs: {
    table: {
      type: 'table',
      summary: 'One row per person.',
      reads: (params: Params, schema: TableSchema) =>
        present(schema, [params.time, params.cause, params.also_died?.column ?? null]),
    },
  },
  outputs: {
    outcome: { type: 'table', summary: '`time` and `event` (1 at death of the cause, else 0) per person.' },
    counts: {
      type: 'table',
      summary: 'One row: people, events, other deaths, deaths without a cause, living.',
    },
  },
  run(context) {
    const { params } = context;
    const table = context.table('table');
    const ids = idsOf(table, 'table');
    const followUp = numbersOf(table, 'table', params.time);
    const causes = anyColumn(table, 'table', params.cause);
    if (params.code !== null) checkComparable(causes, params.code, 'table', params.cause);
    const marked = params.also_died ? holds(params.also_died, table, 'table') : new Uint8Array(table.rows);
    const time = new Float64Array(table.rows);
    const event = new Float64Array(table.rows);
    let [events, others, unexplained] = [0, 0, 0];
    for (let i = 0; i < table.rows; i++) {
      const t = followUp[i]! + params.add;
      if (!(t >= 0 && t < Infinity)) {
        throw new TaskError(
          `expected a follow-up time of 0 or more, got ${Number.isNaN(t) ? 'a missing one' : followUp[i]!}`,
          {
            port: 'table',
            column: params.time,
            row: ids[i]!,
          },
        );
      }
      time[i] = t;
      const cause = cellAt(causes, i);
      const known = cause !== null;
      if (!known && marked[i] === 0) continue;
      if (params.code === null || cause === params.code) {
        event[i] = 1;
        events++;
      } else if (known) others++;
      else unexplained++;
    }
    const living = table.rows - events - others - unexplained;
    context.log(
      `${events} events, ${others} other deaths, ${unexplained} deaths without a cause, ${living} living`,
    );
    if (events === 0)
      context.warn(`no event of cause ${JSON.stringify(params.code)} among ${table.rows} people`);
    return {
      outcome: tableOutput(
        idTable(table.id!.name, ids, [
          ['time', numberColumn(time)],
          ['event', numberColumn(event)],
        ]),
      ),
      counts: tableOutput(
        plainTable([
          ['people', numberColumn([table.rows])],
          ['events', numberColumn([events])],
          ['other_deaths', numberColumn([others])],
          ['deaths_without_cause', numberColumn([unexplained])],
          ['living', numberColumn([living])],
        ]),
      ),
    };
  },
});
