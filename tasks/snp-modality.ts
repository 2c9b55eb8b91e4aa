/**
 * SNPs as a modality of a stacked model: what a model keeps of them, and how they are found again and weighed in prediction. A missing dosage is twice the allele's frequency among the training people, which the model keeps.
 *
 * Not responsible for training (snp-training.ts), nor for which variants those are: the view's are used, all of them.
 */
import { matchIds } from '../cache/table.js';
import { TaskError, type InputPort, type TaskContext } from '../engine/task.js';
import { ploidyOf } from '../genotypes/chromosome.js';
import type { Build } from '../genotypes/qc/longrangeld.js';
import { SEX_MALE } from '../genotypes/samples.js';
import { fillMissingDosages } from '../genotypes/missingdosage.js';
import { dosageBlocks } from '../genotypes/source.js';
import { SumstatsBuilder } from '../genotypes/sumstats/table.js';
import type { VariantTable } from '../genotypes/variants.js';
import { matrix, type Matrix } from '../stats/linalg/matrix.js';
import { refusing, type OpenView } from './genotype-views.js';
import { countLost, describeLost, matchRows } from './variant-matching.js';

/** The name of the modality that genotypes are. */
export const SNPS = 'snps';

export const GENOTYPES_PORT: InputPort = {
  type: 'genotypes',
  optional: true,
  summary: `The modality \`${SNPS}\`: dosages of the view's variants.`,
};

/** A feature: copies of `counted`. */
export interface Snp {
  readonly id: string;
  readonly chr: string;
  readonly pos: number;
  readonly counted: string;
  readonly other: string;
  /** Of `counted` among the training people. */
  readonly frequency: number;
}

/** What a model keeps of its SNPs, in the order of the coefficients. */
export interface SnpModality {
  readonly build: Build | null;
  readonly variants: readonly Snp[];
}

/** Names of the features, unique unless the file repeats a variant. */
export function snpNames(snps: SnpModality): string[] {
  return snps.variants.map(({ chr, pos, counted, other, id }) => `${chr}:${pos}:${other}:${counted}:${id}`);
}

/** What one copy counts as: half of a dosage on a chromosome that people have one of, where PLINK doubles it. */
export function snpUnit(chromosome: string): number {
  const ploidy = ploidyOf(chromosome);
  return ploidy === 'y' || ploidy === 'haploid' ? 0.5 : 1;
}

/** People × variants of counted alleles, on the scale of `score`: a chromosome that people have one of counts 0 or 1. A NaN frequency leaves gaps. */
export async function dosageMatrix(
  { source, variants }: OpenView,
  rows: Uint32Array,
  wanted: Uint32Array,
  counted: Uint8Array,
  frequency: Float64Array,
): Promise<Matrix> {
  const female = Uint8Array.from(rows, (s) => (source.samples.sex[s] === SEX_MALE ? 0 : 1));
  const x = matrix(rows.length, wanted.length);
  for await (const block of dosageBlocks(source, wanted, rows, counted)) {
    for (let v = 0; v < block.count; v++) {
      const j = block.first + v;
      const chromosome = variants.chromosomeNames[variants.chromosome[wanted[j]!]!]!;
      const scale = snpUnit(chromosome);
      const dosages = block.values.subarray(v * rows.length, (v + 1) * rows.length);
      fillMissingDosages(
        dosages,
        2 * frequency[j]!,
        undefined,
        ploidyOf(chromosome) === 'y' ? female : undefined,
      );
      for (let i = 0; i < rows.length; i++) x.data[i * wanted.length + j] = scale * dosages[i]!;
    }
  }
  return x;
}

/** Least share of a model's variants that must be there. */
const FAIL_MATCH = 0.2;
const WARN_MATCH = 0.75;

/** A model's SNPs found in a view. */
export interface FoundSnps {
  /** Place in the model, and variant of the view, of each SNP that is there. */
  readonly places: Uint32Array;
  readonly variants: Uint32Array;
  /** AlleleIndex whose copies the model counts, and its frequency among the training people. */
  readonly counted: Uint8Array;
  readonly frequency: Float64Array;
  /** By place in the model: the training mean of a SNP that is not there, 0 of one that is. */
  readonly absent: Float64Array;
}

/**
 * Finds the SNPs of a model. Those that are not there count as their training mean for everybody.
 * @throws TaskError when builds differ, or fewer than a fifth of them are there.
 */
export async function findSnps(
  context: Pick<TaskContext<unknown>, 'warn' | 'log'>,
  reference: { readonly variants: VariantTable; readonly build: Build | null },
  snps: SnpModality,
): Promise<FoundSnps> {
  const builder = new SumstatsBuilder(snps.build ?? undefined, []);
  snps.variants.forEach(({ chr, pos, id, counted, other }, j) => {
    builder.push({
      chromosome: pos > 0 ? chr : undefined,
      position: pos,
      id,
      effectAllele: counted.toUpperCase(),
      otherAllele: other.toUpperCase(),
      line: j + 1,
    });
  });
  const { rows: places, variants, sign, lost } = await matchRows(builder.finish(), 'genotypes', reference);
  const all = snps.variants.length;
  context.log(`${places.length} of ${all} variants of the model are in the genotypes`);
  if (places.length < FAIL_MATCH * all)
    throw new TaskError(
      `only ${places.length} of ${all} variants of the model are in the genotypes (${describeLost(lost)})`,
      { port: 'genotypes' },
    );
  if (countLost(lost) > 0) {
    const few = places.length < WARN_MATCH * all ? 'only ' : '';
    context.warn(
      `${few}${places.length} of ${all} variants of the model are there (${describeLost(lost)}); the others count as their training mean`,
    );
  }
  const absent = Float64Array.from(snps.variants, ({ chr, frequency }) => snpUnit(chr) * 2 * frequency);
  for (const place of places) absent[place] = 0;
  return {
    places,
    variants,
    counted: Uint8Array.from(sign, (one) => (one === 1 ? 1 : 0)),
    frequency: Float64Array.from(places, (place) => snps.variants[place]!.frequency),
    absent,
  };
}

/** The SNPs of `people` as a model's features, for learners that are no weighted sum. */
export async function snpMatrix(
  opened: OpenView,
  found: FoundSnps,
  people: readonly string[],
): Promise<Matrix> {
  const { places, variants, counted, frequency, absent } = found;
  const rows = Uint32Array.from(matchIds(opened.source.samples.iid, people));
  const there = await refusing('genotypes', () => dosageMatrix(opened, rows, variants, counted, frequency));
  const x = matrix(people.length, absent.length);
  for (let i = 0; i < people.length; i++) {
    x.data.set(absent, i * absent.length);
    places.forEach((place, k) => (x.data[i * absent.length + place] = there.data[i * places.length + k]!));
  }
  return x;
}
