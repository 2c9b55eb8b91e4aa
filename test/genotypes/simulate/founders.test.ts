import { describe, expect, it } from 'vitest';
import { ANCESTRIES, EPOCHS, type Epoch } from '../../../genotypes/simulate/demography.js';
import { DesignError } from '../../../genotypes/simulate/design.js';
import { founderFrequency, simulateFounders, variantId } from '../../../genotypes/simulate/founders.js';
import { Genealogy } from '../../../genotypes/simulate/genealogy.js';
import { morgansAt, placeRegions } from '../../../genotypes/simulate/regions.js';
import { rngFromSeed } from '../../../stats/rng.js';
import { allelesOf, designWith, mean, r2, SEED, upTo } from './designs.js';

const N = 1_000;
const CONSTANT: readonly Epoch[] = [{ from: 0, sizes: [N] }];

describe('genealogy', () => {
  it('has the coalescent’s expected times: two lineages 2N, total length 4N·Σ1/i', () => {
    const n = 20;
    const pairs: number[] = [];
    const lengths: number[] = [];
    for (let i = 0; i < 2000; i++) {
      const tree = new Genealogy(new Uint8Array(n), CONSTANT, rngFromSeed(SEED, 'tree', i));
      pairs.push(tree.ancestorTime(0, 1));
      lengths.push(tree.length);
    }
    const harmonic = upTo(n - 1).reduce((sum, i) => sum + 1 / (i + 1), 0);
    // SE of the means: 2N/√2000 = 45 and about 1.3·2N/√2000.
    expect(Math.abs(mean(pairs) - 2 * N)).toBeLessThan(160);
    expect(Math.abs(mean(lengths) - 4 * N * harmonic)).toBeLessThan(250);
  });

  it('keeps that distribution along the genome, and forgets the first tree', () => {
    const n = 20;
    const first: number[] = [];
    const later: number[] = [];
    const lengths: number[] = [];
    for (let i = 0; i < 1500; i++) {
      const tree = new Genealogy(new Uint8Array(n), CONSTANT, rngFromSeed(SEED, 'walk', i));
      first.push(tree.ancestorTime(0, 1));
      for (let k = 0; k < 150; k++) tree.recombine();
      later.push(tree.ancestorTime(0, 1));
      lengths.push(tree.length);
    }
    // Trees seen at recombinations are longer than trees seen at a place: weight by 1/length to undo that.
    const weights = lengths.map((length) => 1 / length);
    const total = weights.reduce((sum, w) => sum + w, 0);
    const weighted = later.reduce((sum, t, i) => sum + t * weights[i]!, 0) / total;
    expect(Math.abs(weighted - 2 * N)).toBeLessThan(220);
    expect(r2(first, later)).toBeLessThan(0.02);
  });

  it('lets lineages of different populations meet only before they split', () => {
    const populations = Uint8Array.from({ length: 40 }, (_, i) => i % 4);
    const split = [
      [0, 1, 1_900],
      [0, 2, 600],
      [0, 3, 900],
      [2, 3, 900],
    ] as const;
    const tree = new Genealogy(populations, EPOCHS, rngFromSeed(SEED, 'split'));
    for (let k = 0; k < 300; k++) {
      tree.recombine();
      for (const [a, b, time] of split) expect(tree.ancestorTime(a, b)).toBeGreaterThanOrEqual(time);
    }
  });

  it('puts mutations where they are as common as asked', () => {
    const populations = Uint8Array.from({ length: 80 }, (_, i) => (i < 60 ? 0 : 1));
    const tree = new Genealogy(populations, EPOCHS, rngFromSeed(SEED, 'mutations'));
    const carriers = new Uint8Array(80);
    for (let i = 0; i < 300; i++) {
      tree.mutate(rngFromSeed(SEED, 'mutation', i), 0, 6, carriers);
      const copies = carriers.subarray(0, 60).reduce((sum, c) => sum + c, 0);
      expect(copies).toBeGreaterThanOrEqual(6);
      expect(copies).toBeLessThanOrEqual(54);
    }
  });
});

describe('regions', () => {
  it('stay where they are when more are asked for, and do not overlap', () => {
    const few = placeRegions(SEED, 10, 500_000);
    const many = placeRegions(SEED, 400, 500_000);
    for (const region of few) expect(many).toContainEqual(region);
    for (let i = 1; i < many.length; i++) {
      const [a, b] = [many[i - 1]!, many[i]!];
      if (a.chromosome === b.chromosome) expect(b.start).toBeGreaterThanOrEqual(a.start + a.length);
    }
    expect(new Set(many.map(({ chromosome }) => chromosome)).size).toBe(22);
  });

  it('refuse to overlap', () => {
    expect(() => placeRegions(SEED, 5_000, 2_000_000)).toThrow(DesignError);
  });

  it('have maps that rise, with most recombination in few places', () => {
    for (const region of placeRegions(SEED, 20, 500_000)) {
      const steps = Array.from(region.map.subarray(1), (m, i) => m - region.map[i]!);
      expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
      expect(morgansAt(region, region.length)).toBeCloseTo(500_000 * 1.2e-8, 12);
      steps.sort((a, b) => b - a);
      const hot = steps.slice(0, steps.length / 10).reduce((sum, s) => sum + s, 0);
      expect(hot / region.map.at(-1)!).toBeGreaterThan(0.4);
    }
  });
});

describe('founders', () => {
  const design = designWith({ genome: { variants: 3_000, regions: 30 } });
  const panel = simulateFounders(design);

  it('are the same for a seed, and a region does not depend on the others or on how many variants it has', () => {
    const byName = (variants: number, regions: number): Map<string, string> => {
      const some = simulateFounders(designWith({ genome: { variants, regions } }));
      const stride = Math.ceil(some.founders / 8);
      return new Map(
        upTo(some.variants).map((v) => [
          variantId(some, v),
          `${some.chromosome[v]!} ${some.position[v]!} ${Buffer.from(some.bits.subarray(v * stride, (v + 1) * stride)).toString('hex')}`,
        ]),
      );
    };
    const all = byName(1_000, 10);
    for (const other of [byName(1_000, 10), byName(500, 5), byName(300, 10)])
      for (const [id, what] of other) expect(all.get(id)).toBe(what);
    expect(all.size).toBe(1_000);
  });

  it('have the least minor allele frequency, and more rare variants than common ones', () => {
    const maf = upTo(panel.variants).map((v) => {
      const p = founderFrequency(panel, v, 0);
      return Math.min(p, 1 - p);
    });
    expect(Math.min(...maf)).toBeGreaterThanOrEqual(0.02);
    const share = (from: number, to: number): number =>
      maf.filter((m) => m > from && m <= to).length / maf.length;
    expect(share(0, 0.1)).toBeGreaterThan(1.5 * share(0.1, 0.2));
    expect(share(0.1, 0.2)).toBeGreaterThan(share(0.4, 0.5));
  });

  it('have FSTs between ancestries like those of people (Hudson’s estimator)', () => {
    const fst = (a: number, b: number): number => {
      const size = (x: number): number => panel.firstFounder[x + 1]! - panel.firstFounder[x]!;
      let [within, between] = [0, 0];
      for (let v = 0; v < panel.variants; v++) {
        const [p, q] = [founderFrequency(panel, v, a), founderFrequency(panel, v, b)];
        within += (p - q) ** 2 - (p * (1 - p)) / (size(a) - 1) - (q * (1 - q)) / (size(b) - 1);
        between += p * (1 - q) + q * (1 - p);
      }
      return within / between;
    };
    const at = (name: (typeof ANCESTRIES)[number]): number => ANCESTRIES.indexOf(name);
    expect(fst(0, at('AFR'))).toBeGreaterThan(0.1);
    expect(fst(0, at('AFR'))).toBeLessThan(0.19);
    expect(fst(0, at('EAS'))).toBeGreaterThan(0.05);
    expect(fst(0, at('EAS'))).toBeLessThan(0.12);
    expect(fst(0, at('SAS'))).toBeGreaterThan(0.015);
    expect(fst(0, at('SAS'))).toBeLessThan(0.06);
  });

  it('have linkage disequilibrium that decays with distance', () => {
    const alleles = allelesOf(panel, upTo(200));
    const bins = [5_000, 30_000, 100_000, 500_000];
    const found = bins.map(() => [] as number[]);
    for (const { first, end } of panel.regions) {
      for (let i = first; i < end; i++) {
        for (let j = i + 1; j < end; j++) {
          if ([i, j].some((v) => Math.abs(founderFrequency(panel, v, 0) - 0.5) > 0.4)) continue;
          const bin = bins.findIndex((most) => panel.position[j]! - panel.position[i]! <= most);
          found[bin]!.push(r2(alleles[i]!, alleles[j]!));
        }
      }
    }
    const means = found.map(mean);
    expect(means[0]!).toBeGreaterThan(0.25);
    for (let i = 1; i < means.length; i++) expect(means[i]!).toBeLessThan(0.75 * means[i - 1]!);
    // 200 haplotypes: chance alone gives 1/200.
    expect(means.at(-1)!).toBeLessThan(0.04);
  });
});
