/**
 * A subset of Markdown to Html: headings, paragraphs, lists, fenced code; emphasis, code, links to anchors of the page.
 *
 * Markup in the text is shown as it was typed. A link that leads elsewhere is written out, never made: a workflow may come
 * from someone else. Not responsible for figures or tables.
 */
import { markup, Html, type Part } from './html.js';

/** Emphasis within emphasis beyond this is shown as typed. */
const DEPTH = 6;
/** Characters; a longer paragraph is no prose, and is shown as typed rather than searched for pairs. */
const PARAGRAPH = 20_000;

/** Blocks. `top` is the level of the text's own `#` headings: 3 in a section whose title is an h2. */
export function markdown(text: string, top = 3): Html {
  const blocks: Part[] = [];
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  for (let i = 0; i < lines.length;) {
    const line = lines[i]!;
    const fence = /^\s*(```+|~~~+)/.exec(line)?.[1];
    const heading = /^(#{1,6})\s+(.*?)\s*#*\s*$/.exec(line);
    if (line.trim() === '') {
      i++;
    } else if (fence !== undefined) {
      const end = lines.findIndex((later, at) => at > i && later.trim().startsWith(fence));
      const last = end < 0 ? lines.length : end;
      blocks.push(markup`<pre><code>${lines.slice(i + 1, last).join('\n')}</code></pre>`);
      i = last + 1;
    } else if (heading) {
      const level = Math.min(6, top - 1 + heading[1]!.length);
      blocks.push(element(`h${level}`, inline(heading[2]!)));
      i++;
    } else if (marker(line)) {
      const end = blockEnd(lines, i, (next) => marker(next) !== null || /^\s+\S/.test(next));
      blocks.push(list(lines.slice(i, end)));
      i = end;
    } else {
      const end = blockEnd(lines, i, (next) => !marker(next) && !/^(#{1,6}\s|\s*(```|~~~))/.test(next));
      blocks.push(element('p', inline(lines.slice(i, end).join('\n').trim())));
      i = end;
    }
  }
  return markup`${blocks}`;
}

function element(name: string, content: Part): Html {
  return markup`${new Html(`<${name}>`)}${content}${new Html(`</${name}>`)}\n`;
}

/** The first line after `from` that is empty or does not go on with the block. */
function blockEnd(lines: readonly string[], from: number, goesOn: (line: string) => boolean): number {
  let i = from + 1;
  while (i < lines.length && lines[i]!.trim() !== '' && goesOn(lines[i]!)) i++;
  return i;
}

interface Marker {
  readonly indent: number;
  readonly ordered: boolean;
  readonly start: number;
  readonly text: string;
}

function marker(line: string): Marker | null {
  const found = /^(\s*)(?:([-*+])|(\d{1,9})[.)])\s+(.*)$/.exec(line);
  if (!found) return null;
  return {
    indent: found[1]!.length,
    ordered: found[3] !== undefined,
    start: Number(found[3] ?? 1),
    text: found[4]!,
  };
}

/** A list from its lines: an item is a marker with what follows; deeper markers make a list within it. */
function list(lines: readonly string[]): Html {
  const first = marker(lines[0]!)!;
  const items: { text: string; nested: string[] }[] = [];
  for (const line of lines) {
    const found = marker(line);
    const item = items.at(-1);
    if (found && (!item || found.indent <= first.indent)) items.push({ text: found.text, nested: [] });
    else if (item && (found !== null || item.nested.length > 0)) item.nested.push(line);
    else if (item) item.text += `\n${line.trim()}`;
  }
  const content = items.map(({ text, nested }) =>
    element('li', [inline(text), nested.length > 0 ? list(nested) : null]),
  );
  if (!first.ordered) return element('ul', content);
  return first.start === 1 ? element('ol', content) : markup`<ol start="${first.start}">${content}</ol>\n`;
}

/** Emphasis, code and links within one line or paragraph. */
export function inline(text: string, depth = 0): Html {
  const out: Part[] = [];
  let plain = '';
  const put = (part: Part): void => {
    out.push(plain, part);
    plain = '';
  };
  for (let i = 0; i < text.length;) {
    const char = text[i]!;
    const span = depth < DEPTH && text.length <= PARAGRAPH ? spanAt(text, i) : null;
    if (char === '\\' && /[\\`*_[\]()#+.!-]/.test(text[i + 1] ?? '')) {
      plain += text[i + 1]!;
      i += 2;
    } else if (!span) {
      plain += char;
      i++;
    } else {
      put(span.render(depth + 1));
      i = span.end;
    }
  }
  return markup`${out}${plain}`;
}

interface Span {
  readonly end: number;
  render(depth: number): Html;
}

function spanAt(text: string, at: number): Span | null {
  switch (text[at]) {
    case '`':
      return codeAt(text, at);
    case '*':
    case '_':
      return emphasisAt(text, at);
    case '[':
      return linkAt(text, at);
    default:
      return null;
  }
}

function codeAt(text: string, at: number): Span | null {
  const ticks = /^`+/.exec(text.slice(at, at + 8))![0];
  const end = text.indexOf(ticks, at + ticks.length);
  if (end < 0) return null;
  const code = text.slice(at + ticks.length, end).trim();
  return { end: end + ticks.length, render: () => markup`<code>${code}</code>` };
}

function emphasisAt(text: string, at: number): Span | null {
  const char = text[at]!;
  const mark = text[at + 1] === char ? char + char : char;
  const from = at + mark.length;
  // An underscore within a word is part of a name: `blood_count`.
  if (char === '_' && /[\p{L}\p{N}]/u.test(text[at - 1] ?? '')) return null;
  if (/\s|^$/.test(text[from] ?? '')) return null;
  for (let end = text.indexOf(mark, from + 1); end >= 0; end = text.indexOf(mark, end + 1)) {
    const after = text[end + mark.length] ?? '';
    const closes =
      !/\s/.test(text[end - 1]!) &&
      text[end - 1] !== '\\' &&
      !(mark.length === 1 && (after === char || text[end - 1] === char)) &&
      !(char === '_' && /[\p{L}\p{N}]/u.test(after));
    if (!closes) continue;
    const content = text.slice(from, end);
    return {
      end: end + mark.length,
      render: (depth) =>
        mark.length === 2
          ? markup`<strong>${inline(content, depth)}</strong>`
          : markup`<em>${inline(content, depth)}</em>`,
    };
  }
  return null;
}

/** Links within the page become links; others are written out with their address. */
function linkAt(text: string, at: number): Span | null {
  const close = text.indexOf('](', at);
  const end = close < 0 ? -1 : text.indexOf(')', close);
  if (end < 0) return null;
  const label = text.slice(at + 1, close);
  const target = text.slice(close + 2, end).trim();
  if (label.includes('\n\n') || /\s/.test(target)) return null;
  return {
    end: end + 1,
    render: (depth) =>
      /^#[\p{L}\p{N}_-]+$/u.test(target)
        ? markup`<a href="${target}">${inline(label, depth)}</a>`
        : markup`${inline(label, depth)} (${target})`,
  };
}
