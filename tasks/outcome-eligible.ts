/** `outcome.eligible`: the diseases with enough incident cases to study. */
import { numberColumn, textColumn } from '../cache/column.js';
import { plainTable, selectRows, type TableSchema } from '../cache/table.js';
import { TaskError, defineTask, tableOutput } from '../engine/task.js';
import { anyColumn, cellAt, idsOf, numbersOf, present } from './reading.js';

interface Params {
  readonly min_incident: number;
  readonly strictly: boolean;
}

export const outcomeEligible = defineTask<Params>({
  name: 'outcome.eligible',
  version: 1,
  summary: 'Keeps the diseases with enough incident cases, and lists the others.',
  details: `\`counts\` is what \`table.concat\` makes of \`outcome.counts[*]\`. The rows kept serve as an axis (\`{ from: eligible.diseases, records: true }\`). A
disease without a row in \`counts\` is left out, with that as the reason. When no disease is left, that is an error.`,
  params: {
    type: 'object',
    properties: {
      min_incident: { type: 'integer', minimum: 0, default: 50, description: 'Fewest incident cases.' },
      strictly: { type: 'boolean', default: false, description: 'Whether there must be more than that.' },
    },
    additionalProperties: false,
  },
  inputs: {
    counts: {
      type: 'table',
      summary: '`disease`, `incident`: one row for each disease.',
      reads: (_params: Params, schema: TableSchema) => present(schema, ['disease', 'incident']),
    },
    diseases: { type: 'table', summary: 'All diseases, by id; any columns.' },
  },
  outputs: {
    diseases: { type: 'table', summary: 'The rows of the diseases that have enough.' },
    left_out: { type: 'table', summary: 'The others: disease, incident, reason.' },
  },
  run(context) {
    const { min_incident: least, strictly } = context.params;
    const counts = context.table('counts');
    const incident = numbersOf(counts, 'counts', 'incident');
    const names = anyColumn(counts, 'counts', 'disease');
    const cases = new Map<string, number>();
    incident.forEach((count, row) => {
      const disease = String(cellAt(names, row));
      if (cases.has(disease)) {
        throw new TaskError(`expected one row for each disease, got several for '${disease}'`, {
          port: 'counts',
          column: 'disease',
        });
      }
      cases.set(disease, count);
    });
    const diseases = context.table('diseases');
    const ids = idsOf(diseases, 'diseases');
    const enough = (id: string): boolean => {
      const count = cases.get(id) ?? NaN;
      return strictly ? count > least : count >= least;
    };
    const kept = [...ids.keys()].filter((row) => enough(ids[row]!));
    const left = ids.filter((id) => !enough(id));
    const wanted = `${strictly ? 'more than' : 'at least'} ${least} incident cases`;
    context.log(`${kept.length} of ${ids.length} diseases have ${wanted}`);
    if (kept.length === 0)
      throw new TaskError(`none of the ${ids.length} diseases has ${wanted}`, { port: 'counts' });
    return {
      diseases: tableOutput(selectRows(diseases, Int32Array.from(kept))),
      left_out: tableOutput(
        plainTable([
          ['disease', textColumn(left)],
          ['incident', numberColumn(left.map((id) => cases.get(id) ?? null))],
          ['reason', textColumn(left.map((id) => (cases.has(id) ? `not ${wanted}` : 'not counted')))],
        ]),
      ),
    };
  },
});
