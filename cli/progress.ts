/**
 * Progress: a run as it goes. On a terminal one moving line below the lines that stay; elsewhere the lines alone.
 *
 * Not responsible for the summary at the end (summary.ts).
 */
import type { Event, NodeSummary } from '../engine/event.js';
import { clock, count, counted, duration, instance } from './format.js';
import { fit, type Paint, type Terminal } from './terminal.js';

export interface Counts {
  readonly done: number;
  readonly known: number;
  readonly running: readonly string[];
}

/** Ten times a second: quicker is only flicker. */
const REDRAW_MS = 100;
const BAR = 20;

export class Progress {
  private counts: (() => Counts) | null = null;
  private timer: NodeJS.Timeout | null = null;
  private readonly started = performance.now();
  private drawn = '';

  constructor(private readonly terminal: Terminal) {}

  /** From now on the moving line is kept up to date. */
  begin(counts: () => Counts): void {
    this.counts = counts;
    if (!this.terminal.isLive) return;
    this.timer = setInterval(() => this.draw(), REDRAW_MS);
    this.timer.unref();
  }

  event(event: Event): void {
    if (this.terminal.isJson) {
      this.terminal.jsonLine(event);
      return;
    }
    const text = eventText(event, this.terminal.paint);
    if (text === null) return;
    this.erase();
    this.terminal.print(text);
  }

  end(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    this.erase();
  }

  private draw(): void {
    if (!this.counts) return;
    const seconds = (performance.now() - this.started) / 1000;
    const text = progressText(this.counts(), seconds, this.terminal.width - 1);
    if (text === this.drawn) return;
    this.terminal.raw(`\r\u001b[K${text}`);
    this.drawn = text;
  }

  private erase(): void {
    if (this.drawn !== '') this.terminal.raw('\r\u001b[K');
    this.drawn = '';
  }
}

/** `█████░░░░░  412/1,800  knn, cox  0:12` */
export function progressText({ done, known, running }: Counts, seconds: number, width: number): string {
  const fraction = known === 0 ? 0 : Math.min(1, done / known);
  const full = Math.floor(fraction * BAR);
  const bar = '█'.repeat(full) + '░'.repeat(BAR - full);
  const names = running.length === 0 ? 'looking up' : running.join(', ');
  const head = `${bar}  ${count(Math.floor(done))}/${count(known)}  `;
  const tail = `  ${clock(seconds)}`;
  return `${head}${fit(names, Math.max(10, width - head.length - tail.length))}${tail}`;
}

/** The line that stays of an event; null when there is none. */
export function eventText(event: Event, paint: Paint): string | null {
  switch (event.type) {
    case 'reading':
      return paint.dim(`reading ${event.path}: ${event.what}`);
    case 'node-start':
      return `${paint.cyan('start')}   ${event.node}${event.reason === '' ? '' : paint.dim(`  ${event.reason}`)}`;
    case 'node-end':
      return nodeEndText(event.node, event.summary, paint);
    case 'failure':
      return `${paint.red('failed')}  ${instance(event.node, event.item)}: ${event.failure.failure.message}`;
    case 'warning':
      // Those of nodes are told at the end, equal ones once.
      return event.node === '' ? `${paint.yellow('warning')} ${event.message}` : null;
    case 'start':
      return null;
  }
}

function nodeEndText(node: string, summary: NodeSummary, paint: Paint): string | null {
  const { ran, failed, skipped, instances, seconds, unchanged } = summary;
  // Of what was fresh, or never had a chance, the summary at the end says enough; a failure has its own line.
  if (ran + failed === 0 || (failed === 1 && instances === 1)) return null;
  const parts = [instances === 1 ? '' : `${count(ran)} of ${counted(instances, 'instance')}`];
  if (failed > 0 && instances > 1) parts.push(`${count(failed)} failed`);
  if (skipped > 0) parts.push(`${count(skipped)} skipped`);
  if (unchanged > 0 && unchanged === ran) parts.push('result as before');
  if (ran > 0) parts.push(duration(seconds));
  const head = failed > 0 ? paint.red('end') : paint.green('done');
  return `${head}${' '.repeat(failed > 0 ? 5 : 4)}${node}  ${parts.filter(Boolean).join(', ')}`.trimEnd();
}
