/** `ukb.fields`: columns of a UK Biobank extract by field number, however it is spelled. */
import { countMissing, takeRows, type Column, numberColumn, textColumn } from '../cache/column.js';
import { idTable, plainTable, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type TableColumns, type TaskContext } from '../engine/task.js';
import { parseColumn } from '../ukb/column.js';
import { Extract } from '../ukb/extract.js';
import { FIELD_SETS, instanceOfSet, isOfSet, type FieldSet } from '../ukb/fieldset.js';
import { idsOf, people as counted, rowsAmong } from './reading.js';
import { extractOf, isNegativeId } from './ukb-extract.js';

interface Field {
  readonly field: number;
  readonly instance: number;
  readonly array: number;
  readonly name: string | null;
  readonly missing: readonly number[];
}

interface Params {
  readonly fields: readonly Field[];
  readonly sets: readonly FieldSet[];
  readonly instance: number | null;
}

/** A column that is wanted and where it is; `column` is null when the extract lacks it. */
interface Pick extends Field {
  readonly name: string;
  readonly set: FieldSet | null;
  readonly column: string | null;
}

export const ukbFields = defineTask<Params>({
  name: 'ukb.fields',
  version: 1,
  summary: 'Picks fields of a UK Biobank extract by number, in any spelling of the columns.',
  details: `Columns may be spelled \`25010-2.0\` (showcase), \`f.25010.2.0\` (R) or \`p25010_i2_a0\` (research analysis platform). The columns of the result
are named by the number of their field, or as \`name\` says. A field that is not there is an error that says which instances are, or which field is nearest.

Sets take every measure of a range that the extract has: \`blood_count\` 30000–30300 and \`biochemistry\` 30600–30890 (multiples of ten: the fields between tell
dates, devices and thaws), \`t1\` 25001–25025 and 25782–25920, \`swi\` 25026–25039, \`cardiac\` 24100–24181. A set of which nothing is there is an error, too.`,
  params: {
    type: 'object',
    properties: {
      fields: {
        type: 'array',
        default: [],
        description: 'Single fields, such as `{ field: 20116, instance: 2, name: smoking, missing: [-3] }`.',
        items: {
          type: 'object',
          properties: {
            field: { type: 'integer', minimum: 1, description: 'Number of the field.' },
            instance: { type: 'integer', minimum: 0, default: 0, description: 'The visit.' },
            array: { type: 'integer', minimum: 0, default: 0, description: 'Which of several values.' },
            name: {
              type: ['string', 'null'],
              default: null,
              description: 'Name of the column; null: the number of the field.',
            },
            missing: {
              type: 'array',
              items: { type: 'number' },
              default: [],
              description: 'Codes that stand for a missing value, such as -1 and -3.',
            },
          },
          required: ['field'],
          additionalProperties: false,
        },
      },
      sets: {
        type: 'array',
        items: { enum: FIELD_SETS },
        uniqueItems: true,
        default: [],
        description: 'Sets of fields to take whole.',
      },
      instance: {
        type: ['integer', 'null'],
        minimum: 0,
        default: null,
        description: 'The visit of the sets; null: 0 for blood, 2 for imaging.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    table: {
      type: 'table',
      columnwise: true,
      summary: 'An extract, one row per person.',
      reads: (params: Params, schema: TableSchema) => readable(params, schema),
    },
    samples: {
      type: 'table',
      optional: true,
      summary:
        'The people wanted, such as those of `ukb.people`; all but those with negative ids when absent.',
      reads: () => [],
    },
  },
  outputs: {
    table: { type: 'table', summary: 'One column for each field.' },
    fields: {
      type: 'table',
      summary:
        'Per column: field, instance, array, column (of the extract), name, set, people (with a value).',
    },
  },
  resources: (_params, shapes) => {
    const { rows = 0, columns = 0 } = shapes['table']?.[0] ?? {};
    return { memory: 256 * 2 ** 20 + 200 * rows + 32 * rows * columns };
  },
  async run(context) {
    const { params } = context;
    if (params.fields.length + params.sets.length === 0) {
      throw new TaskError('nothing is asked for: give `fields`, `sets`, or both');
    }
    const table = context.columns('table');
    const extract = extractOf(table.names, 'table');
    const picks = picksOf(params, extract);
    for (const { field, instance, array, column } of picks) {
      if (column === null) {
        throw new TaskError(extract.whyAbsent(field, instance, array), {
          port: 'table',
          column: String(field),
        });
      }
    }
    for (const set of params.sets) {
      if (!picks.some((pick) => pick.set === set)) {
        const at = params.instance ?? instanceOfSet(set);
        throw new TaskError(`no field of the set '${set}' is there at instance ${at}`, { port: 'table' });
      }
    }
    const names = picks.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) {
      throw new TaskError(`two columns would be called '${twice}'; give one of them another \`name\``);
    }
    const rows = rowsWanted(context, table);
    const ids = idsOf(table, 'table');
    const columns: [string, Column][] = [];
    for (const { column, missing, name } of picks) {
      columns.push([name, without(takeRows(await table.read(column!), rows), missing)]);
    }
    const empty = columns.filter(([, column]) => countMissing(column) === rows.length).map(([name]) => name);
    if (empty.length > 0) context.warn(`nobody has a value in ${empty.join(', ')}`);
    context.log(`${picks.length} columns of ${counted(rows.length)}`);
    return {
      table: tableOutput(
        idTable(
          table.id!.name,
          Array.from(rows, (row) => ids[row]!),
          columns,
        ),
      ),
      fields: tableOutput(fieldsTable(picks, columns)),
    };
  },
});

/** The columns wanted, and of what is absent the columns that the message speaks of. */
function readable(params: Params, schema: TableSchema): string[] {
  const names = schema.columns.map(({ name }) => name);
  let extract: Extract;
  try {
    extract = new Extract(names);
  } catch {
    // Two columns are the same: the task says which.
    return names.filter((name) => parseColumn(name) !== null);
  }
  const wanted = new Set<string>();
  for (const { field, column } of picksOf(params, extract)) {
    const near = extract.columnsOf(field).length > 0 ? field : extract.nearest(field);
    const columns = column === null ? extract.columnsOf(near ?? field).map(({ name }) => name) : [column];
    for (const name of columns) wanted.add(name);
  }
  return names.filter((name) => wanted.has(name));
}

/** In the order of `fields`, then of the sets and their fields. */
function picksOf({ fields, sets, instance: wanted }: Params, extract: Extract): Pick[] {
  const picks: Pick[] = fields.map((field) => ({
    ...field,
    name: field.name ?? String(field.field),
    set: null,
    column: extract.find(field.field, field.instance, field.array),
  }));
  for (const set of sets) {
    const instance = wanted ?? instanceOfSet(set);
    for (const field of extract.fields()) {
      const column = isOfSet(set, field) ? extract.find(field, instance) : null;
      if (column !== null)
        picks.push({ field, instance, array: 0, name: String(field), missing: [], set, column });
    }
  }
  return picks;
}

function rowsWanted(context: TaskContext<Params>, table: TableColumns): Int32Array {
  const ids = idsOf(table, 'table');
  if (!context.has('samples')) {
    const rows = Int32Array.from(ids.keys()).filter((row) => !isNegativeId(ids[row]!));
    const negative = ids.length - rows.length;
    if (negative > 0) context.warn(`left out with negative ids (withdrawn): ${counted(negative)}`);
    return rows;
  }
  const wanted = idsOf(context.table('samples'), 'samples');
  const { rows, unmatched } = rowsAmong(ids, wanted);
  if (rows.length === 0 && wanted.length > 0) {
    const look = `ids look like '${wanted[0]!}' and '${ids[0] ?? '(no row)'}'`;
    throw new TaskError(`none of the ${counted(wanted.length)} of 'samples' has a row; ${look}`, {
      port: 'table',
    });
  }
  if (unmatched > 0) context.warn(`no row in 'table' for ${counted(unmatched)} of 'samples'`);
  return rows;
}

/** The column without the codes that stand for missing values. */
function without(column: Column, codes: readonly number[]): Column {
  if (codes.length === 0) return column;
  if (column.type === 'number') {
    return numberColumn(column.values.map((value) => (codes.includes(value) ? NaN : value)));
  }
  const texts = new Set(codes.map(String));
  return textColumn(column.values.map((value) => (value !== null && texts.has(value) ? null : value)));
}

function fieldsTable(picks: readonly Pick[], columns: readonly (readonly [string, Column])[]): Table {
  const present = columns.map(([, column]) => column.values.length - countMissing(column));
  return plainTable([
    ['field', numberColumn(picks.map(({ field }) => field))],
    ['instance', numberColumn(picks.map(({ instance }) => instance))],
    ['array', numberColumn(picks.map(({ array }) => array))],
    ['column', textColumn(picks.map(({ column }) => column))],
    ['name', textColumn(picks.map(({ name }) => name))],
    ['set', textColumn(picks.map(({ set }) => set))],
    ['people', numberColumn(present)],
  ]);
}
