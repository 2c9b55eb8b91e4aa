/**
 * Scope: the study's parameters, and everything that is replaced by them: `${params.x}` and `choose`.
 *
 * What it returns holds no parameter any more, only holes for items. Not responsible for filling those (template.ts).
 */
import type { Range } from '../diagnostic.js';
import type { Json } from '../task.js';
import { TemplateNode, type Hole, type ParamTree, type Parameter, type Template } from '../workflow.js';
import { checkName, readFields, wrongKind } from './fields.js';
import { listNames, type Findings } from './findings.js';
import {
  describe,
  describeJson,
  placeWithin,
  toJson,
  type Located,
  type LocatedMap,
  type LocatedScalar,
} from './located.js';
import { HoleCheck, near, NO_AXES, splitHoles, type AxisView, type HolePiece } from './holes.js';
import { asPath, checkChoices } from './parameter.js';
import type { Sources } from './sources.js';
import { fillTree, makeTemplate } from './template.js';
import { LIMITS } from './yaml.js';

/** A branch of a `choose` that is not taken: the parameter's path and the value that would take it. */
export interface Branch {
  readonly path: readonly string[];
  readonly value: Json;
}

export class Scope {
  /** Names of the parameters that something refers to. */
  readonly used = new Set<string>();
  /** Branches not taken, by a text that identifies them. */
  readonly otherBranches = new Map<string, Branch>();
  private readonly values = new Map<string, Json | undefined>();
  private readonly assumptions = new Set<string>();
  private readonly resolving: string[] = [];
  private readonly holes: HoleCheck;
  private expanded = 0;
  private readonly sizes = new WeakMap<object, number>();

  constructor(
    private readonly params: LocatedMap['entries'],
    private readonly sources: Sources,
    private readonly findings: Findings,
    /** Set while a branch not taken is checked. */
    private readonly forced: Branch | null = null,
  ) {
    this.holes = new HoleCheck(findings);
  }

  /** Every parameter with its value; `firstFile` tells the file that declares it first. */
  parameters(firstFile: (name: string) => string): Map<string, Parameter> {
    const out = new Map<string, Parameter>();
    for (const [name, entry] of this.params) {
      if (!checkName(name, 'a parameter', entry.keyAt, this.findings)) continue;
      const value = this.param(name);
      const fields = entry.value.kind === 'map' ? entry.value.entries : null;
      const description = fields?.get('description')?.value;
      if (description && typeof (description.kind === 'scalar' ? description.value : null) !== 'string') {
        wrongKind(this.findings, description, `the description of '${name}'`, 'a text');
      }
      if (value === undefined) continue;
      const choices = fields?.get('choices')?.value;
      const valueFile = fields?.get('value')?.value.at.file;
      out.set(name, {
        name,
        value,
        description:
          description?.kind === 'scalar' && typeof description.value === 'string' ? description.value : null,
        assumption: this.assumptions.has(name),
        choices: choices?.kind === 'list' ? choices.items.map(toJson) : null,
        overridden: valueFile !== undefined && valueFile !== firstFile(name),
      });
    }
    return out;
  }

  /** The value of a parameter that exists; undefined when it could not be had (which is reported). */
  private param(name: string): Json | undefined {
    if (this.values.has(name)) return this.values.get(name);
    const entry = this.params.get(name);
    if (entry?.value.kind !== 'map') return undefined;
    if (this.resolving.includes(name) || this.resolving.length >= LIMITS.depth) {
      const circle = this.resolving.includes(name);
      this.findings.error(
        circle ? 'CF124' : 'CF103',
        entry.keyAt,
        circle ? `the parameter '${name}' refers to itself` : 'parameters refer to each other too deeply',
        {
          got: circle ? [...this.resolving.slice(this.resolving.indexOf(name)), name].join(' → ') : undefined,
          expected: circle ? undefined : `at most ${LIMITS.depth} steps`,
        },
      );
      return undefined;
    }
    this.resolving.push(name);
    const value = this.forcedValue(name, this.declared(name, entry.value));
    this.resolving.pop();
    this.values.set(name, value);
    return value;
  }

  private declared(name: string, declaration: LocatedMap): Json | undefined {
    const fields = readFields(
      declaration,
      `the parameter '${name}'`,
      ['value', 'description', 'path', 'choices', 'assumption'],
      this.findings,
    );
    const located = fields?.require('value', 'the value of the parameter', declaration.at);
    const picked = located && this.choose(located);
    if (!fields || !picked) return undefined;
    let value = this.json(picked);
    if (value === undefined) return undefined;
    if (fields.flag('path'))
      value = asPath(name, value, picked, this.sources.folderOf(picked.at.file), this.findings);
    checkChoices(name, value, picked, fields.get('choices'), this.findings);
    if (fields.flag('assumption')) this.assumptions.add(name);
    return value;
  }

  private forcedValue(name: string, value: Json | undefined): Json | undefined {
    if (this.forced?.path[0] !== name || value === undefined) return value;
    const replace = (tree: Json, path: readonly string[], by: Json): Json => {
      if (path.length === 0 || typeof tree !== 'object' || tree === null || Array.isArray(tree)) return by;
      const map = tree as Record<string, Json>;
      return { ...map, [path[0]!]: replace(map[path[0]!] ?? null, path.slice(1), by) };
    };
    return replace(value, this.forced.path.slice(1), this.forced.value);
  }

  /** `choose` resolved, as often as branches hold another; undefined when it cannot be (reported). */
  choose(located: Located): Located | undefined {
    let current = located;
    while (current.kind === 'map') {
      const { entries } = current;
      const selector = entries.get('choose')?.value;
      if (!selector || !(entries.size === 1 || entries.has('of'))) return current;
      const fields = readFields(current, 'choose', ['choose', 'of'], this.findings);
      const branches = fields?.require(
        'of',
        'a map from the values of the parameter to branches',
        current.at,
      );
      if (!branches) return undefined;
      if (branches.kind !== 'map' || branches.entries.size === 0) {
        wrongKind(this.findings, branches, "'of'", 'a map from the values of the parameter to branches');
        return undefined;
      }
      const path = this.selectorPath(selector);
      const value = path && this.lookUp({ path: ['params', ...path], at: selector.at });
      if (!path || value === undefined) return undefined;
      const name = typeof value === 'object' ? null : String(value);
      const branch = name === null ? undefined : branches.entries.get(name);
      for (const other of branches.entries.keys()) {
        if (other === name || name === null) continue;
        const asValue =
          typeof value === 'boolean' ? other === 'true' : typeof value === 'number' ? Number(other) : other;
        if (String(asValue) === other)
          this.otherBranches.set(JSON.stringify([path, other]), { path, value: asValue });
      }
      if (!branch) {
        // A branch that another `choose` lacks is only wrong when it is taken.
        if (!this.forced) {
          this.findings.error('CF125', branches.at, `choose has no branch for ${describeJson(value)}`, {
            expected: `a branch for the value of '${path.join('.')}'`,
            got: `branches ${listNames(branches.entries.keys())}`,
            nearest: name === null ? undefined : this.findings.nearest(name, branches.entries.keys()),
          });
        }
        return undefined;
      }
      current = branch.value;
    }
    return current;
  }

  private selectorPath(selector: Located): readonly string[] | null {
    const text = selector.kind === 'scalar' && typeof selector.value === 'string' ? selector.value : '';
    const match = /^\$\{params\.([^${}]+)\}$/.exec(text);
    if (match) return match[1]!.split('.');
    this.findings.error('CF125', selector.at, "'choose' takes one parameter", {
      expected: 'a reference to a parameter, such as "${params.mode}"',
      got: describe(selector),
    });
    return null;
  }

  /** A tree with parameters in place; undefined when some part could not be had (reported). */
  tree(located: Located, axes: AxisView): ParamTree | undefined {
    const value = this.choose(located);
    if (!value || !this.spend(1, located.at)) return undefined;
    if (value.kind === 'scalar') {
      if (typeof value.value !== 'string') return value.value;
      const filled = this.text(value, axes);
      if (filled === undefined || !('parts' in filled)) return filled?.json;
      if (filled.parts.every((part) => typeof part === 'string')) return filled.parts.join('');
      return new TemplateNode(filled);
    }
    let complete = true;
    if (value.kind === 'list') {
      const list: ParamTree[] = [];
      for (const item of value.items) {
        const child = this.tree(item, axes);
        if (child === undefined) complete = false;
        else list.push(child);
      }
      return complete ? list : undefined;
    }
    const map: Record<string, ParamTree> = {};
    for (const [key, entry] of value.entries) {
      const child = this.tree(entry.value, axes);
      if (child === undefined) complete = false;
      else map[key] = child;
    }
    return complete ? map : undefined;
  }

  /** A value that is known before a run. */
  json(located: Located): Json | undefined {
    const tree = this.tree(located, NO_AXES);
    return tree === undefined
      ? undefined
      : fillTree(tree, () => {
          throw new Error('internal error: a hole where no axis is in view');
        });
  }

  /** A text with holes, such as a path. */
  template(located: Located, axes: AxisView, what: string): Template | undefined {
    const value = this.choose(located);
    if (!value) return undefined;
    if (value.kind === 'scalar' && typeof value.value === 'string') {
      const filled = this.text(value, axes);
      if (!filled || 'parts' in filled) return filled;
      if (typeof filled.json === 'string') return makeTemplate([filled.json]);
      this.findings.error('CF113', value.at, `${what} does not fit`, {
        expected: 'a text',
        got: describeJson(filled.json),
      });
      return undefined;
    }
    wrongKind(this.findings, value, what, 'a text');
    return undefined;
  }

  /** A text that is known before a run; numbers are taken as text. */
  staticText(located: Located, what: string): string | undefined {
    const json = this.json(located);
    if (json === undefined || typeof json === 'string') return json;
    if (typeof json === 'number' && located.kind === 'scalar')
      return located.value === json ? located.source : String(json);
    this.findings.error('CF113', located.at, `${what} does not fit`, {
      expected: 'a text',
      got: describeJson(json),
    });
    return undefined;
  }

  /** A text's pieces; a parameter that stands alone gives its typed value. */
  text(scalar: LocatedScalar, axes: AxisView): Template | { readonly json: Json } | undefined {
    return this.pieces(String(scalar.value), (from, to) => placeWithin(scalar, from, to), axes);
  }

  /** As `text`, for a part of a text; `place` gives the range of its characters. */
  pieces(
    text: string,
    place: (from: number, to: number) => Range,
    axes: AxisView,
  ): Template | { readonly json: Json } | undefined {
    if (!text.includes('${')) return { parts: text === '' ? [] : [text] };
    const pieces = splitHoles(text, place, this.findings);
    if (!pieces) return undefined;
    const [only] = pieces;
    if (pieces.length === 1 && typeof only === 'object' && only.path[0] === 'params') {
      const json = this.lookUp(only);
      return json === undefined || !this.spend(this.sizeOf(json), only.at) ? undefined : { json };
    }
    return this.fillPieces(pieces, place(0, text.length), axes);
  }

  private fillPieces(
    pieces: readonly (string | HolePiece)[],
    whole: Range,
    axes: AxisView,
  ): Template | undefined {
    const out: (string | Hole)[] = [];
    let length = 0;
    let sound = true;
    for (const piece of pieces) {
      const part =
        typeof piece === 'string'
          ? piece
          : piece.path[0] === 'params'
            ? this.paramText(piece)
            : this.holes.check(piece, axes, this.params.keys());
      if (part === undefined) sound = false;
      else out.push(part);
      length += typeof part === 'string' ? part.length : 0;
      if (length > LIMITS.scalar) {
        this.findings.error('CF103', whole, 'a text is too long once its parameters are in place', {
          expected: `at most ${LIMITS.scalar} characters`,
        });
        return undefined;
      }
    }
    return sound ? makeTemplate(out) : undefined;
  }

  private paramText(piece: HolePiece): string | undefined {
    const value = this.lookUp(piece);
    if (value === undefined) return undefined;
    if (typeof value !== 'object') return String(value);
    this.findings.error('CF126', piece.at, `'${piece.path.join('.')}' cannot stand within a text`, {
      expected: 'a text, a number, true or false',
      got: describeJson(value),
      hint: 'a parameter that stands alone keeps its type',
    });
    return undefined;
  }

  /** `params.a.b`, or undefined (reported) when there is no such parameter. */
  private lookUp(piece: HolePiece): Json | undefined {
    const [, name, ...fields] = piece.path;
    if (name === undefined || !this.params.has(name)) {
      this.findings.error('CF121', piece.at, `there is no parameter '${name ?? ''}'`, {
        expected: listNames(this.params.keys(), 'a parameter of params:, which declares none'),
        nearest:
          name === undefined ? undefined : near('params.', this.findings.nearest(name, this.params.keys())),
      });
      return undefined;
    }
    this.used.add(name);
    let value = this.param(name);
    let done = name;
    for (const field of fields) {
      if (value === undefined) return undefined;
      const map =
        typeof value === 'object' && value !== null && !Array.isArray(value)
          ? (value as Record<string, Json>)
          : null;
      if (!map || !Object.hasOwn(map, field)) {
        this.findings.error('CF121', piece.at, `the parameter '${done}' has no field '${field}'`, {
          expected: map ? listNames(Object.keys(map)) : undefined,
          got: map ? undefined : describeJson(value),
          nearest: map ? near(`params.${done}.`, this.findings.nearest(field, Object.keys(map))) : undefined,
        });
        return undefined;
      }
      value = map[field];
      done += `.${field}`;
    }
    return value;
  }

  /** Parameters can multiply what a small file says; what they put in place is bounded like the file itself. */
  private spend(nodes: number, at: Range): boolean {
    this.expanded += nodes;
    if (this.expanded <= 2 * LIMITS.nodes) return true;
    this.findings.error('CF103', at, 'too many values once parameters are in place', {
      expected: `at most ${2 * LIMITS.nodes}`,
    });
    return false;
  }

  private sizeOf(json: Json): number {
    if (typeof json !== 'object' || json === null) return 1;
    let size = this.sizes.get(json);
    if (size === undefined) {
      size = 1;
      for (const child of Object.values<Json>(json)) size += this.sizeOf(child);
      this.sizes.set(json, size);
    }
    return size;
  }

  /** The place of the value at `path` within `located`: as deep as it is written out. */
  placeOf(located: Located, path: readonly string[], ofKey = false): Range {
    let current = this.choose(located) ?? located;
    let at = current.at;
    for (const [depth, name] of path.entries()) {
      let next: Located | undefined;
      if (current.kind === 'map') {
        const entry = current.entries.get(name);
        if (ofKey && entry && depth === path.length - 1) return entry.keyAt;
        next = entry?.value;
      } else if (current.kind === 'list') next = current.items[Number(name)];
      if (!next) break;
      current = this.choose(next) ?? next;
      at = current.at;
    }
    return at;
  }
}
