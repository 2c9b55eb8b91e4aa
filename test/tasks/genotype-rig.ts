/** Tasks that make genotype views, and their outputs as the views that other tasks take. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Table } from '../../cache/table.js';
import type { Json, View } from '../../engine/task.js';
import { genotypesSelect } from '../../tasks/genotypes-select.js';
import { genotypesView } from '../../tasks/genotypes-view.js';
import { runTask, type Given, type Ran } from './context.js';

export interface Made extends Ran {
  readonly view: View;
}

let made = 0;

/** The view that a task handed out, with its index files in `folder` and the files that it names at `files`. */
export function asMade(
  ran: Ran,
  folder: string,
  files: Readonly<Record<string, string>>,
  of: readonly View[],
): Made {
  const output = ran.outputs['genotypes']!;
  if (output.kind !== 'view') throw new Error('the task made no view');
  const index = Object.fromEntries(
    ['people_index', 'variant_index'].map((port) => {
      const path = join(folder, `${port}.${made++}.tsv`);
      writeFileSync(path, ran.text(port));
      return [port, path];
    }),
  );
  return { ...ran, view: { recipe: output.recipe, files: { ...files, ...index }, of } };
}

/** `genotypes.view` of the files at these paths, by role. */
export async function viewOf(
  folder: string,
  paths: Readonly<Record<string, string>>,
  params: Readonly<Record<string, Json>> = {},
  inputs: Readonly<Record<string, Given>> = {},
): Promise<Made> {
  const files = Object.fromEntries(Object.entries(paths).map(([role, path]) => [role, { path }]));
  return asMade(await runTask(genotypesView, { params, inputs: { ...files, ...inputs } }), folder, paths, []);
}

export const bedPaths = (prefix: string): Record<string, string> => ({
  bed: `${prefix}.bed`,
  bim: `${prefix}.bim`,
  fam: `${prefix}.fam`,
});

/** `genotypes.select`. */
export async function selectOf(
  folder: string,
  { view }: { readonly view: View },
  inputs: { readonly variants?: Table; readonly samples?: Table },
): Promise<Made> {
  const ran = await runTask(genotypesSelect, { inputs: { genotypes: { view }, ...inputs } });
  return asMade(ran, folder, {}, [view]);
}
