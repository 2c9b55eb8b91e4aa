/** `genotypes.select`: some variants and some people of a view, as a view of their own. */
import { defineTask, type Outputs, type TaskContext } from '../engine/task.js';
import { VIEW_OUTPUTS, takePeople, takeVariants, type GenotypeIndex } from './genotype-index.js';
import { BLOCK_BYTES, Openings, viewBytes } from './genotype-views.js';
import { SAMPLES_PORT, chosenPeople, indexVariants, viewOutputs } from './genotypes-view.js';
import { VARIANTS_PORT, namedVariants } from './variant-matching.js';

export const genotypesSelect = defineTask<Record<string, never>>({
  name: 'genotypes.select',
  version: 2,
  summary: 'Narrows a genotype view to some variants and some people.',
  details: `What depends on the narrowed view depends on nothing else of the files: another variant or person there changes nothing. Fewer
variants of the same people cost no reading; fewer people are read once, because the digest of a variant's calls is of these people.
Variants are found by place and alleles (on either strand, in either order), equal ones by id, and by id alone where the table has
nothing else; those that are not there are counted in a warning.`,
  params: { type: 'object', properties: {}, additionalProperties: false },
  inputs: {
    genotypes: { type: 'genotypes', summary: 'The view to narrow.' },
    variants: VARIANTS_PORT,
    samples: SAMPLES_PORT,
  },
  outputs: VIEW_OUTPUTS,
  batch: { shared: ['genotypes', 'samples'], varies: [] },
  resources: (_params, shapes) => ({ memory: viewBytes(shapes, () => BLOCK_BYTES) }),
  async runBatch(batch) {
    const openings = new Openings();
    try {
      for (const [index, item] of batch.items.entries()) {
        batch.announce(index);
        let outputs: Outputs;
        try {
          outputs = await select(item, openings);
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

async function select(context: TaskContext<unknown>, openings: Openings): Promise<Outputs> {
  const view = context.view('genotypes');
  const whole = await openings.index(view);
  const people = chosenPeople(context, whole.people);
  const variants = context.has('variants')
    ? await namedVariants(context, whole)
    : Uint32Array.from(whole.variants.alleleCount.keys());
  const of = [view.recipe.content];
  if (people.length === whole.people.count)
    return viewOutputs(context, { ...whole, ...takeVariants(whole, variants) }, of, {});
  const { source } = await openings.view(view, 'genotypes');
  const index: GenotypeIndex = {
    ...(await indexVariants(source, variants, people, (fraction) => context.progress(fraction))),
    people: takePeople(whole.people, people),
    build: whole.build,
  };
  return viewOutputs(context, index, of, {});
}
