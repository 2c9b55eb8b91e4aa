/**
 * Values: parameters as they are shown, short ones in the line and long ones folded.
 *
 * Not responsible for which parameters a node has (node-parts.ts).
 */
import type { Json } from '../task.js';
import { markup, type Html } from './html.js';

/** Characters of a value that still stands in its line. */
const INLINE = 90;

/** A parameter's value: text as it is, everything else as JSON. */
export function valueHtml(value: Json): Html {
  const text = valueText(value);
  if (text.length <= INLINE) return markup`<code>${text}</code>`;
  const pretty = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return markup`<details class="value"><summary><code>${`${text.slice(0, 60)}…`}</code></summary>
<pre><code>${pretty}</code></pre></details>`;
}

/** In one line, with a space after each comma and colon. */
function valueText(value: Json): string {
  if (typeof value === 'string') return value === '' ? "''" : value;
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(nestedText).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, each]) => `${key}: ${nestedText(each)}`)
      .join(', ')}}`;
  }
  return String(value);
}

/** Within lists and maps a text is quoted when it would read as something else. */
function nestedText(value: Json): string {
  if (typeof value !== 'string') return valueText(value);
  return /^[A-Za-z_$][\w$.%/-]*$/.test(value) && !/^(true|false|null)$/.test(value)
    ? value
    : JSON.stringify(value);
}
