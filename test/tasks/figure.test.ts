import { describe, expect, it } from 'vitest';
import type { Json } from '../../engine/task.js';
import { figureVegalite } from '../../tasks/figure-vegalite.js';
import { runTask } from './context.js';
import { people, rows } from './tables.js';

const scores = rows({
  trait: ['fev', 'sbp', 'fev', 'sbp'],
  configuration: ['count', 'count', 'stacked', 'stacked'],
  r2: [0.18, 0.05, 0.35, null],
});
const points: Record<string, Json> = {
  mark: 'point',
  encoding: {
    x: { field: 'r2', type: 'quantitative', title: 'R²' },
    y: { field: 'trait', type: 'nominal' },
    color: { field: 'configuration', type: 'nominal' },
  },
};
const draw = (spec: Json, named = { scores }) =>
  runTask(figureVegalite, { params: { spec }, inputs: { data: { named } } });

describe('figure.vegalite', () => {
  it('draws SVG, the same bytes every time, whatever was drawn before', async () => {
    const first = await draw(points);
    const gradient = {
      ...points,
      encoding: { ...(points['encoding'] as object), color: { field: 'r2', type: 'quantitative' } },
    };
    await draw(gradient);
    const second = await draw(points);
    expect(second.text('figure')).toBe(first.text('figure'));
    expect((await draw(gradient)).text('figure')).toBe((await draw(gradient)).text('figure'));
    expect(first.text('figure')).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(first.text('figure').match(/aria-roledescription="point"/g)).toHaveLength(3);
    expect(first.warnings).toEqual([]);
  });

  it('uses the house theme below the specification’s own config', async () => {
    expect((await draw(points)).text('figure')).toContain('#0072B2');
    const own = await draw({ ...points, config: { range: { category: ['#123456', '#654321'] } } });
    expect(own.text('figure')).toContain('#123456');
    expect(own.text('figure')).toContain('Helvetica');
  });

  it('writes numbers as text, and gives a cut text no more room than it takes', async () => {
    const label = { mark: 'text', encoding: { ...(points['encoding'] as object), text: { field: 'r2' } } };
    expect((await draw(label)).text('figure')).toContain('>0.18</text>');
    const long = rows({ trait: ['a very long name of a trait indeed', 'b'], r2: [1, 2] });
    const width = async (labelLimit: number): Promise<number> => {
      const svg = (
        await draw(
          {
            ...points,
            encoding: {
              x: { field: 'r2', type: 'quantitative' },
              y: { field: 'trait', type: 'nominal', axis: { labelLimit } },
            },
          },
          { scores: long },
        )
      ).text('figure');
      return Number(/width="([\d.]+)"/.exec(svg)![1]);
    };
    expect((await width(1000)) - (await width(40))).toBeGreaterThan(100);
  });

  it('hands out the specification with its data', async () => {
    const spec = (await draw(points)).json('spec') as Record<string, Record<string, unknown>>;
    expect(spec['data']).toEqual({ name: 'scores' });
    expect(spec['datasets']!['scores']).toHaveLength(4);
    expect(spec['mark']).toBe('point');
    expect(spec['$schema']).toBe('https://vega.github.io/schema/vega-lite/v6.json');
  });

  it('makes random() repeatable, and refuses the clock', async () => {
    const jitter = { ...points, transform: [{ calculate: 'datum.r2 + random()', as: 'r2' }] };
    expect((await draw(jitter)).text('figure')).toBe((await draw(jitter)).text('figure'));
    await expect(draw({ ...points, transform: [{ calculate: 'now()', as: 'r2' }] })).rejects.toThrow(
      /depend on the clock/,
    );
  });

  it('draws times in UTC, whatever the time zone of the machine', async () => {
    const zone = process.env['TZ'];
    const spec = {
      data: { values: [{ t: '2020-01-01T00:00:00Z' }, { t: '2020-01-01T05:30:00Z' }] },
      mark: 'point',
      encoding: { x: { field: 't', type: 'temporal' } },
    };
    process.env['TZ'] = 'America/New_York';
    const there = await draw(spec);
    expect(process.env['TZ']).toBe('America/New_York');
    process.env['TZ'] = 'Asia/Tokyo';
    expect((await draw(spec)).text('figure')).toBe(there.text('figure'));
    expect(there.text('figure')).toContain('>05:30</text>');
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  it('gives the id as a field, draws two tables by name', async () => {
    const named = { scores, cohort: people({ ann: { x: 1 }, bob: { x: 2 } }) };
    const spec = {
      data: { name: 'cohort' },
      mark: 'bar',
      encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'id', type: 'nominal' } },
    };
    expect((await draw(spec, named)).text('figure')).toContain('>ann</text>');
    await expect(draw(points, named)).rejects.toThrow(
      "several tables at 'data', but the specification names none",
    );
    await expect(draw({ ...points, data: { name: 'other' } }, named)).rejects.toThrow(
      "the specification draws data 'other', but 'data' has only cohort, scores",
    );
  });

  const outside: [what: string, spec: Json, message: RegExp][] = [
    ['data from a URL', { ...points, data: { url: 'https://example.org/x.csv' } }, /remove spec\.data\.url/],
    [
      'data from a file',
      { ...points, layer: [{ data: { url: '/etc/passwd' }, mark: 'point' }] },
      /remove spec\.layer\[0\]\.data\.url/,
    ],
    [
      'a lookup',
      {
        ...points,
        transform: [{ lookup: 'trait', from: { data: { url: 'x.csv' }, key: 'k', fields: ['v'] } }],
      },
      /remove spec\.transform\[0\]\.from\.data\.url/,
    ],
    ['a link', { ...points, encoding: { href: { field: 'trait' } } }, /remove spec\.encoding\.href/],
    ['an image', { mark: { type: 'image' } }, /spec\.mark\.type is 'image'/],
    ['an image by name', { mark: 'image' }, /spec\.mark is 'image'/],
    [
      'a fill by reference',
      { ...points, config: { point: { fill: 'URL (http://x/#a)' } } },
      /spec\.config\.point\.fill refers to an outside resource/,
    ],
  ];
  it.each(outside)('loads nothing: %s is refused', async (_what, spec, message) => {
    await expect(draw(spec)).rejects.toThrow(message);
  });

  it('lets no colour in the data become a reference', async () => {
    const coloured = rows({ x: [1, 2], colour: ['red', 'url(https://example.org/#a)'] });
    const spec = {
      mark: 'point',
      encoding: { x: { field: 'x', type: 'quantitative' }, fill: { field: 'colour', scale: null } },
    };
    await expect(draw(spec, { scores: coloured })).rejects.toThrow(/the SVG has .*example\.org/);
    const text = rows({ x: [1], colour: ['see url(x) = "y"'] });
    const label = {
      mark: 'text',
      encoding: { x: { field: 'x', type: 'quantitative' }, text: { field: 'colour' } },
    };
    expect((await draw(label, { scores: text })).text('figure')).toContain('see url(x)');
  });

  it('never compiles an expression to code', async () => {
    // Escapes of compiled expressions reach the Function constructor through a method; the interpreter does not.
    const escape = {
      ...points,
      transform: [{ calculate: "datum.trait.constructor.constructor('return 1')()", as: 'r2' }],
    };
    await expect(draw(escape)).rejects.toThrow(/Vega-Lite refuses the specification/);
  });

  it('reports what is wrong with a specification', async () => {
    await expect(draw({ mark: 'dot-dash' })).rejects.toThrow(/Vega-Lite refuses the specification/);
    await expect(draw({ nothing: 1 })).rejects.toThrow(/Vega-Lite refuses the specification/);
  });
});
