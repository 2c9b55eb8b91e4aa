/** Task types for graph tests: tiny, pure, and observable by what they compute. Plain JavaScript, so that worker processes load them as they are. */
import { Registry } from '../../../dist/engine/task.js';
import { idTable, plainTable } from '../../../dist/cache/table.js';
import { numberColumn } from '../../../dist/cache/column.js';

const json = (value) => ({ kind: 'json', json: value });
const table = (value) => ({ kind: 'table', table: value });
const schema = (properties, required = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const any = { description: 'Any value.', default: null };

/** A value made from parameters only. */
const source = {
  name: 'toy.source',
  version: 1,
  summary: 'Gives its parameter.',
  params: schema({ value: any }),
  inputs: {},
  outputs: { out: { type: 'json', summary: 'the value' } },
  run: ({ params }) => ({ out: json(params.value) }),
};

/** The sum of its inputs and its parameter, modulo `modulo` (so that a change may have no effect). */
const sum = {
  name: 'toy.sum',
  version: 1,
  summary: 'Adds.',
  params: schema({
    add: { type: 'number', description: 'Added.', default: 0 },
    modulo: { type: 'number', description: 'Reduces the sum.', default: 1e9 },
    fail: { type: 'boolean', description: 'Fails.', default: false },
    tag: any,
  }),
  inputs: {
    a: { type: 'json', summary: 'a number', optional: true },
    b: { type: 'json', summary: 'a number', optional: true },
    c: { type: 'json', summary: 'a number', optional: true },
    all: { type: 'json', summary: 'numbers', optional: true, gather: true, allowEmpty: true },
  },
  outputs: { out: { type: 'json', summary: 'the sum' } },
  run(context) {
    if (context.params.fail) throw new Error('asked to fail');
    let total = context.params.add;
    for (const port of ['a', 'b', 'c']) if (context.has(port)) total += Number(context.json(port));
    if (context.has('all')) for (const { value } of context.gatherJson('all').items) total += Number(value);
    return { out: json(((total % context.params.modulo) + context.params.modulo) % context.params.modulo) };
  },
};

/** As `sum`, many items a call. */
const batch = {
  name: 'toy.batch',
  version: 1,
  summary: 'Adds, many at once.',
  params: schema({
    add: { type: 'number', description: 'Added.', default: 0 },
    item: any,
    kill: { type: 'boolean', description: 'Kills the process.', default: false },
    fail: { type: 'boolean', description: 'Fails.', default: false },
    throw: { type: 'boolean', description: 'Throws out of the batch.', default: false },
    wait: { type: 'number', description: 'Milliseconds.', default: 0 },
  }),
  inputs: {
    shared: { type: 'json', summary: 'a number', optional: true },
    own: { type: 'json', summary: 'a number', optional: true },
    table: { type: 'table', summary: 'not looked at', optional: true },
    file: { type: 'file', summary: 'not looked at', optional: true },
  },
  outputs: { out: { type: 'json', summary: 'the sum and the item' } },
  batch: { shared: ['shared'], varies: ['item', 'kill', 'fail', 'throw', 'wait'] },
  async runBatch({ items, announce, emit, fail }) {
    for (const [i, context] of items.entries()) {
      announce(i);
      if (context.params.wait > 0) await new Promise((resolve) => setTimeout(resolve, context.params.wait));
      if (context.params.kill) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        process.kill(process.pid, 'SIGKILL');
      }
      if (context.params.throw) throw new Error('asked to throw');
      if (context.params.fail) {
        fail(i, new Error('asked to fail'));
        continue;
      }
      const shared = context.has('shared') ? Number(context.json('shared')) : 0;
      const own = context.has('own') ? Number(context.json('own')) : 0;
      context.log(`by process ${process.pid}`);
      await emit(i, { out: json({ total: shared + own + context.params.add, item: context.params.item }) });
    }
  },
};

/** Gives its item back, with what it finds in its scratch folder, and leaves a file there. Slow, failing or deadly when asked to be. */
const single = {
  name: 'toy.single',
  version: 1,
  summary: 'Gives its item back, one at a time.',
  params: schema({
    item: any,
    kill: { type: 'boolean', description: 'Kills the process.', default: false },
    fail: { type: 'boolean', description: 'Fails.', default: false },
    wait: { type: 'number', description: 'Milliseconds.', default: 0 },
  }),
  inputs: { list: { type: 'json', summary: 'a list', optional: true } },
  outputs: { out: { type: 'json', summary: 'the item, what was in the folder and in the list' } },
  async run(context) {
    const { item, kill, fail, wait } = context.params;
    const { readdirSync, writeFileSync } = await import('node:fs');
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    if (kill) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      process.kill(process.pid, 'SIGKILL');
    }
    if (fail) throw new Error('asked to fail');
    const found = readdirSync(context.scratch());
    writeFileSync(`${context.scratch()}/left`, '');
    context.log(`by process ${process.pid}`);
    const list = context.has('list') ? context.json('list') : [];
    list.push(item);
    return { out: json({ found, list: [...list] }) };
  },
};

/** A list, for dynamic axes. */
const list = {
  name: 'toy.list',
  version: 1,
  summary: 'The numbers 1 to n.',
  params: schema({ n: { type: 'number', description: 'How many.', default: 3 } }),
  inputs: { from: { type: 'json', summary: 'how many', optional: true } },
  outputs: {
    out: { type: 'json', summary: 'the list' },
    table: { type: 'table', summary: 'the list as a column' },
  },
  run(context) {
    const n = context.has('from') ? Number(context.json('from')) : context.params.n;
    const values = Array.from({ length: n }, (_, i) => i + 1);
    return { out: json(values), table: table(plainTable([['item', numberColumn(values)]])) };
  },
};

/** What a gather brought. */
const collect = {
  name: 'toy.collect',
  version: 1,
  summary: 'Lists what it gathered.',
  params: schema({}),
  inputs: { all: { type: 'json', summary: 'values', gather: true } },
  outputs: { out: { type: 'json', summary: 'items, values, failures' } },
  run(context) {
    const { items, failed } = context.gatherJson('all');
    return { out: json({ items: items.map(({ item, value }) => [item, value]), failed }) };
  },
};

/** Sums of the named columns of a table. */
const columns = {
  name: 'toy.columns',
  version: 1,
  summary: 'Sums columns.',
  params: schema({
    columns: {
      type: ['array', 'null'],
      items: { type: 'string' },
      description: 'Columns; null: all.',
      default: null,
    },
  }),
  inputs: {
    table: {
      type: 'table',
      summary: 'numbers',
      reads: (params, schema_) => params.columns ?? schema_.columns.map((c) => c.name),
    },
  },
  outputs: {
    out: { type: 'json', summary: 'sums by column' },
    table: { type: 'table', summary: 'the columns, doubled' },
  },
  run(context) {
    const read = context.table('table');
    const sums = {};
    const doubled = [];
    for (const [name, column] of read.columns) {
      if (column.type !== 'number') continue;
      sums[name] = column.values.reduce((a, b) => a + (Number.isNaN(b) ? 0 : b), 0);
      doubled.push([name, numberColumn(column.values.map((value) => 2 * value))]);
    }
    return {
      out: json(sums),
      table: table(read.id ? idTable(read.id.name, read.id.values, doubled) : plainTable(doubled, read.rows)),
    };
  },
};

/** A table too large for the index, of `rows` numbers that depend on its input. */
const grow = {
  name: 'toy.grow',
  version: 1,
  summary: 'Makes a large table.',
  params: schema({
    rows: { type: 'number', description: 'Rows.', default: 5000 },
    wait: { type: 'number', description: 'Milliseconds.', default: 0 },
    memory: { type: 'number', description: 'Bytes asked for.', default: 1e6 },
    tag: any,
  }),
  resources: ({ memory }) => ({ memory }),
  inputs: { a: { type: 'json', summary: 'a number', optional: true } },
  outputs: { table: { type: 'table', summary: 'numbers' }, out: { type: 'json', summary: 'their sum' } },
  async run(context) {
    if (context.params.wait > 0) await new Promise((resolve) => setTimeout(resolve, context.params.wait));
    const start = context.has('a') ? Number(context.json('a')) : 0;
    const values = Float64Array.from({ length: context.params.rows }, (_, i) => start + i);
    return {
      table: table(plainTable([['x', numberColumn(values)]])),
      out: json(values.reduce((a, b) => a + b, 0) % 1000),
    };
  },
};

/** Its seed. */
const draw = {
  name: 'toy.draw',
  version: 1,
  summary: 'Gives its seed.',
  params: schema({ tag: any }),
  inputs: { a: { type: 'json', summary: 'ignored', optional: true } },
  outputs: { out: { type: 'json', summary: 'the seed' } },
  seeded: true,
  run: (context) => ({ out: json(context.seed) }),
};

/** A figure whose file is its text. */
const figure = {
  name: 'toy.figure',
  version: 1,
  summary: 'Draws text.',
  params: schema({ text: { type: 'string', description: 'What is drawn.', default: '' } }),
  inputs: { a: { type: 'json', summary: 'ignored', optional: true } },
  outputs: { figure: { type: 'figure', summary: 'SVG' } },
  run: ({ params }) => ({
    figure: {
      kind: 'file',
      bytes: Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 20"><text y="15">${params.text}</text></svg>`,
      ),
      extension: 'svg',
    },
  }),
};

/** A file as it is, by its size. */
const size = {
  name: 'toy.size',
  version: 1,
  summary: 'The size of a file.',
  params: schema({ wait: { type: 'number', description: 'Milliseconds.', default: 0 } }),
  inputs: { file: { type: 'file', summary: 'any file' } },
  outputs: { out: { type: 'json', summary: 'bytes' } },
  async run(context) {
    const { statSync } = await import('node:fs');
    await new Promise((resolve) => setTimeout(resolve, context.params.wait));
    return { out: json(statSync(context.file('file').path).size) };
  },
};

/** An array of the given shape: 0, 1, 2, … */
const array = {
  name: 'toy.array',
  version: 1,
  summary: 'Counts.',
  params: schema({
    shape: { type: 'array', items: { type: 'number' }, description: 'Shape.', default: [3] },
  }),
  inputs: {},
  outputs: { array: { type: 'array', summary: 'numbers' }, out: { type: 'json', summary: 'how many' } },
  run({ params: { shape } }) {
    const size = shape.reduce((all, n) => all * n, 1);
    const data = Float64Array.from({ length: size }, (_, i) => i);
    return { array: { kind: 'array', array: { type: 'float64', shape, data } }, out: json(size) };
  },
};

export const registry = new Registry([
  array,
  source,
  sum,
  batch,
  single,
  list,
  collect,
  columns,
  grow,
  draw,
  figure,
  size,
]);
