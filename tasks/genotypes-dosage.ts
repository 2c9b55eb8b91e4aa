/** `genotypes.dosage`: a few variants as columns of a table. */
import { numberColumn } from '../cache/column.js';
import { idTable } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { alleleFrequencies } from '../genotypes/qc/counts.js';
import { Openings, biallelic, refusing, viewBytes } from './genotype-views.js';
import { SAMPLES_PORT, chosenPeople } from './genotypes-view.js';
import { rowsAmong, idsOf } from './reading.js';
import { dosageMatrix } from './snp-modality.js';
import { TRAIN_PORT } from './training.js';

interface Params {
  readonly missing: 'keep' | 'frequency';
}

/** People × variants that are still a table: 400 MB. More are for the tasks that read views. */
const CELLS = 50_000_000;

export const genotypesDosage = defineTask<Params>({
  name: 'genotypes.dosage',
  version: 1,
  summary: 'A few variants as a table: copies of ALT, one column for each.',
  details: `For a variant as an exposure or a covariate. Models take genotypes as they are (\`genotypes\` of \`model.stack\`), scores too
(\`genotypes.score\`): thousands of variants are never a stored table, and more than ${CELLS.toLocaleString('en-US')} cells are refused. Columns are
named by the variants' ids, and by \`chr:pos:ref:alt\` where an id is missing or not unique. On Y and MT, of which people have one, a dosage is 0
or 1. Multi-allelic variants are left out with a warning.`,
  params: {
    type: 'object',
    properties: {
      missing: {
        enum: ['keep', 'frequency'],
        default: 'keep',
        description: 'A missing call: a missing cell, or twice the frequency among the people of `train`.',
      },
    },
    additionalProperties: false,
  },
  inputs: {
    genotypes: { type: 'genotypes', summary: 'The variants.' },
    samples: SAMPLES_PORT,
    train: TRAIN_PORT,
  },
  outputs: { table: { type: 'table', summary: 'Per person the dosages.' } },
  // Dosages as read, and as columns.
  resources: (_params, shapes) => ({
    memory: viewBytes(shapes, (people, variants) => 16 * Math.min(CELLS, people * variants)),
  }),
  async run(context) {
    const openings = new Openings();
    try {
      const opened = await openings.view(context.view('genotypes'), 'genotypes');
      const { variants, people } = opened;
      const rows = chosenPeople(context, people);
      const wanted = biallelic(variants);
      if (wanted.length < variants.count)
        context.warn(`${variants.count - wanted.length} multi-allelic variants are left out`);
      if (wanted.length * rows.length > CELLS)
        throw new TaskError(
          `${wanted.length} variants of ${rows.length} people are too many for a table; give the view to the task that needs them`,
          { port: 'genotypes' },
        );
      const named = (v: number): string => {
        const chromosome = variants.chromosomeNames[variants.chromosome[v]!]!;
        return `${chromosome}:${variants.position[v]!}:${variants.ref.at(v)}:${variants.alt.at(v)}`;
      };
      const uses = new Map<string, number>();
      for (const v of wanted) uses.set(variants.id.at(v), (uses.get(variants.id.at(v)) ?? 0) + 1);
      const names = Array.from(wanted, (v) => {
        const id = variants.id.at(v);
        return id === '.' || uses.get(id)! > 1 ? named(v) : id;
      });
      const twice = names.find((name, j) => names.indexOf(name) !== j);
      if (twice !== undefined)
        throw new TaskError(`the variant ${twice} is there twice; select one of them`, {
          port: 'genotypes',
        });
      return await refusing('genotypes', async () => {
        const frequency = new Float64Array(wanted.length).fill(NaN);
        if (context.params.missing === 'frequency') {
          const train = context.has('train')
            ? Uint32Array.from(rowsAmong(people.iid, idsOf(context.table('train'), 'train')).rows)
            : rows;
          frequency.set((await alleleFrequencies(opened.source, wanted, train)).alt);
        }
        const counted = new Uint8Array(wanted.length).fill(1);
        const x = await dosageMatrix(opened, rows, wanted, counted, frequency);
        return {
          table: tableOutput(
            idTable(
              'id',
              Array.from(rows, (s) => people.iid[s]!),
              names.map((name, j) => [
                name,
                numberColumn(Float64Array.from(rows, (_, i) => x.data[i * names.length + j]!)),
              ]),
            ),
          ),
        };
      });
    } finally {
      await openings.close();
    }
  },
});
