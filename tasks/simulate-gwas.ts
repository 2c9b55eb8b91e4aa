/** `simulate.gwas`: summary statistics of an invented biobank's IDPs, from a discovery sample. */
import { defineTask, fileOutput, TaskError } from '../engine/task.js';
import { checkDesign } from '../genotypes/simulate/design.js';
import { simulateFounders } from '../genotypes/simulate/founders.js';
import { simulateGwas } from '../genotypes/simulate/gwas.js';
import { idpsOf } from '../genotypes/simulate/imagingcatalogue.js';
import { layoutOf, writeSumstats, type SumstatsLayout } from '../genotypes/simulate/sumstatswriter.js';
import { designOf, refusingDesign } from './simulated-design.js';

interface Params {
  readonly idp: string;
  readonly layout: 'source' | SumstatsLayout;
}

/** IDPs that share one pass over the genome: more would cost memory, 8 bytes for each IDP and variant. */
const TOGETHER = 64;

const EXTENSIONS = { big40: 'txt', fastgwa: 'fastGWA' } as const;

export const simulateGwasTask = defineTask<Params>({
  name: 'simulate.gwas',
  version: 1,
  summary: 'Makes the GWAS summary statistics of one IDP of an invented biobank.',
  details: `Linear regression of the IDP, adjusted for age and sex and standardised, on each variant's dosage, in the discovery sample that
\`design\` describes: people of the main ancestry without relatives, who are in no cohort, except for the share of the imaging cohort that
\`gwas.overlap\` puts into it. The regression is exact at every size. Effects are in SDs of the IDP. Brain IDPs come in the layout of BIG40 (effect
allele a2, −log10 p), cardiac ones in that of fastGWA (effect allele A1, the minor one), both on GRCh37, unless \`layout\` says otherwise.`,
  params: {
    type: 'object',
    properties: {
      idp: {
        type: 'string',
        description: 'The IDP, as in the column idp of the port idps of simulate.cohort.',
      },
      layout: {
        enum: ['source', 'big40', 'fastgwa'],
        default: 'source',
        description: 'Layout of the file; source is that of the IDP’s public GWAS.',
      },
    },
    required: ['idp'],
    additionalProperties: false,
  },
  inputs: {
    design: { type: 'json', summary: 'The port design of simulate.cohort.' },
  },
  outputs: {
    sumstats: { type: 'file', summary: 'Summary statistics of all variants that vary in the sample.' },
  },
  resources: () => ({ memory: 1.5e9 }),
  batch: { shared: ['design'], varies: ['idp'] },
  async runBatch(batch) {
    const design = designOf(batch.items[0]!.json('design'));
    const groups = new Map(idpsOf(design.idps).map(({ idp, group }) => [idp, group]));
    const known: number[] = [];
    batch.items.forEach(({ params }, index) => {
      if (groups.has(params.idp)) {
        known.push(index);
        return;
      }
      batch.announce(index);
      batch.fail(
        index,
        new TaskError(`the design has no IDP '${params.idp}'; it has ${[...groups.keys()].join(', ')}`),
      );
    });
    if (known.length === 0) return;
    refusingDesign(() => checkDesign(design));
    const panel = refusingDesign(() => simulateFounders(design));
    for (let from = 0; from < known.length; from += TOGETHER) {
      const some = known.slice(from, from + TOGETHER);
      batch.announce(some[0]!);
      const names = [...new Set(some.map((index) => batch.items[index]!.params.idp))];
      const result = simulateGwas(
        design,
        names,
        (fraction) => batch.items[some[0]!]!.progress(fraction),
        panel,
      );
      for (const index of some) {
        const item = batch.items[index]!;
        const { params } = item;
        batch.announce(index);
        const layout = params.layout === 'source' ? layoutOf(groups.get(params.idp)!) : params.layout;
        const pieces: Uint8Array[] = [];
        const k = result.idps.findIndex(({ idp }) => idp.idp === params.idp);
        writeSumstats(result, k, layout, (bytes) => pieces.push(bytes));
        item.log(`${result.people} people, ${result.overlapping} of them of the imaging cohort`);
        await batch.emit(index, { sumstats: fileOutput(Buffer.concat(pieces), EXTENSIONS[layout]) });
      }
    }
  },
});
