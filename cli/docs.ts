/**
 * Writes the pages that come from the task definitions: docs/tasks.md and workflows/cohortflow.schema.json (`npm run docs`).
 * A test fails when they are stale.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { workflowSchema } from '../engine/language/editor-schema.js';
import type { Registry } from '../engine/task.js';
import { registry } from '../tasks/registry.js';
import { cataloguePage } from './catalogue.js';

/** Path from the project's root, and text. */
export async function generatedPages(tasks: Registry): Promise<Record<string, string>> {
  // Only where the project is developed: the package does not depend on it.
  const { format } = await import('prettier');
  return {
    'docs/tasks.md': await format(cataloguePage(tasks), { parser: 'markdown' }),
    'workflows/cohortflow.schema.json': `${JSON.stringify(workflowSchema(tasks), null, 2)}\n`,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let root = dirname(process.argv[1]);
  while (!existsSync(join(root, 'package.json'))) root = dirname(root);
  for (const [path, text] of Object.entries(await generatedPages(registry))) {
    writeFileSync(join(root, path), text);
    process.stdout.write(`${path}\n`);
  }
}
