/** `assoc.cox`: Cox regression of one outcome on one exposure, adjusted for covariates; many exposures in one call. */
import { takeRows, type Column } from '../cache/column.js';
import { compareBytes, matchIds, type Table, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, jsonOutput, type TaskContext } from '../engine/task.js';
import { prepareCoxScan, type CoxScan, type CoxScanResult } from '../stats/cox-scan.js';
import { associationJson, finiteOrNull, type Association, type AssociationStatus } from './association.js';
import { columnNames, idsOf, numbersOf, onlyColumn, people, present } from './reading.js';

interface Params {
  readonly ties: 'efron' | 'breslow';
  readonly omit: readonly (string | null)[];
}

export const assocCox = defineTask<Params>({
  name: 'assoc.cox',
  version: 1,
  summary: 'Cox regression of an outcome on an exposure, adjusted for covariates.',
  details: `R's \`survival::coxph\` (Efron ties, Wald test). The coefficient is the log hazard ratio per unit of the exposure: give the
exposure in units of the measured trait's standard deviation to get it per SD. People with a missing value in any part are left out and
counted. A model that cannot be fitted is a result with a \`status\` and a \`reason\`, never an error: an exposure that is a linear
combination of the covariates is \`aliased\`. Covariates and outcome are prepared once for all exposures of a call, and the bytes of each
result are the same in any batch.`,
  params: {
    type: 'object',
    properties: {
      ties: {
        enum: ['efron', 'breslow'],
        default: 'efron',
        description: 'How tied event times are handled.',
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
      summary: 'What to adjust for: columns of numbers.',
      reads: (params: Params, schema: TableSchema) =>
        schema.columns.map(({ name }) => name).filter((name) => !params.omit.includes(name)),
    },
    samples: {
      type: 'samples',
      optional: true,
      summary: 'The people to fit; all of `outcome` when absent.',
      reads: () => [],
    },
  },
  outputs: {
    fit: { type: 'json', summary: 'beta, se, z, log10p, n, events, missing, status, reason.' },
  },
  batch: { shared: ['outcome', 'covariates', 'samples'], varies: [] },
  resources: (_params, shapes) => {
    const people = shapes['outcome']?.[0]?.rows ?? 0;
    const covariates = shapes['covariates']?.[0]?.columns ?? 0;
    return { memory: 256 * 2 ** 20 + 8 * people * (4 * covariates + 40) };
  },
  async runBatch(batch) {
    let model: Model;
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
        const result = model.scan.fit(onlyColumn(exposure, 'exposure').values);
        association = toAssociation(result, model.ids.length - result.n);
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

interface Model {
  readonly ids: readonly string[];
  readonly warnings: readonly string[];
  readonly scan: CoxScan;
}

/** What all exposures have in common, for the people in the order of their ids. */
function prepare(context: TaskContext<Params>): Model {
  const outcome = context.table('outcome');
  const ids = context.has('samples') ? idsOf(context.table('samples'), 'samples') : idsOf(outcome, 'outcome');
  const warnings: string[] = [];
  const aligned = alignedTo(ids, outcome, 'outcome', warnings);
  const event = numbersOf(aligned, 'outcome', 'event');
  event.forEach((value, row) => {
    if (value === 0 || value === 1 || Number.isNaN(value)) return;
    throw new TaskError(`expected 0 or 1, got ${value}`, {
      port: 'outcome',
      column: 'event',
      row: ids[row]!,
    });
  });
  const covariates: Float64Array[] = [];
  if (context.has('covariates')) {
    const table = alignedTo(ids, context.table('covariates'), 'covariates', warnings);
    // Bytewise: the order of covariates changes the rounding, and must not depend on the file.
    for (const name of columnNames(table)) covariates.push(numbersOf(table, 'covariates', name));
  }
  const data = {
    stop: numbersOf(aligned, 'outcome', 'time'),
    event,
    ...(aligned.columns.has('entry') ? { start: numbersOf(aligned, 'outcome', 'entry') } : {}),
  };
  return { ids, warnings, scan: prepareCoxScan(data, covariates, { ties: context.params.ties }) };
}

/** The table with one row for each of `ids`, missing where it has none. @throws TaskError when no id matches. */
function alignedTo(ids: readonly string[], table: Table, port: string, warnings: string[]): Table {
  const rows = matchIds(idsOf(table, port), ids);
  const absent = rows.reduce((count, row) => count + (row < 0 ? 1 : 0), 0);
  if (absent === ids.length && ids.length > 0) {
    throw new TaskError(`none of the ${people(ids.length)} to fit has a row; ids look like '${ids[0]!}'`, {
      port,
    });
  }
  if (absent > 0) warnings.push(`no row in '${port}' for ${people(absent)} of those to fit`);
  const columns = new Map<string, Column>();
  for (const [name, column] of [...table.columns].sort(([a], [b]) => compareBytes(a, b))) {
    columns.set(name, takeRows(column, rows));
  }
  return { rows: ids.length, id: { name: table.id!.name, values: ids }, columns };
}

const STATUS: Readonly<Record<CoxScanResult['status'], AssociationStatus>> = {
  ok: 'ok',
  infinite: 'infinite',
  'not-converged': 'not converged',
  constant: 'constant',
  redundant: 'aliased',
  'no-events': 'no events',
  'no-rows': 'no people',
};

function toAssociation(result: CoxScanResult, missing: number): Association {
  const trusted = result.status === 'ok' || result.status === 'infinite';
  const number = (value: number): number | null => (trusted ? finiteOrNull(value) : null);
  return {
    beta: number(result.beta),
    se: number(result.se),
    z: number(result.z),
    log10p: number(result.log10P),
    n: result.n,
    events: result.events,
    missing,
    status: STATUS[result.status],
    reason: result.reason,
  };
}
