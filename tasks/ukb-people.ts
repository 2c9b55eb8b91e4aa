/** `ukb.people`: who there is in a UK Biobank extract, with time zero, end of follow-up, and covariates of the same visit. */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { idTable, matchIds, plainTable, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type InputPort, type TaskContext } from '../engine/task.js';
import { countryOfCentre, type Country } from '../ukb/centre.js';
import { parseColumn } from '../ukb/column.js';
import { dayOfDate } from '../ukb/date.js';
import { idsOf, people as counted } from './reading.js';
import { ExtractTables, isNegativeId, unionIds } from './ukb-extract.js';
import { FIELDS, SCAN, Visits, coreColumns, covariateColumns, type Covariate } from './ukb-visits.js';

const DIED = 40_000;
const LOST = 191;

/** Keys of the parameter `censoring`. */
const COUNTRIES = { England: 'england', Scotland: 'scotland', Wales: 'wales' } as const satisfies Record<
  Country,
  string
>;

interface Params {
  readonly time_zero: 'imaging' | 'assessment';
  readonly censoring: Readonly<Record<(typeof COUNTRIES)[Country], string>>;
  readonly covariates: readonly Covariate[];
}

const readsFields = (fields: (params: Params) => readonly number[]): Required<Pick<InputPort, 'reads'>> => ({
  reads: (params: Params, schema: TableSchema) => {
    const wanted = new Set(fields(params));
    return schema.columns
      .map(({ name }) => name)
      .filter((name) => wanted.has(parseColumn(name)?.field ?? -1));
  },
});
const visitFields = ({ covariates }: Params): number[] => [
  ...Object.values(FIELDS),
  ...covariates.map(({ field }) => field),
];

const endOf = (date: string, country: string) => ({
  type: 'string',
  pattern: '^\\d{4}-\\d{2}-\\d{2}$',
  default: date,
  description: `The last day to which the records of ${country} are complete.`,
});

export const ukbPeople = defineTask<Params>({
  name: 'ukb.people',
  version: 1,
  summary:
    'Lists the people of a UK Biobank extract, with time zero, end of follow-up and covariates of the same visit.',
  details: `Fields may be spelled \`21003-2.0\`, \`f.21003.2.0\` or \`p21003_i2\`. Time zero is the date (field 53) of the scan (instance 2) for people who have one, and of
the first visit (instance 0) for the others; with \`time_zero: assessment\` it is the first visit for everyone. Age (21003), body mass index (21001),
smoking (20116) and the listed covariates are of that visit; what has no visit (sex, ethnic background, genotyping) is the first value. Nothing is filled in from another visit.

Days are counted from 1970-01-01. Follow-up ends with death (40000), loss (191), or where the records of a country end, whichever comes first; the country is
that of the first centre (field 54), because everyone is scanned in England. People in the withdrawal list, with a negative id, or without a date of
time zero are left out and counted. \`ancestry\` is field 21000 as coded, \`relatedness\` field 22021.

Fields that the extract lacks give missing columns and a warning; date, sex and age must be there.`,
  params: {
    type: 'object',
    properties: {
      time_zero: {
        enum: ['imaging', 'assessment'],
        default: 'imaging',
        description: 'Time zero of people with a scan: the scan, or the first visit like everyone else’s.',
      },
      censoring: {
        type: 'object',
        properties: {
          england: endOf('2020-12-31', 'England'),
          scotland: endOf('2020-10-31', 'Scotland'),
          wales: endOf('2020-08-31', 'Wales'),
        },
        additionalProperties: false,
        default: {},
        description: 'Until when records are complete, by country; it changes with every release.',
      },
      covariates: {
        type: 'array',
        default: [],
        description:
          'Further columns, such as `{ name: pc, field: 22009, arrays: [1, 10] }` for pc1 to pc10.',
        items: {
          type: 'object',
          properties: {
            name: {
              type: 'string',
              minLength: 1,
              description: 'Name of the column; a number is added for each of `arrays`.',
            },
            field: { type: 'integer', minimum: 1, description: 'Number of the field.' },
            instance: {
              type: ['integer', 'null'],
              minimum: 0,
              default: null,
              description: 'The visit; null: that of time zero (0 for genotyping, 22000 to 22999).',
            },
            array: { type: 'integer', minimum: 0, default: 0, description: 'Which of several values.' },
            arrays: {
              type: ['array', 'null'],
              items: { type: 'integer', minimum: 0 },
              minItems: 2,
              maxItems: 2,
              default: null,
              description: 'First and last of several values, in place of `array`.',
            },
            missing: {
              type: 'array',
              items: { type: 'number' },
              default: [],
              description: 'Codes that stand for a missing value, such as -3.',
            },
          },
          required: ['name', 'field'],
          additionalProperties: false,
        },
      },
    },
    additionalProperties: false,
  },
  inputs: {
    assessment: {
      type: 'table',
      summary: 'Visits: one row per person, any instances.',
      ...readsFields(visitFields),
    },
    imaging: {
      type: 'table',
      optional: true,
      summary: 'Further visits, where the scan is in a table of its own.',
      ...readsFields(visitFields),
    },
    records: {
      type: 'table',
      optional: true,
      summary: 'Dates of death (40000) and of loss to follow-up (191).',
      ...readsFields(() => [DIED, LOST]),
    },
    withdrawn: {
      type: 'table',
      optional: true,
      summary: 'The withdrawal list: ids.',
      reads: () => [],
    },
  },
  outputs: {
    people: {
      type: 'table',
      summary:
        'scanned, date, end, died, age, male, bmi, smoking, white_british, ancestry, genetic_male, sex_mismatch, aneuploidy, outlier, relatedness, bileve, and the covariates.',
    },
    flow: { type: 'table', summary: 'Where people went: reason, people.' },
  },
  resources: ({ covariates }, shapes) => {
    const given = ['assessment', 'imaging', 'records'].map(
      (port) => shapes[port]?.[0] ?? { rows: 0, columns: 0 },
    );
    const cells = given.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    const rows = given[0]!.rows + given[1]!.rows;
    // Results are held twice: of everybody, and of those who stay.
    return { memory: 256 * 2 ** 20 + 40 * cells + rows * (600 + 200 * covariates.length) };
  },
  run(context) {
    const { table, ids } = peopleTables(context);
    const { params } = context;
    const scan = table.days(FIELDS.date, SCAN);
    const first = table.days(FIELDS.date, 0);
    if (!scan && !first) throw new TaskError(table.whyAbsent(FIELDS.date, 0), { port: 'assessment' });
    if (!scan) context.warn('no scan has a date (field 53, instance 2): nobody counts as scanned');
    const none = new Float64Array(ids.length).fill(NaN);
    const scanned = Uint8Array.from(scan ?? none, (day) => (Number.isNaN(day) ? 0 : 1));
    const visits = new Visits(table, params.time_zero === 'imaging' ? scanned : scanned.map(() => 0));
    const zero = visits.choose(first ?? none, scan ?? none);

    const { rows, flow } = chosenRows(context, ids, zero);
    const followUp = followUpEnd(context, ids, visits);
    const columns: [string, Float64Array][] = [
      ['scanned', Float64Array.from(scanned)],
      ['date', zero],
      ['end', followUp.end],
      ['died', followUp.died],
      ...coreColumns(visits),
      ...params.covariates.flatMap((covariate) => covariateColumns(visits, covariate)),
    ];
    const names = columns.map(([name]) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined)
      throw new TaskError(`two columns would be called '${twice}'; rename the covariate`);
    const absent = visits.whatIsAbsent();
    if (absent.length > 0) context.warn(`missing in the result: ${absent.join('; ')}`);
    const kept = columns.map(([name, values]): [string, Column] => {
      return [name, numberColumn(Float64Array.from(rows, (row) => values[row]!))];
    });
    return {
      people: tableOutput(
        idTable(
          table.idName,
          rows.map((row) => ids[row]!),
          kept,
        ),
      ),
      flow: tableOutput(flow),
    };
  },
});

function peopleTables(context: TaskContext<Params>): { table: ExtractTables; ids: readonly string[] } {
  const ports = ['assessment', 'imaging'].filter((port) => context.has(port));
  const ids = unionIds(ports.map((port) => idsOf(context.table(port), port)));
  return {
    ids,
    table: new ExtractTables(
      ids,
      ports.map((port) => [port, context.table(port)] as const),
    ),
  };
}

/** Rows of the people who stay, and where the others went. */
function chosenRows(
  context: TaskContext<Params>,
  ids: readonly string[],
  zero: Float64Array,
): { rows: number[]; flow: Table } {
  const lists = { withdrawn: 0, negative: 0, dateless: 0 };
  const withdrawn = context.has('withdrawn') ? idsOf(context.table('withdrawn'), 'withdrawn') : [];
  const gone = new Set(withdrawn);
  const rows: number[] = [];
  ids.forEach((id, row) => {
    if (gone.has(id)) lists.withdrawn++;
    else if (isNegativeId(id)) lists.negative++;
    else if (Number.isNaN(zero[row]!)) lists.dateless++;
    else rows.push(row);
  });
  if (rows.length === 0) {
    throw new TaskError(`none of the ${counted(ids.length)} has a date of time zero (field 53)`, {
      port: 'assessment',
    });
  }
  const flow: [string, number][] = [
    ['in the extract', ids.length],
    ['withdrawn', lists.withdrawn],
    ['negative id', lists.negative],
    ['no date of time zero', lists.dateless],
    ['remain', rows.length],
  ];
  for (const [reason, count] of flow) context.log(`${reason}: ${count}`);
  return {
    rows,
    flow: plainTable([
      ['reason', textColumn(flow.map(([reason]) => reason))],
      ['people', numberColumn(flow.map(([, count]) => count))],
    ]),
  };
}

function followUpEnd(
  context: TaskContext<Params>,
  ids: readonly string[],
  visits: Visits,
): { end: Float64Array; died: Float64Array } {
  const dayIn = (country: Country): number => {
    const date = context.params.censoring[COUNTRIES[country]];
    const day = dayOfDate(date);
    if (Number.isNaN(day)) throw new TaskError(`censoring.${COUNTRIES[country]} is no date: '${date}'`);
    return day;
  };
  const byCountry = new Map((Object.keys(COUNTRIES) as Country[]).map((name) => [name, dayIn(name)]));
  const earliest = Math.min(...byCountry.values());
  const centre = visits.values(FIELDS.centre, 0);
  let nowhere = 0;
  const end = centre.map((code) => {
    const country = Number.isNaN(code) ? null : countryOfCentre(code);
    if (country === null) nowhere++;
    return country === null ? earliest : byCountry.get(country)!;
  });
  if (nowhere > 0) {
    context.warn(
      `no country (field 54, instance 0) for ${counted(nowhere)}: their follow-up ends where the first country's does`,
    );
  }
  const died = new Float64Array(ids.length);
  if (!context.has('records')) {
    context.warn("nothing is connected to 'records': death and loss do not end anyone's follow-up");
    return { end, died };
  }
  const table = context.table('records');
  const records = new ExtractTables(idsOf(table, 'records'), [['records', table]]);
  const rows = matchIds(idsOf(table, 'records'), ids);
  const earliestOf = (field: number): Float64Array | null => records.earliest(field);
  const [death, loss] = [earliestOf(DIED), earliestOf(LOST)];
  for (const [field, days] of [
    [DIED, death],
    [LOST, loss],
  ] as const) {
    if (!days) context.warn(records.whyAbsent(field, 0));
  }
  rows.forEach((row, i) => {
    if (row < 0) return;
    const lost = loss?.[row] ?? NaN;
    if (lost < end[i]!) end[i] = lost;
    const dead = death?.[row] ?? NaN;
    if (dead <= end[i]!) [end[i], died[i]] = [dead, 1];
  });
  return { end, died };
}
