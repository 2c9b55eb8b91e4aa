/** `scores.read`: a PGS Catalog scoring file. */
import { defineTask, jsonOutput, tableOutput } from '../engine/task.js';
import { FileSource } from '../genotypes/io/bytesource.js';
import { readScoringFile } from '../genotypes/scores/scoringfile.js';
import { refusing } from './genotype-views.js';
import { sumstatsTable } from './sumstats-table.js';

export const scoresRead = defineTask<Record<string, never>>({
  name: 'scores.read',
  version: 1,
  summary: 'Reads a PGS Catalog scoring file, raw or harmonised.',
  details:
    'The weight is `beta`, the frequency of the effect allele `eaf` where the file has it. Of a harmonised file the harmonised places are read. A score that is not a plain sum over effect alleles (interactions, haplotypes, dominant or recessive effects, weights by genotype, ratios) is refused, because leaving rows out would make it another score.',
  params: { type: 'object', properties: {}, additionalProperties: false },
  inputs: { file: { type: 'file', summary: 'The scoring file, plain or gzip.' } },
  outputs: {
    table: {
      type: 'sumstats',
      summary: 'chr, pos, id, effect_allele, other_allele, beta, eaf, line, build.',
    },
    about: { type: 'json', summary: "The header's entries, and whether the places are harmonised." },
  },
  run(context) {
    const { path } = context.file('file');
    return refusing('file', async () => {
      const file = new FileSource(path);
      try {
        const { table, metadata, harmonised } = await readScoringFile(file);
        context.log(`${table.count} weights on ${table.build ?? 'no declared build'}`);
        if (table.build === undefined) context.warn('the scoring file does not declare a build');
        return {
          table: tableOutput(sumstatsTable(table)),
          about: jsonOutput({ harmonised, ...Object.fromEntries(metadata) }),
        };
      } finally {
        file.close();
      }
    });
  },
});
