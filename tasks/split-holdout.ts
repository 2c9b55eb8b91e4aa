/** `split.holdout`: people divided in two by chance: a share that is selected, and the rest. */
import { compareBytes, idTable, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type TaskContext } from '../engine/task.js';
import { uniformOf } from '../stats/rng.js';
import { labelsOf } from './labels.js';
import { idsOf, numbersOf, people, present, rowsAmong, at } from './reading.js';

interface Params {
  readonly share: number;
  readonly log_odds: readonly { readonly column: string; readonly per_sd: number }[];
  readonly strata: readonly string[];
  readonly groups: string | null;
}

export const splitHoldout = defineTask<Params>({
  name: 'split.holdout',
  version: 1,
  seeded: true,
  summary: 'Selects a random share of the people, evenly or favouring some.',
  details: `Each person draws a number from the seed and their own id, so nobody's draw depends on who else takes part. Exactly
\`share\` of the people (rounded) are selected. With \`log_odds\` the draw favours some, as volunteering does: a person's weight is
exp(Σ per_sd · (x − mean)/SD), a missing x counting as the mean, and people are drawn one after another without replacement in
proportion to their weights (Efraimidis and Spirakis 2006). With \`strata\` the share is kept within each; with \`groups\` whole groups (families) are
selected, one after another by chance, each if it brings the number nearer to the share.`,
  params: {
    type: 'object',
    properties: {
      share: { type: 'number', minimum: 0, maximum: 1, description: 'Share of the people who are selected.' },
      log_odds: {
        type: 'array',
        default: [],
        description:
          'Columns of `by` that make selection more (or less) likely, with the log weight per SD; none: all alike.',
        items: {
          type: 'object',
          properties: {
            column: { type: 'string', description: 'A column of `by`.' },
            per_sd: {
              type: 'number',
              description: 'Log weight per standard deviation; negative: less likely when high.',
            },
          },
          required: ['column', 'per_sd'],
          additionalProperties: false,
        },
      },
      strata: {
        type: 'array',
        items: { type: 'string' },
        uniqueItems: true,
        default: [],
        description: 'Columns of `by` within whose values the share is kept (to rounding).',
      },
      groups: {
        type: ['string', 'null'],
        default: null,
        description: 'Column of `by` whose values keep people together, such as a family; null: none.',
      },
    },
    required: ['share'],
    additionalProperties: false,
  },
  inputs: {
    samples: { type: 'samples', summary: 'The people to divide.', reads: () => [] },
    by: {
      type: 'table',
      optional: true,
      summary: 'What makes selection more or less likely.',
      reads: (params: Params, schema: TableSchema) =>
        present(schema, [...params.log_odds.map(({ column }) => column), ...params.strata, params.groups]),
    },
  },
  outputs: {
    selected: { type: 'samples', summary: 'The people selected.' },
    rest: { type: 'samples', summary: 'Everybody else.' },
  },
  run(context) {
    const samples = context.table('samples');
    const ids = idsOf(samples, 'samples');
    const { share, strata, groups, log_odds: terms } = context.params;
    if (groups !== null && (strata.length > 0 || terms.length > 0)) {
      throw new TaskError("'groups' cannot be combined with 'strata' or 'log_odds': a group is drawn as one");
    }
    const chosen =
      groups !== null
        ? wholeGroups(
            labelsOf(context, [groups], ids, (id) => `person ${id}`),
            share,
            context.seed,
          )
        : withinStrata(
            strata.length > 0 ? labelsOf(context, strata, ids, () => 'missing') : null,
            arrivalOrder(ids, selectionWeights(context, ids), context.seed),
            share,
          );
    const selected = new Set(chosen);
    const side = (wanted: boolean): Table =>
      idTable(
        samples.id!.name,
        ids.filter((_, i) => selected.has(i) === wanted),
        [],
      );
    context.log(`${selected.size} of ${ids.length} selected`);
    return { selected: tableOutput(side(true)), rest: tableOutput(side(false)) };
  },
});

/** The order in which an exponential race with these rates ends is a draw without replacement by weight. */
function arrivalOrder(ids: readonly string[], weights: Float64Array, seed: string): Int32Array {
  const arrival = Float64Array.from(ids, (id, i) => -Math.log(1 - uniformOf(seed, id)) / weights[i]!);
  return Int32Array.from(ids.keys()).sort((a, b) => arrival[a]! - arrival[b]! || a - b);
}

/** The first of each stratum, such that the share is kept overall too: rounding is carried from one to the next. */
function withinStrata(labels: readonly string[] | null, order: Int32Array, share: number): number[] {
  const members = new Map<string, number[]>();
  for (const person of order) {
    const label = labels?.[person] ?? '';
    const list = members.get(label);
    if (list) list.push(person);
    else members.set(label, [person]);
  }
  const chosen: number[] = [];
  let seen = 0;
  for (const label of [...members.keys()].sort(compareBytes)) {
    const list = members.get(label)!;
    seen += list.length;
    chosen.push(...list.slice(0, Math.round(share * seen) - chosen.length));
  }
  return chosen;
}

/** Groups in an order drawn from their labels, each taken when that brings the count nearer to the share. */
function wholeGroups(labels: readonly string[], share: number, seed: string): number[] {
  const members = new Map<string, number[]>();
  labels.forEach((label, person) => {
    const list = members.get(label);
    if (list) list.push(person);
    else members.set(label, [person]);
  });
  const draw = new Map([...members.keys()].map((label) => [label, uniformOf(seed, 'group', label)]));
  const target = Math.round(share * labels.length);
  const chosen: number[] = [];
  for (const label of [...members.keys()].sort((a, b) => draw.get(a)! - draw.get(b)! || compareBytes(a, b))) {
    const list = members.get(label)!;
    if (Math.abs(chosen.length + list.length - target) < Math.abs(chosen.length - target))
      chosen.push(...list);
  }
  return chosen;
}

function selectionWeights(context: TaskContext<Params>, ids: readonly string[]): Float64Array {
  const logWeight = new Float64Array(ids.length);
  const { log_odds: terms } = context.params;
  if (terms.length === 0) return logWeight.fill(1);
  if (!context.has('by'))
    throw new TaskError("'log_odds' names columns, but nothing is connected to 'by'", { port: 'by' });
  const by = context.table('by');
  const { rows, unmatched } = rowsAmong(idsOf(by, 'by'), ids);
  if (unmatched > 0)
    throw new TaskError(`no row in 'by' for ${people(unmatched)} of 'samples'`, { port: 'by' });
  for (const { column, per_sd } of terms) {
    const values = at(numbersOf(by, 'by', column), rows);
    const observed = values.filter((x) => !Number.isNaN(x));
    const mean = observed.reduce((sum, x) => sum + x, 0) / observed.length;
    const sd = Math.sqrt(observed.reduce((sum, x) => sum + (x - mean) ** 2, 0) / observed.length);
    if (!(sd > 0)) throw new TaskError('expected values that differ between people', { port: 'by', column });
    values.forEach((x, i) => (logWeight[i]! += Number.isNaN(x) ? 0 : (per_sd * (x - mean)) / sd));
  }
  return logWeight.map(Math.exp);
}
