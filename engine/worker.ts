/**
 * Worker: the process that runs calls. Reads and writes objects, never the index.
 *
 * `serveJobs` is called by the worker's entry, which owns the registry of tasks. Not responsible for scheduling (run.ts) or for
 * the life of the process (pool.ts).
 */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { ArtifactKind, ArtifactRef, Digest } from '../cache/artifact.js';
import { MissingObjectError, Objects, SMALL_OBJECT_BYTES } from '../cache/objects.js';
import { StoreUnavailableError } from '../cache/store-error.js';
import { ArtifactReader, ArtifactWriter, type ByteReader, type ByteWriter } from '../cache/artifacts.js';
import { importTable } from './import.js';
import { InputLoader, makeContext, type ItemLog } from './context.js';
import type {
  FileIdentity,
  ItemResult,
  JobFailure,
  JobItem,
  JobMessage,
  JobSpec,
  TaskJob,
  WireFile,
  WireValue,
} from './job.js';
import { PORT_TYPES } from './port.js';
import { makeScratch } from './scratch.js';
import { TaskError, type Outputs, type Registry, type TaskContext, type TaskType } from './task.js';

/** Results wait this long for company, so that 100,000 tiny items are not 100,000 messages. */
const GROUPING_MS = 2;

/** A call of a single task begins no further item after this long: what is left may suit a worker that is free. */
const CALL_MS = 50;

/** The object folder and what came inline, as one source of bytes; what is written small is kept to be sent. */
class JobBytes implements ByteReader, ByteWriter {
  private readonly written = new Map<Digest, Uint8Array>();

  constructor(
    private readonly objects: Objects,
    private inline: ReadonlyMap<Digest, Uint8Array> = new Map(),
  ) {}

  begin(inline: ReadonlyMap<Digest, Uint8Array>): void {
    this.inline = inline;
    this.written.clear();
  }

  read(digest: Digest): Uint8Array {
    return this.inline.get(digest) ?? this.objects.read(digest);
  }

  has(digest: Digest): boolean {
    return this.objects.has(digest);
  }

  write(digest: Digest, bytes: Uint8Array, asFile = false): void {
    if (!asFile && bytes.length <= SMALL_OBJECT_BYTES) this.written.set(digest, bytes);
    else this.objects.write(digest, bytes);
  }

  adopt(digest: Digest, path: string): void {
    this.objects.adopt(digest, path);
  }

  takeWritten(): [Digest, Uint8Array][] {
    const taken = [...this.written];
    this.written.clear();
    return taken;
  }
}

/**
 * Decoded columns that a worker keeps between calls: a fan-out over diseases comes back to the same exposures again and again, and
 * 260 columns of 350,000 people are 730 MB. Of a small machine a sixteenth of the memory, no less than would hold one wide table.
 */
export function keptBytes(memory: number): number {
  return Math.min(2 ** 30, Math.max(2 ** 28, memory / 16));
}

/** What this process may have: the machine's memory, or the limit of its control group (0 when there is none, or not known). */
function availableMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

class FileChangedError extends Error {}

/** Throws when the raw file is no longer the one whose digest is in the key. */
function checkIdentity(identity: FileIdentity): void {
  const now = statSync(identity.path, { bigint: true, throwIfNoEntry: false });
  if (
    now?.size !== identity.size ||
    now.mtimeNs !== identity.mtimeNs ||
    now.ctimeNs !== identity.ctimeNs ||
    now.ino !== identity.ino
  ) {
    throw new FileChangedError(
      `${identity.path} changed while it was being read; nothing was recorded. Run again.`,
    );
  }
}

export function serveJobs(options: {
  registry: Registry;
  objectFolder: string;
  /** Names the numeric library in use; asked after the job, since libraries load lazily. */
  backend: () => string;
  send: (message: JobMessage) => Promise<void>;
  /** Leaves word of the item now at work, for when this process dies. */
  announce: (index: number) => void;
}): (job: JobSpec) => Promise<void> {
  const bytes = new JobBytes(new Objects(options.objectFolder));
  const reader = new ArtifactReader(bytes, keptBytes(availableMemory()));
  const writer = new ArtifactWriter(bytes);
  const { send } = options;

  return async (job) => {
    resetPeakMemory();
    // Until an item is at work none is to blame, least of all one of the call before.
    options.announce(-1);
    if (job.kind === 'import') {
      try {
        checkIdentity(job.identity);
        const message = await importTable(job, writer, options.objectFolder);
        checkIdentity(job.identity);
        await send(message.type === 'columns' ? { ...message, inline: bytes.takeWritten() } : message);
      } catch (error) {
        await send({ type: 'failed', index: 0, failure: describeFailure(error, []) });
      }
    } else {
      bytes.begin(job.inline);
      await runTask(job, options.registry, {
        reader,
        writer,
        bytes,
        objectFolder: options.objectFolder,
        backend: options.backend,
        send,
        announce: options.announce,
      });
    }
    await send({ type: 'end' });
  };
}

interface Workbench {
  readonly reader: ArtifactReader;
  readonly writer: ArtifactWriter;
  readonly bytes: JobBytes;
  readonly objectFolder: string;
  readonly backend: () => string;
  readonly send: (message: JobMessage) => Promise<void>;
  readonly announce: (index: number) => void;
}

async function runTask(job: TaskJob, registry: Registry, bench: Workbench): Promise<void> {
  const task = registry.get(job.task);
  if (!task) throw new Error(`internal error: the worker has no task '${job.task}'`);
  const identities = job.items.map(rawFiles);
  const logs: ItemLog[] = job.items.map(() => ({ lines: [], warnings: [] }));
  let announced = 0;
  let since = performance.now();
  const done = new Set<number>();

  // Messages leave one after another: a failure never overtakes the results before it, nor is it overtaken by the end of the job.
  let sending = Promise.resolve();
  let waiting: [number, ItemResult][] = [];
  let lastSent = 0;
  let leaving: NodeJS.Timeout | undefined;
  const enqueue = (message: JobMessage): void => {
    sending = sending.then(() => bench.send(message));
  };
  const flush = (): void => {
    clearTimeout(leaving);
    leaving = undefined;
    if (waiting.length === 0) return;
    const results = waiting;
    waiting = [];
    lastSent = performance.now();
    enqueue({ type: 'results', results, backend: bench.backend(), memory: peakMemory() });
  };
  const finish = async (index: number, outputs: Outputs): Promise<void> => {
    identities[index]!.forEach(checkIdentity);
    const refs = await storeOutputs(task, outputs, bench.writer);
    done.add(index);
    const now = performance.now();
    const { warnings, lines } = logs[index]!;
    waiting.push([
      index,
      {
        outputs: refs,
        inline: bench.bytes.takeWritten(),
        seconds: (now - since) / 1000,
        warnings,
        log: lines,
      },
    ]);
    since = now;
    if (now - lastSent <= GROUPING_MS && waiting.length < 256) {
      // The next item may take long, or be the end of this process.
      leaving ??= setTimeout(flush, GROUPING_MS);
      return;
    }
    flush();
    // The task goes on when its result is on its way, so that a death cannot take it along.
    await sending;
  };
  const fail = (index: number, error: unknown): void => {
    done.add(index);
    const failure = describeFailure(error, logs[index]?.lines ?? []);
    flush();
    enqueue({ type: 'failed', index, failure });
  };

  const announce = (index: number): void => {
    announced = index;
    bench.announce(index);
  };
  /** Does `work` with a way to load items; an error is the announced item's. */
  const withItems = async (
    indices: readonly number[],
    work: (load: (index: number) => Promise<TaskContext<never>>) => Promise<void>,
  ): Promise<void> => {
    const scratchFolders: string[] = [];
    const scratch = (): string => {
      if (scratchFolders.length === 0) scratchFolders.push(makeScratch(bench.objectFolder));
      return scratchFolders[0]!;
    };
    try {
      for (const index of indices) identities[index]!.forEach(checkIdentity);
      // Inputs that the items have in common are the same objects here, and are loaded once.
      const loader = new InputLoader(bench.reader, bench.objectFolder, task.inputs);
      await work(async (index) =>
        makeContext({
          params: job.items[index]!.params,
          seed: job.seed,
          inputs: await loader.load(job.items[index]!.inputs),
          log: logs[index]!,
          scratch,
          progress: (fraction) => enqueue({ type: 'progress', index, fraction }),
        }),
      );
    } catch (error) {
      fail(announced, error);
    } finally {
      for (const folder of scratchFolders) rmSync(folder, { recursive: true, force: true });
    }
  };
  if ('run' in task) {
    const taken = performance.now();
    let begun = 0;
    do {
      const index = begun++;
      announce(index);
      // Each as if alone: an input that one changes, or a file that it leaves in its scratch folder, is not the next one's.
      await withItems([index], async (load) => {
        const context = await load(index);
        since = performance.now();
        await finish(index, await task.run(context));
      });
    } while (begun < job.items.length && performance.now() - taken < CALL_MS);
    flush();
    enqueue({ type: 'spent', seconds: (performance.now() - taken) / 1000, begun });
  } else {
    // A batch that throws blames the item it announced; the engine runs the others again.
    await withItems([...job.items.keys()], async (load) => {
      const items: TaskContext<never>[] = [];
      for (const index of job.items.keys()) items.push(await load(index));
      since = performance.now();
      await task.runBatch({ items, announce, emit: finish, fail });
      for (const index of job.items.keys()) {
        if (!done.has(index))
          fail(index, new Error(`internal error: task '${task.name}' gave no result for this item`));
      }
    });
    flush();
  }
  await sending;
}

function rawFiles(item: JobItem): FileIdentity[] {
  const found = new Map<string, FileIdentity>();
  for (const input of Object.values(item.inputs)) {
    const values =
      input.how === 'one'
        ? [input.value]
        : input.how === 'named'
          ? input.entries.map((entry) => entry[1])
          : input.items.map((entry) => entry.value);
    for (const value of values) {
      for (const file of filesOf(value))
        if (file.kind === 'raw') found.set(file.identity.path, file.identity);
    }
  }
  return [...found.values()];
}

function filesOf(value: WireValue): readonly WireFile[] {
  if (value.kind === 'view') return [...value.files.map(([, file]) => file), ...value.of.flatMap(filesOf)];
  return value.kind === 'file' || value.kind === 'raw' ? [value] : [];
}

async function storeOutputs(
  task: TaskType,
  outputs: Outputs,
  writer: ArtifactWriter,
): Promise<Record<string, ArtifactRef>> {
  const refs: Record<string, ArtifactRef> = {};
  for (const [port, { type }] of Object.entries(task.outputs)) {
    const value = outputs[port];
    if (!value) throw new Error(`internal error: task '${task.name}' made no output '${port}'`);
    const kind: ArtifactKind = PORT_TYPES[type];
    if (value.kind !== kind) {
      throw new Error(
        `internal error: task '${task.name}' made a ${value.kind} for its port '${port}', a ${type}`,
      );
    }
    switch (value.kind) {
      case 'table':
        refs[port] = await writer.table(value.table);
        break;
      case 'array':
        refs[port] = writer.array(value.array);
        break;
      case 'json':
        refs[port] = writer.json(value.json);
        break;
      case 'view':
        refs[port] = writer.json(value.recipe, 'view');
        break;
      case 'file':
        refs[port] =
          'bytes' in value
            ? writer.file(value.bytes, value.extension)
            : writer.fileAt(value.path, value.extension);
    }
  }
  for (const port of Object.keys(outputs)) {
    if (!(port in task.outputs))
      throw new Error(`internal error: task '${task.name}' made an undeclared output '${port}'`);
  }
  return refs;
}

function describeFailure(error: unknown, log: readonly string[]): JobFailure {
  if (error instanceof TaskError) return { kind: 'task', message: error.message, where: error.where, log };
  if (error instanceof FileChangedError) return { kind: 'changed', message: error.message, log };
  if (error instanceof StoreUnavailableError) return { kind: 'store', message: error.message, log };
  if (error instanceof MissingObjectError)
    return { kind: 'missing', message: error.message, digest: error.digest, log };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    kind: 'bug',
    message: error instanceof Error ? error.message : text,
    log: [...log, ...text.split('\n')],
  };
}

/** Linux: makes VmHWM start again from now, so that each job's peak is its own. Elsewhere the process's peak is reported. */
function resetPeakMemory(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux, or not allowed: the peak since the process began is still an upper bound.
  }
}

/** Bytes. */
function peakMemory(): number {
  try {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes) return Number(kilobytes) * 1024;
  } catch {
    // As above.
  }
  return process.resourceUsage().maxRSS * 1024;
}
