/**
 * JobSpec and JobResult: the whole seam between the engine and whatever executes calls.
 *
 * Plain data (structured clone): digests, parameters, small inputs inline. Nothing here assumes that the executor is local,
 * only that it sees the store's object folder and the raw files.
 */
import type { ArtifactRef, Digest } from '../cache/artifact.js';
import type { Manifest } from '../cache/manifest.js';
import type { GatheredItem, Json, ViewRecipe } from './task.js';
import type { ReadOptions } from './workflow.js';

/** A raw file's identity when its digest was taken; the executor compares it before and after reading. */
export interface FileIdentity {
  readonly path: string;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly ino: bigint;
}

export type WireValue =
  /** Narrowed to the columns that the task reads. */
  | { readonly kind: 'table'; readonly manifest: Manifest }
  | { readonly kind: 'json' | 'array'; readonly digest: Digest }
  | WireView
  | WireFile;

export interface WireView {
  readonly kind: 'view';
  readonly recipe: ViewRecipe;
  readonly files: readonly (readonly [role: string, file: WireFile])[];
  /** The views that it was made of. */
  readonly of: readonly WireView[];
}

export type WireFile =
  | { readonly kind: 'file'; readonly digest: Digest; readonly extension: string }
  | {
      readonly kind: 'raw';
      readonly digest: Digest;
      readonly identity: FileIdentity;
      readonly extension: string;
    };

export type WireInput =
  | { readonly how: 'one'; readonly value: WireValue }
  | { readonly how: 'named'; readonly entries: readonly (readonly [name: string, value: WireValue])[] }
  | {
      readonly how: 'gather';
      readonly items: readonly { readonly item: GatheredItem; readonly value: WireValue }[];
      readonly failed: readonly GatheredItem[];
    };

export interface JobItem {
  readonly params: Json;
  readonly inputs: Readonly<Record<string, WireInput>>;
}

export interface TaskJob {
  readonly kind: 'task';
  readonly task: string;
  /** '' when the task is not seeded. */
  readonly seed: string;
  /** Of a single task these are run one after another, each as if alone. */
  readonly items: readonly JobItem[];
  /** Small objects that the items read. */
  readonly inline: ReadonlyMap<Digest, Uint8Array>;
}

/** Reads a table's schema (`columns` null) or some of its columns. */
export interface ImportJob {
  readonly kind: 'import';
  readonly identity: FileIdentity;
  readonly read: ReadOptions;
  readonly columns: readonly string[] | null;
}

export type JobSpec = TaskJob | ImportJob;

/** Small objects made by the job, to be committed with its entry; larger ones are already in the object folder. */
export type InlineObjects = readonly (readonly [digest: Digest, bytes: Uint8Array])[];

export type FailureKind =
  /** The task refused its data or its parameters. */
  | 'task'
  /** An unexpected exception: a bug of the task, with its stack. */
  | 'bug'
  /** The process died: out of memory, a native crash, a kill. */
  | 'died'
  /** A raw file changed while it was read. */
  | 'changed'
  /** The store cannot be written: the disk is full, say. */
  | 'store'
  /** An object of the store is missing or damaged. */
  | 'missing';

export interface JobFailure {
  readonly kind: FailureKind;
  readonly message: string;
  readonly where?: { readonly port?: string; readonly column?: string; readonly row?: string };
  /** For 'missing': which object. */
  readonly digest?: Digest;
  readonly log: readonly string[];
}

export interface ItemResult {
  readonly outputs: Readonly<Record<string, ArtifactRef>>;
  readonly inline: InlineObjects;
  /** Since the announcement of the item. */
  readonly seconds: number;
  readonly warnings: readonly string[];
  readonly log: readonly string[];
}

export interface TableHeader {
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly type: 'number' | 'text' }[];
  readonly warnings: readonly string[];
}

/** What an executor reports of a job, in order; `end` is the last. */
export type JobMessage =
  | { readonly type: 'progress'; readonly index: number; readonly fraction: number }
  | {
      readonly type: 'results';
      readonly results: readonly (readonly [index: number, result: ItemResult])[];
      /** The numeric library in use, and the peak resident bytes of the call so far. */
      readonly backend: string;
      readonly memory: number;
    }
  | { readonly type: 'failed'; readonly index: number; readonly failure: JobFailure }
  /** A call of a single task: seconds since it was taken, and how many of its items were begun. The others go back. */
  | { readonly type: 'spent'; readonly seconds: number; readonly begun: number }
  | { readonly type: 'header'; readonly header: TableHeader }
  /** Each column as a table of one column; those that cannot be read keep no other back. */
  | {
      readonly type: 'columns';
      readonly tables: readonly (readonly [column: string, table: ArtifactRef])[];
      readonly failed: readonly (readonly [column: string, failure: JobFailure])[];
      readonly inline: InlineObjects;
    }
  | { readonly type: 'end' };
