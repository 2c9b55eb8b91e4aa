/**
 * One process of the bench `bayesian-ridge`: simulates the data to files, or fits a share of the training sets from them.
 *
 * The files are what both sides read: `calls` (p × n bytes, 0, 1, 2), `blood` (n × 61 doubles), `traits` (each n doubles).
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dosageBlock } from '../stats/dosage-block.js';
import { DosageModality, MeasuredBlock } from '../stats/dosage-modality.js';
import { linalg } from '../stats/linalg/linalg.js';
import { matrix, takeRows } from '../stats/linalg/matrix.js';
import { rngFromSeed } from '../stats/rng.js';
import { DenseModality } from '../stats/stack.js';

const FOLDS = 5;
const MARKERS = 61;
/** The training set that nobody is left out of. */
const EVERYBODY = 'all';

const [verb, folder = '', n = '0', p = '0', traits = '0', ...sets] = process.argv.slice(2);
const size = { n: Number(n), p: Number(p), traits: Number(traits) };

function simulate(): void {
  const rng = rngFromSeed('be'.repeat(32), 'bench');
  const calls = new Uint8Array(size.p * size.n);
  const y = Float64Array.from({ length: size.n }, () => rng.normal());
  for (let j = 0; j < size.p; j++) {
    const frequency = 0.05 + 0.45 * rng.uniform();
    // A third of the variance is genetic.
    const effect = rng.normal() * Math.sqrt(0.5 / size.p / (2 * frequency * (1 - frequency)));
    for (let i = 0; i < size.n; i++) {
      const call = (rng.uniform() < frequency ? 1 : 0) + (rng.uniform() < frequency ? 1 : 0);
      calls[j * size.n + i] = call;
      y[i]! += effect * call;
    }
  }
  const blood = Float64Array.from({ length: size.n * MARKERS }, () => rng.normal());
  const targets = new Float64Array(size.traits * size.n);
  for (let t = 0; t < size.traits; t++) {
    for (let i = 0; i < size.n; i++) {
      targets[t * size.n + i] =
        rng.normal() + 0.1 * (blood[i * MARKERS + (t % MARKERS)]! + blood[i * MARKERS]!);
    }
  }
  writeFileSync(join(folder, 'calls'), calls);
  writeFileSync(join(folder, 'y'), new Uint8Array(y.buffer));
  writeFileSync(join(folder, 'blood'), new Uint8Array(blood.buffer));
  writeFileSync(join(folder, 'traits'), new Uint8Array(targets.buffer));
}

const doubles = (name: string): Float64Array =>
  new Float64Array(readFileSync(join(folder, name)).buffer.slice(0));

/** The people of each fold: every fifth. */
const membersOf = (fold: number): Int32Array =>
  Int32Array.from({ length: Math.ceil((size.n - fold) / FOLDS) }, (_, k) => fold + k * FOLDS);

/** As `model.stack` does in a call: the folds' moments once, then each training set; a refit by itself. */
function fitSnps(): void {
  const backend = linalg();
  const calls = readFileSync(join(folder, 'calls'));
  const y = doubles('y');
  const variant = Int32Array.from({ length: size.p }, (_, j) => j);
  const columns = { variant, fill: new Float64Array(size.p), scale: new Float64Array(size.p).fill(1) };
  const names = Array.from(variant, String);
  const blockOf = (people: Int32Array): MeasuredBlock => {
    const values = new Uint8Array(size.p * people.length);
    for (let j = 0; j < size.p; j++) {
      for (let i = 0; i < people.length; i++) values[j * people.length + i] = calls[j * size.n + people[i]!]!;
    }
    return new MeasuredBlock(dosageBlock(size.p, people.length, values));
  };
  const fit = (blocks: readonly MeasuredBlock[], members: readonly Int32Array[], set: string): void => {
    const block = Int32Array.from(members.flatMap((people, b) => Array.from(people, () => b)));
    const column = Int32Array.from(members.flatMap((people) => [...people.keys()]));
    const modality = new DosageModality('snps', names, columns, { blocks, block, column }, undefined);
    const target = Float64Array.from(members.flatMap((people) => Array.from(people, (i) => y[i]!)));
    const [model] = modality.fitRidges(null, [target], 'faithful', backend);
    modality.predict(model!, null);
    writeFileSync(join(folder, `model.${set}`), JSON.stringify(model));
  };
  const held = sets.filter((set) => set !== EVERYBODY).map(Number);
  if (held.length > 0) {
    const members = Array.from({ length: FOLDS }, (_, fold) => membersOf(fold));
    const blocks = members.map(blockOf);
    for (const out of held) {
      const others = [...members.keys()].filter((fold) => fold !== out);
      fit(
        others.map((fold) => blocks[fold]!),
        others.map((fold) => members[fold]!),
        String(out),
      );
    }
  }
  if (sets.includes(EVERYBODY)) {
    const everybody = Int32Array.from({ length: size.n }, (_, i) => i);
    fit([blockOf(everybody)], [everybody], EVERYBODY);
  }
}

function pick(values: Float64Array, rows: Int32Array): Float64Array {
  const out = new Float64Array(rows.length);
  for (let k = 0; k < rows.length; k++) out[k] = values[rows[k]!]!;
  return out;
}

/** Seconds of the fits; as for the peer, picking each training set's rows is not part of it. */
function fitBlood(): number {
  const backend = linalg();
  const x = matrix(size.n, MARKERS, doubles('blood'));
  const all = doubles('traits');
  let seconds = 0;
  for (let out = 0; out <= FOLDS; out++) {
    const rows = Int32Array.from({ length: size.n }, (_, i) => i).filter(
      (i) => out === FOLDS || i % FOLDS !== out,
    );
    const targets = Array.from({ length: size.traits }, (_, t) =>
      pick(all.subarray(t * size.n, (t + 1) * size.n), rows),
    );
    const train = takeRows(x, rows);
    const started = performance.now();
    const names = Array.from({ length: MARKERS }, (_, j) => `m${j}`);
    new DenseModality('blood', names, train, undefined).fitRidges(null, targets, 'faithful', backend);
    seconds += (performance.now() - started) / 1000;
  }
  return seconds;
}

/** Two workers, as on two cores: three folds, and two with the refit. */
async function parallel(): Promise<void> {
  const started = performance.now();
  const shares = [
    ['0', '1', '2'],
    ['3', '4', EVERYBODY],
  ];
  const memory = await Promise.all(
    shares.map(
      (share) =>
        new Promise<number>((resolve, reject) => {
          const args = [fileURLToPath(import.meta.url), 'snps', folder, n, p, traits, ...share];
          const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
          let text = '';
          child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
          child.on('close', (code) => {
            if (code === 0) resolve((JSON.parse(text) as { megabytes: number }).megabytes);
            else reject(new Error(`a worker ended with ${String(code)}`));
          });
        }),
    ),
  );
  report(
    (performance.now() - started) / 1000,
    memory.reduce((sum, value) => sum + value, 0),
  );
}

function report(seconds: number, megabytes = process.resourceUsage().maxRSS / 1024): void {
  process.stdout.write(JSON.stringify({ seconds, megabytes }));
}

switch (verb) {
  case 'simulate':
    simulate();
    break;
  case 'snps':
    fitSnps();
    report(performance.now() / 1000);
    break;
  case 'blood':
    report(fitBlood());
    break;
  case 'parallel':
    await parallel();
    break;
  default:
    throw new Error(`internal error: no verb '${String(verb)}'`);
}
