/** `cohortflow watch`: runs a study again whenever its files change. The states are in engine/watch.ts. */
import { existsSync } from 'node:fs';
import type { Store } from '../cache/store.js';
import type { CheckedStudy } from '../engine/watch.js';
import { execute, executionOptions, meansOf, type ExecutionFlags, type Means } from './execute.js';
import { EXIT, judge, RejectedWorkflow, type ExitCode } from './failure.js';
import { counted, listed, nearPath } from './format.js';
import { openStudy, takeWorkflowFile } from './study.js';
import { checkTargets } from './targets.js';
import type { Terminal } from './terminal.js';
import { defineVerb, workflowOptions } from './verb.js';

export const verb = defineVerb<ExecutionFlags>({
  usage: '[WORKFLOW.yaml] [TARGET…]',
  details:
    'Watched are the workflow file, those that it extends, and the raw files. A study with errors is told, and the watch goes on.\nA run is cancelled when a change makes it another one; what it finished is kept. Ctrl-C ends the watch.',
  examples: [
    ['watch', 'the workflow of this folder'],
    ['watch study.yaml figure --workers 4', 'only what a figure needs'],
  ],
  options(command) {
    workflowOptions(command);
    executionOptions(command);
  },
  async run(words, flags, terminal) {
    const means = meansOf(flags);
    const { file, rest: targets } = takeWorkflowFile(words, flags);
    const [{ watch: watchFiles }, { Watch }] = await Promise.all([
      import('chokidar'),
      import('../engine/watch.js'),
    ]);
    const files = watchFiles(file, { ignoreInitial: true });
    const absent = new Absent((path) => {
      files.add(path);
      watch.change(path);
    });
    const session = new Session(file, flags, means, targets, terminal, (paths) => {
      files.add([...paths]);
      absent.add(paths);
    });
    const watch = new Watch({
      check: (changed) => session.check(changed),
      onCancel: () =>
        session.tell('cancelled', 'the study changed: cancelling the run; what it finished is kept'),
      onRest: () => session.rest(),
    });
    let code: ExitCode = EXIT.done;
    const onSignal = (): void => {
      if (code === EXIT.interrupted) process.exit(EXIT.interrupted);
      if (watch.isRunning) code = EXIT.interrupted;
      watch.stop();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    files.on('all', (_, path) => watch.change(path));
    try {
      // Only what is watched already can be seen to change.
      await new Promise<void>((resolve) => files.on('ready', resolve));
      await watch.watch();
      return code;
    } finally {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      absent.close();
      await files.close();
      session.close();
    }
  },
});

/** How often files that are not there are looked for. */
const ABSENT_MS = 300;

/** Files that are not there yet: nothing tells when they come, nor the folders that they will stand in, so they are looked for. */
class Absent {
  private readonly paths = new Set<string>();
  private readonly looking = setInterval(() => this.look(), ABSENT_MS);

  constructor(private readonly onFound: (path: string) => void) {}

  add(paths: readonly string[]): void {
    for (const path of paths) if (!existsSync(path)) this.paths.add(path);
  }

  close(): void {
    clearInterval(this.looking);
  }

  private look(): void {
    for (const path of this.paths) {
      if (!existsSync(path)) continue;
      this.paths.delete(path);
      this.onFound(path);
    }
  }
}

/** The study's files and its store from one check to the next. */
class Session {
  private readonly watched = new Set<string>();
  private store: Store | null = null;

  constructor(
    private readonly file: string,
    private readonly flags: ExecutionFlags,
    private readonly means: Means,
    private readonly targets: readonly string[],
    private readonly terminal: Terminal,
    private readonly onPaths: (paths: readonly string[]) => void,
  ) {
    this.watched.add(file);
  }

  tell(type: string, text: string, more: object = {}): void {
    if (this.terminal.isJson) this.terminal.jsonLine({ type, ...more });
    else this.terminal.print(this.terminal.paint.dim(text));
  }

  rest(): void {
    const files = [...this.watched].sort();
    this.tell('watching', `watching ${counted(files.length, 'file')}; Ctrl-C ends`, { files });
  }

  close(): void {
    this.store?.close();
  }

  /** Loads the study; what is wrong with it is told, and null returned. */
  async check(changed: readonly string[]): Promise<CheckedStudy | null> {
    if (changed.length > 0) {
      const names = changed.map((path) => nearPath(path)).sort();
      this.tell('changed', `\n${listed(names)} changed`, { files: [...changed].sort() });
    }
    try {
      return await this.load();
    } catch (error) {
      this.complain(error);
      return null;
    }
  }

  private async load(): Promise<CheckedStudy> {
    const { file, flags, terminal, targets } = this;
    const study = await openStudy(file, flags, terminal);
    if (this.store) study.store.close();
    const store = (this.store ??= study.store);
    const { workflow, warnings, render, sources } = study;
    await checkTargets(workflow, targets);
    const [{ definition }, { inputDigests, inputPaths }] = await Promise.all([
      import('../engine/definition.js'),
      import('../engine/input-files.js'),
    ]);
    const inputs = inputPaths(workflow);
    this.add([...sources, ...inputs]);
    if (!terminal.isJson) for (const warning of warnings) terminal.complain(`${render(warning)}\n`);
    const contents = await inputDigests(workflow, store, inputs);
    return {
      identity: JSON.stringify([definition(workflow), contents]),
      run: async (signal) => {
        const { means } = this;
        try {
          const { run } = await execute({ file, flags, means, workflow, store, targets, signal, terminal });
          await this.addFilesOf(store, run);
        } catch (error) {
          this.complain(error);
        }
      },
    };
  }

  /** Files that only a run could know of: those of items that come from data. */
  private async addFilesOf(store: Store, run: number): Promise<void> {
    const row = store.index.runs.get(run);
    if (!row) return;
    const { Recorded } = await import('../engine/recorded.js');
    this.add(new Recorded(store, row).graph.files.map(({ path }) => path));
  }

  private add(paths: readonly string[]): void {
    const fresh = paths.filter((path) => !this.watched.has(path));
    for (const path of fresh) this.watched.add(path);
    this.onPaths(fresh);
  }

  /** Tells what a user can mend. @throws what nobody but a developer, or another store, can. */
  private complain(error: unknown): void {
    const { terminal } = this;
    if (error instanceof RejectedWorkflow) {
      this.add(error.sources);
      if (terminal.isJson) terminal.jsonLine({ type: 'rejected', diagnostics: error.diagnostics });
      else {
        for (const text of error.rendered) terminal.complain(`${text}\n`);
        terminal.complain(counted(error.errors, 'error'));
      }
      return;
    }
    const { code, message, hint } = judge(error);
    const fatal: readonly ExitCode[] = [EXIT.bug, EXIT.damaged];
    if (fatal.includes(code)) throw error;
    if (terminal.isJson) terminal.jsonLine({ type: 'error', code, message, hint });
    else terminal.complain(`error: ${message}${hint === null ? '' : `\nhint: ${hint}`}`);
  }
}
