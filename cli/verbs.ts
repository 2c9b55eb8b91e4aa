/** The verbs, in the order in which help lists them. Each is loaded when it is used. */
import type { AnyVerb } from './verb.js';

export interface VerbEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly verb: AnyVerb }>;
}

export const VERBS: readonly VerbEntry[] = [
  {
    name: 'validate',
    summary: 'check a workflow without running anything',
    load: () => import('./validate.js'),
  },
  { name: 'plan', summary: 'say what would run, and why', load: () => import('./plan.js') },
  { name: 'run', summary: 'run what is missing and publish the results', load: () => import('./run.js') },
  { name: 'watch', summary: 'run again whenever a file changes', load: () => import('./watch.js') },
  { name: 'status', summary: 'list the last runs and what failed', load: () => import('./status.js') },
  { name: 'why', summary: 'say why a node ran, would run or is fresh', load: () => import('./why.js') },
  {
    name: 'lineage',
    summary: 'follow a result up to raw files, or down to published ones',
    load: () => import('./lineage.js'),
  },
  { name: 'diff', summary: 'compare two runs: parameters and results', load: () => import('./diff.js') },
  { name: 'logs', summary: 'print what tasks logged', load: () => import('./logs.js') },
  { name: 'show', summary: 'preview a result', load: () => import('./show.js') },
  { name: 'query', summary: 'ask results in SQL', load: () => import('./query.js') },
  { name: 'export', summary: 'write results to files', load: () => import('./export.js') },
  { name: 'pin', summary: 'name a run and keep it', load: () => import('./pin.js') },
  { name: 'unpin', summary: 'let a named run go', load: () => import('./unpin.js') },
  { name: 'tasks', summary: 'list the tasks, or describe one', load: () => import('./tasks.js') },
  { name: 'schema', summary: 'print the JSON schema of workflow files', load: () => import('./schema.js') },
  { name: 'gc', summary: 'remove what no kept run needs', load: () => import('./gc.js') },
  {
    name: 'verify',
    summary: 'check every object of the store for damage',
    load: () => import('./verify.js'),
  },
  { name: 'doctor', summary: 'check this installation and machine', load: () => import('./doctor.js') },
];
