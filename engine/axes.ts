/**
 * AxisLoader: turns the source of an axis into items: a list, replicates, a column of an input, or a node's output.
 *
 * Not responsible for what depends on the axis (run.ts).
 */
import type { Column } from '../cache/column.js';
import type { Store } from '../cache/store.js';
import type { AxisState, Failure, NodeState } from './graph.js';
import { Status } from './graph.js';
import { InputFailure } from './input-failure.js';
import { itemId, type Item, type ItemRecord, type Scalar } from './item.js';
import { fillTemplate } from './language/template.js';
import type { RawFiles } from './raw.js';
import type { RunGraph } from './plan-graph.js';
import type { Reference, Workflow } from './workflow.js';

export class AxisLoader {
  private readonly loading = new Set<AxisState>();

  constructor(
    private readonly workflow: Workflow,
    private readonly store: Store,
    private readonly raw: RawFiles,
    private readonly graph: RunGraph,
  ) {}

  /** Resolves every axis whose source is known by now; reading happens in the background. */
  resolve(inBackground: (work: () => Promise<void>) => void): void {
    for (const state of this.graph.axes.values()) {
      if (state.items !== null || state.blocked !== null || this.loading.has(state)) continue;
      const { source } = state.axis;
      switch (source.how) {
        case 'list':
          state.resolve(source.items);
          break;
        case 'replicate':
          state.resolve(Array.from({ length: source.count }, (_, i) => i + 1));
          break;
        case 'table':
        case 'json': {
          const load = this.source(state, source.reference, source.how === 'table' ? source.column : null);
          if (!load) break;
          this.loading.add(state);
          inBackground(async () => {
            try {
              const items = await load();
              const problem = checkItems(items);
              if (problem) state.blocked = failureOf(state, problem);
              else state.resolve(items);
            } catch (error) {
              // An absent column, an object that is gone: the axis's own failure, not the run's.
              state.blocked = failureOf(state, error instanceof Error ? error.message : String(error));
            } finally {
              this.loading.delete(state);
            }
          });
        }
      }
    }
  }

  /** How to read the items, or null while the source is not finished (or is not to be had: then the axis is blocked). */
  private source(
    state: AxisState,
    reference: Reference,
    column: string | null,
  ): (() => Promise<Item[]>) | null {
    if ('input' in reference.source) return this.inputSource(state, reference.source.input, column);
    const producer = this.graph.nodes.get(reference.source.node)!;
    if (producer.blocked) {
      state.blocked = producer.blocked;
      return null;
    }
    if (!producer.opened) return null;
    const instance = fixedInstance(producer, reference);
    if (instance < 0) {
      state.blocked = failureOf(state, `'${producer.name}' has no instance of the items that are named`);
      return null;
    }
    const status = producer.status[instance];
    if (status === Status.failed || status === Status.skipped) {
      state.blocked = producer.failures.get(instance)!;
      return null;
    }
    const ref = producer.outputs[instance]?.[reference.source.port];
    if (!ref) return null;
    return async () => {
      if (ref.kind !== 'table') return this.store.artifacts.json(ref.digest) as Item[];
      const manifest = this.store.artifacts.manifest(ref.digest);
      const kept =
        column === null ? manifest.columns : manifest.columns.filter(({ name }) => name === column);
      if (column !== null && column !== manifest.id?.name && kept.length === 0) {
        throw new Error(`'${producer.name}' has no column '${column}'`);
      }
      const table = await this.store.artifacts.table({ ...manifest, columns: kept });
      if (column === null) return records(table.id?.values ?? null, table.columns, table.rows);
      return distinct(
        column === table.id?.name ? { type: 'text', values: table.id.values } : table.columns.get(column)!,
      );
    };
  }

  private inputSource(state: AxisState, name: string, column: string | null): (() => Promise<Item[]>) | null {
    const input = this.workflow.inputs.get(name)!;
    const path = String(fillTemplate(input.path, {}));
    const table = this.raw.table(path, input.read);
    const failure = this.raw.failureOf(path) ?? table.failure;
    if (failure) {
      state.blocked = { failure, root: { node: name, item: '' } };
      return null;
    }
    const names =
      column === null
        ? this.raw.header(table)?.columns.map(({ name: each }) => each)
        : column === input.read.id
          ? []
          : [column];
    let manifest;
    try {
      manifest = names && this.raw.columns(table, names);
    } catch (error) {
      if (!(error instanceof InputFailure)) throw error;
      state.blocked = { failure: error.failure, root: { node: name, item: '' } };
      return null;
    }
    if (!manifest) return null;
    return async () => {
      const { id, columns, rows } = await this.store.artifacts.table(manifest);
      if (column === null) return records(id?.values ?? null, columns, rows);
      return distinct(columns.get(column) ?? { type: 'text', values: id?.values ?? [] });
    };
  }
}

function fixedInstance(producer: NodeState, reference: Reference): number {
  let instance = 0;
  for (const [p, select] of reference.select.entries()) {
    if (select.how !== 'fixed') continue;
    const at = producer.axes[p]!.position(select.item);
    if (at < 0) return -1;
    instance += at * producer.strides[p]!;
  }
  return instance;
}

function distinct(column: Column): Item[] {
  return column.type === 'number'
    ? [...new Set(column.values)].filter((value) => !Number.isNaN(value))
    : [...new Set(column.values)].filter((value) => value !== null);
}

function records(
  ids: readonly string[] | null,
  columns: ReadonlyMap<string, Column>,
  rows: number,
): ItemRecord[] {
  return Array.from({ length: rows }, (_, row) => {
    const fields: Record<string, Scalar | null> = {};
    for (const [name, column] of columns) {
      const value = column.values[row] ?? null;
      fields[name] = typeof value === 'number' && Number.isNaN(value) ? null : value;
    }
    const id = ids?.[row] ?? fields['id'] ?? '';
    return { ...fields, id };
  });
}

/** What is wrong with items that came from data, or null. */
function checkItems(items: unknown): string | null {
  if (!Array.isArray(items)) return 'expected a list of items';
  const seen = new Map<string, string>();
  for (const item of items as unknown[]) {
    const id: unknown = typeof item === 'object' && item !== null ? (item as { id?: unknown }).id : item;
    if ((typeof id !== 'string' && typeof id !== 'number' && typeof id !== 'boolean') || id === '') {
      return `expected a text or a number, or a record with an 'id', got ${JSON.stringify(item)}`;
    }
    const before = seen.get(String(id));
    if (before === typeof id) return `the item ${JSON.stringify(id)} occurs twice`;
    if (before !== undefined) return `the items ${String(id)} and "${String(id)}" differ only in type`;
    seen.set(String(itemId(item as Item)), typeof id);
  }
  return null;
}

function failureOf(state: AxisState, problem: string): Failure {
  return {
    failure: { kind: 'task', message: `axis '${state.name}': ${problem}`, log: [] },
    root: { node: `axis ${state.name}`, item: '' },
  };
}
