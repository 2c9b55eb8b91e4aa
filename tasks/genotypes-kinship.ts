/** `genotypes.kinship`: who is related to whom, and whom to leave out so that nobody is. */
import { numberColumn, textColumn } from '../cache/column.js';
import { idTable, plainTable, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type TaskContext } from '../engine/task.js';
import { familiesOf } from '../genotypes/qc/families.js';
import { kingRobust, relatedToExclude } from '../genotypes/qc/king.js';
import { Openings, biallelic, planeBytes, refusing, viewBytes } from './genotype-views.js';
import { SAMPLES_PORT, chosenPeople } from './genotypes-view.js';
import { anyColumn, cellAt, idsOf, numbersOf, people as counted, present } from './reading.js';
import { flowTable } from './sumstats-read.js';

interface Params {
  readonly threshold: number;
  readonly columns: { readonly first: string; readonly second: string; readonly kinship: string };
}

interface Pairs {
  readonly ids: readonly string[];
  readonly first: Uint32Array;
  readonly second: Uint32Array;
  readonly kinship: Float64Array;
  readonly shared?: Uint32Array;
  readonly bothHet?: Float64Array;
  readonly ibs0?: Float64Array;
}

export const genotypesKinship = defineTask<Params>({
  name: 'genotypes.kinship',
  version: 2,
  summary: 'Finds relatives by KING-robust kinship, or from a given table, and whom to leave out.',
  details: `Kinship is 0.5 for the same genome, 0.25 for parent and child or full siblings, 0.125 and 0.0625 for second and third degree; the usual
thresholds lie between: 0.354, 0.177, 0.0884, 0.0442. As PLINK 2's \`--make-king-table\`, over the view's autosomal variants and those on PAR;
every pair is visited, so give biobanks' own tables as \`pairs\` (UK Biobank: ID1, ID2, Kinship) instead of \`genotypes\`.

People are left out until no two who stay are related above the threshold: each time the one with the most relatives, the later by id
where equal. Drop variants in LD and in long-range LD regions first (\`genotypes.prune\`, \`genotypes.qc\`).`,
  params: {
    type: 'object',
    properties: {
      threshold: {
        type: 'number',
        minimum: -1,
        maximum: 0.5,
        default: 0.0884,
        description: 'Pairs with a greater kinship are related.',
      },
      columns: {
        type: 'object',
        description: 'The columns of `pairs`.',
        properties: {
          first: { type: 'string', description: 'One person.' },
          second: { type: 'string', description: 'The other person.' },
          kinship: { type: 'string', description: 'Their kinship.' },
        },
        required: ['first', 'second', 'kinship'],
        default: { first: 'ID1', second: 'ID2', kinship: 'Kinship' },
        additionalProperties: false,
      },
    },
    additionalProperties: false,
  },
  inputs: {
    genotypes: { type: 'genotypes', optional: true, summary: 'The genotypes that kinship is of.' },
    pairs: {
      type: 'table',
      optional: true,
      summary: 'A table of related pairs, instead of `genotypes`.',
      reads: ({ columns }: Params, schema: TableSchema) => present(schema, Object.values(columns)),
    },
    samples: {
      ...SAMPLES_PORT,
      summary: 'The people among whom to look; all of the genotypes when absent, needed with `pairs`.',
    },
  },
  outputs: {
    pairs: {
      type: 'table',
      summary: 'Related pairs: first, second, kinship, and from genotypes shared, both_het, ibs0.',
    },
    samples: { type: 'samples', summary: 'The people who stay: nobody related to another.' },
    families: {
      type: 'table',
      summary:
        'Per person `family`: the first by id of all who are connected by pairs. For folds and splits.',
    },
    flow: { type: 'table', summary: 'People by what became of them: reason, rows.' },
  },
  resources: (_params, shapes) => ({
    // All calls at once; or given pairs, whose ids are text.
    memory: viewBytes(shapes, planeBytes) + 200 * (shapes['pairs']?.[0]?.rows ?? 0),
  }),
  async run(context) {
    if (context.has('genotypes') === context.has('pairs'))
      throw new TaskError("give 'genotypes' or 'pairs', one of the two", { port: 'genotypes' });
    const pairs = context.has('pairs') ? givenPairs(context) : await computedPairs(context);
    const { ids, first, second, kinship } = pairs;
    const excluded = relatedToExclude(ids.length, { first, second, kinship }, context.params.threshold);
    const out = new Set(excluded);
    context.log(`${kinship.length} related pairs; ${excluded.length} of ${counted(ids.length)} left out`);
    return {
      pairs: tableOutput(pairsTable(pairs)),
      samples: tableOutput(
        idTable(
          'id',
          ids.filter((_, s) => !out.has(s)),
          [],
        ),
      ),
      families: tableOutput(
        idTable('id', ids, [
          ['family', textColumn(Array.from(familiesOf(ids.length, pairs), (family) => ids[family]!))],
        ]),
      ),
      flow: tableOutput(
        flowTable([
          ['people', ids.length],
          ['lost: related to somebody who stays', excluded.length],
          ['kept', ids.length - excluded.length],
        ]),
      ),
    };
  },
});

async function computedPairs(context: TaskContext<Params>): Promise<Pairs> {
  const openings = new Openings();
  try {
    const opened = await openings.view(context.view('genotypes'), 'genotypes');
    const rows = chosenPeople(context, opened.people);
    const found = await refusing('genotypes', async () => {
      try {
        return await kingRobust(opened.source, biallelic(opened.variants), rows, context.params.threshold);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new TaskError(`${error.message}; give a table of pairs, or prune the variants first`, {
          port: 'genotypes',
        });
      }
    });
    // The threshold itself is no relative.
    const related = Uint32Array.from(found.kinship.keys()).filter(
      (k) => found.kinship[k]! > context.params.threshold,
    );
    const pick = <T extends Uint32Array | Float64Array>(values: T, make: (length: number) => T): T => {
      const out = make(related.length);
      related.forEach((k, i) => (out[i] = values[k]!));
      return out;
    };
    const integers = (values: Uint32Array): Uint32Array => pick(values, (n) => new Uint32Array(n));
    const floats = (values: Float64Array): Float64Array => pick(values, (n) => new Float64Array(n));
    return {
      ids: Array.from(rows, (s) => opened.people.iid[s]!),
      first: integers(found.first),
      second: integers(found.second),
      kinship: floats(found.kinship),
      shared: integers(found.shared),
      bothHet: floats(found.bothHet),
      ibs0: floats(found.ibs0),
    };
  } finally {
    await openings.close();
  }
}

function givenPairs(context: TaskContext<Params>): Pairs {
  if (!context.has('samples'))
    throw new TaskError("a table of pairs does not say who there is: give 'samples'", { port: 'samples' });
  const ids = idsOf(context.table('samples'), 'samples');
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const table = context.table('pairs');
  const { first, second, kinship } = context.params.columns;
  const [firsts, seconds] = [anyColumn(table, 'pairs', first), anyColumn(table, 'pairs', second)];
  const values = numbersOf(table, 'pairs', kinship);
  const found: [number, number, number][] = [];
  for (let row = 0; row < table.rows; row++) {
    if (!(values[row]! > context.params.threshold)) continue;
    const [a, b] = [firsts, seconds].map((column) => rowOf.get(String(cellAt(column, row))));
    if (a !== undefined && b !== undefined && a !== b)
      found.push([Math.max(a, b), Math.min(a, b), values[row]!]);
  }
  found.sort(([a, b], [c, d]) => a - c || b - d);
  return {
    ids,
    first: Uint32Array.from(found, ([a]) => a),
    second: Uint32Array.from(found, ([, b]) => b),
    kinship: Float64Array.from(found, ([, , value]) => value),
  };
}

function pairsTable({ ids, first, second, kinship, shared, bothHet, ibs0 }: Pairs): Table {
  return plainTable([
    ['first', textColumn(Array.from(first, (s) => ids[s]!))],
    ['second', textColumn(Array.from(second, (s) => ids[s]!))],
    ['kinship', numberColumn(kinship)],
    ...(shared ? [['shared', numberColumn(Float64Array.from(shared))] as const] : []),
    ...(bothHet ? [['both_het', numberColumn(bothHet)] as const] : []),
    ...(ibs0 ? [['ibs0', numberColumn(ibs0)] as const] : []),
  ]);
}
