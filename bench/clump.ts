/**
 * Bench `clump`: clumping of one trait and of many over one panel, against plink1.9 `--clump` run once for each trait. Whole
 * processes, each reading the panel and the p-values from files.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rngFromSeed } from '../stats/rng.js';
import type { Measurement } from './measurement.js';
import { writePanel, type PanelSize } from './panel.js';
import { installed, medianRun } from './program.js';

const RUN = fileURLToPath(new URL('./genotype-run.js', import.meta.url));

export interface ClumpSize extends PanelSize {
  /** Traits with a p of every variant. */
  readonly whole: readonly number[];
  /** Traits with those variants only whose p is small, as `sumstats.select` leaves them. */
  readonly selected: readonly number[];
}

const DEFAULT: ClumpSize = {
  ...{ people: 5000, variants: 50_000, chromosomes: 5 },
  whole: [1, 26, 260],
  selected: [260],
};

/** Share of a selected trait's variants: what p < 0.001 leaves of a polygenic trait. */
const SELECTED = 0.01;

export function benchClump(size: ClumpSize = DEFAULT): Measurement[] {
  const folder = mkdtempSync(join(tmpdir(), 'cohortflow-bench-'));
  try {
    writePanel(join(folder, 'panel'), size);
    const about = `${size.people} people × ${size.variants} variants`;
    return [
      ...size.whole.flatMap((traits) => measure(folder, size, traits, 1, `${about}, p of all`)),
      ...size.selected.flatMap((traits) =>
        measure(folder, size, traits, SELECTED, `${about}, p of ${100 * SELECTED} %`),
      ),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(
  folder: string,
  size: PanelSize,
  traits: number,
  share: number,
  about: string,
): Measurement[] {
  const names = Array.from({ length: traits }, (_, t) => `trait${t}`);
  names.forEach((name, t) => {
    const random = rngFromSeed(2n, t, share);
    const rows = Array.from({ length: size.variants }, (_, v) => `v${v}`)
      .filter(() => random.uniform() < share)
      .map((id) => `${id}\t${(share * random.uniform()).toExponential(6)}\n`);
    writeFileSync(join(folder, name), `SNP\tP\n${rows.join('')}`);
  });
  writeFileSync(join(folder, 'traits'), `${names.join('\n')}\n`);
  const ours = medianRun(process.execPath, [RUN, 'clump', folder], folder);
  const many = `${traits} ${traits === 1 ? 'trait' : 'traits'}, ${about}`;
  if (!installed('plink1.9')) return [{ what: `clump: ${many}`, ...ours }];
  const options = ['--clump-p1', '1', '--clump-p2', '1', '--clump-r2', '0.1', '--clump-kb', '250'];
  const peer = medianRun(
    'plink1.9',
    ['--bfile', 'panel', '--clump', 'trait0', ...options, '--threads', '1', '--out', 'peer'],
    folder,
  );
  checkLeads(folder);
  const whole = traits * peer.seconds;
  return [
    { what: `clump: ${many}: ${(whole / ours.seconds).toFixed(1)} × as fast`, ...ours },
    {
      what: `plink1.9 --clump: ${many}${traits > 1 ? ', the first × their number' : ''}`,
      ...peer,
      seconds: whole,
    },
  ];
}

/** Throws unless both have the same leads of the first trait. */
function checkLeads(folder: string): void {
  const [ours] = readFileSync(join(folder, 'clumps'), 'utf8').split('\n');
  const theirs = readFileSync(join(folder, 'peer.clumped'), 'utf8')
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/)[2]?.slice(1) ?? '')
    .filter((variant) => variant !== '');
  if (ours !== theirs.join(' ')) throw new Error('the clumps are not those of plink1.9');
}
