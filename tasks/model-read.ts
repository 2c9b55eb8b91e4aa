/** `model.read`: a published model from its file. */
import { readFile, stat } from 'node:fs/promises';
import { TaskError, defineTask, jsonOutput, type Json } from '../engine/task.js';
import { asStackedModel } from './stacked-model-schema.js';

/** A model of a million SNPs has about 150 MB; JSON is parsed in memory. */
const LARGEST = 512 * 2 ** 20;

export const modelRead = defineTask<Record<string, never>>({
  name: 'model.read',
  version: 1,
  summary: 'Reads a model that a study published, such as `models/25781.json`.',
  details: `The file is the JSON of \`model.stack\`: coefficients, intercepts, the SNPs with their alleles and training frequencies, and by what
features were standardised. \`model.predict\` with \`standardise: true\` applies it to people of another cohort, whose features have the same names and units. It
is checked throughout: a file that is no model, or one whose parts do not fit each other, is refused with the field at fault.`,
  params: { type: 'object', properties: {}, additionalProperties: false },
  inputs: { file: { type: 'file', summary: "The model's file (.json)." } },
  outputs: { model: { type: 'model', summary: 'The model, for `model.predict`.' } },
  async run(context) {
    const { path } = context.file('file');
    const { size } = await stat(path);
    if (size > LARGEST)
      throw new TaskError(
        `expected a model of at most ${LARGEST / 2 ** 20} MiB, got ${Math.ceil(size / 2 ** 20)} MiB`,
        {
          port: 'file',
        },
      );
    let json: Json;
    try {
      json = JSON.parse(await readFile(path, 'utf8')) as Json;
    } catch (error) {
      throw new TaskError(`this is not JSON: ${(error as Error).message}`, { port: 'file' });
    }
    const model = asStackedModel(json, 'file');
    const names = Object.keys(model.configurations);
    context.log(
      `configurations ${names.join(', ')}${model.snps ? `; ${model.snps.variants.length} SNPs` : ''}`,
    );
    return { model: jsonOutput(json) };
  },
});
