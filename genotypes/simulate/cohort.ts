/**
 * The cohort: everything that a biobank would hand to the study, from a design.
 * Not responsible for GWAS (gwas.ts) nor for where bytes go.
 *
 * Memory: the founders' haplotypes (a bit a founder and variant), a few numbers a haplotype, the dosages of the causal variants
 * (a byte a person and causal variant), and the sheets; never a matrix of people × variants.
 */
import { Assessment } from './assessment.js';
import type { Sink } from './bedrows.js';
import { checkDesign, DesignError, type Design } from './design.js';
import { DiseaseModel } from './diseasemodel.js';
import { Draws } from './draws.js';
import { simulateFounders } from './founders.js';
import { genotype, type KinshipEstimate } from './genotyping.js';
import { Identities, ROLE_LIMIT } from './identity.js';
import { Models } from './models.js';
import { Outcomes } from './outcomes.js';
import { CALIBRATION, IMAGING, REFERENCE, slotsOf, TARGET, type People, type Slots } from './pedigree.js';
import { ageAt } from './person.js';
import { writeBim, writeFam } from './plinktext.js';
import { TruthAboutPeople, truthOf, type Truth } from './truth.js';
import type { Sheet, Spelling } from './ukbcolumns.js';

/** So many people set the diseases' base hazards. */
const CALIBRATION_PEOPLE = 2_000;

export interface GenotypeSinks {
  readonly bed: Sink;
  readonly bim: Sink;
  readonly fam: Sink;
}

export interface CohortOptions {
  readonly spelling: Spelling;
  /** Whether to keep everyone's true IDPs. */
  readonly truthAboutPeople: boolean;
  readonly progress?: (fraction: number) => void;
}

export interface Cohort {
  /** Everyone at instances 0 and 1. */
  readonly assessment: Sheet;
  /** Those who were scanned, at instance 2. */
  readonly imaging: Sheet;
  readonly firstOccurrences: Sheet;
  readonly hospital: Sheet;
  readonly kinship: readonly (KinshipEstimate & { readonly first: string; readonly second: string })[];
  readonly withdrawn: readonly string[];
  readonly truth: Truth;
  readonly truthAboutPeople: Sheet;
}

/** `count` people of a role. */
function peopleOf(role: number, count: number): People {
  return { role: new Uint8Array(count).fill(role), index: Int32Array.from({ length: count }, (_, i) => i) };
}

/**
 * Simulates the cohort; genotypes of the cohort and of the reference panel go to the sinks as they are made.
 * Throws DesignError.
 */
export function simulateCohort(
  design: Design,
  sinks: { readonly cohort: GenotypeSinks; readonly reference: GenotypeSinks },
  options: CohortOptions,
): Cohort {
  checkDesign(design);
  const panel = simulateFounders(design);
  const models = new Models(design, panel);
  const { people, ids } = members(design);
  const slots = slotsOf(models.families, {
    role: Uint8Array.from([...people.role, ...new Uint8Array(CALIBRATION_PEOPLE).fill(CALIBRATION)]),
    index: Int32Array.from([...people.index, ...Array.from({ length: CALIBRATION_PEOPLE }).keys()]),
  });
  const { dosages, scores, kinship } = genotype(design, panel, slots, {
    genotyped: ids.length,
    bed: sinks.cohort.bed,
    tracked: models.idps.pool,
    progress: (done) => options.progress?.(0.7 * done),
  });
  writeBim(panel, sinks.cohort.bim);

  const diseases = new DiseaseModel(design, models.idps.effects, models.blood.traits.length);
  calibrate(models, diseases, slots, dosages, ids.length);
  const scanned = ids.filter((_, s) => people.role[s] === IMAGING);
  const assessment = new Assessment(
    design,
    options.spelling,
    ids,
    scanned,
    models.blood,
    models.idps.effects,
  );
  const outcomes = new Outcomes(design, options.spelling, ids, diseases);
  const truth = new TruthAboutPeople(options.truthAboutPeople ? models.idps.effects : [], ids);
  const related = new Uint8Array(ids.length);
  for (const { a, b } of kinship) related[a] = related[b] = 1;
  const male = new Uint8Array(ids.length);
  models.forEach(slots, dosages, 0, ids.length, (s, person, own, parts) => {
    const genetic = { scores, people: ids.length, related: related[s] === 1 };
    assessment.record(s, ids[s]!, person, own, parts.total, genetic);
    outcomes.record(s, person, parts.total, own);
    truth.record(s, person, parts);
    male[s] = person.male;
    if (s % 1000 === 0) options.progress?.(0.7 + (0.25 * s) / ids.length);
  });

  const withdrawal = new Draws(design.seed, 'withdrawn');
  const withdrawn = ids.filter(
    (_, s) => withdrawal.uniform(people.index[s]!, people.role[s]!) < design.people.withdrawn,
  );
  writeFam(famIds(ids, withdrawn), male, sinks.cohort.fam);
  writeReference(models, sinks.reference);
  const { people: visits, scans } = assessment.finish();
  return {
    assessment: visits,
    imaging: scans,
    ...outcomes.finish(),
    kinship: kinship.map((pair) => ({ ...pair, first: ids[pair.a]!, second: ids[pair.b]! })),
    withdrawn,
    truth: truthOf(models, diseases),
    truthAboutPeople: truth.finish(),
  };
}

/** The cohort in the order of its participants' numbers, which is the order of the .fam and of the sheets. */
function members({ seed, people: { imaging, target } }: Design): { people: People; ids: string[] } {
  if (Math.max(imaging, target) > ROLE_LIMIT)
    throw new DesignError(`people.imaging and people.target may be ${ROLE_LIMIT} at most`);
  const identities = new Identities(seed);
  const rows = [IMAGING, TARGET].flatMap((role) =>
    Array.from({ length: role === IMAGING ? imaging : target }, (_, index) => {
      return { role, index, id: identities.of(role, index) };
    }),
  );
  rows.sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    people: {
      role: Uint8Array.from(rows, ({ role }) => role),
      index: Int32Array.from(rows, ({ index }) => index),
    },
    ids: rows.map(({ id }) => id),
  };
}

/** Every second withdrawn person has lost its number in the genotype files already: they say −1, −2, … instead. */
function famIds(ids: readonly string[], withdrawn: readonly string[]): string[] {
  const negative = new Map(withdrawn.filter((_, i) => i % 2 === 0).map((id, i) => [id, String(-1 - i)]));
  return ids.map((id) => negative.get(id) ?? id);
}

function calibrate(
  models: Models,
  diseases: DiseaseModel,
  slots: Slots,
  dosages: Uint8Array,
  from: number,
): void {
  const ages = new Float64Array(CALIBRATION_PEOPLE);
  const ratios = diseases.effects.map(() => new Float64Array(CALIBRATION_PEOPLE));
  models.forEach(slots, dosages, from, slots.listed, (s, person, own, parts) => {
    ages[s - from] = ageAt(person, person.zero);
    ratios.forEach((ratio, d) => (ratio[s - from] = diseases.ratio(d, person, parts.total, own)));
  });
  diseases.calibrate(ratios, ages);
}

function writeReference({ design, panel, families, people }: Models, sinks: GenotypeSinks): void {
  const count = design.people.reference;
  const slots = slotsOf(families, peopleOf(REFERENCE, count));
  genotype(design, panel, slots, { genotyped: count, bed: sinks.bed, tracked: new Int32Array(0) });
  writeBim(panel, sinks.bim);
  const ids = Array.from({ length: count }, (_, i) => `REF${String(i + 1).padStart(6, '0')}`);
  writeFam(
    ids,
    Uint8Array.from(ids, (_, i) => people.draw(REFERENCE, i).male),
    sinks.fam,
  );
}
