/**
 * TaskContext over what a job carries: loads the artifacts of its ports and answers a task's questions for them.
 *
 * Not responsible for which columns a task may see: the engine narrowed the manifests before (binding.ts).
 */
import { join } from 'node:path';
import type { ArtifactReader } from '../cache/artifacts.js';
import type { WireFile, WireInput, WireValue, WireView } from './job.js';
import type { Manifest } from '../cache/manifest.js';
import type {
  Gathered,
  GatheredItem,
  InputPort,
  InputValue,
  Json,
  TableColumns,
  TaskContext,
  View,
} from './task.js';

export type LoadedInput =
  | { readonly how: 'one'; readonly value: InputValue }
  | { readonly how: 'named'; readonly entries: ReadonlyMap<string, InputValue> }
  | {
      readonly how: 'gather';
      readonly items: readonly { item: GatheredItem; value: InputValue }[];
      readonly failed: readonly GatheredItem[];
    };

export interface ItemLog {
  readonly lines: string[];
  readonly warnings: string[];
}

/** A log is for reading: what exceeds this is cut, with a line that says so. */
const LOG_LINES = 1000;

/**
 * Loads inputs of one call. What arrives as one object (a table that all items share) is loaded once, one after another, so
 * that a thousand items of one table hold it once.
 */
export class InputLoader {
  private readonly loaded = new Map<WireValue, InputValue>();
  private readonly columnwise = new Map<WireValue, InputValue>();

  /** @param ports of the task, by name. */
  constructor(
    private readonly reader: ArtifactReader,
    private readonly objectFolder: string,
    private readonly ports: Readonly<Record<string, InputPort>>,
  ) {}

  async load(inputs: Readonly<Record<string, WireInput>>): Promise<Map<string, LoadedInput>> {
    const loaded = new Map<string, LoadedInput>();
    for (const [port, input] of Object.entries(inputs)) {
      switch (input.how) {
        case 'one':
          loaded.set(port, {
            how: 'one',
            value: await this.value(input.value, this.ports[port]?.columnwise),
          });
          break;
        case 'named': {
          const entries = new Map<string, InputValue>();
          for (const [name, value] of input.entries) entries.set(name, await this.value(value));
          loaded.set(port, { how: 'named', entries });
          break;
        }
        case 'gather': {
          const items = [];
          for (const { item, value } of input.items) items.push({ item, value: await this.value(value) });
          loaded.set(port, { how: 'gather', items, failed: input.failed });
        }
      }
    }
    return loaded;
  }

  private async value(value: WireValue, columnwise = false): Promise<InputValue> {
    const known = columnwise ? this.columnwise : this.loaded;
    let loaded = known.get(value);
    if (!loaded) {
      loaded =
        columnwise && value.kind === 'table'
          ? { kind: 'columns', columns: await this.columns(value.manifest) }
          : await this.read(value);
      known.set(value, loaded);
    }
    return loaded;
  }

  private async columns(manifest: Manifest): Promise<TableColumns> {
    const { id } = await this.reader.table({ ...manifest, columns: [] });
    const digests = new Map(manifest.columns.map(({ name, digest }) => [name, digest]));
    return {
      rows: manifest.rows,
      id,
      names: [...digests.keys()],
      read: async (name) => {
        const digest = digests.get(name);
        if (digest === undefined) throw new Error(`internal error: the task does not read column '${name}'`);
        return this.reader.column(digest);
      },
    };
  }

  private async read(value: WireValue): Promise<InputValue> {
    switch (value.kind) {
      case 'table':
        return { kind: 'table', table: await this.reader.table(value.manifest) };
      case 'array':
        return { kind: 'array', array: this.reader.array(value.digest) };
      case 'json':
        return { kind: 'json', json: this.reader.json(value.digest) as Json };
      case 'view':
        return { kind: 'view', view: viewOf(value, this.objectFolder) };
      case 'file':
      case 'raw': {
        const { digest, extension } = value;
        return { kind: 'file', path: filePath(value, this.objectFolder), extension, digest };
      }
    }
  }
}

function viewOf({ recipe, files, of }: WireView, objectFolder: string): View {
  const paths = files.map(([role, file]) => [role, filePath(file, objectFolder)] as const);
  return { recipe, files: Object.fromEntries(paths), of: of.map((view) => viewOf(view, objectFolder)) };
}

function filePath(file: WireFile, objectFolder: string): string {
  return file.kind === 'raw'
    ? file.identity.path
    : join(objectFolder, file.digest.slice(0, 2), file.digest.slice(2));
}

export function makeContext(options: {
  params: Json;
  seed: string;
  inputs: ReadonlyMap<string, LoadedInput>;
  log: ItemLog;
  scratch: () => string;
  progress: (fraction: number) => void;
}): TaskContext<never> {
  const { inputs, log } = options;
  const input = (port: string, how: LoadedInput['how']): LoadedInput => {
    const found = inputs.get(port);
    if (!found) throw new Error(`internal error: nothing is connected to port '${port}'`);
    if (found.how !== how)
      throw new Error(`internal error: port '${port}' holds ${found.how}, asked as ${how}`);
    return found;
  };
  const one = <K extends InputValue['kind']>(port: string, kind: K): Extract<InputValue, { kind: K }> => {
    const found = input(port, 'one') as Extract<LoadedInput, { how: 'one' }>;
    return ofKind(found.value, kind, port);
  };
  const gathered = <K extends InputValue['kind'], T>(
    port: string,
    kind: K,
    pick: (value: Extract<InputValue, { kind: K }>) => T,
  ): Gathered<T> => {
    const { items, failed } = input(port, 'gather') as Extract<LoadedInput, { how: 'gather' }>;
    return {
      items: items.map(({ item, value }) => ({ item, value: pick(ofKind(value, kind, port)) })),
      failed,
    };
  };
  return {
    params: options.params as never,
    seed: options.seed,
    has: (port) => inputs.has(port),
    table: (port) => one(port, 'table').table,
    columns: (port) => one(port, 'columns').columns,
    json: (port) => one(port, 'json').json,
    array: (port) => one(port, 'array').array,
    file: (port) => one(port, 'file'),
    view: (port) => one(port, 'view').view,
    tables: (port) => {
      const { entries } = input(port, 'named') as Extract<LoadedInput, { how: 'named' }>;
      return new Map([...entries].map(([name, value]) => [name, ofKind(value, 'table', port).table]));
    },
    gatherTables: (port) => gathered(port, 'table', (value) => value.table),
    gatherJson: (port) => gathered(port, 'json', (value) => value.json),
    gatherViews: (port) => gathered(port, 'view', (value) => value.view),
    scratch: options.scratch,
    log: (line) => {
      if (log.lines.length < LOG_LINES) log.lines.push(line);
      else if (log.lines.length === LOG_LINES) log.lines.push('… (the log is cut here)');
    },
    warn: (message) => void log.warnings.push(message),
    progress: options.progress,
  };
}

function ofKind<K extends InputValue['kind']>(
  value: InputValue,
  kind: K,
  port: string,
): Extract<InputValue, { kind: K }> {
  if (value.kind !== kind)
    throw new Error(`internal error: port '${port}' holds a ${value.kind}, asked as a ${kind}`);
  return value as Extract<InputValue, { kind: K }>;
}
