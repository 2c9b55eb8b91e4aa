import { Ajv, type ValidateFunction } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { workflowSchema } from '../../../engine/language/editor-schema.js';
import { FULL } from './full.js';
import { study, TOYS } from './toys.js';

const schema = workflowSchema(TOYS);

function validator(): ValidateFunction {
  const ajv = new Ajv({ allErrors: true, strict: false, logger: false });
  return ajv.compile(schema as object);
}

describe('the schema for editors', () => {
  const validate = validator();
  const wrong = (body: string): string[] => {
    validate(parse(study(body)));
    return [...new Set((validate.errors ?? []).map((error) => error.instancePath))];
  };

  test('accepts a workflow that uses everything', () => {
    expect(wrong(FULL)).toEqual([]);
  });

  test('accepts templates and choose where values of other types belong', () => {
    const node = (parameters: string): string =>
      `nodes:\n  z: { task: scale.zscore, with: { ${parameters} } }\n`;
    expect(wrong(node('ddof: "${params.k}"'))).toEqual([]);
    expect(wrong(node('ddof: { choose: "${params.k}", of: { a: 1 } }'))).toEqual([]);
    expect(wrong(node('columns: [age, "${trait}"]'))).toEqual([]);
    expect(wrong('extends: base.yaml\nnodes:\n  z: { with: { ddof: null } }\n  y: null\n')).toEqual([]);
  });

  test('refuses what the loader would: keys, tasks, ports, parameters', () => {
    expect(wrong('node: {}\n')).toEqual(['']);
    expect(wrong('nodes:\n  z: { task: scale.zscor }\n')).toContain('/nodes/z/task');
    expect(wrong('nodes:\n  z: { task: scale.zscore, in: { tabel: a } }\n')).toContain('/nodes/z/in');
    expect(wrong('nodes:\n  z: { task: scale.zscore, with: { dof: 1 } }\n')).toContain('/nodes/z/with');
    expect(wrong('nodes:\n  z: { task: scale.zscore, with: { ddof: 7 } }\n')).toContain('/nodes/z/with/ddof');
    expect(wrong('axes:\n  t: { itms: [1] }\n')).toContain('/axes/t');
  });

  test('explains tasks, ports and parameters, and offers every task', () => {
    const text = JSON.stringify(schema);
    for (const task of TOYS.names()) expect(text).toContain(`"const":"${task}"`);
    expect(text).toContain('degrees of freedom');
    expect(text).toContain('whom to keep (samples, optional)');
  });

  test('is the same whatever the order of the tasks', () => {
    expect(JSON.stringify(workflowSchema(TOYS))).toBe(JSON.stringify(schema));
  });
});
