/**
 * A Vega-Lite specification and named data → SVG, headless, with nothing loaded from anywhere.
 *
 * Four walls: the specification is searched for anything that names a resource; the loader refuses whatever is left;
 * expressions are interpreted, never compiled to code; the finished SVG is searched once more. The same input gives the same bytes: element ids, text widths and
 * random() start anew at each rendering, times are UTC, and now() is refused. Not responsible for the look (vega-theme.ts).
 */
import { TaskError, type Json } from '../engine/task.js';
import { THEME } from './vega-theme.js';

export type Spec = { readonly [key: string]: Json };
export type Rows = readonly Readonly<Record<string, string | number | null>>[];

// Properties that name something to fetch or to link to. `$schema` is only a name and is never fetched.
const FORBIDDEN_KEYS = new Set(['url', 'href']);
const FORBIDDEN_MARKS = new Set(['image']);

/** @throws TaskError at the first property that could load something, with its path. */
export function refuseLoading(spec: Json, path = 'spec'): void {
  if (typeof spec === 'string') {
    // Fonts, shapes and text hold no locations; a url(…) reference reaches the SVG as it stands.
    if (/\burl\s*\(/i.test(spec))
      throw new TaskError(`${path} refers to an outside resource: ${JSON.stringify(spec)}`);
    return;
  }
  if (spec === null || typeof spec !== 'object') return;
  for (const [key, value] of Object.entries(spec)) {
    const at = Array.isArray(spec) ? `${path}[${key}]` : `${path}.${key}`;
    if (!Array.isArray(spec) && FORBIDDEN_KEYS.has(key)) {
      throw new TaskError(
        `a figure may load nothing from outside and link to nothing: remove ${at}; data comes through the port 'data'`,
      );
    }
    if ((key === 'mark' || key === 'type') && typeof value === 'string' && FORBIDDEN_MARKS.has(value)) {
      throw new TaskError(`a figure may load nothing from outside: ${at} is '${value}'`);
    }
    // Inline rows are data, whose column names are free.
    if (key !== 'values') refuseLoading(value, at);
  }
}

/** Names of the data sets that the specification asks for (`data: {name}`), wherever they stand. */
export function dataNames(spec: Json): Set<string> {
  const names = new Set<string>();
  const visit = (value: Json): void => {
    if (value === null || typeof value !== 'object') return;
    for (const [key, child] of Object.entries(value)) {
      if (key === 'data' && child !== null && typeof child === 'object' && 'name' in child) {
        const { name, values } = child as { name?: Json; values?: Json };
        if (typeof name === 'string' && values === undefined) names.add(name);
      }
      visit(child);
    }
  };
  visit(spec);
  return names;
}

/** Theme below, the specification's own settings above. */
function merged(base: Spec, over: Spec): Spec {
  const out: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = out[key];
    out[key] = isMap(below) && isMap(value) ? merged(below, value) : value;
  }
  return out;
}

function isMap(value: Json | undefined): value is Spec {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Advance widths of a Helvetica-like face in em: enough for the layout, and the same on every machine.
function characterWidth(character: string): number {
  if (/[ijl.,:;|'!()[\]f t]/.test(character)) return 0.3;
  if (/[mwMW—%]/.test(character)) return 0.86;
  if (/[A-Z]/.test(character)) return 0.68;
  return 0.55;
}

// Bold letters are about this much wider.
const BOLD = 1.06;

/** What a text is measured by: Vega hands over numbers as they are, and cuts what is wider than `limit`. */
interface TextItem {
  readonly fontSize?: number;
  readonly fontWeight?: string | number;
  readonly limit?: number;
}

function textWidth({ fontSize = 11, fontWeight, limit = 0 }: TextItem, text: string | number = ''): number {
  let em = 0;
  for (const character of String(text).trim()) em += characterWidth(character);
  const width = em * fontSize * (fontWeight === 'bold' || Number(fontWeight) >= 600 ? BOLD : 1);
  return limit > 0 ? Math.min(width, limit) : width;
}

/** What Vega exports and its types leave out. */
interface Untyped {
  readonly textMetrics: { width: (item: TextItem, text?: string | number) => number };
  setRandom(source: () => number): void;
  randomLCG(seed: number): () => number;
}

/** What Vega warned about while it compiled and ran. */
export interface Rendered {
  readonly svg: string;
  /** The Vega-Lite specification with theme and data names, as it was drawn. */
  readonly spec: Spec;
  readonly warnings: readonly string[];
}

/** Draws the specification. @throws TaskError when Vega-Lite or Vega refuses it. */
export async function renderSvg(spec: Spec, data: ReadonlyMap<string, Rows>): Promise<Rendered> {
  const [vega, { compile }, { expressionInterpreter }] = await Promise.all([
    import('vega'),
    import('vega-lite'),
    import('vega-interpreter'),
  ]);
  const warnings: string[] = [];
  const errors: string[] = [];
  const logger = recordingLogger(warnings, errors);
  const config = merged(THEME, isMap(spec['config']) ? spec['config'] : {});
  const themed: Spec = { ...spec, config };
  const refuse = (resource: unknown): Promise<never> =>
    Promise.reject(new Error(`a figure may load nothing from outside: ${String(resource)}`));
  const loader = {
    load: refuse,
    sanitize: refuse,
    http: refuse,
    file: refuse,
    fileAccess: false,
    options: {},
  };
  // Dates are drawn in the time zone of the process, which must not reach the bytes.
  const zone = process.env['TZ'];
  process.env['TZ'] = 'UTC';
  try {
    // Compiled without rows, which Vega-Lite would copy several times over; Vega gets them after.
    const empty = Object.fromEntries([...data.keys()].map((name) => [name, []]));
    const { spec: compiled } = compile({ ...themed, datasets: empty } as never, { logger: logger as never });
    refuseLoading(compiled as unknown as Json, 'compiled');
    for (const source of (compiled.data ?? []) as { name: string; values?: unknown }[]) {
      // Vega writes to the rows that it is given.
      const rows = data.get(source.name);
      if (rows && source.values) source.values = rows.map((row) => ({ ...row }));
    }
    // Interpreted functions: the clock is refused, so that a figure depends on its data alone.
    vega.expressionFunction('now', () => {
      throw new Error('now() would make a figure depend on the clock');
    });
    vega.resetSVGDefIds();
    const untyped = vega as unknown as Untyped;
    untyped.setRandom(untyped.randomLCG(1));
    untyped.textMetrics.width = textWidth;
    const view = new vega.View(vega.parse(compiled, undefined, { ast: true }), {
      renderer: 'none',
      loader: loader as never,
      expr: expressionInterpreter as never,
      logger: logger as never,
    } as never);
    const svg = await view.toSVG();
    view.finalize();
    if (errors.length > 0) throw new Error(errors.join('; '));
    refuseReferences(svg);
    return { svg, spec: themed, warnings };
  } catch (error) {
    if (error instanceof TaskError) throw error;
    throw new TaskError(
      `Vega-Lite refuses the specification: ${error instanceof Error ? error.message : String(error)}`,
    );
  } finally {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  }
}

/** Data may hold colours: none of them may have become a reference. Vega's own clips and gradients stay within the file. */
function refuseReferences(svg: string): void {
  const found =
    /<(?:image|script|foreignObject)\b|\bhref="|\b(?:fill|stroke|style|cursor|filter|mask|clip-path)="[^"]*\burl\s*\(\s*(?!#)[^"]*"/i.exec(
      svg,
    );
  if (found)
    throw new TaskError(`a figure may refer to nothing outside, but the SVG has ${JSON.stringify(found[0])}`);
}

function recordingLogger(warnings: string[], errors: string[]): unknown {
  const text = (parts: unknown[]): string =>
    parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' ');
  const logger = {
    level: () => logger,
    error: (...parts: unknown[]) => (errors.push(text(parts)), logger),
    warn: (...parts: unknown[]) => (warnings.push(text(parts)), logger),
    info: () => logger,
    debug: () => logger,
  };
  return logger;
}
