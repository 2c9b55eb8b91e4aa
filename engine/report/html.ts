/**
 * Html: markup that is safe by construction. Whatever is put into a `markup` template is escaped, unless it is Html itself.
 *
 * The tag is not called `html`, or a formatter would lay its text out anew: white space and the script's text are content here.
 * Not responsible for markup that comes from elsewhere: Markdown is translated (markdown.ts), SVG is rebuilt (svg.ts).
 */

export class Html {
  constructor(readonly text: string) {}
}

export type Part = Html | string | number | null | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
  // A parser turns a bare CR into LF, and NUL has no place in a document.
  '\r': '&#13;',
  '\0': '\ufffd',
};

/** Text for an element's content or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`\r\0]/g, (char) => ESCAPES[char]!);
}

function partText(part: Part): string {
  if (part === null) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(partText).join('');
  return escapeHtml(String(part));
}

/** A template whose holes are escaped. A hole stands for element content or stands inside a quoted attribute; null is nothing. */
export function markup(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(texts.map((text, i) => (i === 0 ? text : partText(parts[i - 1]!) + text)).join(''));
}

/** Parts with something between them. */
export function joined(parts: readonly Part[], between: Part): Part {
  return parts.map((part, i) => (i === 0 ? part : [between, part]));
}

/** `1 row`, `2 rows`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** A whole number with commas: `28,615`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A small table of its own words, named for those who do not see it. */
export function listing(name: string, headings: readonly string[], rows: readonly Html[]): Html {
  return markup`<div class="scroll"><table class="listing"><caption>${name}</caption>
<thead><tr>${headings.map((heading) => markup`<th scope="col">${heading}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>\n`;
}

/** Terms and what is said of each. */
export function definitions(rows: readonly (readonly [term: string, text: Part])[]): Html {
  return markup`<dl>${rows.map(([term, text]) => markup`<dt>${term}</dt><dd>${text}</dd>\n`)}</dl>`;
}
