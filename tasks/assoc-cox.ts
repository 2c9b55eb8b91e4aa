/** `assoc.cox`: Cox regression of one outcome on one exposure, adjusted for covariates; many exposures in one call. */
import { countMissing, takeRows, type Column } from '../cache/column.js';
import { compareBytes, matchIds, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, jsonOutput, type TaskContext } from '../engine/task.js';
import { associationJson, type Association } from './association.js';
import { fitAssociation, prepareCoxModel, type CoxModel, type CoxModelOptions } from './cox-model.js';
import { anyColumn, cellAt, columnNames, idsOf, numbersOf, onlyColumn, people, present } from './reading.js';

interface Params extends CoxModelOptions {
  readonly strata: readonly string[];
  readonly omit: readonly (string | null)[];
}

export const assocCox = defineTask<Params>({
  name: 'assoc.cox',
  version: 3,
  summary: 'Cox regression of an outcome on an exposure, adjusted for covariates.',
  details: `R's \`survival::coxph\` (Efron ties, Wald test). The coefficient is the log hazard ratio per unit of the exposure: give the
exposure in units of the measured trait's standard deviation to get it per SD. People with a missing value in any part are left out and
counted. A model that cannot be fitted is a result with a \`status\` and a \`reason\`, never an error: an exposure that is a linear
combination of the covariates is \`aliased\`. Covariates and outcome are prepared once for all exposures of a call, and the bytes of each
result are the same in any batch. A covariate that is missing in everybody, or does not vary among the people to fit, is an error: it adjusts for
nothing and would only cost people.

With an \`entry\` in the outcome, people are at risk only after it (left truncation: age as the time scale). \`firth: flagged\` refits
models with fewer than ten events per parameter, or with a coefficient that runs off to infinity, by Firth's penalised likelihood: p and z are then
those of the penalised likelihood ratio (z with the sign of beta), and the association says \`penalised\`.

With \`weights\` each person's terms of the likelihood count so many times; \`n\` and \`events\` still count people. Unless weights are numbers of copies, use
\`robust\`: the inverse information takes them for copies. Penalised fits and the concordance are weighted too.`,
  params: {
    type: 'object',
    properties: {
      ties: {
        enum: ['efron', 'breslow'],
        default: 'efron',
        description: 'How tied event times are handled.',
      },
      strata: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        uniqueItems: true,
        description:
          'Columns of `covariates` whose values have a baseline hazard of their own, instead of a coefficient.',
      },
      robust: {
        type: 'boolean',
        default: false,
        description: 'The sandwich variance, each person a cluster, in place of the inverse information.',
      },
      firth: {
        enum: ['never', 'flagged'],
        default: 'never',
        description: "Firth's penalised fit where events are few or a coefficient is infinite.",
      },
      diagnostics: {
        type: 'boolean',
        default: false,
        description:
          "Also the test of proportional hazards of the exposure (R's cox.zph) and the model's concordance; costs a second fit.",
      },
      omit: {
        type: 'array',
        items: { type: ['string', 'null'] },
        default: [],
        description:
          "Columns of `covariates` to leave out. Nulls are ignored, so that an axis's record can name one for some items.",
      },
    },
    additionalProperties: false,
  },
  inputs: {
    exposure: { type: 'table', summary: 'One column of numbers.' },
    outcome: {
      type: 'table',
      summary: '`time`, `event` (0/1) and, for left truncation, `entry`.',
      reads: (_params: Params, schema: TableSchema) => present(schema, ['time', 'event', 'entry']),
    },
    covariates: {
      type: 'table',
      optional: true,
      summary: 'What to adjust for: columns of numbers (of `strata` also text).',
      reads: (params: Params, schema: TableSchema) => {
        const names = schema.columns.map(({ name }) => name);
        const absent = params.omit.find((name) => name !== null && !names.includes(name));
        if (absent !== undefined) {
          throw new TaskError(`no covariate '${absent!}' to omit; there are ${names.join(', ') || 'none'}`, {
            port: 'covariates',
          });
        }
        return names.filter((name) => !params.omit.includes(name));
      },
    },
    weights: {
      type: 'table',
      optional: true,
      summary:
        'One column of case weights, 0 or more (R: `coxph(weights =)`); 0 leaves somebody out. Sampling weights want `robust`.',
    },
    samples: {
      type: 'samples',
      optional: true,
      summary: 'The people to fit; all of `outcome` when absent.',
      reads: () => [],
    },
  },
  outputs: {
    fit: {
      type: 'json',
      summary:
        'beta, se, z, log10p, n, events, missing, status, reason; when asked for penalised, zph_log10p, concordance.',
    },
  },
  batch: { shared: ['outcome', 'covariates', 'weights', 'samples'], varies: [] },
  resources: (_params, shapes) => {
    const people = shapes['outcome']?.[0]?.rows ?? 0;
    const covariates = shapes['covariates']?.[0]?.columns ?? 0;
    return { memory: 256 * 2 ** 20 + 8 * people * (8 * covariates + 40) };
  },
  async runBatch(batch) {
    let model: Prepared;
    try {
      model = prepare(batch.items[0]!);
    } catch (error) {
      batch.items.forEach((_, index) => batch.fail(index, error));
      return;
    }
    for (const [index, item] of batch.items.entries()) {
      batch.announce(index);
      let association: Association;
      try {
        // The shared ports' warnings belong to every instance: a result must not depend on its batch.
        const warnings = [...model.warnings];
        const exposure = alignedTo(model.ids, item.table('exposure'), 'exposure', warnings);
        association = fitAssociation(model.cox, onlyColumn(exposure, 'exposure').values);
        for (const warning of warnings) item.warn(warning);
      } catch (error) {
        batch.fail(index, error);
        continue;
      }
      if (association.reason !== null) item.log(`${association.status}: ${association.reason}`);
      await batch.emit(index, { fit: jsonOutput(associationJson(association)) });
    }
  },
});

interface Prepared {
  readonly ids: readonly string[];
  readonly warnings: readonly string[];
  readonly cox: CoxModel;
}

/** What all exposures have in common, for the people in the order of their ids. */
function prepare(context: TaskContext<Params>): Prepared {
  const { params } = context;
  const outcome = context.table('outcome');
  const ids = context.has('samples') ? idsOf(context.table('samples'), 'samples') : idsOf(outcome, 'outcome');
  const warnings: string[] = [];
  const aligned = alignedTo(ids, outcome, 'outcome', warnings);
  const event = numbersOf(aligned, 'outcome', 'event');
  refuse(event, 'event', ids, 'expected 0 or 1', (value) => value !== 0 && value !== 1);
  // A copy: people without a stratum lose their time below.
  const time = numbersOf(aligned, 'outcome', 'time').slice();
  refuse(time, 'time', ids, 'expected a time of 0 or more', (value) => !(value >= 0 && value < Infinity));
  const covariates: Float64Array[] = [];
  let strata: Int32Array | undefined;
  if (context.has('covariates')) {
    const table = alignedTo(ids, context.table('covariates'), 'covariates', warnings);
    // Bytewise: the order of covariates changes the rounding, and must not depend on the file.
    for (const name of columnNames(table)) {
      if (!params.strata.includes(name)) covariates.push(covariateOf(table, name));
    }
    if (params.strata.length > 0) strata = stratumCodes(table, params.strata, time);
  } else if (params.strata.length > 0) {
    throw new TaskError("'strata' names columns of 'covariates', which is not connected", {
      port: 'covariates',
    });
  }
  const data = {
    stop: time,
    event,
    ...(context.has('weights') ? { weights: caseWeights(context, ids, warnings) } : {}),
    ...(aligned.columns.has('entry') ? { start: numbersOf(aligned, 'outcome', 'entry') } : {}),
    ...(strata ? { strata } : {}),
  };
  return { ids, warnings, cox: prepareCoxModel(data, covariates, params) };
}

/** @throws TaskError naming the first person with a value that is not missing and yet wrong. */
function refuse(
  values: Float64Array,
  column: string,
  ids: readonly string[],
  expected: string,
  wrong: (value: number) => boolean,
  port = 'outcome',
): void {
  const row = values.findIndex((value) => !Number.isNaN(value) && wrong(value));
  if (row < 0) return;
  throw new TaskError(`${expected}, got ${values[row]!}`, { port, column, row: ids[row]! });
}

/** A weight per person; somebody without one is counted as missing. */
function caseWeights(context: TaskContext<Params>, ids: readonly string[], warnings: string[]): Float64Array {
  const table = alignedTo(ids, context.table('weights'), 'weights', warnings);
  const { name, values } = onlyColumn(table, 'weights');
  const expected = 'expected a weight of 0 or more';
  refuse(values, name, ids, expected, (value) => !(value >= 0 && value < Infinity), 'weights');
  return values;
}

/** A covariate that somebody has and that varies. */
function covariateOf(table: Table, name: string): Float64Array {
  const where = { port: 'covariates', column: name };
  if (table.rows > 0 && countMissing(anyColumn(table, 'covariates', name)) === table.rows) {
    throw new TaskError(`the covariate '${name}' is missing in everybody to fit; leave it out`, where);
  }
  const values = numbersOf(table, 'covariates', name);
  let observed = 0;
  let first = NaN;
  let varies = false;
  // By index: the loop passes over hundreds of thousands of people for every disease.
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    if (observed++ === 0) first = value;
    else if (value !== first) varies = true;
  }
  if (observed > 1 && !varies) {
    throw new TaskError(
      `the covariate '${name}' is ${first} in all of the ${people(observed)} to fit; leave it out (\`omit\`)`,
      where,
    );
  }
  return values;
}

/** A code for each combination of the strata's values; somebody without one loses their time, and is counted as missing. */
function stratumCodes(table: Table, strata: readonly string[], time: Float64Array): Int32Array {
  const columns = strata.map((name) => anyColumn(table, 'covariates', name));
  const codes = new Map<string, number>();
  return Int32Array.from({ length: table.rows }, (_, row) => {
    const cells = columns.map((column) => cellAt(column, row));
    if (cells.includes(null)) {
      time[row] = NaN;
      return 0;
    }
    const key = JSON.stringify(cells);
    const code = codes.get(key) ?? codes.size;
    codes.set(key, code);
    return code;
  });
}

/** Rows of one list of people for another, made once for two lists: a worker keeps them from call to call. */
const matches = new WeakMap<readonly string[], WeakMap<readonly string[], Int32Array | null>>();

/** `matchIds`, or null where the lists are equal: the usual case, and at 350,000 people several times faster. */
function rowsFor(own: readonly string[], ids: readonly string[]): Int32Array | null {
  let ofOwn = matches.get(own);
  if (!ofOwn) matches.set(own, (ofOwn = new WeakMap<readonly string[], Int32Array | null>()));
  let rows = ofOwn.get(ids);
  if (rows === undefined) {
    const isSame = own.length === ids.length && own.every((id, row) => id === ids[row]);
    ofOwn.set(ids, (rows = isSame ? null : matchIds(own, ids)));
  }
  return rows;
}

/** The table with one row for each of `ids`, missing where it has none. @throws TaskError when no id matches. */
function alignedTo(ids: readonly string[], table: Table, port: string, warnings: string[]): Table {
  const own = idsOf(table, port);
  const rows = rowsFor(own, ids);
  const absent = rows?.reduce((count, row) => count + (row < 0 ? 1 : 0), 0) ?? 0;
  if (absent === ids.length && ids.length > 0) {
    throw new TaskError(
      `none of the ${people(ids.length)} to fit has a row; ids look like '${ids[0]!}' and '${own[0] ?? '(nobody)'}'`,
      {
        port,
      },
    );
  }
  if (absent > 0) warnings.push(`no row in '${port}' for ${people(absent)} of those to fit`);
  const columns = new Map<string, Column>();
  for (const [name, column] of [...table.columns].sort(([a], [b]) => compareBytes(a, b))) {
    columns.set(name, rows ? takeRows(column, rows) : column);
  }
  return { rows: ids.length, id: { name: table.id!.name, values: ids }, columns };
}
