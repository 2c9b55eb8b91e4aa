/** `genotypes.clump`: the lead variants of a GWAS, each with those that it stands for. */
import { numberColumn, takeRows, textColumn } from '../cache/column.js';
import { plainTable, type Table } from '../cache/table.js';
import {
  TaskError,
  defineTask,
  tableOutput,
  type BatchContext,
  type Outputs,
  type TaskContext,
  type View,
} from '../engine/task.js';
import { clumpAll, type Clumps } from '../genotypes/ld/clump.js';
import { sampleIndices } from '../genotypes/samples.js';
import type { GenotypeSource } from '../genotypes/source.js';
import type { GenotypeIndex } from './genotype-index.js';
import { Openings, asTaskError, planeBytes, viewBytes } from './genotype-views.js';
import { numbersOf } from './reading.js';
import { SAMPLES_PORT, chosenPeople } from './genotypes-view.js';
import { sumstatsOf } from './sumstats-table.js';
import { flowTable } from './sumstats-read.js';
import { countLost, describeLost, matchRows, type Matches } from './variant-matching.js';

interface Params {
  readonly r2: number;
  readonly kb: number;
  readonly p1: number;
}

export const genotypesClump = defineTask<Params>({
  name: 'genotypes.clump',
  version: 1,
  summary:
    'Clumps summary statistics by linkage disequilibrium: lead variants by p, each claiming its correlated neighbours.',
  details: `The meaning of PLINK 1.9's \`--clump\`, with p2 = 1: leads have p ≤ p1 and are taken by p, then in the order of the file; a lead claims
every variant less than \`kb\` kilobases away whose r² with it is greater than \`r2\`, whatever its p. r² is of haplotype frequencies by maximum
likelihood, over founders called at both; it differs from the correlation of genotypes. "p < 0.001" is strict: select first
(\`sumstats.select\`) and leave p1 at 1.

LD is that of \`genotypes\`: a reference panel, or, better where there are enough, the people that the model is trained on (\`samples\`). Narrow
the view to the trait's variants (\`genotypes.select\`), so that other variants of the panel do not matter; traits of one call share the
reading and the r² of each pair, and a trait's answer does not depend on the others.`,
  params: {
    type: 'object',
    properties: {
      r2: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.1,
        description: 'A lead claims variants whose r² with it is greater.',
      },
      kb: {
        type: 'number',
        minimum: 0.001,
        default: 250,
        description: 'Half-width of the window, kilobases; the largest distance is 1000 · kb − 1 bp.',
      },
      p1: { type: 'number', minimum: 0, maximum: 1, default: 1, description: 'Largest p of a lead.' },
    },
    additionalProperties: false,
  },
  inputs: {
    sumstats: { type: 'sumstats', summary: 'Summary statistics of a trait, with `p`.' },
    genotypes: { type: 'genotypes', summary: 'The panel that LD is of.' },
    samples: {
      ...SAMPLES_PORT,
      summary: 'The people that LD is of (its founders); all of the panel when absent.',
    },
  },
  outputs: {
    table: {
      type: 'sumstats',
      summary: 'The leads, by p: their rows of the summary statistics, and `members`.',
    },
    members: {
      type: 'table',
      summary: 'The variants claimed: lead, chr, pos, id, p, r2 (negative: opposite alleles).',
    },
    flow: { type: 'table', summary: 'Variants by what became of them: reason, rows.' },
  },
  batch: { shared: ['samples'], varies: [] },
  resources: (_params, shapes) => ({
    // A quarter as much again for what is known of pairs.
    memory: viewBytes(shapes, (people, variants) => 1.25 * planesHeld(people, variants)),
  }),
  async runBatch(batch) {
    const openings = new Openings();
    try {
      const groups = new Map<string, number[]>();
      for (const [index, item] of batch.items.entries()) {
        const key = sharing(item.view('genotypes').recipe);
        groups.set(key, [...(groups.get(key) ?? []), index]);
      }
      for (const indices of groups.values()) await clumpGroup(batch, indices, openings);
    } finally {
      await openings.close();
    }
  },
});

/**
 * Bytes of bit planes that a call holds, of one chromosome at a time. A view has the variants of one trait and a call may have many:
 * hence the least; what does not fit is read again.
 */
const planesHeld = (people: number, variants: number): number =>
  Math.min(2 ** 30, Math.max(2 ** 28, planeBytes(people, variants)));

/** One trait, with its rows as variants of what is read. */
interface Trait {
  readonly table: Table;
  readonly index: GenotypeIndex;
  readonly matches: Matches;
  /** By row that has a variant: p, or where it underflowed its logarithm, which sorts before every p. */
  readonly p: Float64Array;
}

/** What the views of traits must have in common to be read together: the people, and the one view that they were narrowed from. */
function sharing({ content, of, files }: View['recipe']): string {
  return of.length === 1 ? `${of[0]!} ${files['people_index']!}` : content;
}

async function clumpGroup(batch: BatchContext<Params>, indices: number[], openings: Openings): Promise<void> {
  const traits: [index: number, trait: Trait][] = [];
  for (const index of indices) {
    batch.announce(index);
    try {
      traits.push([index, await readTrait(batch.items[index]!, openings)]);
    } catch (error) {
      batch.fail(index, error);
    }
  }
  if (traits.length === 0) return;
  let clumps: Clumps[];
  try {
    const [first] = traits[0]!;
    const { source, people, place } = await reading(batch.items[first]!, openings);
    const { r2, kb, p1 } = batch.items[first]!.params;
    const maxBytes = planesHeld(
      people.length,
      Math.max(...traits.map(([, { index }]) => index.variants.count)),
    );
    const reports = traits.map(([, { matches, p, index }]) => ({
      variants: Uint32Array.from(matches.variants, (v) => place(index, v)),
      p,
    }));
    clumps = (await clumpAll(source, reports, { r2, kb, p1, people, maxBytes })).map((found, t) => {
      const back = new Map(
        Array.from(reports[t]!.variants, (v, i) => [v, traits[t]![1].matches.variants[i]!]),
      );
      const own = (variants: Uint32Array): Uint32Array => variants.map((v) => back.get(v)!);
      return { ...found, leads: own(found.leads), members: own(found.members) };
    });
  } catch (error) {
    for (const [index] of traits) batch.fail(index, asTaskError(error, 'genotypes'));
    return;
  }
  for (const [t, [index, trait]] of traits.entries()) {
    batch.announce(index);
    await batch.emit(index, outputsOf(batch.items[index]!, trait, clumps[t]!));
  }
}

/** The genotypes to read for all traits of a group, whose LD counts, and the number there of a trait's variant. */
async function reading(
  context: TaskContext<Params>,
  openings: Openings,
): Promise<{
  source: GenotypeSource;
  people: Uint32Array;
  place: (index: GenotypeIndex, variant: number) => number;
}> {
  const view = context.view('genotypes');
  const [parent, another] = view.of;
  const { people: everyone } = await openings.index(view);
  const chosen = chosenPeople(context, everyone).filter((s) => everyone.founder[s] === 1);
  if (chosen.length === 0) throw new TaskError('no founder is left to measure LD in', { port: 'samples' });
  if (parent === undefined || another !== undefined) {
    const { source } = await openings.view(view, 'genotypes');
    return { source, people: chosen, place: (_index, variant) => variant };
  }
  const { source } = await openings.view(parent, 'genotypes');
  const ids = Array.from(chosen, (s) => everyone.iid[s]!);
  return {
    source,
    people: sampleIndices(source.name, source.samples, ids),
    place: (index, variant) => index.place[variant]!,
  };
}

async function readTrait(context: TaskContext<Params>, openings: Openings): Promise<Trait> {
  const table = context.table('sumstats');
  const values = numbersOf(table, 'sumstats', 'p');
  const logs = table.columns.has('log10p') ? numbersOf(table, 'sumstats', 'log10p') : undefined;
  const index = await openings.index(context.view('genotypes'));
  const matches = await matchRows(sumstatsOf(table, 'sumstats', []), 'sumstats', index);
  if (matches.rows.length === 0 && table.rows > 0)
    throw new TaskError(
      `none of the ${table.rows} variants is in the panel (${describeLost(matches.lost)})`,
      { port: 'sumstats' },
    );
  if (countLost(matches.lost) > 0)
    context.warn(`${countLost(matches.lost)} variants are not in the panel: ${describeLost(matches.lost)}`);
  const p = Float64Array.from(matches.rows, (row) => {
    const value = values[row]!;
    if (value < 0 || value > 1)
      throw new TaskError(`${value} is no p`, { port: 'sumstats', column: 'p', row: `row ${row + 1}` });
    return value === 0 ? (logs?.[row] ?? 0) : value;
  });
  return { table, index, matches, p };
}

function outputsOf(context: TaskContext<Params>, trait: Trait, clumps: Clumps): Outputs {
  const { table, matches, index } = trait;
  const rowOf = new Map(Array.from(matches.variants, (v, i) => [v, matches.rows[i]!]));
  const rows = Int32Array.from(clumps.leads, (v) => rowOf.get(v)!);
  const sizes = Float64Array.from(
    clumps.leads,
    (_, c) => clumps.memberStart[c + 1]! - clumps.memberStart[c]!,
  );
  const leadOf: number[] = [];
  clumps.leads.forEach((lead, c) => {
    for (let m = clumps.memberStart[c]!; m < clumps.memberStart[c + 1]!; m++) leadOf.push(lead);
  });
  const { variants } = index;
  const p = table.columns.get('p')!.values;
  const unknown = trait.p.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
  const [leads, members] = [clumps.leads.length, clumps.members.length];
  const neither = matches.rows.length - unknown - clumps.unplaced - leads - members;
  context.log(`${leads} clumps of ${matches.rows.length} variants`);
  return {
    table: tableOutput(
      plainTable([
        ...[...table.columns].map(([name, column]) => [name, takeRows(column, rows)] as const),
        ['members', numberColumn(sizes)],
      ]),
    ),
    members: tableOutput(
      plainTable([
        ['lead', textColumn(leadOf.map((v) => variants.id.at(v)))],
        [
          'chr',
          textColumn(Array.from(clumps.members, (v) => variants.chromosomeNames[variants.chromosome[v]!]!)),
        ],
        ['pos', numberColumn(Float64Array.from(clumps.members, (v) => variants.position[v]!))],
        ['id', textColumn(Array.from(clumps.members, (v) => variants.id.at(v)))],
        ['p', numberColumn(Float64Array.from(clumps.members, (v) => p[rowOf.get(v)!] as number))],
        ['r2', numberColumn(clumps.memberR2)],
      ]),
    ),
    flow: tableOutput(
      flowTable([
        ['variants of the summary statistics', table.rows],
        ['lost: not in the panel', countLost(matches.lost)],
        ['lost: without p', unknown],
        ['lost: on no chromosome', clumps.unplaced],
        ['lost: p above p1, in no clump', neither],
        ['claimed by a lead', members],
        ['leads', leads],
      ]),
    ),
  };
}
