/**
 * Summary statistics as GWAS-SSF 1.0 text, the exchange format of the GWAS Catalog.
 * Not responsible for: compression, the metadata file beside it, or sorting.
 */
import type { SumstatsTable } from './table.js';
import { NO_CHROMOSOME } from './table.js';

const CHROMOSOME_NUMBERS: Readonly<Record<string, string>> = { X: '23', PAR: '23', Y: '24', MT: '25' };

/** Header, then rows; missing is `#NA`. p is written as −log10 p when any p underflows. */
export function* gwasSsfLines(table: SumstatsTable): Generator<string> {
  const underflows = table.p?.includes(0) ?? false;
  const [pName, pValues] = underflows
    ? ['neg_log_10_p_value', table.log10p!.map((value) => (value === 0 ? 0 : -value))]
    : ['p_value', table.p];
  const columns: (readonly [string, (row: number) => string])[] = [
    ['chromosome', (row) => chromosomeCell(table, row)],
    ['base_pair_location', (row) => (table.position[row] === 0 ? '#NA' : String(table.position[row]))],
    ['effect_allele', (row) => table.effectAllele.at(row)],
    ['other_allele', (row) => table.otherAllele.at(row) || '#NA'],
    ['beta', numberCell(table.beta)],
    ['standard_error', numberCell(table.se)],
    ['effect_allele_frequency', numberCell(table.eaf)],
    [pName, numberCell(pValues)],
    ['rsid', (row) => (table.id.at(row) === '.' ? '#NA' : table.id.at(row))],
    ...(table.n === undefined ? [] : ([['n', numberCell(table.n)]] as const)),
    ...(table.info === undefined ? [] : ([['info', numberCell(table.info)]] as const)),
  ];
  yield columns.map(([name]) => name).join('\t');
  for (let row = 0; row < table.count; row++) yield columns.map(([, cell]) => cell(row)).join('\t');
}

function chromosomeCell(table: SumstatsTable, row: number): string {
  const code = table.chromosome[row]!;
  if (code === NO_CHROMOSOME) return '#NA';
  const name = table.chromosomeNames[code]!;
  return CHROMOSOME_NUMBERS[name] ?? name;
}

function numberCell(values: Float64Array | undefined): (row: number) => string {
  return (row) => {
    const value = values?.[row];
    return value === undefined || !Number.isFinite(value) ? '#NA' : String(value);
  };
}
