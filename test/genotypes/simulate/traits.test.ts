import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOOD_LIMITS, bloodTraitsOf } from '../../../genotypes/simulate/bloodcatalogue.js';
import { bloodValue } from '../../../genotypes/simulate/bloodmodel.js';
import {
  CATEGORY_LIMIT,
  DISEASES_PER_CATEGORY,
  diseasesOf,
} from '../../../genotypes/simulate/diseasecatalogue.js';
import { Draws } from '../../../genotypes/simulate/draws.js';
import { simulateFounders } from '../../../genotypes/simulate/founders.js';
import { genotype } from '../../../genotypes/simulate/genotyping.js';
import { IMAGING_LIMITS, idpsOf } from '../../../genotypes/simulate/imagingcatalogue.js';
import { eventAge, exposure, solveBase } from '../../../genotypes/simulate/lifetable.js';
import { Models } from '../../../genotypes/simulate/models.js';
import { DISCOVERY, slotsOf } from '../../../genotypes/simulate/pedigree.js';
import { standardAge } from '../../../genotypes/simulate/person.js';
import { designWith, mean, peopleOf, SEED, upTo, variance } from './designs.js';

/** Least-squares share of the variance of y that the columns explain. */
function explained(y: Float64Array, columns: readonly Float64Array[]): number {
  const basis: Float64Array[] = [];
  const without = (x: Float64Array): Float64Array => {
    const centre = mean(x);
    let rest = x.map((value) => value - centre);
    for (const q of basis) {
      const along = rest.reduce((sum, value, i) => sum + value * q[i]!, 0);
      rest = rest.map((value, i) => value - along * q[i]!);
    }
    return rest;
  };
  for (const column of columns) {
    const rest = without(column);
    const length = Math.sqrt(rest.reduce((sum, x) => sum + x * x, 0));
    if (length > 1e-9) basis.push(rest.map((x) => x / length));
  }
  return 1 - variance(without(y)) / variance(y);
}

describe('draws', () => {
  it('are uniform and normal, and a function of their place', () => {
    const draws = new Draws(SEED, 'test');
    const normals = upTo(20_000).map((i) => draws.normal(i, 1));
    expect(Math.abs(mean(normals))).toBeLessThan(0.03);
    expect(Math.abs(variance(normals) - 1)).toBeLessThan(0.04);
    const uniforms = upTo(20_000).map((i) => draws.uniform(i, 2, 7));
    expect(Math.abs(mean(uniforms) - 0.5)).toBeLessThan(0.01);
    expect(new Draws(SEED, 'test').normal(12, 1)).toBe(normals[12]);
    expect(new Draws(SEED, 'other').normal(12, 1)).not.toBe(normals[12]);
  });
});

describe('variance', () => {
  const people = 6000;
  const design = designWith({
    genome: { variants: 2_000, regions: 40 },
    idps: { t1: 8, swi: 2, cardiac: 8 },
  });
  const models = new Models(design, simulateFounders(design));
  const slots = slotsOf(models.families, peopleOf(DISCOVERY, upTo(people)));
  const { dosages } = genotype(design, models.panel, slots, {
    genotyped: 0,
    bed: null,
    tracked: models.idps.pool,
  });
  const size = models.idps.effects.length;
  const traits = models.blood.traits.length;
  const column = (): Float64Array => new Float64Array(people);
  const total = Array.from({ length: size }, column);
  const genetic = Array.from({ length: size }, column);
  const own = Array.from({ length: traits }, column);
  const level = Array.from({ length: traits }, column);
  const [age, sex, bmi] = [column(), column(), column()];
  models.forEach(slots, dosages, 0, people, (s, person, u, parts) => {
    parts.total.forEach((value, k) => (total[k]![s] = value));
    parts.genetic.forEach((value, k) => (genetic[k]![s] = value));
    for (let t = 0; t < traits; t++) {
      own[t]![s] = u[t]!;
      level[t]![s] = models.blood.level(person, t, u[t]!, person.recruited);
    }
    age[s] = standardAge(person, person.zero);
    sex[s] = person.male;
    bmi[s] = person.bmi;
  });

  it('of an IDP is 1, and the shares of its parts are those asked for', () => {
    for (const [k, { shares, idp }] of models.idps.effects.entries()) {
      expect(Math.abs(variance(total[k]!) - 1), idp.idp).toBeLessThan(0.1);
      const sharesFound = [
        explained(total[k]!, [genetic[k]!]),
        explained(total[k]!, own),
        explained(total[k]!, [age, sex, bmi]),
      ];
      // The SE of an R² of 0.1 to 0.25 in 6,000 people is about 0.01; ages and LD vary a little around the model's.
      [shares.snp, shares.blood, shares.covariates].forEach((share, i) => {
        expect(Math.abs(sharesFound[i]! - share), `${idp.idp} ${i}`).toBeLessThan(0.04);
      });
    }
    const snp = mean(models.idps.effects.map((_, k) => variance(genetic[k]!)));
    expect(Math.abs(snp - mean(models.idps.effects.map(({ shares }) => shares.snp)))).toBeLessThan(0.01);
  });

  it('of a blood trait is about 1, with a third of it demographic', () => {
    for (let t = 0; t < traits; t++) {
      expect(Math.abs(variance(level[t]!) - 1)).toBeLessThan(0.12);
      expect(Math.abs(explained(level[t]!, [age, sex, bmi]) - 0.3)).toBeLessThan(0.08);
    }
  });

  it('is shared by the noise of IDPs of a group, beyond what predicts them', () => {
    const residual = total.map((y, k) => y.map((value, i) => value - genetic[k]![i]!));
    const correlation = (a: number, b: number): number => {
      const [x, y] = [residual[a]!, residual[b]!];
      return mean(x.map((value, i) => value * y[i]!)) - mean(x) * mean(y);
    };
    const t1 = upTo(8).flatMap((a) => upTo(a).map((b) => correlation(a, b)));
    // A quarter of the noise of 0.7, and chance agreement of the predictable parts.
    expect(Math.abs(mean(t1) - 0.25 * 0.7)).toBeLessThan(0.06);
  });

  it('does not move when another IDP or blood trait joins the study', () => {
    const more = designWith({
      genome: design.genome,
      idps: { ...design.idps, t1: 9, cardiac: 10 },
    });
    const larger = new Models(more, models.panel);
    for (const { idp, perAllele, covariates, blood } of models.idps.effects) {
      const same = larger.idps.effects.find((other) => other.idp.idp === idp.idp)!;
      expect({ perAllele: same.perAllele, covariates: same.covariates, blood: same.blood }).toEqual({
        perAllele,
        covariates,
        blood,
      });
    }
  });
});

describe('life tables', () => {
  it('the age of an event has the integrated hazard that was drawn (property)', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -0.05, max: 0.12, noNaN: true }),
        fc.double({ min: 1e-6, max: 0.1, noNaN: true }),
        fc.double({ min: 20, max: 80, noNaN: true }),
        fc.double({ min: 1e-3, max: 5, noNaN: true }),
        (theta, rate, from, exponential) => {
          const age = eventAge(theta, rate, from, exponential);
          if (age === Infinity) {
            expect(theta).toBeLessThan(0);
            return;
          }
          expect(age).toBeGreaterThanOrEqual(from);
          expect(rate * exposure(theta, from, age)).toBeCloseTo(exponential, 6);
        },
      ),
    );
  });

  it('without growth the hazard is constant; without a hazard nothing happens', () => {
    expect(eventAge(0, 0.5, 30, 2)).toBe(34);
    expect(exposure(0, 30, 34)).toBe(4);
    expect(eventAge(0.1, 0, 30, 2)).toBe(Infinity);
  });

  it('the base hazard gives the risk that was asked for', () => {
    const people = upTo(500).map((i) => ({
      ratio: Math.exp(Math.sin(i)),
      from: 50 + (i % 20),
      to: 55 + (i % 20),
    }));
    const base = solveBase(people, 0.04, 30, 0.07);
    let [free, events] = [0, 0];
    for (const { ratio, from, to } of people) {
      const alive = Math.exp(-base * ratio * exposure(0.04, 30, from));
      free += alive;
      events += alive - Math.exp(-base * ratio * exposure(0.04, 30, to));
    }
    expect(events / free).toBeCloseTo(0.07, 9);
    expect(solveBase([], 0.04, 30, 0.07)).toBe(0);
  });
});

describe('catalogues', () => {
  it('have the paper’s numbers of IDPs and blood traits, each field once', () => {
    expect(IMAGING_LIMITS).toEqual({ t1: 164, swi: 14, cardiac: 82 });
    expect(BLOOD_LIMITS).toEqual({ count: 31, biochemistry: 30 });
    const idps = idpsOf(IMAGING_LIMITS).map(({ idp }) => Number(idp));
    expect(new Set(idps).size).toBe(260);
    expect(Math.min(...idps)).toBe(24100);
    expect(Math.max(...idps)).toBe(25920);
    const traits = bloodTraitsOf(BLOOD_LIMITS).map(({ trait }) => Number(trait));
    expect(traits.sort((a, b) => a - b)).toEqual([
      ...upTo(31).map((i) => 30000 + 10 * i),
      ...upTo(30).map((i) => 30600 + 10 * i),
    ]);
  });

  it('have 13 categories of diseases, each code and field once, fields of dates even', () => {
    const all = diseasesOf(CATEGORY_LIMIT * DISEASES_PER_CATEGORY, CATEGORY_LIMIT);
    expect(CATEGORY_LIMIT).toBe(13);
    expect(all.length).toBe(195);
    expect(new Set(all.map(({ disease }) => disease)).size).toBe(195);
    expect(new Set(all.map(({ field }) => field)).size).toBe(195);
    for (const { disease, field } of all) {
      expect(disease).toMatch(/^[A-N]\d\d$/);
      expect(field % 2).toBe(0);
    }
    // Fields follow the codes.
    const byCode = [...all].sort((a, b) => (a.disease < b.disease ? -1 : 1)).map(({ field }) => field);
    expect(byCode).toEqual([...byCode].sort((a, b) => a - b));
    expect(diseasesOf(184, 13).length).toBe(184);
    expect(diseasesOf(0, 6)).toEqual([]);
  });

  it('give blood values near their means and SDs, skewed ones too', () => {
    const draws = new Draws(SEED, 'values');
    for (const trait of bloodTraitsOf(BLOOD_LIMITS)) {
      const values = upTo(4000).map((i) => bloodValue(trait, draws.normal(i, 0)));
      expect(Math.min(...values)).toBeGreaterThan(0);
      expect(Math.abs(mean(values) / trait.mean - 1), trait.name).toBeLessThan(0.12);
      if (!trait.skewed) continue;
      expect(Math.sqrt(variance(values)) / trait.sd, trait.name).toBeGreaterThan(0.7);
    }
  });
});
