/**
 * TaskType: what a task is to the engine. The only engine module that tasks import.
 *
 * A task is a pure function of what it reads, its parameters and its seed. Not responsible for running it (worker.ts,
 * queue.ts) nor for its key (key.ts).
 */
import type { ArtifactKind } from '../cache/artifact.js';
import type { NdArray } from '../cache/array.js';
import type { Column } from '../cache/column.js';
import type { Table, TableSchema } from '../cache/table.js';
import type { Scalar } from './item.js';
import type { PortType } from './port.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** JSON Schema of a task's parameters. Every property has a `description`, and a `default` unless it is required. */
export interface ParameterSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
  readonly additionalProperties: false;
}

export interface InputPort {
  readonly type: PortType;
  readonly summary: string;
  readonly optional?: true;
  /** Takes every instance of an axis (`[*]`), each with its item. */
  readonly gather?: true;
  /** A gather that may hold nothing. */
  readonly allowEmpty?: true;
  /** Takes a map of names to references; the names are content (they name modalities, say). */
  readonly named?: true;
  /** The task reads the columns of this port's table one at a time, by `context.columns`: none is loaded before. */
  readonly columnwise?: true;
  /**
   * The columns that the task reads of each table on this port, given its parameters; every column when absent. The id
   * column is always read. Only these columns (and the number of rows) reach the key.
   */
  reads?(params: never, schema: TableSchema): readonly string[];
}

export interface OutputPort {
  readonly type: PortType;
  readonly summary: string;
}

export interface Resources {
  /** Cores in use at once; 1 when absent. */
  readonly cores?: number;
  /** Peak resident bytes above an idle worker; 256 MiB when absent. */
  readonly memory?: number;
}

/** What arrived at a port, as the scheduler sees it before anything is read. */
export type InputShapes = Readonly<
  Record<string, readonly { readonly rows: number; readonly columns: number }[]>
>;

interface TaskTypeBase<P> {
  /** `room.verb`, such as `impute.knn`. */
  readonly name: string;
  /** Raised whenever the task's output changes for some input. Part of the key. */
  readonly version: number;
  /** One sentence for the catalogue. */
  readonly summary: string;
  /** What a user should know more: definition, source, edge cases (Markdown). */
  readonly details?: string;
  readonly params: ParameterSchema;
  readonly inputs: Readonly<Record<string, InputPort>>;
  readonly outputs: Readonly<Record<string, OutputPort>>;
  /** Draws random numbers from `context.seed`; the seed is then part of the key. */
  readonly seeded?: true;
  resources?(params: P, shapes: InputShapes): Resources;
}

/** A task that computes one instance at a time. */
export interface SingleTaskType<P = never> extends TaskTypeBase<P> {
  run(context: TaskContext<P>): Outputs | Promise<Outputs>;
}

/**
 * A task that computes many instances in one call. Each instance's bytes must be the same alone, in any sub-batch and in
 * the full batch.
 */
export interface BatchTaskType<P = never> extends TaskTypeBase<P> {
  readonly batch: {
    /** Ports whose content all instances of one call have in common. */
    readonly shared: readonly string[];
    /** Parameters that may differ between the instances of one call; all others are equal. */
    readonly varies: readonly string[];
  };
  runBatch(context: BatchContext<P>): void | Promise<void>;
}

export type TaskType = SingleTaskType | BatchTaskType;

/** Keeps the parameter type while it defines a task: `defineTask<Params>({ … })`. */
export function defineTask<P>(task: SingleTaskType<P> | BatchTaskType<P>): TaskType {
  // The parameters were validated against the schema that stands in the same definition, so P is what arrives.
  return task;
}

/** A table whose columns are read when they are asked for, and held by nobody but who asked: for tables too wide to be held. */
export interface TableColumns {
  readonly rows: number;
  readonly id: Table['id'];
  readonly names: readonly string[];
  /** @throws Error when there is no such column */
  read(name: string): Promise<Column>;
}

export type InputValue =
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'columns'; readonly columns: TableColumns }
  | { readonly kind: 'array'; readonly array: NdArray }
  | { readonly kind: 'json'; readonly json: Json }
  | { readonly kind: 'file'; readonly path: string; readonly extension: string; readonly digest: string }
  | { readonly kind: 'view'; readonly view: View };

/**
 * A view: some content of files that are never copied, such as the calls of some people at some variants. What depends on it is keyed by
 * `content` alone, so that the files may move, and grow by what nobody asked for.
 */
export interface ViewRecipe {
  /** Digest of everything that a task can learn through the view, whatever the files. */
  readonly content: string;
  /** `content` of the views that it was made of, in order: they are found among those of the run. Empty when it names files outside. */
  readonly of: readonly string[];
  /** Digests by role, as `context.file` gives them, of files outside; or of files that the task hands out beside the view. */
  readonly files: Readonly<Record<string, string>>;
  /** What the view is of: for the tasks that read it. */
  readonly detail: Json;
  /** How much it is, as `resources` of the tasks that read it see it: people and variants, say. */
  readonly shape: { readonly rows: number; readonly columns: number };
}

/** A view with where its files are now. */
export interface View {
  readonly recipe: ViewRecipe;
  /** Paths by role. */
  readonly files: Readonly<Record<string, string>>;
  /** The views of `recipe.of`. */
  readonly of: readonly View[];
}

/** The items' ids of one gathered instance, by axis name (only the gathered axes). */
export type GatheredItem = Readonly<Record<string, Scalar>>;

export interface Gathered<T> {
  /** Sorted by item. */
  readonly items: readonly { readonly item: GatheredItem; readonly value: T }[];
  /** Items that failed, when the reference was `[*?]`; empty for `[*]`. */
  readonly failed: readonly GatheredItem[];
}

export interface TaskContext<P> {
  readonly params: P;
  /** 64 hex characters; only for a seeded task. */
  readonly seed: string;
  has(port: string): boolean;
  /** Only the columns that the port's `reads` names are present. */
  table(port: string): Table;
  /** The same of a `columnwise` port. */
  columns(port: string): TableColumns;
  json(port: string): Json;
  array(port: string): NdArray;
  /** `digest` names the file in a view's recipe. */
  file(port: string): { readonly path: string; readonly extension: string; readonly digest: string };
  view(port: string): View;
  /** A `named` port of tables, in the order of the names (bytewise). */
  tables(port: string): ReadonlyMap<string, Table>;
  gatherTables(port: string): Gathered<Table>;
  gatherJson(port: string): Gathered<Json>;
  gatherViews(port: string): Gathered<View>;
  /** A folder of this call's own on the store's file system, removed after it: for large files on their way into the store. */
  scratch(): string;
  /** A line of the instance's log. */
  log(line: string): void;
  /** Something a reader of the report must know; kept with the result and shown in the run's summary. */
  warn(message: string): void;
  /** Fraction done, 0 to 1. */
  progress(fraction: number): void;
}

export interface BatchContext<P> {
  /** At least one. Ports named in `batch.shared` give the same value in each. */
  readonly items: readonly TaskContext<P>[];
  /** The instance now being computed: the one to blame if the process dies. */
  readonly announce: (index: number) => void;
  /** Hands over a finished instance; it is committed on receipt. */
  readonly emit: (index: number, outputs: Outputs) => Promise<void>;
  /** One instance failed; the others go on. */
  readonly fail: (index: number, error: unknown) => void;
}

export type OutputValue =
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'array'; readonly array: NdArray }
  | { readonly kind: 'json'; readonly json: Json }
  | { readonly kind: 'file'; readonly bytes: Uint8Array; readonly extension: string }
  /** A file in the task's scratch folder; it is moved into the store. */
  | { readonly kind: 'file'; readonly path: string; readonly extension: string }
  | { readonly kind: 'view'; readonly recipe: ViewRecipe };

export type Outputs = Readonly<Record<string, OutputValue>>;

/** A table to hand out of a task. */
export function tableOutput(table: Table): OutputValue {
  return { kind: 'table', table };
}

/** A JSON value to hand out of a task. Numbers must be finite: write null for a missing one. */
export function jsonOutput(json: Json): OutputValue {
  return { kind: 'json', json };
}

export function viewOutput(recipe: ViewRecipe): OutputValue {
  return { kind: 'view', recipe };
}

/** A file to hand out of a task. `extension` has no dot. */
export function fileOutput(bytes: Uint8Array, extension: string): OutputValue {
  return { kind: 'file', bytes, extension };
}

/** A file that is too large to be held in memory: written by the task under `context.scratch()`. */
export function fileAtOutput(path: string, extension: string): OutputValue {
  return { kind: 'file', path, extension };
}

/**
 * The task refuses its data: shown to the user as it stands, without a stack. Say what was expected and what was found,
 * and where (`column`, `row` as the person's id where there is one).
 */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  constructor(
    message: string,
    readonly where: { readonly port?: string; readonly column?: string; readonly row?: string } = {},
  ) {
    super(message);
  }
}

/** Every task type by its name. The engine is handed one; it never imports a task. */
export class Registry {
  private readonly byName = new Map<string, TaskType>();

  constructor(tasks: Iterable<TaskType>) {
    for (const task of tasks) {
      if (this.byName.has(task.name)) throw new Error(`internal error: task '${task.name}' is defined twice`);
      this.byName.set(task.name, task);
    }
  }

  get(name: string): TaskType | undefined {
    return this.byName.get(name);
  }

  names(): string[] {
    return [...this.byName.keys()].sort();
  }
}

export type { ArtifactKind };
