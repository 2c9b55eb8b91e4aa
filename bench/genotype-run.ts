/**
 * The work of a genotype bench as a process of its own: node genotype-run.js clump|score FOLDER. Reads what the peer reads
 * (PLINK files and a text of p or of weights), and writes its answer.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileSource } from '../genotypes/io/bytesource.js';
import { clumpAll } from '../genotypes/ld/clump.js';
import { openBed } from '../genotypes/plink1/bed.js';
import { alleleFrequencies } from '../genotypes/qc/counts.js';
import { score } from '../genotypes/scores/score.js';

const [verb, folder = ''] = process.argv.slice(2);
const file = (name: string): FileSource => new FileSource(join(folder, name));
const source = await openBed({ bed: file('panel.bed'), bim: file('panel.bim'), fam: file('panel.fam') });

/** Rows of a text below its header: the number of the variant, and further cells. */
function rows(name: string): { variants: Uint32Array; cells: string[][] } {
  const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n').slice(1);
  const cells = lines.map((line) => line.split('\t'));
  return { variants: Uint32Array.from(cells, (row) => Number(row[0]!.slice(1))), cells };
}

if (verb === 'clump') {
  const names = readFileSync(join(folder, 'traits'), 'utf8').trimEnd().split('\n');
  const reports = names.map((name) => {
    const { variants, cells } = rows(name);
    return { variants, p: Float64Array.from(cells, (row) => Number(row[1]!)) };
  });
  const clumps = await clumpAll(source, reports, { r2: 0.1, kb: 250, p1: 1 });
  writeFileSync(
    join(folder, 'clumps'),
    clumps.map(({ leads, members }) => `${leads.join(' ')}\n${members.join(' ')}\n`).join(''),
  );
} else {
  const { variants, cells } = rows('weights');
  const columns = cells[0]!.length - 2;
  const { alt } = await alleleFrequencies(source, variants, undefined);
  const { sums } = await score(
    source,
    {
      variants,
      counted: new Uint8Array(variants.length).fill(1),
      columns,
      weights: Float64Array.from(cells.flatMap((row) => row.slice(2).map(Number))),
      frequency: alt,
    },
    undefined,
  );
  writeFileSync(join(folder, 'scores'), sums);
}
source.close();
