/** `ukb.gwas_map`: which IDP is in which field and which GWAS file, checked against the extract. */
import { countMissing, numberColumn, takeRows, textColumn } from '../cache/column.js';
import { idTable, plainTable, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { parseColumn } from '../ukb/column.js';
import { checkMap, type MapRow } from '../ukb/idpmap.js';
import { anyColumn, cellAt, idsOf } from './reading.js';
import { extractOf } from './ukb-extract.js';

interface Params {
  readonly instance: number;
  readonly groups: readonly string[];
}

/** Fields derived from images: hearts 24100 to 24181, brains 25000 to 27772. */
const isImaging = (field: number): boolean => field >= 24_000 && field < 28_000;
/** A column of `ukb.fields`. */
const isNumber = (name: string): boolean => /^\d+$/.test(name);

export const ukbGwasMap = defineTask<Params>({
  name: 'ukb.gwas_map',
  version: 1,
  summary: 'Checks which IDP is in which field of the extract and in which GWAS file.',
  details: `\`map\` is a file of the researcher's, a row for each IDP: \`idp\` (its id; the number of the field is a good one), \`field\`, \`group\`, \`gwas\` (the file),
and what else is of use, such as \`layout\`, \`overlap\`, \`name\`. Nothing tells reliably from a number of BIG40 which field it is: the file must be
written by someone who knows. \`workflows/ukb-idps.example.csv\` shows one.

\`idps\` keeps the rows whose field is in the extract (at \`instance\`, in any spelling, or as \`ukb.fields\` names it) with a value for somebody, is in no earlier row, and has
a group of \`groups\` and a GWAS; \`column\` is added. It serves as an axis (\`{ from: map.idps, records: true }\`). The others are in \`left_out\`, with the reason.`,
  params: {
    type: 'object',
    properties: {
      instance: { type: 'integer', minimum: 0, default: 2, description: 'The visit of the scan.' },
      groups: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        uniqueItems: true,
        default: ['T1', 'SWI', 'cardiac'],
        description: 'The groups that there are.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    map: { type: 'table', summary: 'IDPs by id: `field`, `group`, `gwas`, and further columns.' },
    table: {
      type: 'table',
      summary: 'The extract with the IDPs, or what `ukb.fields` made of it.',
      reads: (params: Params, schema: TableSchema) =>
        schema.columns
          .map(({ name }) => name)
          .filter((name) => {
            const column = parseColumn(name);
            if (!column) return isNumber(name) && isImaging(Number(name));
            return isImaging(column.field) && column.instance === params.instance && column.array === 0;
          }),
    },
  },
  outputs: {
    idps: { type: 'table', summary: 'The IDPs that can be used: the columns of `map`, and `column`.' },
    left_out: { type: 'table', summary: 'The others: idp, field, reason.' },
  },
  resources: (_params, shapes) => {
    const { rows = 0, columns = 0 } = shapes['table']?.[0] ?? {};
    return { memory: 256 * 2 ** 20 + 100 * rows + 12 * rows * columns };
  },
  run(context) {
    const { instance, groups } = context.params;
    const map = context.table('map');
    const table = context.table('table');
    const spelled = [...table.columns].map(([name, column]) => {
      return [isNumber(name) ? `${name}-${instance}.0` : name, { name, column }] as const;
    });
    const columnOf = new Map(spelled);
    const names = spelled.map(([name]) => name);
    const extract = extractOf(names, 'table');
    const rows = mapRows(map);
    const find = (field: number) => {
      const found = columnOf.get(extract.find(field, instance) ?? '');
      return found ? { column: found.name, people: table.rows - countMissing(found.column) } : null;
    };
    const { kept, leftOut } = checkMap(rows, groups, find, (field) => extract.whyAbsent(field, instance, 0));
    const idps = rows.map(({ idp }) => idp);
    if (kept.length === 0) {
      const [first] = leftOut;
      const why = first ? `; ${idps[first.row]!}: ${first.reason}` : '';
      throw new TaskError(`none of the ${idps.length} IDPs of the map can be used${why}`, { port: 'map' });
    }
    if (leftOut.length > 0) context.warn(`left out: ${leftOut.map(({ row }) => idps[row]!).join(', ')}`);
    context.log(`${kept.length} of ${idps.length} IDPs`);
    const at = Int32Array.from(kept, ({ row }) => row);
    const columns = [...map.columns].filter(([name]) => name !== 'column');
    return {
      idps: tableOutput(
        idTable(
          map.id!.name,
          kept.map(({ row }) => idps[row]!),
          [
            ['column', textColumn(kept.map(({ column }) => column))],
            ...columns.map(([name, column]) => [name, takeRows(column, at)] as const),
          ],
        ),
      ),
      left_out: tableOutput(
        plainTable([
          ['idp', textColumn(leftOut.map(({ row }) => idps[row]!))],
          ['field', numberColumn(leftOut.map(({ row }) => rows[row]!.field))],
          ['reason', textColumn(leftOut.map(({ reason }) => reason))],
        ]),
      ),
    };
  },
});

function mapRows(map: Table): MapRow[] {
  const [field, group, gwas] = ['field', 'group', 'gwas'].map((name) => anyColumn(map, 'map', name));
  const text = (cell: string | number | null): string | null => (cell === null ? null : String(cell));
  return idsOf(map, 'map').map((idp, row) => {
    const number = cellAt(field!, row);
    return {
      idp,
      field: number === null ? NaN : Number(number),
      group: text(cellAt(group!, row)),
      gwas: text(cellAt(gwas!, row)),
    };
  });
}
