import { Ajv } from 'ajv';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PORT_TYPES } from '../../engine/port.js';
import type { TaskType } from '../../engine/task.js';
import { registry } from '../../tasks/registry.js';

const tasks: TaskType[] = registry.names().map((name) => registry.get(name)!);
const ajv = new Ajv({ allowUnionTypes: true, strict: true, strictRequired: false });

describe.each(tasks.map((task) => [task.name, task] as const))('%s', (name, task) => {
  it('is named room.verb and stands in a file of its own', () => {
    expect(name).toMatch(/^[a-z]+\.[a-z_]+$/);
    const file = fileURLToPath(new URL(`../../tasks/${name.replace(/[._]/g, '-')}.ts`, import.meta.url));
    expect(existsSync(file), file).toBe(true);
  });

  it('says what it does, in a sentence and in more', () => {
    expect(task.summary).toMatch(/^[A-Z].*\.$/);
    expect(task.details?.length ?? 0).toBeGreaterThan(20);
    expect(task.version).toBeGreaterThanOrEqual(1);
  });

  it('describes every parameter, with a valid default unless it is required', () => {
    const required = new Set(task.params.required ?? []);
    for (const [parameter, schema] of Object.entries(task.params.properties)) {
      const { description, default: value } = schema as { description?: string; default?: unknown };
      expect(description, parameter).toMatch(/\S/);
      expect(value === undefined, `${parameter} is required or has a default`).toBe(required.has(parameter));
      if (value !== undefined) expect(ajv.validate(schema as object, value), parameter).toBe(true);
    }
    expect(() => ajv.compile(task.params)).not.toThrow();
  });

  it('describes every port; `reads` and `batch` speak of ports that exist', () => {
    for (const [port, input] of Object.entries(task.inputs)) {
      expect(input.summary, port).toMatch(/\.$/);
      if (input.reads) expect(PORT_TYPES[input.type], port).toBe('table');
    }
    for (const [port, { summary }] of Object.entries(task.outputs)) expect(summary, port).toMatch(/\.$/);
    expect(Object.keys(task.outputs).length).toBeGreaterThan(0);
    if ('batch' in task) {
      for (const port of task.batch.shared) expect(task.inputs, port).toHaveProperty(port);
      for (const parameter of task.batch.varies) expect(task.params.properties).toHaveProperty(parameter);
    }
  });
});
