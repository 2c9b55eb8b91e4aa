/**
 * Publish: the files and the report that a study hands out. Not responsible for writing them.
 */
import { dirname, isAbsolute, resolve } from 'node:path';
import type { Range } from '../diagnostic.js';
import type { Item } from '../item.js';
import { PORT_TYPES, type PortType } from '../port.js';
import type { PublishItem, ReportSection, ReportSpec, Shown, Template } from '../workflow.js';
import type { Binder, Bound } from './binder.js';
import { readFields, readSection, wrongKind } from './fields.js';
import { listNames } from './findings.js';
import { describe, type Located } from './located.js';
import { literalText, templateAxes, templateSource, templateText } from './template.js';

export interface Published {
  readonly to: string;
  readonly files: readonly PublishItem[];
  readonly report: ReportSpec | null;
}

/** Paths compared with each other item by item up to this many; beyond it only as written. */
const MAX_PATHS = 10_000;
const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  table: ['csv', 'tsv', 'parquet'],
  json: ['json'],
};

export function readPublish(
  located: Located | undefined,
  name: string,
  mainFile: string,
  binder: Binder,
): Published {
  const { findings, scope } = binder;
  const folder = dirname(mainFile);
  const fallback: Published = { to: resolve(folder, 'results', name), files: [], report: null };
  if (!located || (located.kind === 'scalar' && located.value === null)) return fallback;
  const fields = readFields(located, "'publish'", ['to', 'files', 'report'], findings);
  if (!fields) return fallback;
  const to = fields.get('to');
  const toText = to && scope.staticText(to, "'to' of publish");
  if (to && toText === '')
    findings.error('CF171', to.at, "'to' of publish is empty", { expected: 'a folder' });
  const paths = new Paths(binder);
  const files: PublishItem[] = [];
  for (const [path, entry] of readSection(fields.get('files'), "'files' of publish", findings)) {
    const file = readFile(path, entry.keyAt, entry.value, paths, binder);
    if (file) files.push(file);
  }
  const report = fields.get('report');
  const spec = report && readReport(report, paths, binder);
  return { to: toText ? resolve(folder, toText) : fallback.to, files, report: spec ?? null };
}

function readFile(
  path: string,
  keyAt: Range,
  value: Located,
  paths: Paths,
  binder: Binder,
): PublishItem | undefined {
  const { findings, scope } = binder;
  const what = `the published file '${path}'`;
  const template = scope.pieces(path, () => keyAt, { here: [...binder.axes.keys()], all: binder.axes, what });
  const pathTemplate =
    template &&
    ('parts' in template
      ? template
      : typeof template.json === 'string'
        ? { parts: [template.json] }
        : undefined);
  if (template && !pathTemplate) findings.error('CF171', keyAt, `the path of ${what} is not a text`);
  const axes = pathTemplate ? templateAxes(pathTemplate) : [];
  const pathIsGood = pathTemplate !== undefined && paths.add(pathTemplate, keyAt);
  const chosen = scope.choose(value);
  const bound =
    chosen &&
    binder.bind(chosen, {
      what,
      axes: pathTemplate ? axes : null,
      view: { here: axes, all: binder.axes, what },
    });
  if (!bound || !pathIsGood) return undefined;
  if (bound.gathers) {
    findings.error('CF174', value.at, `${what} cannot gather`, {
      expected: 'an axis of the source in the path, such as "${axis}", or fixed by [axis=ITEM]',
      hint: 'a task that gathers makes one table out of many',
    });
    return undefined;
  }
  const extra = axes.filter((axis) => !bound.axes.includes(axis));
  if (extra.length > 0) {
    findings.error(
      'CF174',
      keyAt,
      `${what} names ${listNames(extra)}, over which its source is not repeated`,
      {
        expected: listNames(bound.axes, 'a path without axes'),
      },
    );
    return undefined;
  }
  if (!extensionFits(pathTemplate, bound.type, keyAt, what, binder)) return undefined;
  return { path: pathTemplate, axes, reference: bound.reference, type: bound.type, at: keyAt };
}

function extensionFits(
  path: Template,
  type: PortType,
  at: Range,
  what: string,
  { findings }: Binder,
): boolean {
  const kind = PORT_TYPES[type];
  const last = path.parts.at(-1);
  const written = typeof last === 'string' ? /\.([A-Za-z0-9]+)$/.exec(last)?.[1]?.toLowerCase() : undefined;
  const allowed = type === 'figure' ? ['svg'] : EXTENSIONS[kind];
  if (kind === 'file' && type !== 'figure' ? written !== undefined : allowed?.includes(written ?? ''))
    return true;
  findings.error('CF173', at, `the extension of ${what} does not fit a ${type}`, {
    expected: allowed
      ? allowed.map((each) => `.${each}`).join(', ')
      : kind === 'file'
        ? 'the extension of the file'
        : 'a table, JSON, a figure or a file',
    got: written === undefined ? 'none' : `.${written}`,
  });
  return false;
}

/** Published paths: relative, within the folder, no two the same and none a folder of another. */
class Paths {
  private readonly files = new Map<string, Range>();
  private readonly folders = new Map<string, string>();

  constructor(private readonly binder: Binder) {}

  add(path: Template, at: Range): boolean {
    const { findings } = this.binder;
    const source = templateSource(path);
    const steps = source.split('/');
    const bad = (message: string, expected: string): false => {
      findings.error('CF171', at, message, { expected, got: `'${source}'` });
      return false;
    };
    if (source === '' || source.endsWith('/'))
      return bad('a published path names a file', 'a path such as tables/metrics.csv');
    if (isAbsolute(source) || /^[A-Za-z]:/.test(source))
      return bad('a published path is relative', "a path within the folder 'to'");
    if (steps.includes('..')) return bad('a published path stays within its folder', "no '..'");

    if (/[\u0000-\u001f\\]/.test(source))
      return bad(
        'a published path holds a character that not every system takes',
        "no '\\' and no control character",
      );
    for (const expanded of this.expand(path)) {
      if (!this.addOne(normal(expanded), at)) return false;
    }
    return true;
  }

  private addOne(path: string, at: Range): boolean {
    const { findings } = this.binder;
    const earlier = this.files.get(path);
    const asFolder = this.folders.get(path);
    const parents = path
      .split('/')
      .slice(0, -1)
      .map((_, index, all) => all.slice(0, index + 1).join('/'));
    const fileAbove = parents.find((parent) => this.files.has(parent));
    if (earlier !== undefined) {
      findings.error('CF172', at, `two published files have the path '${path}'`, {
        hint: `the other stands on line ${earlier.line}`,
      });
      return false;
    }
    const clash = asFolder ?? fileAbove;
    if (clash !== undefined) {
      findings.error('CF172', at, `'${asFolder === undefined ? clash : path}' would be a file and a folder`, {
        got: `'${path}' and '${clash}'`,
      });
      return false;
    }
    this.files.set(path, at);
    for (const parent of parents) this.folders.set(parent, path);
    return true;
  }

  /** Each path of a template, as far as its items are known and few; otherwise the template as written. */
  private expand(path: Template): string[] {
    const axes = templateAxes(path);
    let count = 1;
    const lists: (readonly [string, readonly Item[]])[] = [];
    for (const axis of axes) {
      const items = this.binder.axes.get(axis)?.items;
      if (!items) return [templateSource(path)];
      count *= items.length;
      lists.push([axis, items]);
    }
    if (axes.length === 0) return [literalText(path) ?? ''];
    if (count + this.files.size > MAX_PATHS) return [templateSource(path)];
    let combinations: Record<string, Item>[] = [{}];
    for (const [axis, items] of lists)
      combinations = combinations.flatMap((some) => items.map((item) => ({ ...some, [axis]: item })));
    try {
      return combinations.map((items) => templateText(path, items, (text) => text.replaceAll('/', '%2F')));
    } catch {
      return [templateSource(path)];
    }
  }
}

function normal(path: string): string {
  return path
    .split('/')
    .filter((step) => step !== '' && step !== '.')
    .join('/');
}

function readReport(located: Located, paths: Paths, binder: Binder): ReportSpec | undefined {
  const { findings, scope } = binder;
  const fields = readFields(located, 'the report', ['file', 'title', 'sections'], findings);
  const file = fields?.require('file', 'the path of the report, such as report.html', located.at);
  if (!fields || !file) return undefined;
  const path = scope.staticText(file, "'file' of the report");
  const title = fields.get('title');
  const titleText = title && scope.staticText(title, "'title' of the report");
  const sections = fields.get('sections');
  const list = sections && scope.choose(sections);
  if (list && list.kind !== 'list')
    wrongKind(findings, list, "'sections' of the report", 'a list of sections');
  const out: ReportSection[] = [];
  for (const item of list?.kind === 'list' ? list.items : []) {
    const section = readSectionOf(item, binder);
    if (section) out.push(section);
  }
  if (path === undefined || !paths.add({ parts: [path] }, file.at)) return undefined;
  if (!/\.html?$/i.test(path)) {
    findings.error('CF173', file.at, 'the extension of the report does not fit', {
      expected: '.html',
      got: `'${path}'`,
    });
  }
  return { path: normal(path), title: titleText ?? '', sections: out };
}

function readSectionOf(located: Located, binder: Binder): ReportSection | undefined {
  const { findings, scope } = binder;
  const what = 'a section of the report';
  const fields = readFields(located, what, ['title', 'text', 'show'], findings);
  const title = fields?.require('title', 'the title of the section', located.at);
  if (!fields) return undefined;
  const titleText = title && scope.staticText(title, `'title' of ${what}`);
  const text = fields.get('text');
  const textText = text && scope.staticText(text, `'text' of ${what}`);
  const show = fields.get('show');
  const shown = show && scope.choose(show);
  const items = !shown ? [] : shown.kind === 'list' ? shown.items : [shown];
  return {
    title: titleText ?? '',
    text: textText ?? '',
    show: items.flatMap((item) => readShown(item, binder) ?? []),
  };
}

const WAYS = ['figure', 'table', 'flow'] as const;

function readShown(located: Located, binder: Binder): Shown | undefined {
  const { findings, scope } = binder;
  const item = scope.choose(located);
  if (!item) return undefined;
  if (item.kind !== 'map') return bindShown(item, 'any', '', binder);
  const what = 'what a section shows';
  const fields = readFields(item, what, [...WAYS, 'into', 'caption'], findings);
  const ways = WAYS.filter((key) => fields?.has(key));
  const [way] = ways;
  if (!fields || way === undefined || ways.length > 1) {
    findings.error(ways.length > 1 ? 'CF116' : 'CF112', item.at, `${what} does not fit`, {
      expected: "a reference, or a map with one of 'figure', 'table' and 'flow', and 'caption' if need be",
      got: ways.length > 1 ? listNames(ways) : describe(item),
    });
    return undefined;
  }
  const caption = fields.get('caption');
  const captionText = (caption && scope.staticText(caption, `'caption' of ${what}`)) ?? '';
  const chosen = scope.choose(fields.get(way)!);
  const into = fields.get('into');
  if (way === 'flow') return chosen && readFlow(chosen, into && scope.choose(into), captionText, binder);
  if (into)
    findings.error('CF116', into.at, `only a flow parts into others`, { expected: "'flow' beside it" });
  return chosen && bindShown(chosen, way, captionText, binder);
}

function readFlow(
  located: Located,
  into: Located | undefined,
  caption: string,
  binder: Binder,
): Shown | undefined {
  const flows = (list: Located | undefined): Shown[] =>
    (!list ? [] : list.kind === 'list' ? list.items : [list]).flatMap(
      (item) => bindShown(item, 'flow', caption, binder) ?? [],
    );
  const [first, ...others] = flows(located);
  const parts = flows(into).map(({ reference }) => reference);
  if (!first) {
    if (located.kind === 'list' && located.items.length === 0)
      wrongKind(binder.findings, located, "'flow'", 'a reference, or a list of them');
    return undefined;
  }
  if (into && others.length > 0)
    binder.findings.error('CF116', into.at, 'several flows do not part into others', {
      expected: "one flow at 'flow'",
    });
  return { ...first, beside: others.map(({ reference }) => reference), into: parts };
}

function bindShown(
  located: Located,
  want: (typeof WAYS)[number] | 'any',
  caption: string,
  binder: Binder,
): Shown | undefined {
  const what = 'the report';
  const bound: Bound | undefined = binder.bind(located, {
    what,
    axes: null,
    view: { here: [], all: binder.axes, what },
  });
  if (!bound) return undefined;
  if (bound.gathers) {
    binder.findings.error('CF174', located.at, 'a report cannot gather', {
      expected: 'a figure or table, which is repeated over its axes, or one fixed by [axis=ITEM]',
    });
    return undefined;
  }
  const is = bound.type === 'figure' ? 'figure' : PORT_TYPES[bound.type] === 'table' ? 'table' : null;
  if (is === null || (want !== 'any' && (want === 'figure') !== (is === 'figure'))) {
    binder.findings.error('CF144', located.at, 'the report cannot show this', {
      expected: want === 'any' ? 'a figure or a table' : want === 'figure' ? 'a figure' : 'a table',
      got: `a ${bound.type}`,
    });
    return undefined;
  }
  const { reference, type, axes } = bound;
  return { as: want === 'any' ? is : want, reference, beside: [], into: [], caption, type, axes };
}
