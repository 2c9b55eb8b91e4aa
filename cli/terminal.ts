/**
 * Terminal: where a verb's words go. Text for people or JSON on standard output, complaints on standard error; colour only on a
 * terminal; a reader that goes away (`| head`) is no error.
 *
 * Not responsible for what is said, nor for the moving line of a run (progress.ts).
 */
import type { Json } from '../engine/task.js';

/** As much of a stream as is needed, so that tests can stand in for it. */
export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
const CODES: Record<Colour, readonly [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** Colours a text, or leaves it as it is. */
export type Paint = Readonly<Record<Colour, (text: string) => string>>;

export function paintFor(colour: boolean): Paint {
  const painters = Object.entries(CODES).map(([name, [on, off]]) => [
    name,
    colour ? (text: string) => `\u001b[${on}m${text}\u001b[${off}m` : (text: string) => text,
  ]);
  return Object.fromEntries(painters) as Paint;
}

/** No colours: for tests and files. */
export const PLAIN = paintFor(false);

export class Terminal {
  /** Colours for standard output. */
  readonly paint: Paint;
  /** Whether standard error takes colours. */
  readonly errorColour: boolean;

  constructor(
    private readonly out: Stream,
    private readonly err: Stream,
    options: { readonly json: boolean; readonly colour: boolean },
  ) {
    this.isJson = options.json;
    this.paint = paintFor(options.colour && out.isTTY === true);
    this.errorColour = options.colour && err.isTTY === true;
  }

  /** Programs read standard output: nothing but JSON may go there. */
  readonly isJson: boolean;

  /** Standard output is a terminal that can redraw a line. */
  get isLive(): boolean {
    return !this.isJson && this.out.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  /** Characters in a line. */
  get width(): number {
    return this.out.columns ?? 100;
  }

  print(text = ''): void {
    this.out.write(`${visible(text)}\n`);
  }

  complain(text: string): void {
    this.err.write(`${visible(text)}\n`);
  }

  /** Control sequences of our own, for the moving line. */
  raw(text: string): void {
    this.out.write(text);
  }

  /** The one document of a verb with `--json`. */
  json(value: unknown): void {
    this.out.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** One line of a stream of JSON. */
  jsonLine(value: unknown): void {
    this.out.write(`${JSON.stringify(value)}\n`);
  }
}

/** Names and messages come from data: control characters other than our colours must not reach a terminal. */
export function visible(text: string): string {
  return text.replace(
    /\u001b\[\d+m|[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (found) => (found.length > 1 ? found : found === '\t' ? '  ' : '\ufffd'),
  );
}

/** The width of a text on a terminal, colours apart. */
export function widthOf(text: string): number {
  return Array.from(text.replace(/\u001b\[\d+m/g, '')).length;
}

/** The text cut to `width`, an ellipsis at its end; only for texts without colours. */
export function fit(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** A JSON value in one line, as a user would write it. */
export function inline(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
