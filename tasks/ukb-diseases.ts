/** `ukb.diseases`: the day of the first record of each disease, from the records of UK Biobank and a table of definitions. */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { compareBytes, idTable, plainTable, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type InputPort, type TaskContext } from '../engine/task.js';
import { parseColumn } from '../ukb/column.js';
import { DateReader, NO_DATE, SPECIAL_DATES } from '../ukb/date.js';
import { CodeBook, parseDefinition, type Cells, type DiseaseDefinition } from '../ukb/disease.js';
import { FirstRecords, type DiseaseCount } from '../ukb/firstrecord.js';
import { CODED_SOURCES, fieldsOfSource, type CodedSource } from '../ukb/records.js';
import { cellAt, idsOf, numbersOf, present } from './reading.js';
import { isNegativeId, unionIds } from './ukb-extract.js';
import { SourceReader, SourceTable } from './ukb-source.js';

const FIRST = 'first_occurrences';
const SOURCES = [FIRST, ...CODED_SOURCES];

/** Dates of first occurrences and of algorithmically defined outcomes have even numbers, their sources odd ones. */
const isDateField = (field: number): boolean =>
  field % 2 === 0 && ((field >= 130_000 && field < 133_000) || (field >= 42_000 && field < 43_000));

function codedPort(source: CodedSource, summary: string): InputPort {
  const fields = new Set(fieldsOfSource(source));
  return {
    type: 'table',
    optional: true,
    columnwise: true,
    summary,
    reads: (_params: unknown, schema: TableSchema) =>
      schema.columns.map(({ name }) => name).filter((name) => fields.has(parseColumn(name)?.field ?? -1)),
  };
}

export const ukbDiseases = defineTask<Record<string, never>>({
  name: 'ukb.diseases',
  version: 1,
  summary: 'Finds the first record of each disease in the records of UK Biobank, by a table of definitions.',
  details: `Fields may be spelled \`41270-0.3\`, \`f.41270.0.3\` or \`p41270_i0_a3\`. A row of \`definitions\` says, for the disease that is its id:

- \`column\` or \`field\`: the date of its first occurrence (130000 to 132999, or 42000 to 42999), by number or in any spelling;
- \`icd10\`, \`icd9\`: beginnings of codes, separated by blanks, commas or \`|\`; \`self_report\`: whole codes of field 20002. An id that is an ICD-10 code
  (I21) stands for that code when there is no column \`icd10\`;
- \`exclude\`: ICD-10 ranges (\`I20-I25\`): people with such a code who are no case are no control either. First occurrences count here by the three
  characters of their disease's \`icd10\`;
- \`sex\`: female, male, or both. \`category\`, \`name\` and others are not read.

A cell of \`dates\` is the day of the earliest record of any source (days since 1970-01-01), missing for people without one, −1,000,000 for a record
of unknown date, and −2,000,000 for people who are not eligible: excluded, or of the other sex. Special dates (data-coding 819): 1900-01-01 (no date),
1901-01-01 (before birth), 1902-02-02 (at birth) and 1903-03-03 (in the year of birth), and codes without a date, make the case one of unknown date whatever else is
recorded; 1909-09-09 and 2037-07-07 (in the future: placeholders) give way to any other date, and make the case one of unknown date only when
there is none. Self-reports are dated by the interpolated year (20008); −1 and −3 are unknown dates.

\`outcome.incident\` counts an unknown date as before time zero.`,
  params: { type: 'object', properties: {}, additionalProperties: false },
  inputs: {
    definitions: { type: 'table', summary: 'Diseases, one row each, by id.' },
    people: {
      type: 'table',
      optional: true,
      summary:
        'The people wanted, with `male` (1/0) for diseases of one sex; everyone in the sources when absent.',
      reads: (_params: unknown, schema: TableSchema) => present(schema, ['male']),
    },
    first_occurrences: {
      type: 'table',
      optional: true,
      columnwise: true,
      summary: 'Dates of first occurrence, one column for each disease.',
      reads: (_params: unknown, schema: TableSchema) =>
        schema.columns
          .map(({ name }) => name)
          .filter((name) => {
            const column = parseColumn(name);
            return column === null || isDateField(column.field);
          }),
    },
    hospital: codedPort(
      'hospital',
      'ICD-10 (41270, dates 41280) and ICD-9 (41271, dates 41281) of inpatients.',
    ),
    deaths: codedPort('deaths', 'Date (40000), underlying (40001) and contributory (40002) causes of death.'),
    cancer: codedPort('cancer', 'Date (40005), ICD-10 (40006) and ICD-9 (40013) of cancers.'),
    self_report: codedPort('self_report', 'Illnesses (20002) and the years of their diagnosis (20008).'),
  },
  outputs: {
    dates: {
      type: 'table',
      summary: 'One column for each disease: the day of the first record, or a sentinel.',
    },
    counts: {
      type: 'table',
      summary: 'Per disease: cases, cases by source, of unknown date, excluded, of the other sex.',
    },
  },
  resources: (_params, shapes) => {
    const shape = (port: string): { rows: number; columns: number } => {
      return shapes[port]?.[0] ?? { rows: 0, columns: 0 };
    };
    const rows = Math.max(...SOURCES.map((port) => shape(port).rows));
    // The result, ids, and the columns decoded last; the number of columns connected is no matter.
    return { memory: 400e6 + 9 * rows * shape('definitions').rows + 200 * rows };
  },
  async run(context) {
    const definitions = definitionsOf(context);
    const sources = SOURCES.filter((port) => context.has(port)).map((port) => new SourceTable(context, port));
    if (sources.length === 0) throw new TaskError(`connect at least one of ${SOURCES.join(', ')}`);
    const ids = context.has('people')
      ? idsOf(context.table('people'), 'people')
      : unionIds(sources.map(({ ids: own }) => own)).filter((id) => !isNegativeId(id));
    const male = sexOf(context, definitions);
    const records = new FirstRecords(ids.length, definitions, male);
    const book = new CodeBook(definitions);
    const dates = new DateReader();
    for (const [s, source] of sources.entries()) {
      records.begin(source.port);
      const reader = new SourceReader(source, ids, definitions, records, book, dates);
      if (source.port === FIRST) await reader.firstOccurrences();
      else await reader.codes(source.port as CodedSource, (message) => context.warn(message));
      context.progress((s + 1) / (sources.length + 1));
    }
    const counts = records.finish();
    report(context, dates, definitions, counts, records);
    const columns = definitions.map(({ disease }, d) => [disease, numberColumn(records.days[d]!)] as const);
    return {
      dates: tableOutput(idTable(sources[0]!.columns.id!.name, ids, columns)),
      counts: tableOutput(countsTable(definitions, counts, records)),
    };
  },
});

function definitionsOf(context: TaskContext<unknown>): DiseaseDefinition[] {
  const table = context.table('definitions');
  const definitions = idsOf(table, 'definitions').map((disease, row) => {
    const cells: Cells = Object.fromEntries(
      [...table.columns].map(([name, column]) => [name, cellAt(column, row)]),
    );
    try {
      return parseDefinition(disease, cells);
    } catch (error) {
      throw new TaskError((error as Error).message, { port: 'definitions', row: disease });
    }
  });
  if (definitions.length === 0) throw new TaskError('no disease is defined', { port: 'definitions' });
  return definitions;
}

/** `male` of the people wanted. */
function sexOf(
  context: TaskContext<unknown>,
  definitions: readonly DiseaseDefinition[],
): Float64Array | undefined {
  const table = context.has('people') ? context.table('people') : null;
  if (table?.columns.has('male')) return numbersOf(table, 'people', 'male');
  const some = definitions.filter(({ sex }) => sex !== null).map(({ disease }) => disease);
  if (some.length > 0)
    context.warn(
      `everyone's sex is unknown (no column 'male' in 'people'): ${some.join(', ')} are counted in both sexes`,
    );
  return undefined;
}

function report(
  context: TaskContext<unknown>,
  dates: DateReader,
  definitions: readonly DiseaseDefinition[],
  counts: readonly DiseaseCount[],
  records: FirstRecords,
): void {
  for (const [date, count] of [...dates.special].sort(([a], [b]) => compareBytes(a, b))) {
    const { meaning, day } = SPECIAL_DATES.get(date)!;
    const means = day === NO_DATE ? 'no date' : 'date unknown';
    context.log(`${date} (${meaning}; ${means}): ${count.toLocaleString('en-US')} records`);
  }
  const connected = new Set(records.bySource.keys());
  const unread = definitions.filter(({ field, column, codes }) => {
    const coded = ['hospital', 'deaths', 'cancer'].some((port) => connected.has(port));
    const by = [
      connected.has(FIRST) && (field !== null || column !== null),
      coded && codes.icd10.length + codes.icd9.length > 0,
      connected.has('self_report') && codes.self_report.length > 0,
    ];
    return !by.includes(true);
  });
  if (unread.length > 0) {
    context.warn(`no connected source can tell of ${unread.map(({ disease }) => disease).join(', ')}`);
  }
  const none = definitions.filter((definition, d) => counts[d]!.cases === 0 && !unread.includes(definition));
  if (none.length > 0) context.warn(`no case of ${none.map(({ disease }) => disease).join(', ')}`);
}

function countsTable(
  definitions: readonly DiseaseDefinition[],
  counts: readonly DiseaseCount[],
  { bySource }: FirstRecords,
): Table {
  const column = (pick: (count: DiseaseCount) => number): Column => numberColumn(counts.map(pick));
  return plainTable([
    ['disease', textColumn(definitions.map(({ disease }) => disease))],
    ['cases', column(({ cases }) => cases)],
    ...SOURCES.map((source) => {
      return [source, numberColumn(definitions.map((_, d) => bySource.get(source)?.[d] ?? 0))] as const;
    }),
    ['unknown_date', column(({ unknownDate }) => unknownDate)],
    ['excluded', column(({ excluded }) => excluded)],
    ['other_sex', column(({ otherSex }) => otherSex)],
  ]);
}
