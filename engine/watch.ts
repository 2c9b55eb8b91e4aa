/**
 * Watch: runs a study again whenever its files change, and never gives up over what is wrong with them.
 *
 *      start
 *        │            settled          it has errors (told)
 *        ▼    ┌──────────────────────────────────────────────┐
 *     checking ◀──────────── settling ◀───┐                  ▼
 *        │    ▲                 ▲         │ change         resting
 *        │    │ change, settled │ change  └──────────────────┤
 *        │    │                 │                            │
 *        └──▶ running ──────────┘                            │
 *     loaded     │                ended                      │
 *                └───────────────────────────────────────────┘
 *
 * While a run goes on, changes settle and are checked beside it:
 *
 *     running ── same study ──────▶ running     only words changed: nothing is lost; the study is run once more when it has ended
 *     running ── it has errors ───▶ running     told; what runs was asked for by the last study that had none
 *     running ── another study ───▶ cancelling ── ended ──▶ running (the new one)     what was finished is kept
 *
 * At most one run and one check are under way. A change during a check has it made once more. Not responsible for what a study is
 * (the caller tells them apart by `identity`), for reading or running it, nor for what is shown.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface CheckedStudy {
  /** Equal for studies of which the run would be the same. */
  readonly identity: string;
  /** Runs it to its end, or until it is aborted. Never rejects over what a user can mend. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface WatchHooks {
  /** Reads the study anew; null when it has errors, which the hook tells. Never rejects over what a user can mend. */
  readonly check: (changed: readonly string[]) => Promise<CheckedStudy | null>;
  /** A run is cancelled, because the study is another one now. */
  readonly onCancel: () => void;
  /** Nothing is going on any more: waiting for a change. */
  readonly onRest: () => void;
}

/** Editors write in several steps, and a folder is copied file by file: changes are taken together. */
export const SETTLE_MS = 150;

interface Running {
  readonly identity: string;
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

export class Watch {
  private readonly changed = new Set<string>();
  private lastChange = 0;
  private running: Running | null = null;
  private stopped = false;
  /** Something about the study changed while it ran that is not a part of its identity: it is run once more. */
  private dueAfterRun = false;
  private failure: unknown = null;
  private wake: (() => void) | null = null;

  constructor(
    private readonly hooks: WatchHooks,
    private readonly settleMs = SETTLE_MS,
  ) {}

  /** A file of the study was written, made or removed. */
  change(path: string): void {
    this.changed.add(path);
    this.lastChange = performance.now();
    this.wake?.();
  }

  /** Ends the watch; a run that goes on is aborted. */
  stop(): void {
    this.stopped = true;
    this.running?.controller.abort();
    this.wake?.();
  }

  get isRunning(): boolean {
    return this.running !== null;
  }

  /** Checks and runs the study, then again after changes, until stopped. @throws what a hook throws: a bug, or a store that is damaged */
  async watch(): Promise<void> {
    let again = true;
    while (!this.isStopped()) {
      if (!again && this.changed.size === 0) {
        if (!this.running) this.hooks.onRest();
        again = await this.nextEvent();
        continue;
      }
      await this.settle();
      if (this.isStopped()) break;
      const changed = [...this.changed];
      this.changed.clear();
      again = false;
      const study = await this.hooks.check(changed);
      // What changed meanwhile has the study checked once more before anything is run.
      if (study && !this.isStopped() && this.changed.size === 0) await this.take(study);
    }
    await this.running?.ended;
  }

  private isStopped(): boolean {
    return this.stopped;
  }

  /** Starts the study, unless it is being run; another one is cancelled before. */
  private async take(study: CheckedStudy): Promise<void> {
    const { running } = this;
    if (running?.identity === study.identity) {
      this.dueAfterRun = true;
      return;
    }
    if (running) {
      this.hooks.onCancel();
      running.controller.abort();
      await running.ended;
    }
    if (!this.isStopped()) this.start(study);
  }

  private start(study: CheckedStudy): void {
    const controller = new AbortController();
    this.dueAfterRun = false;
    const ended = study
      .run(controller.signal)
      .catch((error: unknown) => {
        this.failure ??= error;
      })
      .finally(() => {
        this.running = null;
        this.wake?.();
      });
    this.running = { identity: study.identity, controller, ended };
  }

  /** Waits for a change or the end of the run. True when the study is to be checked although no file changed. */
  private async nextEvent(): Promise<boolean> {
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      const isDue = this.dueAfterRun && !this.running;
      if (this.stopped || this.changed.size > 0 || this.failure !== null || isDue) resolve();
    });
    this.wake = null;
    if (this.failure !== null) throw this.failure as Error;
    const isDue = this.dueAfterRun && !this.running;
    if (isDue) this.dueAfterRun = false;
    return isDue;
  }

  private async settle(): Promise<void> {
    for (;;) {
      const left = this.changed.size === 0 ? 0 : this.settleMs - (performance.now() - this.lastChange);
      if (left <= 0 || this.stopped) return;
      await sleep(left);
    }
  }
}
