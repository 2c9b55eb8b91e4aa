/**
 * Holes: the syntax of `${…}` in texts, and whether an axis may be named at some place.
 *
 * Not responsible for parameters (scope.ts) nor for filling holes with items (template.ts).
 */
import type { Range } from '../diagnostic.js';
import type { Item } from '../item.js';
import type { Hole } from '../workflow.js';
import { listNames, type Findings } from './findings.js';
import { shorten } from './located.js';

/** What a hole `${axis.field}` may name at some place of the workflow. */
export interface AxisView {
  /** The axes whose item is known there. */
  readonly here: readonly string[];
  /** Every axis, with its items as far as they are known before a run. */
  readonly all: ReadonlyMap<string, AxisShape>;
  /** "the node 'z'", for messages. */
  readonly what: string;
}

export interface AxisShape {
  /** null: known only in a run. */
  readonly items: readonly Item[] | null;
  /** Items are scalars without fields. Known even of some dynamic axes. */
  readonly scalars: boolean;
}

export const NO_AXES: AxisView = { here: [], all: new Map(), what: 'this place' };

export interface HolePiece {
  readonly path: readonly string[];
  readonly at: Range;
}

/** The texts and `${…}` of a text in order; `place` gives the range of its characters. undefined when malformed (reported). */
export function splitHoles(
  text: string,
  place: (from: number, to: number) => Range,
  findings: Findings,
): (string | HolePiece)[] | undefined {
  const parts: (string | HolePiece)[] = [];
  let rest = 0;
  let sound = true;
  for (const match of text.matchAll(/\$\$\{|\$\{([^{}]*)(\}?)/g)) {
    parts.push(text.slice(rest, match.index));
    rest = match.index + match[0].length;
    if (match[0] === '$${') {
      parts.push('${');
      continue;
    }
    const path = match[1]!.trim().split('.');
    const at = place(match.index, rest);
    if (match[2] === '' || path.some((name) => name === '')) {
      sound = false;
      findings.error(
        'CF122',
        at,
        match[2] === '' ? "'${' is not closed by '}'" : `'${shorten(match[0])}' names nothing`,
        {
          expected: '${params.name}, ${axis} or ${axis.field}',
          hint: "write '$${' for the characters '${' themselves",
        },
      );
    } else {
      parts.push({ path, at });
    }
  }
  parts.push(text.slice(rest));
  return sound ? parts.filter((part) => part !== '') : undefined;
}

/** Checks holes that name axes; what is known of fields is kept, since axes may be long and holes many. */
export class HoleCheck {
  private readonly fieldChecks = new Map<string, string | null>();

  constructor(private readonly findings: Findings) {}

  /** The hole that a piece means; undefined (reported) when there is no such axis or field here. */
  check(piece: HolePiece, axes: AxisView, params: Iterable<string>): Hole | undefined {
    const [axis, ...rest] = piece.path;
    const shape = axes.all.get(axis!);
    if (!axis || !axes.here.includes(axis)) {
      const candidates = [...axes.here, ...[...params].map((name) => `params.${name}`)];
      this.findings.error(
        shape ? 'CF126' : 'CF121',
        piece.at,
        shape
          ? `${axes.what} is not repeated over the axis '${axis!}'`
          : `there is no '${shorten(piece.path.join('.'))}' here`,
        {
          expected: listNames(
            axes.here.map((name) => `\${${name}}`),
            'only parameters, such as ${params.name}',
          ),
          nearest: shape ? undefined : this.findings.nearest(piece.path.join('.'), candidates),
          hint: shape ? `add '${axis!}' to its 'each'` : undefined,
        },
      );
      return undefined;
    }
    const field = rest.length === 0 ? null : rest.join('.');
    if (field === null || !shape) return { axis, field };
    const lacking = this.fieldProblem(axis, field, shape);
    if (lacking === null) return { axis, field };
    this.findings.error('CF121', piece.at, lacking, {
      expected: listNames(fieldNames(shape), 'items that are records'),
      nearest: near(`${axis}.`, this.findings.nearest(field, fieldNames(shape))),
    });
    return undefined;
  }

  private fieldProblem(axis: string, field: string, shape: AxisShape): string | null {
    const key = `${axis}\0${field}`;
    const known = this.fieldChecks.get(key);
    if (known !== undefined) return known;
    let problem: string | null = null;
    if (shape.scalars) problem = `the items of '${axis}' are plain values without fields`;
    const lacking = shape.items?.find((item) => typeof item !== 'object' || !Object.hasOwn(item, field));
    if (lacking !== undefined) {
      const id = String(typeof lacking === 'object' ? lacking.id : lacking);
      problem ??= `the item '${shorten(id)}' of '${axis}' has no field '${field}'`;
    }
    this.fieldChecks.set(key, problem);
    return problem;
  }
}

export function near(prefix: string, name: string | undefined): string | undefined {
  return name === undefined ? undefined : `${prefix}${name}`;
}

function fieldNames(shape: AxisShape): string[] {
  const first = shape.items?.find((item) => typeof item === 'object');
  return typeof first === 'object' ? Object.keys(first) : [];
}
