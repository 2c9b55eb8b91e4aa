/**
 * Bench `validation`: the demo's study with the truth at hand, once for each switch, on one store; then the tables of
 * docs/validation.md and its figures.
 * Not responsible for what is asked (validation-queries.ts) nor for what is made of the answers (validation-tables.ts).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measurement } from './measurement.js';
import type { Truth } from '../genotypes/simulate/truth.js';
import { figureData } from './validation-figures.js';
import type { SnpModel } from './validation-genetics.js';
import { text } from './validation-pairs.js';
import { queriesOf, targetsOf } from './validation-queries.js';
import type { Answers, Request } from './validation-run.js';
import { BASELINE, SWITCHES, type Switch } from './validation-switches.js';
import * as switchTables from './validation-switch-tables.js';
import * as tables from './validation-tables.js';
import { knownOf, truthQueries, type Known } from './validation-truth.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RUN = fileURLToPath(new URL('./validation-run.js', import.meta.url));
const WORKFLOW = join(ROOT, 'workflows/validation.yaml');
const FOLDER = join(ROOT, 'results/validation');
const CLI = join(ROOT, 'dist/cli/main.js');
const PAGE = join(ROOT, 'docs/validation.md');
const FIGURES = join(ROOT, 'docs/figures');
const STORE = process.env['COHORTFLOW_STORE'] ?? join(FOLDER, 'store');

export function benchValidation(): Measurement[] {
  mkdirSync(FOLDER, { recursive: true });
  const measurements: Measurement[] = [];
  const answers = new Map<string, Answers>();
  const truths = new Map<string, Truth>();
  let known: Known | null = null;
  for (const one of SWITCHES) {
    const { measurement, answers: own } = ask(one);
    measurements.push(measurement);
    answers.set(one.name, own);
    process.stderr.write(`${one.label}: ${measurement.seconds.toFixed(0)} s\n`);
    // Exports are of the last run: now.
    const truth = exportedTruth(one);
    truths.set(one.name, truth);
    if (one.name === BASELINE.name) known = knownOfBaseline(truth, own);
  }
  writeTables(known!, truths, answers);
  drawFigures(known!, answers);
  return measurements;
}

function exportedTruth({ name }: Switch): Truth {
  const file = join(FOLDER, `${name}.truth.json`);
  cohortflow('export', WORKFLOW, 'simulation.truth', '-o', file);
  return JSON.parse(readFileSync(file, 'utf8')) as Truth;
}

function knownOfBaseline(truth: Truth, answers: Answers): Known {
  const idps = [...new Set((answers['accuracy'] ?? []).map((row) => text(row, 'idp')))];
  const file = join(FOLDER, 'known.json');
  const targets = targetsOf(BASELINE);
  runRequest(
    { workflow: WORKFLOW, store: STORE, sets: [], targets, queries: truthQueries(idps), answers: file },
    'known',
  );
  const models = join(FOLDER, 'models');
  rmSync(models, { recursive: true, force: true });
  cohortflow('export', WORKFLOW, 'refit.model', '-o', `${models}.json`);
  const modelOf = (name: string): [string, SnpModel] => [
    name.replace('.json', ''),
    JSON.parse(readFileSync(join(models, name), 'utf8')) as SnpModel,
  ];
  return knownOf(
    truth,
    new Map(readdirSync(models).sort().map(modelOf)),
    JSON.parse(readFileSync(file, 'utf8')) as Answers,
  );
}

/** Puts each table between the lines `<!-- NAME -->` and `<!-- end -->` of the page. */
function writeTables(
  known: Known,
  truths: ReadonlyMap<string, Truth>,
  answers: ReadonlyMap<string, Answers>,
): void {
  const baseline = answers.get(BASELINE.name)!;
  const made: Readonly<Record<string, string>> = {
    accuracy: tables.accuracyTable(known, baseline),
    ranking: tables.rankingTable(known, baseline),
    selection: tables.selectionTable(known),
    effects: tables.effectsTable(known, baseline),
    discoveries: tables.discoveriesTable(known, baseline),
    verdicts: tables.verdictsTable(baseline),
    categories: tables.categoriesTable(baseline),
    switches: switchTables.switchesTable(answers),
    purity: switchTables.purityTable(truths, answers),
    predictors: switchTables.predictorsTable(answers),
    training: switchTables.trainingTable(answers),
    null: switchTables.nullTable(answers),
  };
  let page = readFileSync(PAGE, 'utf8');
  for (const [name, table] of Object.entries(made)) {
    const block = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!block.test(page)) throw new Error(`docs/validation.md has no place for the table '${name}'`);
    page = page.replace(block, (_, start: string, end: string) => `${start}\n${table}\n\n${end}`);
  }
  writeFileSync(PAGE, page);
  const formatted = spawnSync('npx', ['prettier', '--write', PAGE], { cwd: ROOT, encoding: 'utf8' });
  if (formatted.status !== 0) throw new Error(formatted.stderr);
}

function drawFigures(known: Known, answers: ReadonlyMap<string, Answers>): void {
  const [data, drawn] = [join(FOLDER, 'data'), join(FOLDER, 'figures')];
  mkdirSync(data, { recursive: true });
  for (const [name, csv] of Object.entries(figureData(known, answers)))
    writeFileSync(join(data, `${name}.csv`), csv);
  // What another store published is not replaced.
  rmSync(drawn, { recursive: true, force: true });
  cohortflow('run', join(ROOT, 'bench/validation-figures.yaml'));
  mkdirSync(FIGURES, { recursive: true });
  for (const name of readdirSync(drawn).filter((each) => each.endsWith('.svg')))
    // Not a copy: published files are not for everybody to read.
    writeFileSync(join(FIGURES, `validation-${name}`), readFileSync(join(drawn, name)));
}

function cohortflow(verb: string, ...words: string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, verb, ...words, '--store', STORE], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cohortflow ${verb}:\n${stdout}${stderr}`);
}

/** Runs the study with one switch. */
function ask(one: Switch): { measurement: Measurement; answers: Answers } {
  const answers = join(FOLDER, `${one.name}.json`);
  const request: Request = {
    workflow: WORKFLOW,
    store: STORE,
    sets: one.sets,
    targets: targetsOf(one),
    queries: queriesOf(one),
    answers,
  };
  const { seconds, megabytes } = runRequest(request, one.name);
  return {
    measurement: { what: `validation, ${one.label}`, seconds, megabytes },
    answers: JSON.parse(readFileSync(answers, 'utf8')) as Answers,
  };
}

function runRequest(request: Request, name: string): { seconds: number; megabytes: number } {
  const file = join(FOLDER, `${name}.request.json`);
  writeFileSync(file, JSON.stringify(request));
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [RUN, file], { encoding: 'utf8' });
  const seconds = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(`validation, ${name}:\n${stderr}`);
  return { seconds, megabytes: Number(stdout) / 2 ** 20 };
}
