/** `assoc.compare`: two sets of associations side by side, and what the second gets wrong. */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { plainTable, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { anyColumn, at, cellAt, numbersOf, present } from './reading.js';

interface Params {
  readonly by: readonly string[];
  readonly names: { readonly reference: string; readonly other: string };
  readonly alpha: number;
  readonly factor: number;
}

const VERDICTS = [
  'agrees',
  'weaker',
  'stronger',
  'opposite',
  'missed',
  'invented',
  'neither',
  'not compared',
] as const;
type Verdict = (typeof VERDICTS)[number];

/** What is shown of each association. */
const SHOWN = ['beta', 'se', 'z', 'q', 'n', 'events'] as const;

export const assocCompare = defineTask<Params>({
  name: 'assoc.compare',
  version: 1,
  summary: 'Compares associations with reference associations: which agree, are missed or are invented.',
  details: `Rows are matched by \`by\`; what stands in one table only is counted and not compared. The verdict on each, with significance
q ≤ \`alpha\`:

- **agrees**: both significant, same sign, coefficients within \`factor\` of each other;
- **weaker**, **stronger**: both significant, same sign, but further apart than that;
- **opposite**: both significant, opposite signs;
- **missed**: significant in the reference only; **invented**: significant in the other only;
- **neither**: significant in neither; **not compared**: one of them was not fitted, or is absent.`,
  params: {
    type: 'object',
    properties: {
      by: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        uniqueItems: true,
        description: 'Columns that name an association, such as `[cause, trait]`.',
      },
      names: {
        type: 'object',
        description: 'What the two are called in the columns of the result.',
        properties: {
          reference: {
            type: 'string',
            minLength: 1,
            default: 'reference',
            description: 'Name of the reference.',
          },
          other: { type: 'string', minLength: 1, default: 'other', description: 'Name of the other.' },
        },
        default: {},
        additionalProperties: false,
      },
      alpha: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1,
        default: 0.05,
        description: 'Significant means q ≤ alpha.',
      },
      factor: {
        type: 'number',
        exclusiveMinimum: 1,
        default: 2,
        description: 'Coefficients within this factor of each other agree.',
      },
    },
    required: ['by'],
    additionalProperties: false,
  },
  inputs: {
    reference: {
      type: 'associations',
      summary: 'What is true, or the best there is; from `assoc.fdr`.',
      reads: (params: Params, schema: TableSchema) => present(schema, [...params.by, ...SHOWN]),
    },
    other: {
      type: 'associations',
      summary: 'What is judged; from `assoc.fdr`.',
      reads: (params: Params, schema: TableSchema) => present(schema, [...params.by, ...SHOWN]),
    },
  },
  outputs: {
    table: {
      type: 'table',
      summary: 'Per association: both sets of numbers, ratio (of the coefficients), z_gap, verdict.',
    },
    verdicts: { type: 'table', summary: 'How often each verdict was given, and its share.' },
  },
  run(context) {
    const { params } = context;
    const { reference: first, other: second } = params.names;
    if (first === second) throw new TaskError(`the two cannot both be called '${first}'`);
    const reference = context.table('reference');
    const other = context.table('other');
    const pairs = matchKeys(keysOf(reference, 'reference', params.by), keysOf(other, 'other', params.by));
    const lonely = pairs.reference.filter((row, i) => row < 0 || pairs.other[i]! < 0).length;
    if (lonely > 0) context.warn(`${lonely} associations stand in one of the two tables only`);
    const rows = pairs.reference.length;
    const columns = params.by.map((name) => keyColumn(name, reference, other, pairs));
    const pick = (name: string): { reference: Float64Array; other: Float64Array } => ({
      reference: at(numbersOf(reference, 'reference', name), pairs.reference),
      other: at(numbersOf(other, 'other', name), pairs.other),
    });
    const shown = new Map(SHOWN.map((name) => [name, pick(name)]));
    for (const side of ['reference', 'other'] as const) {
      for (const [name, pair] of shown)
        columns.push([`${params.names[side]}_${name}`, numberColumn(pair[side])]);
    }
    const beta = shown.get('beta')!;
    const q = shown.get('q')!;
    const ratio = new Float64Array(rows);
    const verdicts: Verdict[] = [];
    for (let i = 0; i < rows; i++) {
      ratio[i] = beta.other[i]! / beta.reference[i]!;
      verdicts.push(judge(ratio[i]!, q.reference[i]!, q.other[i]!, params));
    }
    const z = shown.get('z')!;
    columns.push(
      ['ratio', numberColumn(ratio)],
      ['z_gap', numberColumn(z.other.map((value, i) => Math.abs(value - z.reference[i]!)))],
      ['verdict', textColumn(verdicts)],
    );
    const counts = VERDICTS.map((verdict) => verdicts.filter((given) => given === verdict).length);
    context.log(VERDICTS.map((verdict, i) => `${counts[i]!} ${verdict}`).join(', '));
    return {
      table: tableOutput(plainTable(columns, rows)),
      verdicts: tableOutput(
        plainTable([
          ['verdict', textColumn(VERDICTS)],
          ['associations', numberColumn(counts)],
          ['share', numberColumn(counts.map((count) => (rows > 0 ? count / rows : null)))],
        ]),
      ),
    };
  },
});

function judge(ratio: number, qReference: number, qOther: number, { alpha, factor }: Params): Verdict {
  if (Number.isNaN(ratio) || Number.isNaN(qReference) || Number.isNaN(qOther)) return 'not compared';
  if (qReference <= alpha && qOther <= alpha) {
    if (ratio < 0) return 'opposite';
    return ratio < 1 / factor ? 'weaker' : ratio > factor ? 'stronger' : 'agrees';
  }
  if (qReference <= alpha) return 'missed';
  return qOther <= alpha ? 'invented' : 'neither';
}

/** One text for each row, by which the tables are matched. */
function keysOf(table: Table, port: string, by: readonly string[]): string[] {
  const columns = by.map((name) => anyColumn(table, port, name));
  const keys = Array.from({ length: table.rows }, (_, row) =>
    JSON.stringify(columns.map((column) => cellAt(column, row))),
  );
  const seen = new Set<string>();
  for (const key of keys) {
    if (seen.has(key))
      throw new TaskError(`the association ${key} stands in the table twice; 'by' must tell all apart`, {
        port,
      });
    seen.add(key);
  }
  return keys;
}

/** The rows of both tables that belong together; −1 where a table lacks the association. */
interface Pairs {
  readonly reference: Int32Array;
  readonly other: Int32Array;
}

/** Every association of either table: those of the reference in its order, then what only the other has. */
function matchKeys(reference: readonly string[], other: readonly string[]): Pairs {
  const rows = new Map(other.map((key, row) => [key, row]));
  const matched = reference.map((key) => rows.get(key) ?? -1);
  if (reference.length > 0 && other.length > 0 && matched.every((row) => row < 0)) {
    throw new TaskError(
      `the tables have no association in common; they hold such as ${reference[0]!} and ${other[0]!}`,
      {
        port: 'other',
      },
    );
  }
  const known = new Set(reference);
  const extra = other.flatMap((key, row) => (known.has(key) ? [] : [row]));
  return {
    reference: Int32Array.from([...reference.keys(), ...extra.map(() => -1)]),
    other: Int32Array.from([...matched, ...extra]),
  };
}

/** Column `name` of the pairs, from whichever table has the association. */
function keyColumn(name: string, reference: Table, other: Table, pairs: Pairs): [string, Column] {
  const first = anyColumn(reference, 'reference', name);
  const second = anyColumn(other, 'other', name);
  const cells = Array.from(pairs.reference, (row, i) =>
    row >= 0 ? cellAt(first, row) : cellAt(second, pairs.other[i]!),
  );
  return [
    name,
    first.type === 'number' && second.type === 'number'
      ? numberColumn(cells.map(Number))
      : textColumn(cells.map((cell) => (cell === null ? null : String(cell)))),
  ];
}
