/**
 * `.bim` and `.fam` of simulated genotypes.
 * Not responsible for `.bed` (bedrows.ts) nor for who is called what.
 */
import type { Sink } from './bedrows.js';
import { MORGANS_PER_BASE } from './demography.js';
import { alternativeAllele, referenceAllele, variantId, type FounderPanel } from './founders.js';

const LINES = 4_096;

/** Encodes lines in pieces, so that no file stands in memory as one string. */
export function writeLines(sink: Sink, count: number, line: (i: number) => string): void {
  const encoder = new TextEncoder();
  for (let from = 0; from < count; from += LINES) {
    const to = Math.min(count, from + LINES);
    let text = '';
    for (let i = from; i < to; i++) text += line(i) + '\n';
    sink(encoder.encode(text));
  }
}

/** Chromosome, id, centimorgans (between regions by the genome's mean rate), position, A1 = alternative, A2 = reference. */
export function writeBim(panel: FounderPanel, sink: Sink): void {
  const before = new Float64Array(panel.variants);
  for (const { region, first, end } of panel.regions)
    before.fill(region.start * MORGANS_PER_BASE, first, end);
  writeLines(sink, panel.variants, (v) =>
    [
      panel.chromosome[v],
      variantId(panel, v),
      Number((100 * (before[v]! + panel.morgans[v]!)).toFixed(6)),
      panel.position[v],
      alternativeAllele(panel, v),
      referenceAllele(panel, v),
    ].join('\t'),
  );
}

/** Family and individual id are the same, parents unknown, phenotype missing. `male` is 1 for men, 0 for women. */
export function writeFam(ids: readonly string[], male: ArrayLike<number>, sink: Sink): void {
  writeLines(sink, ids.length, (s) => `${ids[s]!}\t${ids[s]!}\t0\t0\t${male[s] === 1 ? 1 : 2}\t-9`);
}
