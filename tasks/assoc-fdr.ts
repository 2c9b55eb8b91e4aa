/** `assoc.fdr`: the associations of a fan-out as one table, with false-discovery rates and a list of what failed. */
import { numberColumn, textColumn, type Column } from '../cache/column.js';
import { plainTable, type Table } from '../cache/table.js';
import { TaskError, defineTask, tableOutput, type GatheredItem } from '../engine/task.js';
import { adjustLog10P, type Adjustment } from '../stats/fdr.js';
import { isTested, type Association, type AssociationStatus } from './association.js';
import { axesOf, itemColumns, itemLabel } from './gathered.js';

interface Params {
  readonly method: Adjustment;
  readonly within: readonly string[];
  readonly alpha: number;
  readonly family: number | null;
}

const STATUSES: readonly AssociationStatus[] = [
  'ok',
  'infinite',
  'not converged',
  'aliased',
  'constant',
  'no events',
  'no people',
];

/** What only some fits carry: columns of the table where any does. */
const EXTRAS = ['penalised', 'zph_log10p', 'concordance'] as const;

export const assocFdr = defineTask<Params>({
  name: 'assoc.fdr',
  version: 1,
  summary: 'Collects associations into one table with false-discovery rates.',
  details: `Benjamini–Hochberg on log10 p, so that p = 1e-400 keeps its rank. Models that were not fitted have no p: they are no part of
the family, stand in the table with their status, and are counted and listed in \`failed\` together with instances that failed to run
(\`[*?]\`). The family is all associations, or those that share the axes named in \`within\`.
A \`family\` declared beforehand adjusts in place of the number that came: models that failed were part of the plan.`,
  params: {
    type: 'object',
    properties: {
      method: {
        enum: ['benjamini-hochberg', 'bonferroni'],
        default: 'benjamini-hochberg',
        description: 'How p values are adjusted.',
      },
      within: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        description: 'Gathered axes whose items are families of their own; none: one family.',
      },
      family: {
        type: ['integer', 'null'],
        minimum: 1,
        default: null,
        description:
          'How many tests each family was declared to have: they adjust, and another number of tests is said. Null: those that have a p.',
      },
      alpha: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1,
        default: 0.05,
        description: 'What `summary` counts as significant: q ≤ alpha.',
      },
    },
    additionalProperties: false,
  },
  inputs: { fits: { type: 'json', summary: 'One association for each item.', gather: true } },
  outputs: {
    table: {
      type: 'associations',
      summary:
        'Per item: beta, se, z, log10p, q, log10q, n, events, missing, status, reason, and what else the fits carry.',
    },
    failed: { type: 'table', summary: 'Associations without a p value, with the reason.' },
    summary: {
      type: 'table',
      summary: 'One row: associations, tested, significant, and how many of each status.',
    },
  },
  run(context) {
    const { method, within, alpha, family } = context.params;
    const { items, failed } = context.gatherJson('fits');
    const fits = items.map(({ value }) => value as unknown as Association);
    const names = items.map(({ item }) => item);
    const log10P = Float64Array.from(fits, (fit) => (isTested(fit) ? fit.log10p! : NaN));
    const options = { groups: families(names, within), ...(family === null ? {} : { familySize: family }) };
    const adjusted = adjustLog10P(log10P, method, options);
    if ('problem' in adjusted) {
      throw new TaskError(
        `${adjusted.tested} tests in a family that was declared to have ${adjusted.declared}`,
        {
          port: 'fits',
        },
      );
    }
    const short = family === null ? [] : adjusted.families.filter(({ tested }) => tested !== family);
    if (short.length > 0) {
      const counts = short.map(({ tested }) => tested).join(', ');
      context.warn(`declared ${family!} tests a family, got ${counts}; adjusted as declared`);
    }
    const { log10Q } = adjusted;
    const q = log10Q.map((value) => 10 ** value);
    const number = (pick: (fit: Association) => number | null): Column => numberColumn(fits.map(pick));
    const table = plainTable(
      [
        ...itemColumns(names),
        ['beta', number((fit) => fit.beta)],
        ['se', number((fit) => fit.se)],
        ['z', number((fit) => fit.z)],
        ['log10p', numberColumn(log10P)],
        ['q', numberColumn(q)],
        ['log10q', numberColumn(log10Q)],
        ['n', number((fit) => fit.n)],
        ['events', number((fit) => fit.events)],
        ['missing', number((fit) => fit.missing)],
        ...EXTRAS.filter((name) => fits.some((fit) => fit[name] !== undefined)).map(
          (name): [string, Column] => [name, number((fit) => asNumber(fit[name]))],
        ),
        ['status', textColumn(fits.map((fit) => fit.status))],
        ['reason', textColumn(fits.map((fit) => fit.reason))],
      ],
      fits.length,
    );
    const untested = fits.flatMap((fit, i) => (isTested(fit) ? [] : [{ item: names[i]!, ...fit }]));
    const significant = q.reduce((count, value) => count + (value <= alpha ? 1 : 0), 0);
    const statusCount = (status: AssociationStatus): number =>
      fits.filter((fit) => fit.status === status).length;
    context.log(
      `${fits.length - untested.length} of ${fits.length} tested, ${significant} with q ≤ ${alpha}`,
    );
    if (failed.length > 0)
      context.warn(`${failed.length} failed to run: ${failed.map(itemLabel).join('; ')}`);
    if (untested.length > 0)
      context.warn(
        `${untested.length} of ${fits.length} associations have no p value: ${reasonsOf(untested)}`,
      );
    return {
      table: tableOutput(table),
      failed: tableOutput(
        failedTable(
          [
            ...untested,
            ...failed.map((item) => ({ item, status: 'failed to run', reason: 'see the run for its error' })),
          ],
          axesOf(names),
        ),
      ),
      summary: tableOutput(
        plainTable([
          ['associations', numberColumn([fits.length + failed.length])],
          ['tested', numberColumn([fits.length - untested.length])],
          ['significant', numberColumn([significant])],
          ...STATUSES.map(
            (status) => [status.replaceAll(' ', '_'), numberColumn([statusCount(status)])] as const,
          ),
          ['failed_to_run', numberColumn([failed.length])],
        ]),
      ),
    };
  },
});

/** A code for each item: items that agree on the axes of `within` are one family. */
function families(items: readonly GatheredItem[], within: readonly string[]): Int32Array {
  const axes = axesOf(items);
  for (const axis of within) {
    if (items.length === 0 || axes.includes(axis)) continue;
    throw new TaskError(`'within' names the axis '${axis}', but the gathered axes are ${axes.join(', ')}`, {
      port: 'fits',
    });
  }
  const codes = new Map<string, number>();
  return Int32Array.from(items, (item) => {
    const key = JSON.stringify(within.map((axis) => item[axis]));
    const code = codes.get(key) ?? codes.size;
    codes.set(key, code);
    return code;
  });
}

/** 1 and 0 for true and false. */
function asNumber(value: number | boolean | null | undefined): number | null {
  return typeof value === 'boolean' ? Number(value) : (value ?? null);
}

interface Failure {
  readonly item: GatheredItem;
  readonly status: string;
  readonly reason: string | null;
}

function failedTable(failures: readonly Failure[], axes: readonly string[]): Table {
  return plainTable(
    [
      ...itemColumns(
        failures.map(({ item }) => item),
        undefined,
        axes,
      ),
      ['status', textColumn(failures.map(({ status }) => status))],
      ['reason', textColumn(failures.map(({ reason }) => reason))],
    ],
    failures.length,
  );
}

/** `3 aliased (…), 1 no events (…)`: each reason once, most frequent first. */
function reasonsOf(failures: readonly Failure[]): string {
  const counts = new Map<string, number>();
  for (const { status, reason } of failures) {
    const key = reason === null ? status : `${status} (${reason})`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
}
