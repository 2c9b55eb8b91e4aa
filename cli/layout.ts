/**
 * Layout: rows of texts in aligned columns. Not responsible for colours: they are in the texts already.
 */
import { widthOf } from './terminal.js';

export interface LayoutOptions {
  /** Columns whose texts stand at the right: numbers. */
  readonly right?: readonly number[];
  /** Before each line. */
  readonly indent?: string;
}

/** One line for each row; columns are two blanks apart. The last column is never padded. */
export function layout(rows: readonly (readonly string[])[], options: LayoutOptions = {}): string[] {
  const { right = [], indent = '' } = options;
  const widths: number[] = [];
  for (const row of rows) {
    for (const [c, text] of row.entries()) widths[c] = Math.max(widths[c] ?? 0, widthOf(text));
  }
  return rows.map((row) => {
    const cells = row.map((text, c) => {
      const padding = ' '.repeat(widths[c]! - widthOf(text));
      return right.includes(c) ? padding + text : text + padding;
    });
    return `${indent}${cells.join('  ')}`.trimEnd();
  });
}
