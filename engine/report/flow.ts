/**
 * Flow: who was excluded why, as the boxes of a STROBE or CONSORT diagram, drawn from tables of steps.
 *
 * The colours are those of a printed page; the page's style sheet replaces them in the dark.
 * Not responsible for captions and lineage (exhibit.ts).
 */
import type { Table } from '../../cache/table.js';
import { grouped, markup, type Html, type Part } from './html.js';

export interface FlowStep {
  readonly reason: string;
  /** NaN: not known. */
  readonly excluded: number;
  readonly remaining: number;
}

export interface FlowBranch {
  /** Who remains at its end. */
  readonly title: string;
  readonly steps: readonly FlowStep[];
}

/** The steps of a table with the columns `reason`, `excluded` and `remaining`; null when it is no such table. */
export function flowSteps(table: Table): FlowStep[] | null {
  const [reason, excluded, remaining] = ['reason', 'excluded', 'remaining'].map((name) =>
    table.columns.get(name),
  );
  if (reason?.type !== 'text' || excluded?.type !== 'number' || remaining?.type !== 'number') return null;
  return Array.from({ length: table.rows }, (_, row) => ({
    reason: reason.values[row] ?? '',
    excluded: excluded.values[row]!,
    remaining: remaining.values[row]!,
  }));
}

/** All in CSS pixels. */
const FONT = 13;
const LINE = 18;
const PADDING = 9;
const BOX = 220;
const SIDE = 236;
/** From a branch's axis to its side boxes. */
const REACH = 40;
const GAP = 16;
const BETWEEN = 28;
/** Room for half a line's width. */
const EDGE = 1;
/** From the left end of a branch to its right end. */
const COLUMN = BOX / 2 + REACH + SIDE;
const FAMILY = 'Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif';

interface Drawn {
  readonly parts: readonly Part[];
  /** Where it ends. */
  readonly bottom: number;
}

/**
 * @param trunk what the branches come from; null when each begins of its own.
 * @param label what the drawing is called by a screen reader.
 */
export function drawFlow(trunk: FlowBranch | null, branches: readonly FlowBranch[], label: string): Html {
  const axes = branches.map((_, i) => EDGE + BOX / 2 + i * (COLUMN + BETWEEN));
  const middle = axes.length === 0 ? EDGE + BOX / 2 : (axes[0]! + axes.at(-1)!) / 2;
  const above = trunk ? drawBranch(trunk, middle, EDGE) : { parts: [], bottom: EDGE };
  const top = trunk && branches.length > 0 ? above.bottom + 3 * GAP : above.bottom;
  const drawn = branches.map((branch, i) => drawBranch(branch, axes[i]!, top));
  const fork =
    trunk && branches.length > 0
      ? [
          line(middle, above.bottom, middle, above.bottom + 1.5 * GAP),
          line(axes[0]!, above.bottom + 1.5 * GAP, axes.at(-1)!, above.bottom + 1.5 * GAP),
          axes.map((axis) => arrow(axis, above.bottom + 1.5 * GAP, axis, top)),
        ]
      : [];
  const width = Math.max(middle, axes.at(-1) ?? 0) + REACH + SIDE + EDGE;
  const height = Math.max(above.bottom, ...drawn.map(({ bottom }) => bottom)) + EDGE;
  return markup`<svg role="img" aria-label="${label}" class="flow" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" style="--width:${width}px" font-family="${FAMILY}" font-size="${FONT}" fill="#222">${
    above.parts
  }${fork}${drawn.map(({ parts }) => parts)}</svg>`;
}

function drawBranch({ title, steps }: FlowBranch, axis: number, top: number): Drawn {
  const [start, ...rules] = steps;
  if (!start) return box(axis - BOX / 2, top, BOX, [...wrapped(title, BOX), 'no steps']);
  const head = box(axis - BOX / 2, top, BOX, [...wrapped(start.reason, BOX), count(start.remaining)]);
  const parts: Part[] = [head.parts];
  let y = head.bottom + GAP;
  for (const [i, { reason, excluded, remaining }] of rules.entries()) {
    const side = box(axis + REACH, y, SIDE, [...wrapped(reason, SIDE), count(excluded)]);
    const centre = (y + side.bottom) / 2;
    parts.push(side.parts, arrow(axis, centre, axis + REACH, centre));
    y = side.bottom + GAP;
    // How many go on; after the last rule the box below says it.
    if (i < rules.length - 1)
      parts.push(words(axis - 8, side.bottom + GAP / 2 + 4, grouped(remaining), 'end'));
  }
  const last = steps.at(-1)!;
  const foot = box(axis - BOX / 2, y + GAP / 2, BOX, [...wrapped(title, BOX), count(last.remaining)]);
  return {
    parts: [arrow(axis, head.bottom, axis, y + GAP / 2), ...parts, foot.parts],
    bottom: foot.bottom,
  };
}

const count = (n: number): string => `n = ${Number.isNaN(n) ? 'not known' : grouped(n)}`;

/** A box with lines of text, the last of which counts. */
function box(x: number, y: number, width: number, lines: readonly string[]): Drawn {
  const height = lines.length * LINE + 2 * PADDING - 4;
  const texts = lines.map((text, i) =>
    words(x + width / 2, y + PADDING + i * LINE + FONT - 2, text, 'middle', i === lines.length - 1),
  );
  return {
    parts: [
      markup`<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="2" fill="#fff" stroke="#555"/>`,
      texts,
    ],
    bottom: y + height,
  };
}

function words(x: number, y: number, text: string, anchor: 'middle' | 'end', isStrong = false): Html {
  const weight = isStrong ? markup` font-weight="600"` : null;
  return markup`<text x="${x}" y="${y}" text-anchor="${anchor}"${weight}>${text}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number): Html {
  return markup`<path d="M${x1} ${y1}L${x2} ${y2}" stroke="#555" fill="none"/>`;
}

/** Downwards or to the right. */
function arrow(x1: number, y1: number, x2: number, y2: number): Html {
  const head = x1 === x2 ? `M${x2} ${y2}l-4 -7h8z` : `M${x2} ${y2}l-7 -4v8z`;
  return markup`${line(x1, y1, x2, y2)}<path class="head" d="${head}" fill="#555"/>`;
}

/** Lines that fit into a box, by the rough widths of a sans serif's letters; a longer word is broken. */
function wrapped(text: string, width: number): string[] {
  const room = width - 2 * PADDING;
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(/\s+/)) {
    const joined = current === '' ? word : `${current} ${word}`;
    if (textWidth(joined) <= room) {
      current = joined;
      continue;
    }
    if (current !== '') lines.push(current);
    current = word;
    while (textWidth(current) > room) {
      let end = current.length - 1;
      while (end > 1 && textWidth(current.slice(0, end)) > room) end--;
      lines.push(current.slice(0, end));
      current = current.slice(end);
    }
  }
  return [...lines, current];
}

function textWidth(text: string): number {
  let width = 0;
  for (const char of text) {
    width += /[\sfijlrtI.,:;'|()[\]!/-]/.test(char) ? 0.36 : /[A-Zmw%@&]/.test(char) ? 0.78 : 0.58;
  }
  return width * FONT;
}
