/** The table of docs/summary-statistics.md against the code, and against the peer's own answer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FileSource } from '../../genotypes/io/bytesource.js';
import { harmonise } from '../../genotypes/sumstats/harmonise.js';
import { readSumstats } from '../../genotypes/sumstats/read.js';
import { VariantTableBuilder } from '../../genotypes/variants.js';
import { SHARED, hasShared } from './oracle.js';

const PAGE = fileURLToPath(new URL('../../docs/summary-statistics.md', import.meta.url));
const folder = join(SHARED, 'sumstats_dirty');

function rowsOf(name: string): string[][] {
  const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n').slice(1);
  return lines.map((line) => line.split('\t').map((cell) => cell.trim()));
}

/** Cells of the page's rows that begin with a number. */
function pageRows(): string[][] {
  return readFileSync(PAGE, 'utf8')
    .split('\n')
    .filter((line) => /^\| \d+ /.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replaceAll('\\', '')),
    );
}

/** What becomes of each line: reading, then harmonising against a panel of every variant of the file. */
async function outcomes(): Promise<Map<number, string>> {
  const became = new Map<number, string>();
  const { table } = await readSumstats(new FileSource(join(folder, 'dirty_sumstats.tsv')), {
    layout: 'detect',
    onDrop: (line, reason) => became.set(line, `dropped: ${reason}`),
  });
  const panel = new VariantTableBuilder();
  const frequency: number[] = [];
  const seen = new Set<string>();
  for (let row = 0; row < table.count; row++) {
    const chromosome = table.chromosomeNames[table.chromosome[row]!]!;
    const [effect, other] = [table.effectAllele.at(row), table.otherAllele.at(row)];
    const name = `${chromosome}:${table.position[row]!}:${other}:${effect}`;
    if (seen.has(name)) continue;
    seen.add(name);
    panel.pushTexts(panel.chromosomeCode(chromosome), table.position[row]!, name, other, effect, 2);
    frequency.push(table.eaf![row]!);
  }
  const kept = harmonise('dirty', table, {
    variants: panel.finish(),
    altFrequency: Float64Array.from(frequency),
  });
  const rows = new Set(kept.rows);
  expect(kept.lost.duplicate).toBe(table.count - rows.size);
  for (let row = 0; row < table.count; row++) {
    became.set(table.line[row]!, rows.has(row) ? 'read' : 'read; lost in harmonising: duplicate');
  }
  return became;
}

test.skipIf(!hasShared)(
  "each row of the page says what becomes of the row, here and in the peer's answer",
  async () => {
    const dirty = rowsOf('dirty_sumstats.tsv').filter((cells) => cells.length > 1);
    const clean = rowsOf('clean_sumstats.tsv');
    const became = await outcomes();
    const expected = dirty.map(([id, chr, pos, ea, nea, ...others], i) => {
      const note = others.at(-1)!;
      // The peer trims the alleles of one row, so alleles decide only where id and note are not unique.
      const alike = dirty.filter((cells) => cells[0] === id && cells.at(-1) === note).length > 1;
      const answer = clean.some((c) => c[0] === id && c.at(-1) === note && (!alike || c[4] === nea));
      return [
        String(i + 2),
        note,
        `${chr!}:${pos!} ${ea!}/${nea!}`,
        became.get(i + 2),
        answer ? 'read' : 'dropped',
      ];
    });
    const page = pageRows();
    expect(page.map((cells) => cells.slice(0, 5))).toEqual(expected);
    for (const cells of page) expect(cells[5]).toMatch(/\.$/);
    expect(page.filter((cells) => cells[4] === 'read')).toHaveLength(clean.length);
    expect(page.filter((cells) => cells[3]!.startsWith('dropped'))).toHaveLength(24);
  },
);
