import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../../genotypes/io/bytesource.js';
import { bedCode } from '../../../genotypes/simulate/bedrows.js';
import { simulateFounders } from '../../../genotypes/simulate/founders.js';
import { genotype } from '../../../genotypes/simulate/genotyping.js';
import {
  discoverySample,
  simulateGwas,
  standardError,
  type GwasResult,
} from '../../../genotypes/simulate/gwas.js';
import { Models } from '../../../genotypes/simulate/models.js';
import { Families, IMAGING, slotsOf } from '../../../genotypes/simulate/pedigree.js';
import { standardAge } from '../../../genotypes/simulate/person.js';
import { writeSumstats } from '../../../genotypes/simulate/sumstatswriter.js';
import { readSumstats } from '../../../genotypes/sumstats/read.js';
import { log10PFromZ } from '../../../stats/special.js';
import { designWith, mean, memory, upTo, variance } from './designs.js';

const design = designWith();
const panel = simulateFounders(design);

const zScores = (result: GwasResult, k: number): number[] =>
  upTo(result.panel.variants)
    .filter((v) => result.sxx[v]! > 0)
    .map((v) => result.idps[k]!.beta[v]! / standardError(result, k, v));

/** λGC: the median of z² over that of χ² with one degree of freedom. */
function inflation(z: readonly number[]): number {
  const squares = z.map((x) => x * x).sort((a, b) => a - b);
  return squares[squares.length >> 1]! / 0.454936423119572;
}

describe('GWAS', () => {
  it('is the least-squares regression on the genotypes that a .bed would hold', () => {
    const result = simulateGwas(design, ['25011', '24100']);
    const models = new Models(design, panel);
    const { people } = discoverySample(design, models.families);
    const slots = slotsOf(models.families, people);
    const out = memory();
    const complete = designWith({ genome: { missing: 0 } });
    const { dosages } = genotype(complete, panel, slots, {
      genotyped: slots.listed,
      bed: out.sink,
      tracked: models.idps.pool,
    });
    const n = slots.listed;
    const bytes = out.bytes().subarray(3);
    const stride = Math.ceil(n / 4);
    const k = models.idps.effects.findIndex(({ idp }) => idp.idp === '25011');
    const y: number[] = [];
    const columns: number[][] = [];
    models.forEach(slots, dosages, 0, n, (_, person, __, parts) => {
      y.push(parts.total[k]!);
      columns.push([1, standardAge(person, person.zero), person.male]);
    });
    const residual = adjusted(y, columns);
    const sd = Math.sqrt(mean(residual.map((x) => x * x)));
    for (let v = 0; v < panel.variants; v += 7) {
      const row = bytes.subarray(v * stride, (v + 1) * stride);
      const g = upTo(n).map((s) => [2, NaN, 1, 0][bedCode(row, s)]!);
      const centred = g.map((x) => x - mean(g));
      const sxx = centred.reduce((sum, x) => sum + x * x, 0);
      const sxy = centred.reduce((sum, x, i) => sum + (x * residual[i]!) / sd, 0);
      const beta = sxy / sxx;
      const rss = residual.reduce((sum, x, i) => sum + (x / sd - beta * centred[i]!) ** 2, 0);
      expect(result.sxx[v]).toBeCloseTo(sxx, 6);
      expect(result.frequency[v]).toBeCloseTo(mean(g) / 2, 12);
      expect(result.idps[0]!.beta[v]).toBeCloseTo(beta, 8);
      expect(standardError(result, 0, v)).toBeCloseTo(Math.sqrt(rss / (n - 2) / sxx), 8);
    }
  });

  it('of an IDP does not depend on which others are asked for', () => {
    const both = simulateGwas(design, ['25011', '24100'], undefined, panel);
    const alone = simulateGwas(design, ['24100'], undefined, panel);
    expect(alone.idps[0]!.beta).toEqual(both.idps[1]!.beta);
  });

  it('of IDPs without genetics gives standard normal z: λGC near 1', () => {
    const none = designWith({
      genome: { variants: 3_000, regions: 60 },
      idps: { t1: 10, swi: 0, cardiac: 0, brain: { snp: 0, blood: 0.1, covariates: 0.08 } },
      gwas: { people: 1_500 },
    });
    const names = upTo(10).map((i) => String(25011 + i));
    const result = simulateGwas(none, names);
    const z = names.flatMap((_, k) => zScores(result, k));
    expect(Math.abs(mean(z))).toBeLessThan(0.06);
    expect(Math.abs(variance(z) - 1)).toBeLessThan(0.08);
    // 60 regions × 10 IDPs are about 600 independent tests or more.
    expect(Math.abs(inflation(z) - 1)).toBeLessThan(0.12);
    expect(z.filter((x) => Math.abs(x) > 3.2905).length / z.length).toBeLessThan(0.003);
  });

  it('of IDPs with genetics finds the causal variants, in the direction planted', () => {
    const strong = designWith({ gwas: { people: 4_000 } });
    const result = simulateGwas(strong, ['24100'], undefined, panel);
    const models = new Models(strong, panel, new Set(['24100']));
    const { snps, perAllele } = models.idps.effects[0]!;
    const planted = Array.from(snps, (j, i) => ({ v: models.idps.pool[j]!, beta: perAllele[i]! }))
      .sort((a, b) => Math.abs(b.beta) - Math.abs(a.beta))
      .slice(0, 5);
    for (const { v, beta } of planted) {
      const z = result.idps[0]!.beta[v]! / standardError(result, 0, v);
      expect(Math.sign(z)).toBe(Math.sign(beta));
    }
    expect(Math.max(...zScores(result, 0).map(Math.abs))).toBeGreaterThan(6);
  });

  it('refuses a name that is none of its IDPs', () => {
    expect(() => simulateGwas(design, ['25920'], undefined, panel)).toThrow("the design has no IDP '25920'");
  });
});

describe('the discovery sample', () => {
  it('shares with the imaging cohort what overlap asks for, of the eligible', () => {
    const families = new Families(design);
    const eligible = upTo(300).filter(
      (i) => families.ancestry(IMAGING, i) === 0 && (i % 2 === 0 || families.relation(IMAGING, i) === null),
    ).length;
    expect(discoverySample(design, families).overlapping).toBe(0);
    const all = discoverySample(designWith({ gwas: { overlap: 1 } }), families);
    expect(all.overlapping).toBe(eligible);
    expect(all.people.index.length).toBe(400);
    const half = discoverySample(designWith({ gwas: { overlap: 0.5 } }), families).overlapping;
    expect(half / eligible).toBeGreaterThan(0.4);
    expect(half / eligible).toBeLessThan(0.6);
  });
});

describe('summary statistics', () => {
  const result = simulateGwas(design, ['25011', '24100'], undefined, panel);
  const written = (k: number, layout: 'big40' | 'fastgwa'): Uint8Array => {
    const out = memory();
    writeSumstats(result, k, layout, out.sink);
    return out.bytes();
  };

  it('are read back by the readers of their layouts, same effect of the alternative allele in both', async () => {
    for (const layout of ['big40', 'fastgwa'] as const) {
      const { table, dropped, how } = await readSumstats(new MemorySource(written(1, layout), 'gwas'), {
        layout: 'detect',
      });
      expect(how).toBe(layout);
      expect(Object.values(dropped).reduce((sum, x) => sum + x, 0)).toBe(0);
      expect(table.count).toBe(panel.variants);
      const { 1: trait } = result.idps;
      for (let row = 0; row < table.count; row += 13) {
        const id = table.id.at(row);
        const v = upTo(panel.variants).find((i) => `rs${panel.rs[i]!}` === id)!;
        const effect = table.effectAllele.at(row);
        const isAlternative =
          effect === ['G', 'A', 'T', 'C', 'G', 'T', 'A', 'C', 'C', 'T', 'T', 'G'][panel.alleles[v]!];
        expect(table.position[row]).toBe(panel.position[v]);
        const beta = (isAlternative ? 1 : -1) * trait!.beta[v]!;
        expect(Math.abs(table.beta![row]! / beta - 1)).toBeLessThan(1e-5);
        const z = beta / standardError(result, 1, v);
        expect(table.log10p![row]!).toBeCloseTo(log10PFromZ(z), 3);
        if (layout === 'fastgwa') {
          expect(table.eaf![row]!).toBeLessThanOrEqual(0.5);
          expect(table.n![row]).toBe(400);
        }
      }
    }
  });

  it('have the headers of their sources', () => {
    expect(Buffer.from(written(0, 'big40')).toString('utf8', 0, 44)).toBe(
      'chr rsid pos a1 a2 beta se pval(-log10)\n01 r',
    );
    const [header, first] = Buffer.from(written(1, 'fastgwa')).toString('utf8').split('\n');
    expect(header).toBe('CHR\tSNP\tPOS\tA1\tA2\tN\tAF1\tBETA\tSE\tP');
    expect(first!.split('\t').length).toBe(10);
  });

  it('leave out variants that do not vary in the sample', () => {
    const few = simulateGwas(designWith({ gwas: { people: 12 } }), ['25011'], undefined, panel);
    const still = upTo(panel.variants).filter((v) => few.sxx[v] === 0);
    expect(still.length).toBeGreaterThan(0);
    expect(few.idps[0]!.beta[still[0]!]).toBeNaN();
    const out = memory();
    writeSumstats(few, 0, 'big40', out.sink);
    expect(out.text().trimEnd().split('\n').length - 1).toBe(panel.variants - still.length);
  });
});

/** Residuals of y on columns, by normal equations. */
function adjusted(y: readonly number[], rows: readonly (readonly number[])[]): number[] {
  const p = rows[0]!.length;
  const a = upTo(p).map((i) => [
    ...upTo(p).map((j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
    rows.reduce((sum, row, s) => sum + row[i]! * y[s]!, 0),
  ]);
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < p; j++) {
      if (i === j) continue;
      const factor = a[j]![i]! / a[i]![i]!;
      for (let c = 0; c <= p; c++) a[j]![c]! -= factor * a[i]![c]!;
    }
  }
  return y.map(
    (value, s) => value - upTo(p).reduce((sum, i) => sum + (rows[s]![i]! * a[i]![p]!) / a[i]![i]!, 0),
  );
}
