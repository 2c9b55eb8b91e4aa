/**
 * The work of a genotype bench as a process of its own: node genotype-run.js clump|score FOLDER. Reads what the peer reads
 * (PLINK files and a text of p or of weights), and writes its answer.
 */
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { FileSource } from '../genotypes/io/bytesource.js';
import { clumpAll } from '../genotypes/ld/clump.js';
import { openBed } from '../genotypes/plink1/bed.js';
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

const [TAB, NEWLINE, MINUS, POINT, ZERO] = [9, 10, 45, 46, 48];

/** The text of weights as a matrix: variants named v0, v1 …, the allele, and decimal numbers of at most fifteen digits. */
function readWeights(): { variants: Uint32Array; columns: number; weights: Float64Array } {
  const bytes = readFileSync(join(folder, 'weights'));
  const header = bytes.indexOf(NEWLINE);
  const columns = bytes.toString('latin1', 0, header).split('\t').length - 2;
  let lines = 0;
  for (let at = header; at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  const variants = new Uint32Array(lines - 1);
  const weights = new Float64Array(variants.length * columns);
  let at = header + 1;
  // Whole numbers and powers of ten below 2⁵³ are exact, so their ratio is the nearest double.
  const number = (): number => {
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    let digits = 0;
    let divisor = 0;
    for (let byte = bytes[at]!; byte !== TAB && byte !== NEWLINE; byte = bytes[++at]!) {
      if (byte === POINT) divisor = 1;
      else {
        digits = 10 * digits + byte - ZERO;
        divisor *= 10;
      }
    }
    at++;
    const value = divisor === 0 ? digits : digits / divisor;
    return negative ? -value : value;
  };
  for (let v = 0, w = 0; v < variants.length; v++) {
    at++;
    variants[v] = number();
    at = bytes.indexOf(TAB, at) + 1;
    for (let c = 0; c < columns; c++) weights[w++] = number();
  }
  return { variants, columns, weights };
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
  const { variants, columns, weights } = readWeights();
  const { sums } = await score(
    source,
    {
      variants,
      counted: new Uint8Array(variants.length).fill(1),
      columns,
      weights,
      frequency: new Float64Array(variants.length).fill(NaN),
    },
    undefined,
  );
  const scores = openSync(join(folder, 'scores'), 'w');
  for (const sum of sums) writeSync(scores, sum);
  closeSync(scores);
}
source.close();
