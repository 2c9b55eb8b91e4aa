/** `genotypes.join`: views of several files, one per chromosome, as one. */
import { TaskError, defineTask, type Outputs } from '../engine/task.js';
import { joinSources } from '../genotypes/fileset.js';
import type { GenotypeSource } from '../genotypes/source.js';
import { VIEW_OUTPUTS, concatIndexes, type GenotypeIndex } from './genotype-index.js';
import { Openings, refusing } from './genotype-views.js';
import { indexVariants, viewOutputs } from './genotypes-view.js';
import { itemLabel } from './gathered.js';
import { people as counted } from './reading.js';

interface Params {
  readonly people: 'identical' | 'intersect';
}

export const genotypesJoin = defineTask<Params>({
  name: 'genotypes.join',
  version: 2,
  summary: 'Joins views of the same people, such as one for each chromosome, into one.',
  details: `Variants follow view after view, in the order of the items. People must be the same in all views, or with \`intersect\` are
those whom all have; the others are counted in a warning. Views on different builds are refused.`,
  params: {
    type: 'object',
    properties: {
      people: {
        enum: ['identical', 'intersect'],
        default: 'identical',
        description:
          "`identical`: different people are an error; `intersect`: keep those in every view (UK Biobank's X has fewer).",
      },
    },
    additionalProperties: false,
  },
  inputs: { genotypes: { type: 'genotypes', gather: true, summary: 'The views to join.' } },
  outputs: VIEW_OUTPUTS,
  async run(context): Promise<Outputs> {
    const { items } = context.gatherViews('genotypes');
    const openings = new Openings();
    try {
      const sources: GenotypeSource[] = [];
      const indexes: GenotypeIndex[] = [];
      for (const { item, value } of items) {
        const opened = await openings.view(value, 'genotypes');
        const build = indexes[0]?.build ?? null;
        if (indexes.length > 0 && opened.build !== build)
          throw new TaskError(
            `${itemLabel(item)} is on ${opened.build ?? 'no declared build'}, the first on ${build ?? 'no declared build'}`,
            { port: 'genotypes' },
          );
        indexes.push(opened);
        sources.push(opened.source);
      }
      return await refusing('genotypes', async () => {
        const [first, ...others] = sources;
        const joined = joinSources([first!, ...others], context.params.people);
        const dropped = new Set(sources.flatMap(({ samples }) => samples.iid)).size - joined.samples.count;
        if (dropped > 0) context.warn(`${counted(dropped)} are not in every view and are left out`);
        const everyone = Uint32Array.from(joined.samples.iid.keys());
        const variants = Uint32Array.from(joined.variants.alleleCount.keys());
        const index: GenotypeIndex = {
          // The digests at hand are of other people when somebody was left out.
          ...(dropped === 0
            ? concatIndexes(indexes)
            : await indexVariants(joined, variants, everyone, (fraction) => context.progress(fraction))),
          people: joined.samples,
          build: indexes[0]!.build,
        };
        const of = items.map(({ value }) => value.recipe.content);
        return viewOutputs(context, index, of, {});
      });
    } finally {
      await openings.close();
    }
  },
});
