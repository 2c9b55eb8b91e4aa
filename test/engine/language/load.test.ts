import { describe, expect, test } from 'vitest';
import { checkColumns } from '../../../engine/language/columns.js';
import { resolveParams } from '../../../engine/language/resolve-params.js';
import { fillTemplate, templateText } from '../../../engine/language/template.js';
import type { Workflow } from '../../../engine/workflow.js';
import { FULL } from './full.js';
import { load, loadFiles, printed, study } from './toys.js';

/** The workflow of a body without errors. */
function workflow(body: string, sets: Parameters<typeof load>[1] = []): Workflow {
  const loaded = load(body, sets);
  if (!loaded.workflow) throw new Error(printed(loaded));
  return loaded.workflow;
}

const codes = (body: string): string[] => load(body).diagnostics.map((d) => `${d.code}@${d.at?.line ?? '-'}`);

/** How each axis of the only reference at a port is dealt with: `trait:match fold:gather`. */
function selects(flow: Workflow, node: string, port: string): string {
  const binding = flow.nodes.get(node)!.inputs.get(port)!;
  if (binding.how !== 'one') throw new Error(`bound by ${binding.how}`);
  const { select, survivors } = binding.reference;
  return (
    select.map((s) => `${s.axis}:${s.how}${s.how === 'fixed' ? `=${String(s.item)}` : ''}`).join(' ') +
    (survivors ? ' ?' : '')
  );
}

const columns = (flow: Workflow, node: string, port: string): unknown => {
  const binding = flow.nodes.get(node)!.inputs.get(port)!;
  return (
    binding.how === 'one' &&
    binding.reference.columns?.map((pick) =>
      pick.as ? [pick.column.parts, pick.as.parts] : pick.column.parts,
    )
  );
};

describe('a workflow that uses everything', () => {
  const flow = workflow(FULL);

  test('has its parameters in place, typed', () => {
    expect([...flow.params.values()].map((p) => [p.name, p.value])).toEqual([
      ['k', 5],
      ['mode', 'faithful'],
      ['data', '/data/people.csv'],
      ['covariates', ['age', 'sex']],
      ['dof', 0],
    ]);
    expect(flow.nodes.get('z')!.with).toEqual({ ddof: 0, columns: ['fev', 'height'] });
    expect(flow.axes.get('fold')!.source).toEqual({ how: 'list', items: [1, 2, 3, 4, 5] });
    expect(flow.axes.get('rep')!.source).toEqual({ how: 'replicate', count: 3 });
    expect(flow.report!.sections[0]!.text).toBe('Words 5\n');
  });

  test('reads tables as it says', () => {
    expect(flow.inputs.get('survey')!.read).toEqual({
      format: 'csv',
      id: 'sampleID',
      missing: ['NA', '-9'],
      types: { race: 'text' },
    });
    expect(flow.inputs.get('gwas')).toMatchObject({
      type: 'file',
      axes: ['idp'],
      path: { parts: ['/data/gwas/', { axis: 'idp', field: null }, '.tsv.gz'] },
    });
    expect([...flow.inputs.keys()]).toEqual(['survey', 'gwas']);
  });

  test('deals with every axis', () => {
    expect(selects(flow, 'all', 'parts')).toBe('trait:gather fold:gather');
    expect(selects(flow, 'per_trait', 'parts')).toBe('trait:match fold:gather ?');
    expect(selects(flow, 'one', 'parts')).toBe('trait:fixed=fev fold:gather');
    expect(selects(flow, 'gw', 'file')).toBe('idp:match');
  });

  test('picks and renames columns, by parameter and by item', () => {
    expect(columns(flow, 'z', 'table')).toEqual([['age'], ['sex'], ['fev'], ['height']]);
    expect(columns(flow, 'fit', 'table')).toEqual([['age'], [[{ axis: 'trait', field: null }], ['y']]]);
  });

  test('replaces an input that stands for a port', () => {
    const both = flow.nodes.get('both')!.inputs.get('table')!;
    expect(both.how === 'bind' && both.references.map((r) => r.source)).toEqual([
      { node: 'z', port: 'table' },
      { node: 'sim', port: 'people' },
    ]);
  });

  test('orders nodes after what they need, axes included', () => {
    const order = [...flow.nodes.keys()];
    for (const [earlier, later] of [
      ['z', 'fit'],
      ['fit', 'all'],
      ['sim', 'both'],
      ['names', 'per_cause'],
    ] as const) {
      expect(order.indexOf(earlier)).toBeLessThan(order.indexOf(later));
    }
  });

  test('publishes beside the main file', () => {
    expect(flow.publishTo).toBe('/study/out');
    expect(
      flow.publish.map((item) => [
        templateText(item.path, { rep: 2, trait: 'fev', fold: 1 }),
        item.type,
        item.axes,
      ]),
    ).toEqual([
      ['tables/metrics.csv', 'metrics', []],
      ['fig/2.svg', 'figure', ['rep']],
      ['m/fev/1.json', 'model', ['trait', 'fold']],
    ]);
    expect(flow.report!.sections[0]!.show.map((shown) => [shown.type, shown.caption, shown.axes])).toEqual([
      ['metrics', '', []],
      ['figure', 'Drawn', ['rep']],
      ['figure', '', []],
      ['metrics', '', []],
      ['metrics', '', ['trait']],
      ['metrics', '', []],
    ]);
  });

  test('warns only of nodes that nothing needs', () => {
    expect(new Set(load(FULL).diagnostics.map((d) => d.code))).toEqual(new Set(['CF192']));
  });
});

describe('extends', () => {
  const base = study(
    'params:\n  k: { value: 5, description: neighbours }\n  data: { value: a.csv, path: true }\ninputs:\n  s: { table: "${params.data}" }\naxes:\n  n: { range: [1, "${params.k}"] }\nnodes:\n  z: { task: scale.zscore, in: { table: s }, with: { ddof: 1, columns: [a, b] } }\n  y: { task: scale.zscore, in: { table: s } }\n',
  );
  const extended = (text: string, sets: Parameters<typeof load>[1] = []): ReturnType<typeof loadFiles> =>
    loadFiles(
      {
        '/study/main.yaml': `cohortflow: 1\nextends: /data/base/base.yaml\n${text}`,
        '/data/base/base.yaml': base,
      },
      sets,
    );

  test('maps merge, lists and scalars replace, null deletes', () => {
    const flow = extended(
      'name: child\nnodes:\n  z: { with: { columns: [c], ddof: null } }\n  y: null\n',
    ).workflow!;
    expect(flow.name).toBe('child');
    expect([...flow.nodes.keys()]).toEqual(['z']);
    expect(flow.nodes.get('z')!.with).toEqual({ columns: ['c'] });
  });

  test("a child's task replaces the whole node", () => {
    const flow = extended('nodes:\n  z: { task: list.names }\n').workflow!;
    expect(flow.nodes.get('z')!).toMatchObject({ task: { name: 'list.names' }, with: {} });
  });

  test('a short parameter keeps the description; it is marked as overridden', () => {
    const flow = extended('params: { k: 7 }\n').workflow!;
    expect(flow.params.get('k')).toEqual({
      name: 'k',
      value: 7,
      description: 'neighbours',
      assumption: false,
      choices: null,
      overridden: true,
    });
    expect(flow.params.get('data')!.overridden).toBe(false);
  });

  test('paths start from the file that says them; those of --set from the working folder', () => {
    expect(extended('').workflow!.inputs.get('s')!.path.parts).toEqual(['/data/base/a.csv']);
    expect(
      extended('', [{ path: 'params.data', value: '../data/x.csv' }]).workflow!.params.get('data'),
    ).toMatchObject({ value: '/data/x.csv', overridden: true });
  });

  test('findings name the file that says it', () => {
    const loaded = extended('nodes:\n  z: { with: { ddof: 3 } }\n');
    expect(loaded.diagnostics[0]!).toMatchObject({
      code: 'CF164',
      at: { file: '/study/main.yaml', line: 4 },
    });
  });
});

describe('--set', () => {
  const body =
    'params: { k: 5, r: { a: 1, b: [x, y] } }\naxes:\n  n: { range: [1, "${params.k}"] }\nnodes:\n  z: { task: list.names, label: "${params.r.a}" }\npublish:\n  files:\n    tables/a.json: z.list\n';
  test('changes parameters, keys within them, list entries, and keys with dots', () => {
    expect(
      workflow(body, [
        { path: 'params.k', value: '7' },
        { path: 'params.k', value: '8' },
      ]).params.get('k')!.value,
    ).toBe(8);
    expect(workflow(body, [{ path: 'params.r.a', value: 'two' }]).nodes.get('z')!.label).toBe('two');
    expect(workflow(body, [{ path: 'params.r.b.1', value: '[1, 2]' }]).params.get('r')!.value).toEqual({
      a: 1,
      b: ['x', [1, 2]],
    });
    expect(
      load(body, [{ path: 'publish.files.tables/a.json', value: 'q.list' }]).diagnostics.map((d) => d.code),
    ).toContain('CF142');
  });
  test('touches nothing that is not there, and takes flow values only', () => {
    const refused = (path: string, value = '1'): string[] =>
      load(body, [{ path, value }]).diagnostics.map((d) => d.code);
    for (const path of [
      '',
      '.',
      'params',
      'params.q',
      'params.r.c',
      'params.r.b.2',
      'params.k.x',
      '__proto__.x',
      'nodes.z.with.k',
    ]) {
      expect(refused(path).length, path).toBeGreaterThan(0);
    }
    for (const value of ['', 'a: b', '- a', 'a\nb', '[', '"', '&a [*a]', 'x'.repeat(70_000)])
      expect(refused('params.k', value).length, value).toBeGreaterThan(0);
    expect(printed(load(body, [{ path: 'params.k', value: '1e999' }]))).toContain(
      '  --set params.k:1:1\n  1 | 1e999\n    | ^^^^^',
    );
  });
});

describe('choose', () => {
  const body = (recommended: string): string =>
    `params: { mode: faithful }\ninputs:\n  s: { table: /data/s.csv }\nnodes:\n  z:\n    task: { choose: "\${params.mode}", of: { faithful: scale.zscore, recommended: fit.ridge } }\n    in: { table: s }\n    with: { choose: "\${params.mode}", of: { faithful: { ddof: 1 }, recommended: ${recommended} } }\n`;
  test('takes the branch of the parameter; the other is checked with all that goes with it', () => {
    expect(workflow(body('{ outcome: y }')).nodes.get('z')!.with).toEqual({ ddof: 1 });
    const other = workflow(body('{ outcome: y }'), [{ path: 'params.mode', value: 'recommended' }]);
    expect(other.nodes.get('z')!).toMatchObject({ task: { name: 'fit.ridge' }, with: { outcome: 'y' } });
    expect(load(body('{ outcom: y }')).diagnostics.map((d) => [d.code, d.hint])).toEqual([
      ['CF162', "when params.mode is the text 'recommended'"],
    ]);
  });
  test('null is a port that is not connected', () => {
    const node =
      '  a: { task: scale.zscore, in: { table: s, people: { choose: "${params.mode}", of: { faithful: null, x: null } } } }\n';
    expect([
      ...workflow(body('{ outcome: y }') + node)
        .nodes.get('a')!
        .inputs.keys(),
    ]).toEqual(['table']);
  });
});

describe('references', () => {
  const head =
    'inputs:\n  s: { table: /data/s.csv, id: id }\naxes:\n  t: [a, b]\n  n: [1, "x"]\nnodes:\n  f: { task: fit.ridge, each: [t, n], in: { table: s }, with: { outcome: a } }\n';
  const bound = (reference: string, each = '[]'): Workflow =>
    workflow(`${head}  z: { task: scale.zscore, each: ${each}, in: { table: '${reference}' } }\n`);
  const refused = (reference: string, each = '[]'): string[] =>
    load(
      `${head}  z: { task: scale.zscore, each: ${each}, in: { table: '${reference}' } }\n`,
    ).diagnostics.map((d) => d.code);

  test('fix items by their typed value', () => {
    expect(selects(bound('f.metrics[t=a, n=1]'), 'z', 'table')).toBe('t:fixed=a n:fixed=1');
    expect(selects(bound('f.metrics[t="a",n=x]'), 'z', 'table')).toBe('t:fixed=a n:fixed=x');
    expect(refused('f.metrics[t=a, n="1"]')).toEqual(['CF150']);
  });
  test('match by name, and take columns in the second bracket', () => {
    const flow = bound('f.metrics[t, n=1][r2 as "R, squared", "a ""b"" as c"]', 't');
    expect(selects(flow, 'z', 'table')).toBe('t:match n:fixed=1');
    expect(columns(flow, 'z', 'table')).toEqual([[['r2'], ['R, squared']], ['a "b" as c']]);
  });
  test('a quoted name is a column even where an axis has it', () => {
    expect(refused('f.metrics["t"]', '[t, n]')).toEqual([]);
    expect(columns(bound('f.metrics["t"]', '[t, n]'), 'z', 'table')).toEqual([['t']]);
  });
  test('malformed ones are refused', () => {
    for (const text of [
      '',
      '.x',
      's..x',
      's[',
      's[]',
      's[a',
      's[a,]',
      's[a as ]',
      's["a]',
      's[a] b',
      's[a][b][c]',
      's x',
      '${params.x}',
      '1',
      's[${]',
    ]) {
      expect(refused(text).length, text).toBeGreaterThan(0);
    }
  });
  test('what nothing is known of causes no second finding', () => {
    expect(
      codes(`${head}  q: { task: no.task }\n  z: { task: scale.zscore, in: { table: q.anything } }\n`),
    ).toEqual(['CF161@11']);
  });
});

describe('several findings', () => {
  test('come at once, by place', () => {
    expect(
      codes(
        'nodes:\n  a: { task: scale.zscore, in: { table: x }, with: { ddof: 9, k: 1 } }\n  b: { task: nope, each: q }\naxes:\n  z: []\nnme: 1\n',
      ),
    ).toEqual(['CF142@5', 'CF164@5', 'CF162@5', 'CF161@6', 'CF133@6', 'CF131@8', 'CF111@9']);
  });
  test('every circle is told once, also through a dynamic axis', () => {
    const body =
      'axes:\n  x: { from: c.list }\nnodes:\n  a: { task: scale.zscore, in: { table: b } }\n  b: { task: scale.zscore, in: { table: a } }\n  f: { task: fit.ridge, each: x, in: { table: d }, with: { outcome: y } }\n  c: { task: table.collect, in: { parts: "f.metrics[*]" } }\n  d: { task: scale.zscore, in: { table: a } }\n';
    expect(load(body).diagnostics.map((d) => [d.code, d.got])).toEqual([
      ['CF153', 'a → b → a (each needs the next)'],
      ['CF153', 'f → c → f (each needs the next)'],
    ]);
  });
});

describe('resolveParams', () => {
  const flow = workflow(
    `axes:\n  t: [{ id: a, col: fev, n: 0 }, { id: b, col: height, n: 1 }]\ninputs:\n  s: { table: /data/s.csv }\n  list: { from: names.list }\nnodes:\n  names: { task: list.names }\n  z: { task: scale.zscore, each: t, in: { table: s }, with: { ddof: "\${t.n}", columns: ["\${t.col}", "x_\${t}"] } }\n  d: { task: scale.zscore, in: { table: s } }\n`,
  );
  const z = flow.nodes.get('z')!;

  test('fills holes with typed values, then defaults', () => {
    expect(resolveParams(z.task, z.with, { t: { id: 'b', col: 'height', n: 1 } })).toEqual({
      params: { ddof: 1, columns: ['height', 'x_b'], method: 'mean' },
    });
  });
  test('gives one instance nothing of another', () => {
    const first = resolveParams(z.task, z.with, { t: { id: 'a', col: 'fev', n: 0 } });
    const second = resolveParams(z.task, z.with, { t: { id: 'b', col: 'height', n: 1 } });
    expect(first).toEqual({ params: { ddof: 0, columns: ['fev', 'x_a'], method: 'mean' } });
    expect(second).not.toEqual(first);
  });
  test('is resolved once without holes', () => {
    const d = flow.nodes.get('d')!;
    expect(resolveParams(d.task, d.with, {})).toBe(resolveParams(d.task, d.with, {}));
    expect(resolveParams(d.task, d.with, {})).toEqual({ params: { ddof: 0, columns: [], method: 'mean' } });
  });
  test('says what does not fit, where it is written', () => {
    const wrong = resolveParams(z.task, z.with, { t: { id: 'c', col: 'x', n: 5 } });
    expect('diagnostics' in wrong && wrong.diagnostics).toMatchObject([
      { code: 'CF164', expected: 'a whole number ≥ 0 and ≤ 1', got: 'the number 5', at: { line: 11 } },
    ]);
    const lacking = resolveParams(z.task, z.with, { t: { id: 'c', n: 0 } });
    expect('diagnostics' in lacking && lacking.diagnostics).toMatchObject([
      { code: 'CF126', message: "the item 'c' of 't' has no field 'col'" },
    ]);
  });
  test('resolves 100,000 instances in a few seconds', () => {
    const start = performance.now();
    for (let i = 0; i < 100_000; i++) resolveParams(z.task, z.with, { t: { id: i, col: 'x', n: i % 2 } });
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe('templates', () => {
  test('one hole keeps the type; texts join; null cannot be joined', () => {
    const hole = { axis: 't', field: 'x' };
    expect(fillTemplate({ parts: [hole] }, { t: { id: 1, x: 2 } })).toBe(2);
    expect(fillTemplate({ parts: [hole] }, { t: { id: 1, x: null } })).toBe(null);
    expect(fillTemplate({ parts: ['a', hole, 'b'] }, { t: { id: 1, x: true } })).toBe('atrueb');
    expect(
      templateText({ parts: [{ axis: 't', field: null }, '/x'] }, { t: 'a/b' }, encodeURIComponent),
    ).toBe('a%2Fb/x');
    expect(() => fillTemplate({ parts: ['a', hole] }, { t: { id: 1, x: null } })).toThrow(
      '${t.x} is missing for this item',
    );
  });
  test('a doubled dollar is a literal one; what a parameter holds is not read again', () => {
    const flow = workflow('params: { a: "$${b}" }\ntitle: "$${x} ${params.a}"\n');
    expect(flow.title).toBe('${x} ${b}');
  });
});

describe('checkColumns', () => {
  const body =
    'params: { cov: [age, sex] }\ninputs:\n  s: { table: /data/s.csv, id: pid, types: { rac: text } }\n  t: { table: /data/t.csv, id: pid }\naxes:\n  trait: [fev, hgt]\n  cause: { from: s, column: cuase }\nnodes:\n  a: { task: scale.zscore, each: trait, in: { table: s }, with: { columns: ["${trait}", pid] } }\n  b: { task: scale.zscore, in: { table: "s[${params.cov}, fev as y]" }, with: { columns: [y, fev] } }\n  c: { task: fit.ridge, each: cause, in: { table: [s, t] }, with: { outcome: "${cause}" } }\n';
  const flow = workflow(body);
  test('names every column that a header lacks', () => {
    const headers: Record<string, string[]> = {
      s: ['pid', 'age', 'fev', 'height', 'cause', 'race'],
      t: ['pid', 'age'],
    };
    expect(
      checkColumns(flow, (input) => headers[input] ?? null).map((d) => [
        d.code,
        d.message,
        d.nearest,
        d.at!.line,
      ]),
    ).toEqual([
      ['CF182', "the input 's' has no column 'rac' (in 'types')", 'race', 6],
      ['CF182', "the input 's' has no column 'cuase' (for the axis 'cause')", 'cause', 10],
      [
        'CF182',
        "the input 'table' of the node 'a' has no column 'hgt' (for the parameter 'columns')",
        undefined,
        12,
      ],
      ['CF182', "the input 's' has no column 'sex' (picked here)", undefined, 13],
      [
        'CF182',
        "the input 'table' of the node 'b' has no column 'fev' (for the parameter 'columns')",
        undefined,
        13,
      ],
      ['CF152', "the column 'age' comes from two tables", undefined, 14],
    ]);
  });
  test('says nothing of headers that are not known, except of what picks say themselves', () => {
    expect(checkColumns(flow, () => null).map((d) => d.message)).toEqual([
      "the input 'table' of the node 'b' has no column 'fev' (for the parameter 'columns')",
    ]);
  });
});
