/** `outcome.incident`: the first record of a disease after time zero, as a survival outcome and as case and control; many diseases in one call. */
import { numberColumn } from '../cache/column.js';
import { idTable, matchIds, plainTable, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type Outputs, type TaskContext } from '../engine/task.js';
import { DAYS_PER_YEAR, NOT_ELIGIBLE } from '../ukb/date.js';
import { at, idsOf, numbersOf, onlyColumn, people as counted, present } from './reading.js';

interface Params {
  readonly lag_years: number;
  readonly max_years: number | null;
  readonly prevalent_cases: boolean;
}

export const outcomeIncident = defineTask<Params>({
  name: 'outcome.incident',
  version: 1,
  summary: 'Makes a survival outcome of the first record of a disease after time zero.',
  details: `\`dates\` is a column of \`ukb.diseases\`, \`people\` comes from \`ukb.people\`. Follow-up runs from time zero (\`date\`) to \`end\`, or for \`max_years\`
if that is shorter; the event is a first record within it. Left out, with everything missing in \`outcome\` and \`case\`, and counted in this order:

- **excluded**: not eligible (excluded as a control, or of the other sex);
- **prevalent**: first record on or before the day of time zero, or of unknown date;
- **no_follow_up**: \`end\` is not after time zero, or not after the lag;
- **within_lag**: first record within \`lag_years\` after time zero.

A record after the end of follow-up is no event. Somebody who dies without the disease is censored (in \`case\`: a control), and
so is somebody whose follow-up is shorter than \`max_years\`. Times are years of 365.25 days.`,
  params: {
    type: 'object',
    properties: {
      lag_years: {
        type: 'number',
        minimum: 0,
        default: 0,
        description: 'People with a first record in this time after time zero are left out.',
      },
      max_years: {
        type: ['number', 'null'],
        exclusiveMinimum: 0,
        default: null,
        description: 'Follow-up ends so long after time zero at the latest; null: when the records end.',
      },
      prevalent_cases: {
        type: 'boolean',
        default: false,
        description: 'Whether prevalent cases are cases in `case` too; in `outcome` they never are.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    dates: {
      type: 'table',
      summary: 'One column: the day of the first record, or a sentinel of `ukb.diseases`.',
    },
    people: {
      type: 'table',
      summary: '`date` (day of time zero) and `end` (of follow-up).',
      reads: (_params: Params, schema: TableSchema) => present(schema, ['date', 'end']),
    },
    samples: {
      type: 'samples',
      optional: true,
      summary: 'The people wanted; all of `people` when absent.',
      reads: () => [],
    },
  },
  outputs: {
    outcome: {
      type: 'table',
      summary: '`time` (years since time zero) and `event` (0/1); missing for those left out.',
    },
    case: { type: 'table', summary: '`y`: 1 case, 0 control; missing for those left out.' },
    counts: {
      type: 'table',
      summary: 'One row: people, incident, prevalent, excluded, no_follow_up, within_lag, person_years.',
    },
  },
  batch: { shared: ['people', 'samples'], varies: [] },
  resources: (_params, shapes) => ({ memory: 256 * 2 ** 20 + 200 * (shapes['people']?.[0]?.rows ?? 0) }),
  async runBatch(batch) {
    let followUp: FollowUp;
    try {
      followUp = followUpOf(batch.items[0]!);
    } catch (error) {
      batch.items.forEach((_, index) => batch.fail(index, error));
      return;
    }
    for (const [index, item] of batch.items.entries()) {
      batch.announce(index);
      let outputs: Outputs;
      try {
        outputs = outcomeOf(item, followUp);
      } catch (error) {
        batch.fail(index, error);
        continue;
      }
      await batch.emit(index, outputs);
    }
  },
});

/** The people of all diseases of a call, with their days of time zero and of the end of follow-up. */
interface FollowUp {
  readonly idName: string;
  readonly ids: readonly string[];
  readonly zero: Float64Array;
  readonly end: Float64Array;
  readonly warnings: readonly string[];
}

function followUpOf(context: TaskContext<Params>): FollowUp {
  const people = context.table('people');
  const all = idsOf(people, 'people');
  const ids = context.has('samples') ? idsOf(context.table('samples'), 'samples') : all;
  const rows = matchIds(all, ids);
  const absent = rows.reduce((count, row) => count + (row < 0 ? 1 : 0), 0);
  if (absent === ids.length && absent > 0) {
    throw new TaskError(`none of the ${counted(absent)} of 'samples' has a row; ids look like '${ids[0]!}'`, {
      port: 'people',
    });
  }
  const found = rows.filter((row) => row >= 0);
  const read = (column: string): Float64Array => {
    const values = at(numbersOf(people, 'people', column), found);
    const bad = values.findIndex((day) => !Number.isFinite(day));
    if (bad < 0) return values;
    throw new TaskError('expected a day number, got a missing one', {
      port: 'people',
      column,
      row: all[found[bad]!]!,
    });
  };
  return {
    idName: people.id!.name,
    ids: Array.from(found, (row) => all[row]!),
    zero: read('date'),
    end: read('end'),
    warnings: absent > 0 ? [`no row in 'people' for ${counted(absent)} of 'samples'`] : [],
  };
}

function outcomeOf(context: TaskContext<Params>, { idName, ids, zero, end, warnings }: FollowUp): Outputs {
  const { lag_years: lagYears, max_years: maxYears, prevalent_cases: prevalentCases } = context.params;
  for (const warning of warnings) context.warn(warning);
  const table = context.table('dates');
  const { values: dates } = onlyColumn(table, 'dates');
  const rows = matchIds(idsOf(table, 'dates'), ids);
  const [time, event, y] = [missing(ids.length), missing(ids.length), missing(ids.length)];
  let [unknown, incident, prevalent, excluded, noFollowUp, withinLag, personYears] = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < ids.length; i++) {
    const row = rows[i]!;
    if (row < 0) {
      unknown++;
      continue;
    }
    const day = dates[row]!;
    const from = zero[i]! + lagYears * DAYS_PER_YEAR;
    const to = Math.min(end[i]!, maxYears === null ? Infinity : zero[i]! + maxYears * DAYS_PER_YEAR);
    if (day === NOT_ELIGIBLE) excluded++;
    else if (day <= zero[i]!) {
      prevalent++;
      if (prevalentCases) y[i] = 1;
    } else if (!(to > from)) noFollowUp++;
    else if (day <= from) withinLag++;
    else {
      const happens = day <= to;
      time[i] = ((happens ? day : to) - zero[i]!) / DAYS_PER_YEAR;
      event[i] = y[i] = happens ? 1 : 0;
      incident += event[i]!;
      personYears += time[i]!;
    }
  }
  if (unknown > 0) {
    if (unknown === ids.length) {
      throw new TaskError(`none of the ${counted(unknown)} has a row; ids look like '${ids[0]!}'`, {
        port: 'dates',
      });
    }
    context.warn(`no row in 'dates' for ${counted(unknown)}: whether they have the disease is not known`);
  }
  context.log(
    `${incident} incident, ${prevalent} prevalent, ${excluded} not eligible, ${Math.round(personYears)} person-years`,
  );
  const one = (name: string, value: number) => [name, numberColumn([value])] as const;
  return {
    outcome: tableOutput(
      idTable(idName, ids, [
        ['time', numberColumn(time)],
        ['event', numberColumn(event)],
      ]),
    ),
    case: tableOutput(idTable(idName, ids, [['y', numberColumn(y)]])),
    counts: tableOutput(
      plainTable([
        one('people', ids.length),
        one('incident', incident),
        one('prevalent', prevalent),
        one('excluded', excluded),
        one('no_follow_up', noFollowUp),
        one('within_lag', withinLag),
        one('person_years', personYears),
      ]),
    ),
  };
}

const missing = (count: number): Float64Array => new Float64Array(count).fill(NaN);
