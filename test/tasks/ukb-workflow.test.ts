/** A study on files of a simulated extract: from the records to associations, and what a change of the records runs again. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Store } from '../../cache/store.js';
import { encodeDelimited } from '../../cache/tabular.js';
import { loadWorkflow } from '../../engine/language/load.js';
import { runStudy, type StudyOutcome } from '../../engine/study.js';
import { registry } from '../../tasks/registry.js';
import { simulateCohortTask } from '../../tasks/simulate-cohort.js';
import { runTask } from './context.js';
import { InProcess } from '../engine/rig/in-process.js';

const TABLES = [
  'assessment',
  'imaging',
  'first_occurrences',
  'hospital',
  'withdrawn',
  'diseases',
  'idps',
] as const;
const WORKFLOW = `cohortflow: 1
name: records
inputs:
  assessment: { table: assessment.csv, id: eid }
  imaging: { table: imaging.csv, id: eid }
  records: { table: first_occurrences.csv, id: eid }
  hospital: { table: hospital.csv, id: eid }
  withdrawn: { table: withdrawn.csv, id: eid }
  diseases: { table: diseases.csv, id: disease }
  map: { table: map.csv, id: idp }
axes:
  candidate: { from: diseases, records: true }
  disease: { from: eligible.diseases, records: true }
  idp: { from: idps.idps, records: true }
nodes:
  people:
    task: ukb.people
    in: { assessment: assessment, imaging: imaging, records: records, withdrawn: withdrawn }
  measured:
    task: ukb.fields
    in: { table: imaging }
    with: { sets: [t1, swi, cardiac] }
  idps:
    task: ukb.gwas_map
    in: { map: map, table: measured.table }
  dates:
    task: ukb.diseases
    in: { definitions: diseases, people: people.people, first_occurrences: records, hospital: hospital }
  outcome:
    task: outcome.incident
    each: candidate
    in: { dates: 'dates.dates[\${candidate} as date]', people: people.people }
  counts:
    task: table.concat
    in: { tables: 'outcome.counts[*]' }
  eligible:
    task: outcome.eligible
    in: { counts: 'counts.table[candidate as disease, incident]', diseases: diseases }
    with: { min_incident: 15 }
  scanned:
    task: cohort.select
    in: { table: people.people }
    with: { rules: [{ reason: Not scanned, keep: { column: scanned, equals: 1 } }] }
  scanned_outcome:
    task: outcome.incident
    each: disease
    in: { dates: 'dates.dates[\${disease} as date]', people: people.people, samples: scanned.samples }
  fit:
    task: assoc.cox
    each: [disease, idp]
    in:
      exposure: 'measured.table[\${idp.column} as x]'
      outcome: scanned_outcome.outcome
      covariates: 'people.people[age, male]'
  associations:
    task: assoc.fdr
    in: { fits: 'fit.fit[*]' }
publish:
  files:
    people.csv: people.people
    counts.csv: counts.table
    left_out.csv: eligible.left_out
    associations.csv: associations.table
`;

describe('a study on the files of an extract', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cohortflow-ukb-'));
  const store = new Store(join(folder, 'store'));
  afterAll(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeAll(async () => {
    const cohort = await runTask(simulateCohortTask, {
      params: {
        people: { imaging: 200, target: 100, reference: 20, withdrawn: 0.02 },
        genome: { variants: 60, regions: 3, founders: 60, min_maf: 0.05 },
        idps: { t1: 2, swi: 1, cardiac: 2, causal_pool: 20, causal_per_idp: 8 },
        blood: { count: 2, biochemistry: 2 },
        diseases: { count: 6, categories: 3, incidence: 0.2 },
        gwas: { people: 200 },
        spelling: 'rap',
        truth_about_people: false,
      },
      inputs: {},
      seed: '6f'.repeat(32),
    });
    for (const name of TABLES)
      writeFileSync(join(folder, `${name}.csv`), encodeDelimited(cohort.table(name), 'csv'));
    // The map as a researcher would write it, with an IDP that is not in the extract. No column of the extract is named in it.
    const lines = readFileSync(join(folder, 'idps.csv'), 'utf8').trimEnd().split('\n');
    const names = lines[0]!.split(',');
    const columns = ['idp', 'field', 'group', 'gwas', 'layout'].map((name) => names.indexOf(name));
    const map = lines.map((line) => columns.map((at) => line.split(',')[at]!).join(','));
    writeFileSync(join(folder, 'map.csv'), [...map, '25920,25920,T1,x.txt,big40', ''].join('\n'));
    writeFileSync(join(folder, 'study.yaml'), WORKFLOW);
  });

  const run = async (): Promise<StudyOutcome> => {
    const { workflow, diagnostics } = loadWorkflow({
      file: join(folder, 'study.yaml'),
      sets: [],
      registry,
      exists: () => true,
    });
    expect(diagnostics).toEqual([]);
    const outcome = await runStudy({
      workflow: { ...workflow!, publishTo: join(folder, 'results') },
      store,
      executor: new InProcess(store, registry),
      memory: 2 ** 33,
      failFast: false,
      targets: [],
      signal: new AbortController().signal,
      onEvent: () => undefined,
    });
    expect(outcome.failures).toEqual([]);
    return outcome;
  };
  const ran = ({ nodes }: StudyOutcome): Record<string, number> =>
    Object.fromEntries(nodes.filter((node) => node.ran > 0).map(({ node, ran: count }) => [node, count]));
  const published = (name: string): string[][] =>
    readFileSync(join(folder, 'results', name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));

  it('runs from records to associations, and once only', async () => {
    const first = ran(await run());
    expect(first['outcome']).toBe(6);
    const withdrawn = readFileSync(join(folder, 'withdrawn.csv'), 'utf8').trimEnd().split('\n').slice(1);
    expect(withdrawn.length).toBeGreaterThan(0);
    const people = new Set(published('people.csv').map(([eid]) => eid));
    for (const eid of withdrawn) expect(people.has(eid)).toBe(false);
    // Eligible diseases have events enough, the others not; every eligible disease was fitted with each of five IDPs.
    const [header, ...counts] = published('counts.csv');
    const incident = counts.map((row) => Number(row[header!.indexOf('incident')]));
    const enough = incident.filter((count) => count >= 15).length;
    expect(enough).toBeGreaterThan(0);
    expect(published('left_out.csv').length - 1).toBe(6 - enough);
    expect(first['fit']).toBe(5 * enough);
    const [names, ...fits] = published('associations.csv');
    const status = names!.indexOf('status');
    expect(fits.filter((row) => row[status] === 'ok').length).toBeGreaterThan(0);
    expect(ran(await run())).toEqual({});
  });

  it('runs one disease again when its records changed', async () => {
    const path = join(folder, 'first_occurrences.csv');
    const [header, ...rows] = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
    const column = header!.indexOf('p131286');
    // A date at which nobody was at risk any more becomes an unknown one: the day changes, the outcome does not.
    const row = rows.find((cells) => cells[column]! > '1990' && cells[column]! < '1997')!;
    row[column] = '1902-02-02';
    writeFileSync(path, [header!, ...rows].map((cells) => cells.join(',')).join('\n') + '\n');
    expect(ran(await run())).toEqual({ dates: 1, outcome: 1, scanned_outcome: 1 });
    expect(ran(await run())).toEqual({});
  });
});
