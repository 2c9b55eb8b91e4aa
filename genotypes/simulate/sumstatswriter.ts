/**
 * Summary statistics in the layouts of the two public sources: BIG40 (brain IDPs) and fastGWA (cardiac IDPs).
 * Not responsible for reading them (../sumstats).
 *
 * BIG40: blanks, `chr rsid pos a1 a2 beta se pval(-log10)`, chromosome in two digits, effect allele a2.
 * fastGWA: tabs, `CHR SNP POS A1 A2 N AF1 BETA SE P`, effect allele A1, whose frequency is AF1; here the minor allele.
 * Both GRCh37. p is of z = beta/se, two-sided. Variants that do not vary in the sample are left out.
 */
import { log10PFromZ } from '../../stats/special.js';
import type { Sink } from './bedrows.js';
import { alternativeAllele, referenceAllele, variantId } from './founders.js';
import { standardError, type GwasResult } from './gwas.js';
import { writeLines } from './plinktext.js';

export type SumstatsLayout = 'big40' | 'fastgwa';

/** Which layout an IDP's GWAS has in the wild. */
export const layoutOf = (group: string): SumstatsLayout => (group === 'cardiac' ? 'fastgwa' : 'big40');

const number = (x: number): string => String(Number(x.toPrecision(6)));

/** 10^log10p in scientific notation; 0 below what a double holds, as the tool writes it. */
function pValue(log10p: number): string {
  return number(Math.exp(log10p * Math.LN10));
}

/** Writes the statistics of the result's k-th IDP. */
export function writeSumstats(result: GwasResult, k: number, layout: SumstatsLayout, sink: Sink): void {
  const { panel, people, frequency, sxx } = result;
  const { beta } = result.idps[k]!;
  const varying = Uint32Array.from(sxx.keys()).filter((v) => sxx[v]! > 0);
  const se = (v: number): number => standardError(result, k, v);
  const log10p = (v: number): number => log10PFromZ(beta[v]! / se(v));
  const encoder = new TextEncoder();
  if (layout === 'big40') {
    sink(encoder.encode('chr rsid pos a1 a2 beta se pval(-log10)\n'));
    writeLines(sink, varying.length, (i) => {
      const v = varying[i]!;
      const chromosome = String(panel.chromosome[v]!).padStart(2, '0');
      const alleles = `${referenceAllele(panel, v)} ${alternativeAllele(panel, v)}`;
      const effect = `${number(beta[v]!)} ${number(se(v))} ${number(-log10p(v))}`;
      return `${chromosome} ${variantId(panel, v)} ${panel.position[v]!} ${alleles} ${effect}`;
    });
    return;
  }
  sink(encoder.encode('CHR\tSNP\tPOS\tA1\tA2\tN\tAF1\tBETA\tSE\tP\n'));
  writeLines(sink, varying.length, (i) => {
    const v = varying[i]!;
    const isMinor = frequency[v]! <= 0.5;
    const alternative = alternativeAllele(panel, v);
    const reference = referenceAllele(panel, v);
    return [
      panel.chromosome[v]!,
      variantId(panel, v),
      panel.position[v]!,
      isMinor ? alternative : reference,
      isMinor ? reference : alternative,
      people,
      number(isMinor ? frequency[v]! : 1 - frequency[v]!),
      number(isMinor ? beta[v]! : -beta[v]!),
      number(se(v)),
      pValue(log10p(v)),
    ].join('\t');
  });
}
