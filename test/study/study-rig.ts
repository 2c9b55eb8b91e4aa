/**
 * The rig of the study's tests: a workflow loaded and run with real worker processes on a store of the test's own, and what ran.
 * Not responsible for what the study should find (the tests).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Store } from '../../cache/store.js';
import { loadWorkflow } from '../../engine/language/load.js';
import { WorkerPool } from '../../engine/pool.js';
import { readGroup } from '../../engine/record.js';
import { runStudy, type StudyOutcome } from '../../engine/study.js';
import type { Workflow } from '../../engine/workflow.js';
import { registry } from '../../tasks/registry.js';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A workflow of the project. */
export const workflowFile = (name: string): string => at(`../../workflows/${name}.yaml`);

/** `workflows/demo.yaml` at a size that can be run over and over. */
export const TINY = at('tiny.yaml');

export type Sets = Readonly<Record<string, string>>;

/** As few items of tiny.yaml as there can be. */
export const LEAST: Sets = {
  'params.people': '{ imaging: 450, target: 1000 }',
  'params.folds.k': '2',
  'nodes.simulation.with.genome': '{ variants: 800, regions: 10 }',
  'nodes.simulation.with.idps': '{ t1: 1, swi: 1, cardiac: 1 }',
  'nodes.simulation.with.diseases': '{ count: 3, categories: 3, incidence: 0.1 }',
  // More SNPs than p < 0.001 gives at this size: in no fold an IDP goes without.
  'params.gwas_p': '0.05',
};

/** Targets that need everything but figures. */
export const TABLES = [
  'outcome_counts',
  'harmonised_sum',
  'ld_sum',
  'accuracy_table',
  'effective_rank',
  'scores',
  'categories',
  'comparison',
  'prediction_tests',
  'prediction_tests_corrected',
];

export interface Ran {
  readonly outcome: StudyOutcome;
  /** Instances that were computed, by node; nodes of which nothing ran are absent. */
  readonly ran: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
}

/** A workflow with values of `--set`, and what is wrong with it. */
export function loaded(file: string, sets: Sets): ReturnType<typeof loadWorkflow> {
  return loadWorkflow({
    file,
    sets: Object.entries(sets).map(([path, value]) => ({ path, value })),
    registry,
  });
}

export class StudyRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'cohortflow-study-'));
  readonly storeFolder = join(this.folder, 'store');
  readonly store = new Store(this.storeFolder);

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** The workflow, publishing to the folder `results` of this study. Throws when anything is wrong with it. */
  load(file: string, sets: Sets = {}, results = 'results'): Workflow {
    const { workflow, diagnostics } = loaded(file, sets);
    if (!workflow || diagnostics.some(({ severity }) => severity === 'error'))
      throw new Error(diagnostics.map((d) => d.message).join('\n'));
    return { ...workflow, publishTo: this.path(results) };
  }

  async run(workflow: Workflow, targets: readonly string[] = []): Promise<Ran> {
    const warnings: string[] = [];
    const outcome = await runStudy({
      workflow,
      store: this.store,
      executor: new WorkerPool({
        entry: new URL('../../dist/cli/worker.js', import.meta.url),
        objectFolder: join(this.storeFolder, 'objects'),
        size: 2,
      }),
      memory: 2 ** 33,
      failFast: false,
      targets,
      signal: new AbortController().signal,
      onEvent: (event) => {
        if (event.type === 'warning') warnings.push(`${event.node}: ${event.message}`);
      },
    });
    const ran = outcome.nodes.flatMap(({ node, ran: count }) => (count > 0 ? [[node, count] as const] : []));
    return { outcome, ran: Object.fromEntries(ran), warnings };
  }

  /** Digests of all outputs of a run: `node[item].port`. */
  digests(run: number): Record<string, string> {
    const digests: Record<string, string> = {};
    for (const { node, manifest } of this.store.index.runs.nodes(run)) {
      const group = readGroup(manifest, this.store);
      for (let i = 0; i < group.header.count; i++)
        for (const [port, ref] of Object.entries(group.outputs(i, this.store) ?? {}))
          digests[`${node}[${group.itemText(i)}].${port}`] = ref.digest;
    }
    return digests;
  }

  /** A published table, by the names of its columns. */
  table(path: string, results = 'results'): Record<string, string>[] {
    const separator = path.endsWith('.tsv') ? '\t' : ',';
    const [names, ...rows] = readFileSync(this.path(results, path), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => cells(line, separator));
    return rows.map((row) => Object.fromEntries(row.map((cell, i) => [names![i]!, cell])));
  }

  close(): void {
    this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The cells of a line of CSV; texts with separators are in quotes, and no text has a line break. */
function cells(line: string, separator: string): string[] {
  const found = [
    ...line.matchAll(new RegExp(`(?:^|${separator})(?:"((?:[^"]|"")*)"|([^${separator}]*))`, 'g')),
  ];
  return found.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

/** The nodes that read the named ones, directly or not, and they themselves: what a change can reach, from the workflow alone. */
export function downstream(workflow: Workflow, names: readonly string[]): Set<string> {
  const found = new Set(names);
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const node of workflow.nodes.values()) {
      const text = JSON.stringify([...node.inputs.values()], (_, value: unknown) =>
        value instanceof Map ? [...value.values()] : value,
      );
      if ([...found].some((name) => text.includes(`{"node":${JSON.stringify(name)},`))) found.add(node.name);
    }
  }
  return found;
}
