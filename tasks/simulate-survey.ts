/** `simulate.survey`: an invented health survey with linked mortality, of the shape of NHANES III. */
import { numberColumn } from '../cache/column.js';
import { idTable } from '../cache/table.js';
import { defineTask, tableOutput } from '../engine/task.js';
import { rngFromSeed, type Rng } from '../stats/rng.js';

interface Params {
  readonly people: number;
  readonly missing: number;
}

/** Hidden states that blood shows, and two that it hardly shows: lungs and vessels. All standard normal at a mean age. */
const STATES = [
  'adiposity',
  'glycaemia',
  'lipids',
  'kidney',
  'inflammation',
  'nutrition',
  'lungs',
  'vessels',
] as const;
type State = (typeof STATES)[number];
type Loadings = Partial<Record<State | 'age' | 'male', number>>;

/** mean, SD, decimals, loadings per SD of the state (age: per SD of age; male: of being a man, coded ±1). */
type Variable = readonly [mean: number, sd: number, decimals: number, loadings: Loadings];

// Loadings were set by hand, so that blood explains about as much of each trait as it does in NHANES III.
const BLOOD: Readonly<Record<string, Variable>> = {
  lymph: [33, 8.8, 1, { inflammation: -0.35, age: -0.15 }],
  mcv: [89.4, 5.5, 1, { nutrition: 0.3, age: 0.15 }],
  monopa: [5.9, 2.4, 2, { inflammation: 0.15, male: 0.15 }],
  rbc: [4.65, 0.48, 2, { male: 0.5, nutrition: 0.3, age: -0.15 }],
  rdw: [13.2, 1, 2, { nutrition: -0.4, age: 0.25, inflammation: 0.2 }],
  wbc: [7.2, 2.1, 2, { inflammation: 0.55 }],
  albumin: [4.14, 0.37, 1, { nutrition: 0.45, male: 0.25, age: -0.25, inflammation: -0.25 }],
  alp: [87, 27, 0, { inflammation: 0.3, age: 0.2 }],
  bun: [14.5, 5.2, 0, { kidney: 0.6, age: 0.4, male: 0.15 }],
  creat: [0.86, 0.23, 2, { kidney: 0.55, male: 0.5, age: 0.2 }],
  glucose: [98.7, 27, 0, { glycaemia: 0.75, age: 0.25, adiposity: 0.15 }],
  ttbl: [0.58, 0.28, 1, { male: 0.3, nutrition: 0.15 }],
  uap: [5.4, 1.5, 1, { male: 0.4, adiposity: 0.4, kidney: 0.25, age: 0.1 }],
  crp: [0.43, 0.5, 2, { inflammation: 0.45, adiposity: 0.25 }],
  hba1c: [5.5, 0.9, 1, { glycaemia: 0.75, age: 0.3 }],
  hdl: [51, 15, 0, { adiposity: -0.35, male: -0.3, lipids: -0.2 }],
  totchol: [206, 43, 0, { lipids: 0.7, age: 0.3 }],
  trig: [140, 90, 0, { lipids: 0.45, adiposity: 0.3, age: 0.2 }],
  insulin: [12.3, 10, 1, { adiposity: 0.55, glycaemia: 0.3 }],
  vitaminA: [2, 0.57, 2, { lipids: 0.3, male: 0.2, age: 0.2, kidney: 0.2 }],
  vitaminE: [26, 10, 1, { lipids: 0.5, age: 0.35 }],
  vitaminC: [40, 25, 1, { nutrition: 0.4, adiposity: -0.15 }],
  ggt: [31, 30, 0, { adiposity: 0.25, male: 0.25, inflammation: 0.2 }],
};

const TRAITS: Readonly<Record<string, Variable>> = {
  fev: [2930, 950, 0, { age: -0.58, male: 0.48, lungs: 0.45, nutrition: 0.15, glycaemia: -0.15 }],
  height: [166.3, 9.9, 1, { male: 0.68, age: -0.18 }],
  weight: [75.2, 17.8, 1, { adiposity: 0.75, male: 0.3 }],
  waist: [93.4, 14.4, 1, { adiposity: 0.8, male: 0.15, age: 0.3 }],
  sbp: [126.3, 19.8, 0, { age: 0.55, vessels: 0.45, adiposity: 0.15, male: 0.1, kidney: 0.15 }],
  dbp: [74.6, 10.5, 0, { vessels: 0.5, adiposity: 0.25, male: 0.2, age: 0.15 }],
};

/**
 * Causes of death: code, deaths a month at the mean age, and log hazards per SD. Lungs drive respiratory death and glycaemia
 * drives diabetes, so that a lung function imputed from blood misses the first and borrows the second.
 */
const CAUSES: readonly (readonly [
  code: number,
  rate: number,
  log: Partial<Record<State | 'age' | 'male' | 'smoke', number>>,
])[] = [
  [1, 2.6e-4, { age: 1.8, male: 0.25, vessels: 0.4, lipids: 0.2 }],
  [2, 3.2e-4, { age: 1.3, male: 0.25, smoke: 0.4, inflammation: 0.15 }],
  [3, 3e-5, { age: 1.5, lungs: -1.6, smoke: 0.5 }],
  [5, 6e-5, { age: 2, vessels: 0.5 }],
  [7, 7e-5, { age: 1.2, glycaemia: 1.5, adiposity: 0.2 }],
  [9, 2e-5, { age: 1.5, kidney: 1.1 }],
  [10, 3.4e-4, { age: 1.7, nutrition: -0.3 }],
];

export const simulateSurvey = defineTask<Params>({
  name: 'simulate.survey',
  version: 1,
  seeded: true,
  summary: 'Invents a health survey with blood, traits and cause-specific mortality.',
  details: `The columns are named and coded as in the NHANES III file of this project (gender 1 man, 2 woman; \`ucod_leading\` the code of
the cause of death; \`permth_int\` months of follow-up). Blood and traits depend on age, sex and hidden states of health; lungs and
vessels are states that blood hardly shows. Deaths of each cause follow proportional hazards in these states. A person's values depend
on the seed and the person's number alone, so a larger survey contains the smaller one.`,
  params: {
    type: 'object',
    properties: {
      people: {
        type: 'integer',
        minimum: 1,
        maximum: 1_000_000,
        default: 2000,
        description: 'How many people.',
      },
      missing: {
        type: 'number',
        minimum: 0,
        maximum: 0.5,
        default: 0.05,
        description:
          'Share of blood and trait cells that are missing at random; as many people lack most of their blood.',
      },
    },
    additionalProperties: false,
  },
  inputs: {},
  outputs: { people: { type: 'table', summary: 'One row per person, id `sampleID`.' } },
  run(context) {
    const { people } = context.params;
    const ids: string[] = [];
    const columns = new Map<string, Float64Array>();
    for (let i = 0; i < people; i++) {
      const id = `S${String(i + 1).padStart(6, '0')}`;
      ids.push(id);
      const person = invent(rngFromSeed(context.seed, id), context.params.missing);
      for (const [name, value] of Object.entries(person)) {
        let column = columns.get(name);
        if (!column) columns.set(name, (column = new Float64Array(people)));
        column[i] = value;
      }
      if (i % 10_000 === 0) context.progress(i / people);
    }
    return {
      people: tableOutput(
        idTable(
          'sampleID',
          ids,
          [...columns].map(([name, values]) => [name, numberColumn(values)] as const),
        ),
      ),
    };
  },
});

const rounded = (value: number, decimals: number): number =>
  Math.round(value * 10 ** decimals) / 10 ** decimals;

function invent(rng: Rng, missing: number): Record<string, number> {
  const years = 20 + Math.floor(70 * rng.uniform() ** 1.3);
  const male = rng.uniform() < 0.48;
  const smoke = rng.normal();
  const states = { age: (years - 50) / 19, male: male ? 1 : -1, smoke } as Record<string, number>;
  for (const state of STATES) states[state] = rng.normal();
  states['lungs'] = 0.9 * states['lungs']! - 0.3 * smoke;
  const lacksBlood = rng.uniform() < missing;
  const gap = (share: number): boolean => rng.uniform() < share;
  const draw = ([mean, sd, decimals, loadings]: Variable): number => {
    let explained = 0;
    let value = 0;
    for (const [state, loading] of Object.entries(loadings)) {
      explained += loading ** 2;
      value += loading * states[state]!;
    }
    value += Math.sqrt(Math.max(0.05, 1 - explained)) * rng.normal();
    // No marker or trait of a living person is near zero or below.
    return Math.max(0.1 * mean, rounded(mean + sd * value, decimals));
  };

  const person: Record<string, number> = {
    age: years,
    gender: male ? 1 : 2,
    ethnicity: 1 + Math.floor(4 * rng.uniform() ** 1.5),
    pregnant: !male && years < 45 && rng.uniform() < 0.05 ? 1 : 0,
    health: Math.min(
      5,
      Math.max(
        1,
        Math.round(2.7 + 0.4 * states['age']! + 0.4 * states['inflammation']! + 0.7 * rng.normal()),
      ),
    ),
    cadmium: gap(missing) ? NaN : rounded(Math.exp(1.4 + 0.5 * smoke + 0.5 * rng.normal()), 2),
  };
  for (const [name, variable] of Object.entries(BLOOD)) {
    const value = draw(variable);
    person[name] = gap(lacksBlood ? 0.6 : missing) ? NaN : value;
  }
  for (const [name, variable] of Object.entries(TRAITS)) {
    const value = draw(variable);
    person[name] = gap(missing) ? NaN : value;
  }
  person['bmi'] = rounded(person['weight']! / (person['height']! / 100) ** 2, 1);

  // The first of the causes, or the end of follow-up: the survey ran over five years.
  let end = 250 + 60 * rng.uniform();
  let cause = NaN;
  for (const [code, rate, logHazard] of CAUSES) {
    let eta = 0;
    for (const [state, log] of Object.entries(logHazard)) eta += log * states[state]!;
    const time = -Math.log(1 - rng.uniform()) / (rate * Math.exp(eta));
    if (time < end) [end, cause] = [time, code];
  }
  const lost = gap(0.002);
  person['permth_int'] = lost ? NaN : Math.floor(end);
  person['ucod_leading'] = lost || gap(0.01) ? NaN : cause;
  person['status'] = lost ? NaN : Number.isNaN(cause) ? 0 : 1;
  return person;
}
