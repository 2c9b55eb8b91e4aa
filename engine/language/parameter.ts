/**
 * Parameter: what a parameter's declaration asks of its value: `choices` and `path`. Not responsible for having it (scope.ts).
 */
import { resolve } from 'node:path';
import type { Json } from '../task.js';
import { wrongKind } from './fields.js';
import { listNames, type Findings } from './findings.js';
import { describeJson, toJson, type Located } from './located.js';

/** Reports a value that is not among `choices`. */
export function checkChoices(
  name: string,
  value: Json,
  located: Located,
  choices: Located | undefined,
  findings: Findings,
): void {
  if (!choices) return;
  if (choices.kind !== 'list') {
    wrongKind(findings, choices, `'choices' of '${name}'`, 'a list of values');
    return;
  }
  const allowed = choices.items.map(toJson);
  const text = JSON.stringify(value);
  if (allowed.some((choice) => JSON.stringify(choice) === text)) return;
  const names = allowed.map((choice) => (typeof choice === 'string' ? choice : JSON.stringify(choice)));
  findings.error('CF123', located.at, `the parameter '${name}' has a value outside its choices`, {
    expected: listNames(names),
    got: describeJson(value),
    nearest: typeof value === 'string' ? findings.nearest(value, names) : undefined,
  });
}

/** Relative paths start from the folder of the file that gives them, so that a base file may be extended from elsewhere. */
export function asPath(
  name: string,
  value: Json,
  located: Located,
  folder: string,
  findings: Findings,
): Json {
  if (typeof value === 'string') return resolve(folder, value);
  if (Array.isArray(value) && value.every((path) => typeof path === 'string')) {
    return value.map((path) => resolve(folder, path));
  }
  wrongKind(findings, located, `the path '${name}'`, 'a text, or a list of texts');
  return value;
}
