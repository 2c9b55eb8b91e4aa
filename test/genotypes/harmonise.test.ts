/** Harmonising: every hm_code, every loss, and three published loci against panels made here. */
import fc from 'fast-check';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FileSource, MemorySource } from '../../genotypes/io/bytesource.js';
import { isPalindromic, reverseComplement } from '../../genotypes/sumstats/alleles.js';
import { HM_CODES, harmonise } from '../../genotypes/sumstats/harmonise.js';
import type { HarmoniseOptions, Harmonised, LossReason } from '../../genotypes/sumstats/harmonise.js';
import type { Layout } from '../../genotypes/sumstats/layouts.js';
import { readSumstats } from '../../genotypes/sumstats/read.js';
import type { SumstatsTable } from '../../genotypes/sumstats/table.js';
import { VariantTableBuilder } from '../../genotypes/variants.js';
import type { VariantTable } from '../../genotypes/variants.js';
import { SHARED, hasShared, seeded } from './oracle.js';

interface PanelRow {
  readonly chromosome: string;
  readonly position: number;
  readonly id: string;
  readonly ref: string;
  readonly alt: string;
  readonly frequency: number;
}

function panelOf(rows: readonly PanelRow[]): { variants: VariantTable; altFrequency: Float64Array } {
  const builder = new VariantTableBuilder();
  for (const { chromosome, position, id, ref, alt } of rows) {
    builder.pushTexts(builder.chromosomeCode(chromosome), position, id, ref, alt, alt.split(',').length + 1);
  }
  return { variants: builder.finish(), altFrequency: Float64Array.from(rows, (row) => row.frequency) };
}

async function sumstats(rows: readonly string[], build?: 'GRCh37' | 'GRCh38'): Promise<SumstatsTable> {
  const text = ['chr\tpos\trsid\tea\tnea\teaf\tbeta\tp', ...rows, ''].join('\n');
  return (await readSumstats(new MemorySource(Buffer.from(text)), { layout: 'detect', build })).table;
}

/** One row against one panel. */
async function one(
  row: string,
  panel: readonly PanelRow[],
  options: HarmoniseOptions = {},
): Promise<Harmonised> {
  return harmonise('gwas.txt', await sumstats([row]), panelOf(panel), { minMatch: 0, ...options });
}

const at5 = (ref: string, alt: string, frequency = 0.2, id = 'rs1'): PanelRow => ({
  chromosome: '1',
  position: 5,
  id,
  ref,
  alt,
  frequency,
});
const row = (effect: string, other: string, eaf: number | 'NA' = 0.2): string =>
  `1\t5\trs1\t${effect}\t${other}\t${eaf}\t0.1\t0.5`;

function lossOf(result: Harmonised): LossReason | undefined {
  const [reason, ...others] = Object.entries(result.lost).filter(([, count]) => count > 0);
  expect(others).toEqual([]);
  return reason?.[0] as LossReason | undefined;
}

describe('every hm_code', () => {
  test.each<[string, PanelRow[], HarmoniseOptions, number, 1 | -1 | undefined, LossReason | undefined]>([
    [row('G', 'A'), [at5('A', 'G')], {}, 10, 1, undefined],
    [row('A', 'G'), [at5('A', 'G')], {}, 11, -1, undefined],
    [row('C', 'T'), [at5('A', 'G')], {}, 12, 1, undefined],
    [row('T', 'C'), [at5('A', 'G')], {}, 13, -1, undefined],
    [row('AT', 'A'), [at5('A', 'AT')], {}, 10, 1, undefined],
    [row('T', 'A', 0.25), [at5('A', 'T')], {}, 1, 1, undefined],
    [row('A', 'T', 0.75), [at5('A', 'T')], {}, 2, -1, undefined],
    [row('A', 'T', 0.25), [at5('A', 'T')], { palindromic: 'infer' }, 3, 1, undefined],
    [row('T', 'A', 0.75), [at5('A', 'T')], { palindromic: 'infer' }, 4, -1, undefined],
    [row('T', 'A', 0.75), [at5('A', 'T')], { palindromic: 'forward' }, 5, 1, undefined],
    [row('A', 'T', 'NA'), [at5('A', 'T')], { palindromic: 'forward' }, 6, -1, undefined],
    [row('T', 'A', 0.75), [at5('A', 'T')], {}, 9, undefined, 'palindromic-frequency-differs'],
    [row('T', 'A', 0.2), [at5('A', 'T')], { palindromic: 'drop' }, 9, undefined, 'palindromic-dropped'],
    [row('T', 'A', 'NA'), [at5('A', 'T')], {}, 17, undefined, 'palindromic-frequency-unknown'],
    [row('T', 'A', 0.2), [at5('A', 'T', NaN)], {}, 17, undefined, 'palindromic-frequency-unknown'],
    [row('T', 'A', 0.42), [at5('A', 'T', 0.3)], {}, 18, undefined, 'palindromic-frequency-middle'],
    [row('T', 'A', 0.41), [at5('A', 'T', 0.58)], {}, 18, undefined, 'palindromic-frequency-middle'],
    [row('G', 'A'), [{ ...at5('A', 'G'), position: 6 }], {}, 15, undefined, 'no-variant-there'],
    [row('G', 'A'), [at5('C', 'A')], {}, 15, undefined, 'alleles-differ'],
    [row('G', 'A'), [at5('A', 'G,T')], {}, 15, undefined, 'multiallelic-variant'],
    [
      row('G', 'A'),
      [at5('A', 'G', 0.2, 'x'), at5('A', 'G', 0.2, 'y')],
      {},
      16,
      undefined,
      'several-variants',
    ],
    ['NA\tNA\trs9\tG\tA\t0.2\t0.1\t0.5', [at5('A', 'G')], {}, 15, undefined, 'no-variant-there'],
  ])('%j against %j with %j: code %i, sign %s, %s', async (text, panel, options, code, sign, lost) => {
    const result = await one(text, panel, options);
    expect(result.hmCode[0]).toBe(code);
    expect(HM_CODES[code]).toBeDefined();
    expect(lossOf(result)).toBe(lost);
    expect([...result.sign]).toEqual(sign === undefined ? [] : [sign]);
  });

  test('equal variants are told apart by id; a forward match is preferred to one on the other strand', async () => {
    const twice = await one(row('G', 'A'), [at5('A', 'G', 0.2, 'x'), at5('A', 'G', 0.2, 'rs1')]);
    expect(twice.variant[0]).toBe(1);
    const strands = await one(row('G', 'A'), [at5('T', 'C'), at5('G', 'A')]);
    expect([strands.hmCode[0], strands.variant[0]]).toEqual([11, 1]);
  });

  test('rows without a place are found by rs number', async () => {
    const result = await one('NA\tNA\trs7\tG\tA\t0.2\t0.1\t0.5', [at5('A', 'C'), at5('A', 'G', 0.2, 'rs7')]);
    expect([result.hmCode[0], result.variant[0]]).toEqual([10, 1]);
  });

  test('neither place nor id is code 14', async () => {
    const layout: Layout = {
      columns: { id: 'i', effectAllele: 'x', otherAllele: 'y', z: 'Z' },
      chromosomeCoding: 'plink',
      alleles: 'letters',
    };
    const { table } = await readSumstats(new MemorySource(Buffer.from('i x y Z\n. A G 1\n')), { layout });
    const result = harmonise('g', table, panelOf([at5('A', 'G')]), { minMatch: 0 });
    expect([result.hmCode[0], lossOf(result)]).toEqual([14, 'no-place-and-no-id']);
  });

  test('without another allele only the forward strand is tried', async () => {
    const layout: Layout = {
      columns: { chromosome: 'c', position: 'b', effectAllele: 'x', z: 'Z' },
      chromosomeCoding: 'plink',
      alleles: 'letters',
    };
    const { table } = await readSumstats(new MemorySource(Buffer.from('c b x Z\n1 5 A 1\n1 5 T 1\n')), {
      layout,
    });
    const result = harmonise('g', table, panelOf([at5('A', 'G')]), { minMatch: 0 });
    expect([...result.hmCode]).toEqual([11, 15]);
  });

  test('X and PAR are one place; the first of two equal rows is kept', async () => {
    const table = await sumstats(['X\t5\trs1\tG\tA\t0.2\t0.1\t0.5', '23\t5\trs1\tA\tG\t0.8\t-0.1\t0.5']);
    const result = harmonise('g', table, panelOf([{ ...at5('A', 'G'), chromosome: '25' }]));
    expect([...result.rows]).toEqual([0]);
    expect(lossOf(result)).toBe('duplicate');
    expect([...result.hmCode]).toEqual([10, 11]);
  });
});

describe('refusals and warnings', () => {
  test('builds that differ; builds that nobody declared', async () => {
    const panel = panelOf([at5('A', 'G')]);
    const on38 = await sumstats([row('G', 'A')], 'GRCh38');
    expect(() => harmonise('gwas.txt', on38, { ...panel, build: 'GRCh37' })).toThrow(
      'gwas.txt: the summary statistics are on GRCh38, the panel on GRCh37: lift one over',
    );
    expect(harmonise('gwas.txt', on38, { ...panel, build: 'GRCh38' }).warnings).toEqual([]);
    expect(harmonise('gwas.txt', on38, panel).warnings).toEqual(['the build of the panel is not declared']);
  });

  test('fewer than 20 % of rows match; fewer than 75 % is a warning', async () => {
    const rows = (matching: number): string[] =>
      Array.from({ length: 10 }, (_, i) => `1\t${i < matching ? 100 + i : 900 + i}\t.\tG\tA\t0.2\t0.1\t0.5`);
    const panel = panelOf(Array.from({ length: 10 }, (_, i) => ({ ...at5('A', 'G'), position: 100 + i })));
    const match = async (matching: number, options = {}): Promise<Harmonised> =>
      harmonise('g', await sumstats(rows(matching)), panel, options);
    await expect(match(1)).rejects.toThrow('only 10.0 % of 10 rows match the reference panel');
    expect((await match(1, { minMatch: 0.1 })).matchRate).toBe(0.1);
    expect((await match(2)).warnings[1]).toBe('20.0 % of 10 rows match the reference panel');
    expect((await match(8)).warnings).toHaveLength(1);
  });

  test('an effect allele that is the other one shows in the frequencies', async () => {
    const random = seeded(1);
    const panel = Array.from({ length: 50 }, (_, i) => ({ ...at5('A', 'G', random()), position: i + 1 }));
    const rows = panel.map(
      ({ position, frequency }) => `1\t${position}\t.\tG\tA\t${1 - frequency}\t0.1\t0.5`,
    );
    const result = harmonise('g', await sumstats(rows), panelOf(panel));
    expect(result.frequencyCheck.correlation).toBeCloseTo(-1, 10);
    expect(result.warnings[1]).toBe(
      "frequencies correlate -1.00 with the panel's over 50 rows: the effect allele is probably the other one",
    );
  });
});

test('exchanging alleles or strands changes the code, not the effect of ALT', async () => {
  const base = fc.constantFrom('A', 'C', 'G', 'T');
  const dna = fc.array(base, { minLength: 1, maxLength: 4 }).map((bases) => bases.join(''));
  await fc.assert(
    fc.asyncProperty(dna, dna, async (ref, alt) => {
      fc.pre(ref !== alt && !isPalindromic(ref, alt));
      // A pair whose complement is the same pair exchanged is palindromic; others have four distinct spellings.
      const [refBack, altBack] = [reverseComplement(ref)!, reverseComplement(alt)!];
      fc.pre(!(refBack === ref && altBack === alt));
      const spellings = [
        [alt, ref],
        [ref, alt],
        [altBack, refBack],
        [refBack, altBack],
      ] as const;
      const results = await Promise.all(
        spellings.map(([effect, other]) => one(row(effect, other), [at5(ref, alt)])),
      );
      expect(results.map((result) => result.hmCode[0])).toEqual([10, 11, 12, 13]);
      expect(results.map((result) => result.sign[0])).toEqual([1, -1, 1, -1]);
    }),
    { seed: 2, numRuns: 100 },
  );
});

describe.skipIf(!hasShared)('published loci against panels made of them', () => {
  const DGI: Layout = {
    columns: {
      chromosome: 'CHR',
      position: 'POS',
      id: 'SNP',
      effectAllele: 'EFFECT_ALLELE',
      otherAllele: 'NON_EFFECT_ALLELE',
      eaf: 'EFFECT_ALLELE_FREQ',
      beta: 'BETA',
      se: 'SE',
      p: 'P_VAL',
      n: 'N',
    },
    chromosomeCoding: 'plink',
    alleles: '1234',
  };
  test.each([
    ['fto_locus_chr16.tsv.gz', 'detect', 19119],
    ['sle_gwas_3loci.tsv', 'detect', 1990],
    ['DGI_three_regions.txt', DGI, 2369],
  ] as const)('%s: what was done to each variant is what is found', async (name, layout, rows) => {
    const { table } = await readSumstats(new FileSource(join(SHARED, 'sumstats', name)), { layout });
    expect(table.count).toBe(rows);
    const random = seeded(rows);
    const panel: PanelRow[] = [];
    const expected: number[] = [];
    const seen = new Set<string>();
    for (let r = 0; r < table.count; r++) {
      const [effect, other] = [table.effectAllele.at(r), table.otherAllele.at(r)];
      const place = `${table.chromosome[r]!}:${table.position[r]!}`;
      const eaf = table.eaf?.[r] ?? NaN;
      const chromosome = table.chromosomeNames[table.chromosome[r]!]!;
      const id = `p${r}`;
      // Alleles written D and I have no other strand.
      const turns = reverseComplement(effect) !== undefined && reverseComplement(other) !== undefined;
      const deed = Math.floor(random() * (turns ? 10 : 7));
      // Positions that the file repeats are left out of the panel at the second row: they are other variants or losses.
      if (seen.has(place)) {
        expected.push(-1);
        continue;
      }
      seen.add(place);
      const push = (ref: string, alt: string, frequency: number): void => {
        panel.push({ chromosome, position: table.position[r]!, id, ref, alt, frequency });
      };
      const [otherBack, effectBack] = [reverseComplement(other)!, reverseComplement(effect)!];
      if (deed === 0) expected.push(15);
      else if (isPalindromic(effect, other)) {
        const swap = deed < 4;
        const agrees = deed !== 9;
        const frequency = agrees ? eaf : 1 - eaf;
        if (swap) push(effect, other, 1 - frequency);
        else push(other, effect, frequency);
        const middle = eaf >= 0.42 && eaf <= 0.58;
        const near = Math.abs(eaf - frequency) < 0.2;
        expected.push(Number.isNaN(eaf) ? 17 : middle ? 18 : near ? (swap ? 2 : 1) : 9);
      } else if (deed < 4) {
        push(other, effect, eaf);
        expected.push(10);
      } else if (deed < 7) {
        push(effect, other, 1 - eaf);
        expected.push(11);
      } else if (deed === 7) {
        push(otherBack, effectBack, eaf);
        expected.push(12);
      } else if (deed === 8) {
        push(effectBack, otherBack, 1 - eaf);
        expected.push(13);
      } else {
        push(`${other}GATTACA`, effect, eaf);
        expected.push(15);
      }
    }
    const result = harmonise(name, table, panelOf(panel));
    const wrong = expected.flatMap((code, r) =>
      code >= 0 && result.hmCode[r] !== code ? [[r, code, result.hmCode[r]]] : [],
    );
    expect(wrong).toEqual([]);
    const lost = Object.values(result.lost).reduce((a, b) => a + b, 0);
    expect(lost + result.rows.length).toBe(table.count);
    // The effect of ALT: the effect allele's own where the panel's ALT is that allele, on either strand.
    result.rows.forEach((r, k) => {
      const variant = panel[result.variant[r]!]!;
      const effect = table.effectAllele.at(r);
      const isAlt = [1, 10].includes(result.hmCode[r]!) ? variant.alt === effect : result.hmCode[r] === 12;
      expect(result.sign[k]).toBe(isAlt ? 1 : -1);
    });
    if (table.eaf !== undefined) {
      expect(result.frequencyCheck.correlation).toBeGreaterThan(0.999);
      expect(result.frequencyCheck.differing).toBe(0);
    }
  });
});
