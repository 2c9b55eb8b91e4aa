/** `cohortflow verify`: reads every object of the store and sets damaged ones aside, so that the next run makes just those anew. */
import { setTimeout } from 'node:timers/promises';
import type { Damage, VerifyOutcome } from '../engine/verify.js';
import { EXIT } from './failure.js';
import { count, counted, listed, nearPath, short } from './format.js';
import { openRecords, storeAlone } from './study.js';
import type { Paint, Terminal } from './terminal.js';
import { defineVerb, storeOptions, type WorkflowFlags } from './verb.js';

const DAMAGE_SHOWN = 50;

export const verb = defineVerb<WorkflowFlags>({
  usage: '[WORKFLOW.yaml]',
  details:
    'Damaged files are moved to the folder quarantine of the store, and the results that need them are forgotten: the next run\ncomputes just these. Waits for runs that are going on, and they wait for it. Exit code 3 when damage was found.',
  examples: [
    ['verify', 'the store of this folder'],
    ['verify --store /scratch/study --json', 'another store, for a program'],
  ],
  options: storeOptions,
  async run(words, flags, terminal) {
    const folder = storeAlone(words, flags);
    const store = await openRecords(folder);
    const { sessions } = store.index;
    try {
      for (let waits = false; !sessions.enter('collection'); waits = true) {
        if (!waits) terminal.complain('a run is going on; waiting for it');
        await setTimeout(500);
      }
      const { verifyStore } = await import('../engine/verify.js');
      const outcome = await verifyStore(store, progress(terminal));
      if (terminal.isLive) terminal.raw('\r\u001b[K');
      const isSound = outcome.damage.length + outcome.records.length === 0;
      if (terminal.isJson) terminal.json({ store: folder, sound: isSound, ...outcome });
      else for (const line of verifyLines(outcome, nearPath(folder), terminal.paint)) terminal.print(line);
      return isSound ? EXIT.done : EXIT.damaged;
    } finally {
      sessions.leave();
      store.close();
    }
  },
});

/** On a terminal one line that moves; elsewhere nothing: the end comes by itself. */
function progress(terminal: Terminal): (done: number, all: number) => void {
  return (done, all) => {
    if (terminal.isLive) terminal.raw(`\r\u001b[Kreading ${count(done)} of ${counted(all, 'result')}`);
  };
}

export function verifyLines(outcome: VerifyOutcome, folder: string, paint: Paint): string[] {
  const { objects, results, damage, records, quarantine, leftovers } = outcome;
  const looked = `${counted(objects, 'object')} of ${counted(results, 'result')}`;
  const lines: string[] = [];
  if (damage.length + records.length === 0) lines.push(`${paint.green(`${folder} is sound`)}: ${looked}`);
  else {
    const parts = [
      damage.length > 0 ? `${counted(damage.length, 'object')} missing or damaged` : '',
      records.length > 0 ? `${counted(new Set(records.map(({ run }) => run)).size, 'run')} forgotten` : '',
    ].filter(Boolean);
    lines.push(`${paint.red(`${folder} is damaged`)}: ${parts.join(', ')}, of ${looked}`, '');
    for (const each of damage.slice(0, DAMAGE_SHOWN)) lines.push(`  ${damageText(each)}`);
    if (damage.length > DAMAGE_SHOWN)
      lines.push(`  and ${counted(damage.length - DAMAGE_SHOWN, 'more object')}`);
    for (const { run, node, problem, digest } of records) {
      const what = node === null ? 'its graph' : `what it did at ${node}`;
      lines.push(`  ${problem} ${short(digest)}  the record of run ${run} (${what}); the run is forgotten`);
    }
    lines.push(
      '',
      'what needs them is forgotten: the next run computes just that',
      ...(quarantine === null ? [] : [`damaged files are in ${nearPath(quarantine)}`]),
    );
  }
  if (leftovers > 0)
    lines.push(
      `${counted(leftovers, 'unfinished file')} of processes that died ${leftovers === 1 ? 'was' : 'were'} removed`,
    );
  return lines;
}

/** `damaged 4f1c9a…  knn[fev], cox[CVD]` */
function damageText({ digest, problem, tasks, results, owners }: Damage): string {
  const whose =
    owners.length > 0
      ? listed(owners)
      : `${counted(results, 'result')} of ${listed(tasks)} that no recorded run needs`;
  return `${problem} ${short(digest)}  ${whose}`;
}
