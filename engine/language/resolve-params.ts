/**
 * Resolves a node's parameters at its items: holes filled, the task's defaults in place, checked against its schema.
 *
 * Fast enough for 100,000 instances: a schema is compiled once per task, a tree without holes is resolved once.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Diagnostic, Range } from '../diagnostic.js';
import { nearestName } from '../diagnostic.js';
import type { Json, TaskType } from '../task.js';
import { TemplateNode } from '../workflow.js';
import type { ErrorCode } from './codes.js';
import { listNames, makeDiagnostic, type Details } from './findings.js';
import { describeJson } from './located.js';
import { fillTemplate, fillTree, isTreeMap, templatesOf, type Items, type TreeMap } from './template.js';

export type Params = Readonly<Record<string, Json>>;
export type ResolvedParams = { readonly params: Params } | { readonly diagnostics: readonly Diagnostic[] };

/** Something wrong with parameters, at `path` in them. */
export interface ParameterProblem {
  readonly code: ErrorCode;
  readonly path: readonly string[];
  /** The key at the end of `path` is what is wrong, not its value. */
  readonly ofKey: boolean;
  readonly message: string;
  readonly details: Details;
  /** The parameter that is missing (CF163). */
  readonly missing?: string;
}

/** Where the parts of a node's `with` stand in the workflow's files. */
export type Places = (path: readonly string[], ofKey?: boolean) => Range | null;

const places = new WeakMap<TreeMap, Places>();
const validators = new WeakMap<TaskType, ValidateFunction>();
const withoutHoles = new WeakMap<TreeMap, Map<TaskType, ResolvedParams>>();
const holeCounts = new WeakMap<TreeMap, number>();
let ajv: Ajv | undefined;

/** Remembers where a tree was written, for the findings of `resolveParams`. */
export function rememberPlaces(tree: TreeMap, at: Places): void {
  places.set(tree, at);
}

export function placesOf(tree: TreeMap): Places {
  return places.get(tree) ?? (() => null);
}

function makeAjv(): Ajv {
  const made = new Ajv({
    allErrors: true,
    useDefaults: true,
    verbose: true,
    ownProperties: true,
    validateFormats: false,
    strict: false,
    // A misspelt keyword in a task's schema is a bug: it throws when the task is first used.
    strictSchema: true,
  });
  // The parameter names columns of the table on that port; checked by columns.ts, not by ajv.
  made.addKeyword({ keyword: 'x-columns-of', schemaType: 'string' });
  return made;
}

function validatorOf(task: TaskType): ValidateFunction {
  let validate = validators.get(task);
  if (!validate) {
    ajv ??= makeAjv();
    validate = ajv.compile(task.params);
    validators.set(task, validate);
  }
  return validate;
}

/**
 * The parameters of one instance.
 * @param tree `with` of a node, as it stands in the Workflow.
 * @param items the instance's item for each axis of the node.
 */
export function resolveParams(task: TaskType, tree: TreeMap, items: Items): ResolvedParams {
  let holes = holeCounts.get(tree);
  if (holes === undefined) {
    holes = [...templatesOf(tree)].length;
    holeCounts.set(tree, holes);
  }
  if (holes > 0) return resolveOnce(task, tree, items);
  let byTask = withoutHoles.get(tree);
  if (!byTask) withoutHoles.set(tree, (byTask = new Map<TaskType, ResolvedParams>()));
  let resolved = byTask.get(task);
  if (!resolved) byTask.set(task, (resolved = resolveOnce(task, tree, items)));
  return resolved;
}

function resolveOnce(task: TaskType, tree: TreeMap, items: Items): ResolvedParams {
  const at = placesOf(tree);
  let params: Record<string, Json>;
  try {
    params = fillTree(tree, (template) => fillTemplate(template, items)) as Record<string, Json>;
  } catch (error) {
    // Fields of dynamic items are known only now.
    const message = error instanceof Error ? error.message : String(error);
    const [path] = firstUnfillable(tree, items);
    return { diagnostics: [makeDiagnostic('error', 'CF126', at(path), message)] };
  }
  const problems = parameterProblems(task, params);
  if (problems.length === 0) return { params };
  return {
    diagnostics: problems.map(({ code, path, ofKey, message, details }) =>
      makeDiagnostic('error', code, at(path, ofKey), message, details),
    ),
  };
}

function firstUnfillable(tree: TreeMap, items: Items): [readonly string[]] {
  for (const [path, template] of templatesOf(tree)) {
    try {
      fillTemplate(template, items);
    } catch {
      return [path];
    }
  }
  return [[]];
}

/** Checks `params` against the task's schema and fills in its defaults (in place). */
export function parameterProblems(task: TaskType, params: Record<string, Json>): ParameterProblem[] {
  const validate = validatorOf(task);
  if (validate(params)) return [];
  const errors = validate.errors ?? [];
  const alternatives = errors.filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf');
  const told = new Set(errors.filter((error) => error.keyword !== 'if'));
  for (const alternative of alternatives) {
    const within = errors.filter((error) => error.schemaPath.startsWith(`${alternative.schemaPath}/`));
    const meant = meantAlternative(alternative);
    // Of a map that is nearly one of the alternatives, what it lacks; of anything else, what the alternatives are together.
    if (meant === null) for (const error of within) told.delete(error);
    else {
      told.delete(alternative);
      for (const error of within) {
        if (!error.schemaPath.startsWith(`${alternative.schemaPath}/${meant}/`)) told.delete(error);
      }
    }
  }
  const problems = [...told].map((error) => problemOf(task, error));
  // A misspelt key is told once, not also as the missing one.
  return problems.filter(
    ({ code, missing }) => code !== 'CF163' || !problems.some(({ details }) => details.nearest === missing),
  );
}

/** The position of the alternative whose fields a map comes nearest to; null when the value is no map, or like none of them. */
function meantAlternative(error: ErrorObject): number | null {
  const data = error.data as Json;
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return null;
  const branches = error.schema as readonly { readonly properties?: Record<string, Json> }[];
  const scores = branches.map(({ properties = {} }) => {
    const known = Object.keys(properties);
    const like = Object.keys(data).filter(
      (key) => known.includes(key) || nearestName(key, known) !== undefined,
    );
    return like.length;
  });
  const best = Math.max(...scores);
  return best > 0 && scores.filter((score) => score === best).length === 1 ? scores.indexOf(best) : null;
}

function problemOf(task: TaskType, error: ErrorObject): ParameterProblem {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const name = path.join('.');
  const schema = error.parentSchema as Record<string, Json> | undefined;
  const within = name === '' ? `of ${task.name}` : `in '${name}' of ${task.name}`;
  if (error.keyword === 'additionalProperties') {
    const key = String((error.params as { additionalProperty: unknown }).additionalProperty);
    const known = Object.keys((schema?.['properties'] as Record<string, Json> | undefined) ?? {});
    return {
      code: 'CF162',
      path: [...path, key],
      ofKey: true,
      message:
        name === ''
          ? `${task.name} has no parameter '${key}'`
          : `'${name}' of ${task.name} has no field '${key}'`,
      details: { expected: listNames(known, 'no parameters'), nearest: nearestName(key, known) },
    };
  }
  if (error.keyword === 'required') {
    const key = String((error.params as { missingProperty: unknown }).missingProperty);
    const property = (schema?.['properties'] as Record<string, Json> | undefined)?.[key];
    return {
      code: 'CF163',
      path,
      ofKey: false,
      message: `the parameter '${key}' ${within} is missing`,
      details: { expected: `'${key}': ${describeSchema(property ?? {})}` },
      missing: key,
    };
  }
  const data = error.data as Json;
  const choices = schema?.['enum'];
  const names = Array.isArray(choices) ? (choices as readonly Json[]).map(String) : [];
  const special =
    error.keyword === 'uniqueItems' ? 'a list without duplicates' : describeSchema(schema ?? {});
  return {
    code: 'CF164',
    path,
    ofKey: false,
    message: `the parameter '${name}' of ${task.name} does not fit`,
    details: {
      expected: special,
      got: describeSize(data, error.keyword),
      nearest: typeof data === 'string' ? nearestName(data, names) : undefined,
    },
  };
}

function describeSize(data: Json, keyword: string): string {
  if (keyword === 'minItems' || keyword === 'maxItems')
    return `a list of ${(data as readonly Json[]).length}`;
  if (keyword === 'minProperties' || keyword === 'maxProperties')
    return `a map of ${Object.keys(data as object).length}`;
  return describeJson(data);
}

/** A JSON schema in words: "a whole number ≥ 1", "one of 'a', 'b'". */
export function describeSchema(schema: Json): string {
  if (!isTreeMap(schema) || schema instanceof TemplateNode) return 'a value';
  const map = schema as Record<string, Json>;
  if ('const' in map)
    return typeof map['const'] === 'string' ? `'${map['const']}'` : JSON.stringify(map['const']);
  if (Array.isArray(map['enum'])) {
    const values = (map['enum'] as readonly Json[]).map((value) =>
      typeof value === 'string' ? `'${value}'` : JSON.stringify(value),
    );
    return values.length === 1 ? values[0]! : `one of ${values.join(', ')}`;
  }
  const alternatives = map['anyOf'] ?? map['oneOf'];
  if (Array.isArray(alternatives))
    return [...new Set((alternatives as readonly Json[]).map(describeAlternative))].join(', or ');
  const types = Array.isArray(map['type']) ? (map['type'] as readonly string[]) : [map['type'] as string];
  return types.map((type) => describeType(type, map)).join(' or ');
}

/** Alternatives that are maps are told apart by their fields. */
function describeAlternative(schema: Json): string {
  const fields = (schema as Record<string, Json>)['properties'];
  return isTreeMap(fields ?? null)
    ? `{ ${Object.keys(fields as object).join(', ')} }`
    : describeSchema(schema);
}

function describeType(type: string, schema: Record<string, Json>): string {
  const bounds = [
    bound(schema, 'minimum', '≥'),
    bound(schema, 'exclusiveMinimum', '>'),
    bound(schema, 'maximum', '≤'),
    bound(schema, 'exclusiveMaximum', '<'),
  ].filter((text) => text !== '');
  const range = bounds.length === 0 ? '' : ` ${bounds.join(' and ')}`;
  switch (type) {
    case 'integer':
      return `a whole number${range}`;
    case 'number':
      return `a number${range}`;
    case 'string':
      return typeof schema['pattern'] === 'string'
        ? `a text like /${schema['pattern']}/`
        : schema['minLength'] === 1
          ? 'a text that is not empty'
          : 'a text';
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'array': {
      const size = [bound(schema, 'minItems', '≥'), bound(schema, 'maxItems', '≤')]
        .filter((text) => text !== '')
        .join(' and ');
      const of = schema['items'] === undefined ? '' : `, each ${describeSchema(schema['items'])}`;
      return `a list${size === '' ? '' : ` of ${size} entries`}${of}`;
    }
    case 'object': {
      const values = schema['additionalProperties'];
      return isTreeMap(values ?? null) ? `a map, each value ${describeSchema(values!)}` : 'a map';
    }
    default:
      return 'a value';
  }
}

function bound(schema: Record<string, Json>, key: string, sign: string): string {
  return typeof schema[key] === 'number' ? `${sign} ${schema[key]}` : '';
}
