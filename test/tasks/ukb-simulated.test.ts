/** The tasks on UK Biobank's records against a simulated biobank, whose people are known. */
import { beforeAll, describe, expect, it } from 'vitest';
import { texts, type Table } from '../../cache/table.js';
import type { Spelling } from '../../genotypes/simulate/ukbcolumns.js';
import { outcomeIncident } from '../../tasks/outcome-incident.js';
import { simulateCohortTask } from '../../tasks/simulate-cohort.js';
import { ukbDiseases } from '../../tasks/ukb-diseases.js';
import { ukbPeople } from '../../tasks/ukb-people.js';
import { UNKNOWN_DATE, dayOfDate } from '../../ukb/date.js';
import { runTask, type Ran } from './context.js';
import { lists } from './tables.js';

const SPELLINGS = ['showcase', 'r', 'rap'] as const;
const PARAMS = {
  people: { imaging: 150, target: 250, reference: 20, withdrawn: 0.02 },
  genome: { variants: 60, regions: 3, founders: 60, min_maf: 0.05 },
  idps: { t1: 2, swi: 1, cardiac: 2, causal_pool: 20, causal_per_idp: 8 },
  blood: { count: 2, biochemistry: 2 },
  diseases: { count: 39, categories: 13, incidence: 0.2 },
  gwas: { people: 200 },
} as const;

interface Simulated {
  readonly cohort: Ran;
  readonly people: Ran;
  readonly diseases: Ran;
}

async function simulated(spelling: Spelling): Promise<Simulated> {
  const cohort = await runTask(simulateCohortTask, {
    params: { ...PARAMS, spelling },
    inputs: {},
    seed: '3c'.repeat(32),
  });
  const people = await runTask(ukbPeople, {
    params: {
      covariates: [
        { name: 'pc', field: 22009, arrays: [1, 3] },
        { name: 'fasting', field: 74, instance: 0 },
      ],
    },
    inputs: {
      assessment: cohort.table('assessment'),
      imaging: cohort.table('imaging'),
      records: cohort.table('first_occurrences'),
      withdrawn: cohort.table('withdrawn'),
    },
  });
  const diseases = await runTask(ukbDiseases, {
    inputs: {
      definitions: cohort.table('diseases'),
      people: people.table('people'),
      first_occurrences: cohort.table('first_occurrences'),
    },
  });
  return { cohort, people, diseases };
}

/** Cells of a column by id. */
function byId(table: Table, column: string): Map<string, number | string | null> {
  const cells = lists(table)[column]!;
  return new Map(table.id!.values.map((id, row) => [id, cells[row]!]));
}

describe('the records of a simulated biobank', () => {
  let all: Record<Spelling, Simulated>;
  beforeAll(async () => {
    const entries = [];
    for (const spelling of SPELLINGS) entries.push([spelling, await simulated(spelling)] as const);
    all = Object.fromEntries(entries) as Record<Spelling, Simulated>;
  });

  it('are the same in each spelling', () => {
    for (const spelling of SPELLINGS) {
      for (const what of ['people', 'diseases'] as const)
        expect(all[spelling][what].outputs).toEqual(all.showcase[what].outputs);
    }
    expect(all.showcase.people.warnings).toEqual([]);
  });

  it('have the time zero, the age and the end of follow-up that the simulator gave', () => {
    const { cohort, people } = all.showcase;
    const assessment = cohort.table('assessment');
    const imaging = cohort.table('imaging');
    const withdrawn = new Set(cohort.table('withdrawn').id!.values);
    expect(withdrawn.size).toBeGreaterThan(0);
    const table = people.table('people');
    expect(table.id!.values).toEqual(assessment.id!.values.filter((id) => !withdrawn.has(id)));
    const scans = byId(imaging, '53-2.0');
    const first = byId(assessment, '53-0.0');
    const centre = byId(assessment, '54-0.0');
    const death = byId(cohort.table('first_occurrences'), '40000-0.0');
    const lost = byId(cohort.table('first_occurrences'), '191-0.0');
    const columns = lists(table) as Record<string, number[]>;
    const ages = [byId(assessment, '21003-0.0'), byId(imaging, '21003-2.0')];
    table.id!.values.forEach((id, row) => {
      const scanned = scans.has(id);
      expect(columns['scanned']![row]).toBe(Number(scanned));
      expect(columns['date']![row]).toBe(dayOfDate(String(scanned ? scans.get(id) : first.get(id))));
      expect(columns['age']![row]).toBe(ages[Number(scanned)]!.get(id));
      const code = centre.get(id) as number;
      const closed = [11004, 11005].includes(code)
        ? '2020-10-31'
        : [11003, 11022, 11023].includes(code)
          ? '2020-08-31'
          : '2020-12-31';
      const ends = [closed, death.get(id), lost.get(id)].flatMap((date) =>
        date == null ? [] : [dayOfDate(String(date))],
      );
      expect(columns['end']![row]).toBe(Math.min(...ends));
      expect(columns['died']![row]).toBe(death.get(id) == null ? 0 : 1);
      expect(columns['end']![row]).toBeGreaterThan(columns['date']![row]!);
    });
    expect(new Set(columns['ancestry']).size).toBeGreaterThan(2);
    expect([...new Set(columns['white_british'])].sort()).toEqual([0, 1]);
  });

  it('have the dates of diseases that the simulator wrote, from first occurrences and from hospitals', async () => {
    const { cohort, people, diseases } = all.showcase;
    const list = cohort.table('diseases');
    const dates = diseases.table('dates');
    const male = byId(people.table('people'), 'male');
    const hospital = await runTask(ukbDiseases, {
      inputs: { definitions: list, people: people.table('people'), hospital: cohort.table('hospital') },
    });
    let [known, unknown, inHospital] = [0, 0, 0];
    list.id!.values.forEach((disease, d) => {
      const written = byId(cohort.table('first_occurrences'), texts(list, 'column')[d]!);
      const found = byId(dates, disease);
      const coded = byId(hospital.table('dates'), disease);
      const sex = texts(list, 'sex')[d] ?? null;
      for (const [id, day] of found) {
        const date = written.get(id) as string | null;
        if (sex !== null && (sex === 'male') !== (male.get(id) === 1)) {
          expect([day, coded.get(id)]).toEqual([-2e6, -2e6]);
          expect(date).toBeNull();
        } else if (date === null) {
          expect([day, coded.get(id)]).toEqual([null, null]);
        } else if (date < '1904') {
          expect(day).toBe(UNKNOWN_DATE);
          unknown++;
        } else {
          expect(day).toBe(dayOfDate(date));
          // Hospital records begin in April 1997.
          expect(coded.get(id)).toBe(date < '1997-04-01' ? null : day);
          inHospital += date < '1997-04-01' ? 0 : 1;
          known++;
        }
      }
    });
    expect(known).toBeGreaterThan(1_000);
    expect(inHospital).toBeGreaterThan(1_000);
    expect(unknown).toBeGreaterThan(0);
    const counts = lists(diseases.table('counts')) as Record<string, number[]>;
    expect(counts['cases']!.reduce((sum, count) => sum + count, 0)).toBe(known + unknown);
  });

  it('give incident cases that begin between time zero and the end', async () => {
    const { people, diseases } = all.showcase;
    const table = people.table('people');
    const [zero, end] = [byId(table, 'date'), byId(table, 'end')] as Map<string, number>[];
    const whole = diseases.table('dates');
    let incident = 0;
    for (const [disease, column] of whole.columns) {
      const dates = { ...whole, columns: new Map([['date', column]]) };
      const ran = await runTask(outcomeIncident, { inputs: { dates, people: table } });
      const event = byId(ran.table('outcome'), 'event');
      for (const [id, day] of byId(whole, disease) as Map<string, number | null>) {
        const happens = day !== null && day > zero!.get(id)! && day <= end!.get(id)!;
        expect(event.get(id) === 1).toBe(happens);
        // The simulator writes nothing after the end of follow-up.
        if (day !== null) expect(day).toBeLessThanOrEqual(end!.get(id)!);
      }
      incident += lists(ran.table('counts'))['incident']![0] as number;
    }
    expect(incident).toBeGreaterThan(300);
  });
});
