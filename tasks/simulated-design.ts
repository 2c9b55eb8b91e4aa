/**
 * The parameters of a simulated study as a schema, and the sheets of the simulator as tables: what `simulate.cohort` and
 * `simulate.gwas` have in common.
 * Not responsible for simulating (genotypes/simulate).
 */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { idTable, type Table } from '../cache/table.js';
import { TaskError, type Json } from '../engine/task.js';
import { BLOOD_LIMITS } from '../genotypes/simulate/bloodcatalogue.js';
import { DesignError, type Design } from '../genotypes/simulate/design.js';
import { CATEGORY_LIMIT, DISEASES_PER_CATEGORY } from '../genotypes/simulate/diseasecatalogue.js';
import { IMAGING_LIMITS } from '../genotypes/simulate/imagingcatalogue.js';
import type { Sheet } from '../genotypes/simulate/ukbcolumns.js';

interface Property {
  readonly default: Json;
  readonly [key: string]: Json;
}

/** A parameter made of others; its default is made of theirs. */
function group(description: string, properties: Readonly<Record<string, Property>>): Property {
  const defaults = Object.fromEntries(Object.entries(properties).map(([name, p]) => [name, p.default]));
  return { type: 'object', description, properties, default: defaults, additionalProperties: false };
}

const count = (
  value: number,
  description: string,
  minimum = 0,
  maximum = Number.MAX_SAFE_INTEGER,
): Property => ({ type: 'integer', minimum, maximum, default: value, description });

const share = (value: number, description: string, maximum = 1): Property => ({
  type: 'number',
  minimum: 0,
  maximum,
  default: value,
  description,
});

const real = (value: number, description: string): Property => ({
  type: 'number',
  default: value,
  description,
});
const size = (value: number, description: string): Property => ({ ...real(value, description), minimum: 0 });

const shares = (what: string, snp: number, blood: number, covariates: number): Property =>
  group(`Shares of the variance of ${what} IDPs; the rest is noise.`, {
    snp: share(snp, 'Genetic variants.'),
    blood: share(blood, 'Blood traits.'),
    covariates: share(covariates, 'Age, sex and body mass index together.'),
  });

/** Everything in a Design but its seed. */
export const DESIGN_PROPERTIES: Readonly<Record<string, Property>> = {
  people: group('Who there is.', {
    imaging: count(3_000, 'People with IDPs.', 0, 2_000_000),
    target: count(30_000, 'People without.', 0, 2_000_000),
    reference: count(500, 'Members of the reference panel: unrelated, of the main ancestry.', 1, 1_000_000),
    minority: share(0.05, 'Share of the cohort that is not of the main ancestry.'),
    relatives: share(0.03, 'Share of the cohort with a first- or second-degree relative in it.'),
    withdrawn: share(0.001, 'Share of the cohort on the withdrawal list.'),
    repeat: share(0.04, 'Share of the cohort that gave blood again at instance 1.'),
  }),
  genome: group('Variants and their linkage disequilibrium.', {
    variants: count(10_000, 'Variants.', 1, 5_000_000),
    regions: count(100, 'Stretches of the autosomes in which the variants lie.', 1, 5_000),
    region_kb: count(500, 'Length of a stretch, kilobases.', 20, 10_000),
    founders: count(
      400,
      'Founder haplotypes of the main ancestry; each of the three others has a quarter.',
      40,
      20_000,
    ),
    min_maf: share(0.01, 'Least minor allele frequency among the main ancestry’s founders.', 0.3),
    missing: share(0.002, 'Share of missing genotype calls.', 0.5),
  }),
  idps: group('Imaging-derived phenotypes.', {
    t1: count(16, 'T1 structural brain IDPs.', 0, IMAGING_LIMITS.t1),
    swi: count(2, 'Susceptibility-weighted brain IDPs.', 0, IMAGING_LIMITS.swi),
    cardiac: count(8, 'Cardiac and aortic IDPs.', 0, IMAGING_LIMITS.cardiac),
    orphans: count(1, 'This many of each group affect no disease.'),
    shared_noise: share(0.25, 'Share of the noise that a group’s IDPs have in common.'),
    brain: shares('brain', 0.12, 0.1, 0.08),
    heart: shares('cardiac', 0.15, 0.25, 0.15),
    causal_pool: count(120, 'Causal variants that all IDPs draw from.', 1),
    causal_per_idp: count(40, 'Causal variants of one IDP. Few on purpose: oligogenic.', 1),
  }),
  blood: group('Blood traits.', {
    count: count(7, 'Blood counts.', 0, BLOOD_LIMITS.count),
    biochemistry: count(7, 'Biochemistry traits.', 0, BLOOD_LIMITS.biochemistry),
    factors: count(6, 'Latent factors of health behind them.', 1, 100),
  }),
  diseases: group('Diseases.', {
    count: count(48, 'Diseases.', 0, CATEGORY_LIMIT * DISEASES_PER_CATEGORY),
    categories: count(6, 'Categories, circulatory diseases first.', 1, CATEGORY_LIMIT),
    covariates_only: count(1, 'This many of each category depend on covariates alone.'),
    incidence: share(0.035, 'Mean risk within five years of the scan among people free of the disease.', 0.5),
    incidence_spread: size(0.3, 'SD over diseases of the log of that risk.'),
    effect: size(0.35, 'SD of the log hazard ratio per SD of an IDP, before the category’s scale.'),
    scale_first: size(1.6, 'Scale of the effects in the first category; it falls linearly to the last.'),
    scale_last: size(0.3, 'Scale of the effects in the last category.'),
    age: real(0.3, 'Log hazard ratio per 8 years of age.'),
    bmi: real(0.15, 'Log hazard ratio per 4.6 kg/m² of body mass index.'),
    smoking: real(0.3, 'Log hazard ratio of current against never smoking; previous has half of it.'),
    direct_blood: size(0, 'SD of log hazard ratios of two blood traits beside the IDPs.'),
  }),
  missing: group('Missing values.', {
    blood: share(0.02, 'Share of single blood values.', 0.9),
    panel: share(0.02, 'Share of people whose whole blood panel is missing.', 0.9),
    imaging: share(
      0.03,
      'Share of people whose whole imaging modality is missing; single IDPs a third of it.',
      0.9,
    ),
    informative: real(
      0.3,
      'Log odds of being missing per SD of the value itself (blood) or of body mass index (imaging); 0 is at random.',
    ),
  }),
  gwas: group('The discovery sample of the GWAS.', {
    people: count(15_000, 'Its size.', 10, 2_000_000),
    overlap: share(0, 'Share of the imaging cohort’s eligible members that are in it too.'),
  }),
};

/** Runs `make`, and refuses a design that contradicts itself in the task's words. */
export function refusingDesign<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof DesignError) throw new TaskError(error.message);
    throw error;
  }
}

/** A design as JSON, for the `design` port. */
export function designJson(design: Design): Json {
  return structuredClone(design) as unknown as Json;
}

/** The design at a `design` port. Throws TaskError for other JSON. */
export function designOf(json: Json): Design {
  const isDesign =
    typeof json === 'object' &&
    json !== null &&
    'seed' in json &&
    Object.keys(DESIGN_PROPERTIES).every((name) => name in json);
  if (!isDesign) {
    throw new TaskError('this is not a design: connect the port design of simulate.cohort', {
      port: 'design',
    });
  }
  return json as unknown as Design;
}

/** A sheet of people as a table with ids `eid`. */
export function sheetTable(sheet: Sheet): Table {
  const columns = Array.from(sheet.columns, ([name, values]): [string, Column] => [
    name,
    values instanceof Float64Array ? numberColumn(values) : textColumn(values),
  ]);
  return idTable('eid', sheet.ids, columns);
}
