import { describe, expect, it } from 'vitest';
import {
  CENSORING,
  dateOf,
  dayOf,
  RECRUITMENT,
  SPECIAL_DATES,
} from '../../../genotypes/simulate/calendar.js';
import type { Cohort } from '../../../genotypes/simulate/cohort.js';
import { checkDesign, DesignError } from '../../../genotypes/simulate/design.js';
import { Identities, ROLE_LIMIT } from '../../../genotypes/simulate/identity.js';
import { IMAGING, TARGET } from '../../../genotypes/simulate/pedigree.js';
import { columnName, type Sheet } from '../../../genotypes/simulate/ukbcolumns.js';
import { designWith, mean, SEED, simulated, upTo } from './designs.js';

const numbers = (sheet: Sheet, name: string): Float64Array => sheet.columns.get(name) as Float64Array;
const texts = (sheet: Sheet, name: string): readonly (string | null)[] =>
  sheet.columns.get(name) as readonly (string | null)[];
const day = (date: string): number => Date.parse(date) / 86_400_000;
const known = (values: Float64Array): number => values.filter((x) => !Number.isNaN(x)).length;

/** Events and people at risk of each disease, from time zero for so many years. */
function incidence(cohort: Cohort, role: 'imaging' | 'target', years: number): number {
  const { firstOccurrences: first } = cohort;
  const zero =
    role === 'imaging'
      ? new Map(cohort.imaging.ids.map((id, i) => [id, day(texts(cohort.imaging, '53-2.0')[i]!)]))
      : new Map(
          first.ids
            .map((id, i) => [id, day(texts(cohort.assessment, '53-0.0')[i]!)] as const)
            .filter((_, i) => texts(cohort.truthAboutPeople, 'cohort')[i] === 'target'),
        );
  const rates = [...first.columns.keys()].slice(3).map((name) => {
    const dates = texts(first, name);
    let [risk, events] = [0, 0];
    first.ids.forEach((id, i) => {
      const start = zero.get(id);
      if (start === undefined) return;
      const date = dates[i];
      if (date && day(date) <= start) return;
      risk++;
      if (date && day(date) <= start + 365.25 * years) events++;
    });
    return events / risk;
  });
  return mean(rates);
}

describe('the records of a cohort', () => {
  const design = designWith({
    people: { imaging: 2_500, target: 3_000, relatives: 0.05 },
    diseases: { count: 12, categories: 4 },
  });
  const { cohort, files } = simulated(design);
  const { assessment, imaging, firstOccurrences, hospital } = cohort;
  const rowOf = new Map(assessment.ids.map((id, i) => [id, i]));
  const end = (i: number): number => {
    const centre = numbers(assessment, '54-0.0')[i]!;
    const country = [11004, 11005].includes(centre)
      ? 'Scotland'
      : [11003, 11022, 11023].includes(centre)
        ? 'Wales'
        : 'England';
    return CENSORING[country];
  };

  it('name everyone once, in the order of the .fam', () => {
    expect(assessment.ids.length).toBe(5_500);
    expect(new Set(assessment.ids).size).toBe(5_500);
    expect([...assessment.ids]).toEqual([...assessment.ids].sort());
    const fam = Buffer.from(files.fam).toString('utf8').trimEnd().split('\n');
    const withdrawn = new Set(cohort.withdrawn);
    let negative = 0;
    fam.forEach((line, i) => {
      const [fid, iid, father, mother, sex] = line.split('\t');
      expect([fid, father, mother]).toEqual([iid, '0', '0']);
      expect(sex).toBe(numbers(assessment, '31-0.0')[i] === 1 ? '1' : '2');
      if (iid === assessment.ids[i]) return;
      expect(iid).toBe(String(-++negative));
      expect(withdrawn.has(assessment.ids[i]!)).toBe(true);
    });
    expect(negative).toBe(Math.ceil(withdrawn.size / 2));
    expect(withdrawn.size).toBeGreaterThan(10);
  });

  it('keep the order of life: born, recruited, scanned, with ages to match', () => {
    imaging.ids.forEach((id, i) => {
      const row = rowOf.get(id)!;
      const [recruited, scanned] = [
        day(texts(assessment, '53-0.0')[row]!),
        day(texts(imaging, '53-2.0')[i]!),
      ];
      expect(scanned).toBeGreaterThan(recruited);
      const years = (scanned - recruited) / 365.25;
      const grown = numbers(imaging, '21003-2.0')[i]! - numbers(assessment, '21003-0.0')[row]!;
      expect(Math.abs(grown - years)).toBeLessThan(1.01);
    });
    assessment.ids.forEach((_, row) => {
      const recruited = day(texts(assessment, '53-0.0')[row]!);
      expect(recruited).toBeGreaterThanOrEqual(RECRUITMENT[0]);
      expect(recruited).toBeLessThanOrEqual(RECRUITMENT[1]);
      const age = numbers(assessment, '21003-0.0')[row]!;
      expect(age).toBeGreaterThanOrEqual(39);
      expect(age).toBeLessThan(71);
      const born = numbers(assessment, '34-0.0')[row]!;
      expect(
        Math.abs(Number(texts(assessment, '53-0.0')[row]!.slice(0, 4)) - born - age),
      ).toBeLessThanOrEqual(1);
    });
  });

  it('record nothing after death, loss or the end of the country’s records', () => {
    const names = [...firstOccurrences.columns.keys()];
    expect(names.slice(0, 3)).toEqual(['191-0.0', '40000-0.0', '40001-0.0']);
    let special = 0;
    assessment.ids.forEach((_, i) => {
      const death = texts(firstOccurrences, '40000-0.0')[i];
      const lost = texts(firstOccurrences, '191-0.0')[i];
      expect(death === null).toBe(texts(firstOccurrences, '40001-0.0')[i] === null);
      const last = Math.min(end(i), death ? day(death) : Infinity, lost ? day(lost) : Infinity);
      if (death) expect(day(death)).toBeLessThanOrEqual(end(i));
      for (const name of names.slice(3)) {
        const date = texts(firstOccurrences, name)[i];
        if (!date) continue;
        expect(day(date)).toBeLessThanOrEqual(last);
        if ((SPECIAL_DATES as readonly string[]).includes(date)) special++;
        else expect(day(date)).toBeGreaterThan(dayOf(1960, 1, 1));
      }
    });
    expect(special).toBeGreaterThan(5);
  });

  it('have hospital diagnoses that pair with their dates and agree with first occurrences', () => {
    const arrays = hospital.columns.size / 2;
    expect(arrays).toBeGreaterThan(3);
    const fieldOf = new Map(
      cohort.truth.diseases.map(({ disease }, d) => [disease, [...firstOccurrences.columns.keys()][3 + d]!]),
    );
    let checked = 0;
    for (let array = 0; array < arrays; array++) {
      const [codes, dates] = [texts(hospital, `41270-0.${array}`), texts(hospital, `41280-0.${array}`)];
      codes.forEach((code, i) => {
        expect(code === null).toBe(dates[i] === null);
        if (!code) return;
        expect(day(dates[i]!)).toBeGreaterThanOrEqual(dayOf(1997, 4, 1));
        const first = texts(firstOccurrences, fieldOf.get(code.slice(0, 3))!)[i]!;
        if (!(SPECIAL_DATES as readonly string[]).includes(first)) expect(first).toBe(dates[i]);
        checked++;
      });
    }
    expect(checked).toBeGreaterThan(500);
  });

  it('have the incidence asked for: 3.5 % in five years from the scan', () => {
    const planted = mean(cohort.truth.diseases.map(({ five_year_risk: risk }) => risk));
    const found = incidence(cohort, 'imaging', 5);
    // Deaths and censoring take a little away. 12 diseases × 2,500 people: SE about 0.001.
    expect(found / planted).toBeGreaterThan(0.85);
    expect(found / planted).toBeLessThan(1.1);
    expect(found).toBeGreaterThan(0.025);
    expect(found).toBeLessThan(0.045);
    expect(incidence(cohort, 'target', 12)).toBeGreaterThan(1.5 * found);
  });

  it('have diseases of one sex in that sex only', () => {
    const male = cohort.truth.diseases.findIndex(({ disease }) => disease === 'N40');
    expect(male).toBe(-1);
    const more = simulated(
      designWith({ people: { imaging: 0, target: 1500 }, diseases: { count: 24, categories: 4 } }),
    ).cohort;
    const d = more.truth.diseases.findIndex(({ disease }) => disease === 'N40');
    const dates = texts(more.firstOccurrences, [...more.firstOccurrences.columns.keys()][3 + d]!);
    const patients = dates.flatMap((date, i) => (date ? [numbers(more.assessment, '31-0.0')[i]!] : []));
    expect(patients.length).toBeGreaterThan(20);
    expect(new Set(patients)).toEqual(new Set([1]));
  });

  it('miss values at random, by panel and modality, and depending on themselves', () => {
    const blood = [...assessment.columns.keys()].filter((name) => /^30\d+-0\.0$/.test(name));
    expect(blood.length).toBe(8);
    const none = assessment.ids.filter((_, i) =>
      blood.every((name) => Number.isNaN(numbers(assessment, name)[i]!)),
    );
    expect(none.length / 5_500).toBeGreaterThan(0.012);
    expect(none.length / 5_500).toBeLessThan(0.028);
    const all = blood.reduce((sum, name) => sum + known(numbers(assessment, name)), 0) / (8 * 5_500);
    expect(all).toBeGreaterThan(0.94);
    expect(all).toBeLessThan(0.975);
    const heavy = (missing: boolean): number =>
      mean(
        imaging.ids.flatMap((_, i) => {
          const bmi = numbers(imaging, '21001-2.0')[i]!;
          return Number.isNaN(bmi) || Number.isNaN(numbers(imaging, '24100-2.0')[i]!) !== missing
            ? []
            : [bmi];
        }),
      );
    expect(heavy(true)).toBeGreaterThan(heavy(false));
    const again = known(numbers(assessment, '30000-1.0')) / 5_500;
    expect(again).toBeGreaterThan(0.035);
    expect(again).toBeLessThan(0.065);
    const repeats = texts(assessment, '53-1.0').filter((date) => date !== null).length;
    expect(repeats).toBeGreaterThanOrEqual(known(numbers(assessment, '30000-1.0')));
  });

  it('give IDPs to the scanned only, near the truth in SDs', () => {
    expect(imaging.ids.length).toBe(2_500);
    const total = numbers(cohort.truthAboutPeople, '24100');
    const measured = numbers(imaging, '24100-2.0');
    imaging.ids.forEach((id, i) => {
      if (Number.isNaN(measured[i]!)) return;
      expect(Math.abs(measured[i]! - (148 + 33 * total[rowOf.get(id)!]!))).toBeLessThan(1e-3);
    });
  });

  it('have orphans and diseases of covariates alone', () => {
    const orphans = cohort.truth.idps.filter(({ orphan }) => orphan).map(({ idp }) => idp);
    expect(orphans.length).toBe(3);
    for (const { idps, category } of cohort.truth.diseases) {
      for (const { idp } of idps) {
        expect(orphans).not.toContain(idp);
        if (category === 'circulatory') expect(Number(idp)).toBeLessThan(24200);
      }
    }
    expect(cohort.truth.diseases.filter(({ idps }) => idps.length === 0).length).toBe(4);
  });
});

describe('a cohort', () => {
  it('is the same for a seed, and another for another', () => {
    const small = designWith({ people: { imaging: 40, target: 60 }, genome: { variants: 200, regions: 5 } });
    const [a, b] = [simulated(small), simulated(small)];
    expect(a.files).toEqual(b.files);
    expect(a.reference).toEqual(b.reference);
    expect(a.cohort).toEqual(b.cohort);
    const other = simulated({ ...small, seed: 'ab'.repeat(32) });
    expect(Buffer.from(other.files.bed).equals(Buffer.from(a.files.bed))).toBe(false);
  });

  it('contains the smaller one: no one’s record depends on how many others there are', () => {
    const genome = { variants: 200, regions: 5 };
    const small = simulated(
      designWith({ people: { imaging: 41, target: 60, relatives: 0.2 }, genome }),
    ).cohort;
    const large = simulated(
      designWith({ people: { imaging: 90, target: 151, relatives: 0.2 }, genome }),
    ).cohort;
    const rowOf = new Map(large.assessment.ids.map((id, i) => [id, i]));
    for (const part of ['assessment', 'firstOccurrences', 'truthAboutPeople'] as const) {
      for (const [name, values] of small[part].columns) {
        // Having a relative in the cohort is about the others.
        if (name === '22021-0.0') continue;
        const others = large[part].columns.get(name)!;
        small[part].ids.forEach((id, i) =>
          expect(others[rowOf.get(id)!], `${id} ${name}`).toEqual(values[i]),
        );
      }
    }
  });

  it('keeps its columns when an IDP, a blood trait or a disease joins it', () => {
    const base = designWith({ people: { imaging: 40, target: 40 }, genome: { variants: 200, regions: 5 } });
    const one = simulated(base).cohort;
    const more = simulated({
      ...base,
      idps: { ...base.idps, t1: base.idps.t1 + 1, orphans: 0 },
      diseases: { ...base.diseases, count: 13 },
    }).cohort;
    for (const [name, values] of one.imaging.columns)
      expect(more.imaging.columns.get(name), name).toEqual(values);
    for (const [name, values] of one.assessment.columns)
      expect(more.assessment.columns.get(name)).toEqual(values);
  });

  it('may have nobody scanned, no diseases, no blood', () => {
    const { cohort } = simulated(
      designWith({
        people: { imaging: 0, target: 7, reference: 1, relatives: 0 },
        genome: { variants: 30, regions: 3 },
        blood: { count: 0, biochemistry: 0 },
        idps: {
          causal_pool: 10,
          causal_per_idp: 2,
          brain: { snp: 0.1, blood: 0, covariates: 0 },
          heart: { snp: 0.1, blood: 0, covariates: 0 },
        },
        diseases: { count: 0, categories: 1 },
      }),
    );
    expect(cohort.imaging.ids).toEqual([]);
    expect(cohort.assessment.ids.length).toBe(7);
    expect([...cohort.firstOccurrences.columns.keys()].length).toBe(3);
    expect(cohort.hospital.columns.size).toBe(0);
  });
});

describe('parts of a record', () => {
  it('columns are spelled in three ways', () => {
    const spellings = (field: number, instance: number, array: number): string[] =>
      (['showcase', 'r', 'rap'] as const).map((spelling) => columnName(spelling, field, instance, array));
    expect(spellings(25010, 2, 0)).toEqual(['25010-2.0', 'f.25010.2.0', 'p25010_i2']);
    expect(spellings(31, 0, 0)).toEqual(['31-0.0', 'f.31.0.0', 'p31']);
    expect(spellings(22009, 0, 3)).toEqual(['22009-0.3', 'f.22009.0.3', 'p22009_a3']);
    expect(spellings(131286, 0, 0)).toEqual(['131286-0.0', 'f.131286.0.0', 'p131286']);
    expect(spellings(41280, 0, 7)).toEqual(['41280-0.7', 'f.41280.0.7', 'p41280_a7']);
    expect(spellings(40000, 0, 0)[2]).toBe('p40000_i0');
  });

  it('days are those of the calendar', () => {
    for (const date of ['1970-01-01', '2000-02-29', '2006-03-13', '1945-12-31', '2020-10-31']) {
      const [year, month, dayOfMonth] = date.split('-').map(Number) as [number, number, number];
      expect(dayOf(year, month, dayOfMonth)).toBe(day(date));
      expect(dateOf(day(date))).toBe(date);
    }
  });

  it('participants’ numbers have seven digits and never collide', () => {
    const identities = new Identities(SEED);
    const numbers = [IMAGING, TARGET].flatMap((role) => upTo(20_000).map((i) => identities.of(role, i)));
    numbers.push(identities.of(TARGET, ROLE_LIMIT - 1));
    expect(new Set(numbers).size).toBe(40_001);
    for (const number of numbers) expect(number).toMatch(/^[1-5]\d{6}$/);
  });
});

describe('designs that contradict themselves', () => {
  it.each([
    [{ people: { imaging: 0, target: 0 } }, 'people.imaging and people.target are both 0'],
    [{ genome: { variants: 5 } }, 'genome.variants is 5, fewer than the 10 of genome.regions'],
    [
      { idps: { heart: { snp: 0.5, blood: 0.5, covariates: 0.5 } } },
      'the variance shares of idps.heart add up to 1.5, more than 1',
    ],
    [{ idps: { t1: 0, swi: 0, cardiac: 0 } }, 'idps.t1, idps.swi and idps.cardiac are all 0'],
    [{ idps: { causal_per_idp: 41 } }, 'idps.causal_per_idp is 41, more than idps.causal_pool (40)'],
    [{ idps: { causal_pool: 1001 } }, 'idps.causal_pool is 1001, more than genome.variants (1000)'],
    [{ diseases: { count: 3 } }, 'diseases.categories is 4, more than diseases.count (3)'],
    [
      { blood: { count: 0, biochemistry: 0 } },
      'IDPs depend on blood (idps.brain.blood, idps.heart.blood), but there are no blood traits',
    ],
    [{ gwas: { people: 9 } }, 'gwas.people is 9; a discovery sample has at least 10 people'],
  ])('%j', (changes, message) => {
    expect(() => checkDesign(designWith(changes))).toThrow(new DesignError(message));
  });
});
