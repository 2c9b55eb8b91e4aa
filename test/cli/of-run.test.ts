/** `--run`: verbs that ask about the past, of a run that is named. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toyFolder, type Folder } from './rig.js';

let folder: Folder;
beforeAll(() => {
  folder = toyFolder();
  folder.cli('run', '--set', 'nodes.top.with.limit=1');
  folder.cli('pin', 'last', 'first');
  folder.cli('run');
}, 60_000);
afterAll(() => folder.remove());

it('show, lineage, logs, query, export and why are of the run that is named', { timeout: 60_000 }, () => {
  const rows = (...args: string[]): number =>
    (folder.json('show', 'top', 'fev', ...args) as { preview: { rows: number } }).preview.rows;
  expect([rows(), rows('--run', '1'), rows('--run', 'first'), rows('--run', 'last-1')]).toEqual([2, 1, 1, 1]);
  expect(folder.cli('lineage', 'top', 'fev', '--run', 'first').out).toContain('limit=1');
  expect(folder.json('logs', 'top', '--run', '1')).toMatchObject({ run: 1 });
  expect(folder.cli('query', 'SELECT count(*) AS n FROM top', '--run', '1', '--csv').out).toBe('n\n2\n');
  expect(folder.cli('export', 'top', 'fev', '-o', 'one.csv', '--run', '1').code).toBe(0);
  expect(folder.cli('why', 'top', 'fev', '--run', '1').out.split('\n')[0]).toBe(
    'top[fev]  fresh: an earlier result fits (since run 1: params.limit 1 → 2)',
  );
  expect(folder.cli('show', 'top', '--run', '9')).toEqual({
    code: 2,
    out: '',
    err: "error: there is no run 9; those of 'toy' are 2, 1\n",
  });
});

it('an input can be asked like a node', () => {
  expect(folder.cli('query', 'SELECT id FROM people WHERE age > 60 ORDER BY id', '--csv').out).toBe(
    'id\np3\np4\n',
  );
});
