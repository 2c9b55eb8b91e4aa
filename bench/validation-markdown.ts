/**
 * Numbers and tables in the Markdown of docs/validation.md.
 * Not responsible for what they say.
 */

export const fixed = (value: number, digits = 2): string =>
  Number.isFinite(value) ? value.toFixed(digits).replace('-', '−') : '';
export const signed = (value: number, digits: number): string =>
  `${value > 0 ? '+' : ''}${fixed(value, digits)}`;
export const share = (part: number, whole: number): string =>
  whole > 0 ? `${((100 * part) / whole).toFixed(0)} %` : '';
export const p = (value: number): string => {
  if (!Number.isFinite(value)) return '';
  if (value >= 0.0005) return value.toFixed(3);
  const [digits, exponent] = value.toExponential(0).split('e-');
  return `${digits}·10⁻${exponent!.replace(/\d/g, (d) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(d)]!)}`;
};

export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
