/** `genotypes.prune`: variants that are nearly uncorrelated with each other. */
import { defineTask, tableOutput } from '../engine/task.js';
import { prune } from '../genotypes/ld/prune.js';
import { takeVariants } from './genotype-index.js';
import { Openings, biallelic, planeBytes, refusing, viewBytes } from './genotype-views.js';
import { SAMPLES_PORT, chosenPeople } from './genotypes-view.js';
import { flowTable } from './sumstats-read.js';
import { variantsTable } from './sumstats-table.js';

interface Params {
  readonly r2: number;
  readonly window: { readonly variants: number; readonly step: number } | { readonly kb: number };
}

export const genotypesPrune = defineTask<Params>({
  name: 'genotypes.prune',
  version: 1,
  summary: 'Prunes variants by linkage disequilibrium, without regard to p.',
  details:
    "The meaning of PLINK 2's `--indep-pairwise`: within a sliding window, of two variants whose squared correlation of genotypes among founders is greater than `r2`, the one with the more common major allele goes. For principal components and kinship, or as the other choice to clumping.",
  params: {
    type: 'object',
    properties: {
      r2: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.1,
        description: 'A pair goes apart when r² is greater.',
      },
      window: {
        description: 'Variants wide and moved by `step` variants, or `kb` kilobases wide and moved by one.',
        default: { kb: 250 },
        oneOf: [
          {
            type: 'object',
            properties: {
              variants: { type: 'integer', minimum: 2, description: 'Width in variants.' },
              step: { type: 'integer', minimum: 1, description: 'Variants that the window moves by.' },
            },
            required: ['variants', 'step'],
            additionalProperties: false,
          },
          {
            type: 'object',
            properties: { kb: { type: 'number', exclusiveMinimum: 0, description: 'Width, kilobases.' } },
            required: ['kb'],
            additionalProperties: false,
          },
        ],
      },
    },
    additionalProperties: false,
  },
  inputs: {
    genotypes: { type: 'genotypes', summary: 'The variants to prune, and the panel that LD is of.' },
    samples: {
      ...SAMPLES_PORT,
      summary: 'The people that LD is of (its founders); all of the view when absent.',
    },
  },
  outputs: {
    variants: { type: 'variants', summary: 'The variants left.' },
    flow: { type: 'table', summary: 'Variants by what became of them: reason, rows.' },
  },
  resources: (_params, shapes) => ({
    // The longest window, which is at most all of the variants.
    memory: viewBytes(shapes, (people, variants) => Math.min(2 ** 30, planeBytes(people, variants))),
  }),
  async run(context) {
    const { params } = context;
    const openings = new Openings();
    try {
      const opened = await openings.view(context.view('genotypes'), 'genotypes');
      const people = chosenPeople(context, opened.people).filter((s) => opened.people.founder[s] === 1);
      const all = biallelic(opened.variants);
      const pruned = await refusing('genotypes', () =>
        prune(opened.source, all, { window: params.window, r2: params.r2, people }),
      );
      context.log(`${pruned.kept.length} of ${opened.variants.count} variants kept`);
      return {
        variants: tableOutput(variantsTable({ ...opened, ...takeVariants(opened, pruned.kept) })),
        flow: tableOutput(
          flowTable([
            ['variants of the view', opened.variants.count],
            ['lost: multi-allelic', opened.variants.count - all.length],
            ['lost: on no chromosome', pruned.unplaced.length],
            ['lost: the same call in everybody', pruned.monomorphic.length],
            ['lost: correlated', pruned.correlated.length],
            ['kept', pruned.kept.length],
          ]),
        ),
      };
    } finally {
      await openings.close();
    }
  },
});
