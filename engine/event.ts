/**
 * Event: what a run tells while it goes. Rendering is the command line's.
 */
import type { Failure } from './graph.js';

export type Event =
  | { readonly type: 'start'; readonly run: number | null; readonly workflow: string; readonly nodes: number }
  | { readonly type: 'reading'; readonly path: string; readonly what: string }
  | { readonly type: 'node-start'; readonly node: string; readonly due: number; readonly reason: string }
  | { readonly type: 'node-end'; readonly node: string; readonly summary: NodeSummary }
  | { readonly type: 'failure'; readonly node: string; readonly item: string; readonly failure: Failure }
  | { readonly type: 'warning'; readonly node: string; readonly item: string; readonly message: string };

export interface NodeSummary {
  readonly node: string;
  readonly task: string;
  /** Instances; −1 while an axis is unknown. */
  readonly instances: number;
  readonly fresh: number;
  readonly ran: number;
  readonly failed: number;
  readonly skipped: number;
  /** Neither computed nor failed: the run was stopped before. In a plan: what would run. */
  readonly open: number;
  /** Plan only: instances that may run. */
  readonly unsure: number;
  /** Computed, with outputs equal to the last run's: what depends on it is cut off. */
  readonly unchanged: number;
  /** Sum over instances. */
  readonly seconds: number;
  /** Why instances were computed: text → how many. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly warnings: readonly { readonly item: string; readonly message: string }[];
}
