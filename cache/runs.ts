/**
 * Runs: which studies were run on a store, how each ended, what it gave (a manifest for each node), and which are kept by name.
 *
 * They lie in the index's file. Not responsible for the results themselves (index.ts).
 */
import type { Digest } from './artifact.js';
import type { Statements, StoredRun } from './layout.js';

export interface RunRow {
  readonly id: number;
  readonly workflow: string;
  readonly file: string;
  readonly started: number;
  readonly ended: number | null;
  readonly status: 'running' | 'done' | 'failed' | 'interrupted';
  /** Digest of the resolved graph (a JSON object). */
  readonly graph: Digest;
  readonly summary: unknown;
}

/** Runs that are read from the index at once. */
const AT_ONCE = 20;

const runRow = (row: StoredRun): RunRow => ({
  ...row,
  graph: row.graph.toString('hex'),
  summary: JSON.parse(row.summary) as unknown,
});

const toBlob = (digest: Digest): Buffer => Buffer.from(digest, 'hex');

export class Runs {
  constructor(private readonly statements: Statements) {}

  start(run: { workflow: string; file: string; graph: Digest }): number {
    return Number(
      this.statements.startRun.run(run.workflow, run.file, Date.now(), 'running', toBlob(run.graph), '{}')
        .lastInsertRowid,
    );
  }

  end(id: number, status: RunRow['status'], summary: unknown): void {
    this.statements.endRun.run(Date.now(), status, JSON.stringify(summary), id);
  }

  addNode(run: number, node: string, manifest: Digest): void {
    this.statements.addRunNode.run(run, node, toBlob(manifest));
  }

  remove(id: number): void {
    this.statements.removeRunNodes.run(id);
    this.statements.removeRun.run(id);
  }

  /** Runs that are kept whatever their age, with their names. */
  pins(): { run: number; name: string }[] {
    return this.statements.pins.all();
  }

  pin(run: number, name: string): void {
    this.statements.pin.run(run, name);
  }

  unpin(run: number): void {
    this.statements.unpin.run(run);
  }

  /** Newest first; of one workflow when named; all when `limit` is −1. */
  list(workflow: string | null, limit: number): RunRow[] {
    return this.statements.runs.all(workflow, workflow, limit).map(runRow);
  }

  /** All of them, newest first, read as they are asked for. */
  *each(workflow: string | null): Generator<RunRow> {
    for (let before = Number.MAX_SAFE_INTEGER; ;) {
      const rows = this.statements.runsBefore.all(workflow, workflow, before, AT_ONCE);
      for (const row of rows) yield runRow(row);
      const last = rows.at(-1);
      if (!last) return;
      before = last.id;
    }
  }

  get(id: number): RunRow | null {
    const row = this.statements.run.get(id);
    return row ? runRow(row) : null;
  }

  /** The last run of a workflow that ended. */
  last(workflow: string): number | null {
    return this.statements.lastRun.get(workflow) ?? null;
  }

  /** The name under which the newest run of a file was recorded. */
  workflowOfFile(file: string): string | null {
    return this.statements.workflowOfFile.get(file) ?? null;
  }

  node(run: number, node: string): Digest | null {
    return this.statements.runNode.get(run, node)?.toString('hex') ?? null;
  }

  nodes(run: number): { node: string; manifest: Digest }[] {
    return this.statements.runNodes
      .all(run)
      .map((row) => ({ node: row.node, manifest: row.manifest.toString('hex') }));
  }
}
