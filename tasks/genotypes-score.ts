/** `genotypes.score`: polygenic scores, any number of weight columns in one pass over the genotypes. */
import { numberColumn, type NumberColumn } from '../cache/column.js';
import { idTable, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type Outputs, type TaskContext } from '../engine/task.js';
import { BLOCK_BYTES, score } from '../genotypes/scores/score.js';
import { Openings, refusing, viewBytes, type OpenView } from './genotype-views.js';
import { SAMPLES_PORT, chosenPeople } from './genotypes-view.js';
import { numbersOf, rowName } from './reading.js';
import { flowTable } from './sumstats-read.js';
import { sumstatsOf, variantColumns } from './sumstats-table.js';
import { countLost, describeLost, matchRows, type Matches } from './variant-matching.js';

interface Params {
  readonly columns: readonly string[];
  readonly min_match: number;
}

export const genotypesScore = defineTask<Params>({
  name: 'genotypes.score',
  version: 2,
  summary:
    'Scores people: the sum of weight times copies of the effect allele, for many weight columns in one pass.',
  details: `As PLINK 2's \`--score\` with \`cols=+scoresums\`: sums, not means. Variants are found by place and alleles (on either strand; A/T and
C/G as they are labelled), equal ones by id. A missing dosage is twice the effect allele's frequency: \`eaf\` of the weights, else \`af\` of
\`frequencies\`, else the frequency among the people scored, which is a warning, since scores then depend on who is scored. A weight
whose variant is not there adds nothing and is counted in \`flow\`.`,
  params: {
    type: 'object',
    properties: {
      columns: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        uniqueItems: true,
        default: ['beta'],
        description: 'The columns of weights; each is a column of the scores.',
      },
      min_match: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.2,
        description: 'Refuse when a smaller share of the weights finds its variant.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    genotypes: { type: 'genotypes', summary: 'The people to score.' },
    weights: {
      type: 'table',
      summary: 'Variants with effect alleles and columns of weights, such as `scores.read` gives.',
      reads: (params: Params, schema: TableSchema) => variantColumns(schema, [...params.columns, 'eaf']),
    },
    frequencies: {
      type: 'variants',
      optional: true,
      summary: 'Frequencies `af` of ALT to stand in for missing calls: of the training people.',
      reads: (_params: Params, schema: TableSchema) => variantColumns(schema, ['af']),
    },
    samples: { ...SAMPLES_PORT, summary: 'The people to score; all when absent.' },
  },
  outputs: {
    table: { type: 'table', summary: 'Per person the scores, and `imputed`: missing dosages replaced.' },
    flow: { type: 'table', summary: 'Weights by what became of them: reason, rows.' },
  },
  batch: { shared: ['genotypes', 'frequencies', 'samples'], varies: [] },
  resources: ({ columns }, shapes) => ({
    // The kernels' tables; the weights as a matrix; the sums, eight columns at a time, and the scores made of them.
    memory: viewBytes(
      shapes,
      (people) =>
        BLOCK_BYTES +
        2 ** 25 +
        8 * (shapes['weights']?.[0]?.rows ?? 0) * columns.length +
        8 * people * (2 * columns.length + 8),
    ),
  }),
  async runBatch(batch) {
    const openings = new Openings();
    try {
      for (const [index, item] of batch.items.entries()) {
        batch.announce(index);
        let outputs: Outputs;
        try {
          outputs = await scorePeople(item, await openings.view(item.view('genotypes'), 'genotypes'));
        } catch (error) {
          batch.fail(index, error);
          continue;
        }
        await batch.emit(index, outputs);
      }
    } finally {
      await openings.close();
    }
  },
});

async function scorePeople(context: TaskContext<Params>, opened: OpenView): Promise<Outputs> {
  const { columns, min_match: least } = context.params;
  const table = context.table('weights');
  const weightsOf = columns.map((name) => numbersOf(table, 'weights', name));
  const found = await matchRows(sumstatsOf(table, 'weights', []), 'weights', opened);
  const there = found.rows.length;
  if (there < least * table.rows || (there === 0 && table.rows > 0))
    throw new TaskError(
      `only ${there} of ${table.rows} weights find their variant (${describeLost(found.lost)})`,
      { port: 'weights' },
    );
  if (there < 0.75 * table.rows)
    context.warn(`only ${there} of ${table.rows} weights find their variant: ${describeLost(found.lost)}`);
  const weights = new Float64Array(there * columns.length);
  found.rows.forEach((row, k) => {
    weightsOf.forEach((values, c) => {
      if (!Number.isFinite(values[row]!))
        throw new TaskError(`expected a weight, got ${values[row]!}`, {
          port: 'weights',
          column: columns[c]!,
          row: rowName(table, row),
        });
      weights[k * columns.length + c] = values[row]!;
    });
  });
  const rows = chosenPeople(context, opened.people);
  const { sums, imputed } = await refusing('genotypes', async () =>
    score(
      opened.source,
      {
        variants: found.variants,
        counted: Uint8Array.from(found.sign, (sign) => (sign === 1 ? 1 : 0)),
        columns: columns.length,
        weights,
        frequency: await frequencies(context, opened, found),
      },
      rows,
    ),
  );
  context.log(`${there} weights, ${rows.length} people`);
  const scores = columns.map((name, c): [string, NumberColumn] => [name, numberColumn(sums[c]!)]);
  return {
    table: tableOutput(
      idTable(
        'id',
        Array.from(rows, (s) => opened.people.iid[s]!),
        [...scores, ['imputed', numberColumn(Float64Array.from(imputed))]],
      ),
    ),
    flow: tableOutput(
      flowTable([
        ['weights', table.rows],
        ...Object.entries(found.lost).map(([reason, count]): [string, number] => [`lost: ${reason}`, count]),
        ['used', table.rows - countLost(found.lost)],
      ]),
    ),
  };
}

/** Of each weight's effect allele; NaN where only the people scored can tell. */
async function frequencies(
  context: TaskContext<Params>,
  opened: OpenView,
  found: Matches,
): Promise<Float64Array> {
  const table = context.table('weights');
  const own = table.columns.has('eaf') ? numbersOf(table, 'weights', 'eaf') : undefined;
  const frequency = Float64Array.from(found.rows, (row) => own?.[row] ?? NaN);
  const ofEffect = (k: number, alt: number): number => (found.sign[k] === 1 ? alt : 1 - alt);
  if (context.has('frequencies') && frequency.some(Number.isNaN)) {
    const given = context.table('frequencies');
    const alt = numbersOf(given, 'frequencies', 'af');
    const known = await matchRows(sumstatsOf(given, 'frequencies', []), 'frequencies', opened);
    const ofVariant = new Map<number, number>();
    known.variants.forEach((v, i) => {
      const value = alt[known.rows[i]!]!;
      ofVariant.set(v, known.sign[i] === 1 ? value : 1 - value);
    });
    found.variants.forEach((v, k) => {
      if (Number.isNaN(frequency[k]!)) frequency[k] = ofEffect(k, ofVariant.get(v) ?? NaN);
    });
  }
  let gaps = 0;
  found.variants.forEach((v, k) => {
    if (Number.isNaN(frequency[k]!) && opened.counts.missing[v]! > 0) gaps++;
  });
  if (gaps > 0)
    context.warn(
      `missing calls of ${gaps} variants are filled by the frequency among the people scored: give 'eaf' or 'frequencies' of the training people`,
    );
  return frequency;
}
