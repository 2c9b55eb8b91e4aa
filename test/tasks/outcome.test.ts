import { describe, expect, it } from 'vitest';
import { outcomeCauseSpecific } from '../../tasks/outcome-cause-specific.js';
import { runTask } from './context.js';
import { lists, people } from './tables.js';

const table = people({
  a: { months: 0, cause: 1, status: null },
  b: { months: 10, cause: 2, status: 1 },
  c: { months: 20, cause: null, status: 1 },
  d: { months: 30, cause: null, status: 0 },
  e: { months: 40, cause: null, status: null },
});
const params = { time: 'months', cause: 'cause', also_died: { column: 'status', equals: 1 }, add: 0.5 };

describe('outcome.cause_specific', () => {
  it('censors deaths of other causes and deaths without a cause at their time', async () => {
    const ran = await runTask(outcomeCauseSpecific, { params: { ...params, code: 1 }, inputs: { table } });
    expect(lists(ran.table('outcome'))).toEqual({
      id: ['a', 'b', 'c', 'd', 'e'],
      time: [0.5, 10.5, 20.5, 30.5, 40.5],
      event: [1, 0, 0, 0, 0],
    });
    expect(lists(ran.table('counts'))).toEqual({
      people: [5],
      events: [1],
      other_deaths: [1],
      deaths_without_cause: [1],
      living: [2],
    });
  });

  it('counts every death, with a cause or without, when no code is given', async () => {
    const ran = await runTask(outcomeCauseSpecific, { params, inputs: { table } });
    expect(lists(ran.table('outcome'))['event']).toEqual([1, 1, 1, 0, 0]);
    const causesOnly = await runTask(outcomeCauseSpecific, {
      params: { ...params, also_died: null },
      inputs: { table },
    });
    expect(lists(causesOnly.table('outcome'))['event']).toEqual([1, 1, 0, 0, 0]);
  });

  it('warns when nobody died of the cause', async () => {
    const ran = await runTask(outcomeCauseSpecific, { params: { ...params, code: 9 }, inputs: { table } });
    expect(ran.warnings).toEqual(['no event of cause 9 among 5 people']);
  });

  it('names the person without follow-up, and a code of the wrong type', async () => {
    const gap = people({
      a: { months: 1, cause: 1, status: 1 },
      b: { months: null, cause: null, status: 1 },
    });
    await expect(runTask(outcomeCauseSpecific, { params, inputs: { table: gap } })).rejects.toMatchObject({
      message: 'expected a follow-up time of 0 or more, got a missing one',
      where: { port: 'table', column: 'months', row: 'b' },
    });
    await expect(
      runTask(outcomeCauseSpecific, { params: { ...params, code: 'I21' }, inputs: { table } }),
    ).rejects.toThrow('column \'cause\' holds numbers, but is compared with "I21"');
  });
});
