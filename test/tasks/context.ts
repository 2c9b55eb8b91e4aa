/**
 * Runs a task over values in memory, with the promises that the engine makes: parameters are validated and get their
 * defaults, ports are checked, a port's `reads` hides every other column, outputs are what was declared.
 */
import { Ajv } from 'ajv';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Column } from '../../cache/column.js';
import { schemaOf, type Table } from '../../cache/table.js';
import { PORT_TYPES } from '../../engine/port.js';
import type {
  BatchContext,
  Gathered,
  GatheredItem,
  InputPort,
  Json,
  Outputs,
  OutputValue,
  TableColumns,
  TaskContext,
  TaskType,
  View,
} from '../../engine/task.js';

/** What a test connects to a port: a table, JSON, named tables, or a gather. */
export type Given =
  | Table
  | { readonly json: Json }
  | { readonly path: string }
  | { readonly view: View }
  | { readonly named: Readonly<Record<string, Table>> }
  | {
      readonly gather: readonly {
        item: GatheredItem;
        value: Table | { readonly json: Json } | { readonly view: View };
      }[];
      failed?: readonly GatheredItem[];
    };

export interface Ran {
  readonly outputs: Outputs;
  readonly log: readonly string[];
  readonly warnings: readonly string[];
  table(port: string): Table;
  json(port: string): Json;
  text(port: string): string;
}

export interface Call {
  readonly params?: Readonly<Record<string, Json>>;
  readonly inputs: Readonly<Record<string, Given>>;
  /** 64 hex characters. */
  readonly seed?: string;
}

const ajv = new Ajv({
  useDefaults: true,
  allowUnionTypes: true,
  strict: true,
  strictRequired: false,
  allErrors: true,
});
const isTable = (given: object): given is Table => 'rows' in given && 'columns' in given;

/** Parameters with defaults. @throws Error listing what the schema refuses. */
export function validated(task: TaskType, params: Readonly<Record<string, Json>>): Record<string, Json> {
  const copy = structuredClone(params) as Record<string, Json>;
  if (!ajv.validate(task.params, copy)) throw new Error(ajv.errorsText());
  return copy;
}

function visible(port: InputPort, params: unknown, table: Table): Table {
  if (!port.reads) return table;
  const wanted = new Set(port.reads(params as never, schemaOf(table)));
  return { ...table, columns: new Map([...table.columns].filter(([name]) => wanted.has(name))) };
}

class TestContext implements TaskContext<unknown> {
  readonly logged: string[] = [];
  readonly warnings: string[] = [];
  readonly params: unknown;
  readonly seed: string;

  constructor(
    private readonly task: TaskType,
    private readonly call: Call,
  ) {
    this.params = validated(task, call.params ?? {});
    this.seed = call.seed ?? '0'.repeat(64);
    for (const name of Object.keys(call.inputs)) if (!task.inputs[name]) throw new Error(`no port '${name}'`);
    for (const [name, port] of Object.entries(task.inputs)) {
      if (port.optional !== true && !(name in call.inputs)) throw new Error(`nothing at port '${name}'`);
    }
  }

  has(port: string): boolean {
    return port in this.call.inputs;
  }
  private given(port: string): Given {
    const given = this.call.inputs[port];
    if (!given) throw new Error(`the task asks for port '${port}', which has nothing`);
    return given;
  }
  private narrow(port: string, table: Table): Table {
    return visible(this.task.inputs[port]!, this.params, table);
  }
  table(port: string): Table {
    if (this.task.inputs[port]?.columnwise) throw new Error(`port '${port}' is read by columns`);
    return this.wholeTable(port);
  }
  columns(port: string): TableColumns {
    if (!this.task.inputs[port]?.columnwise) throw new Error(`port '${port}' is not read by columns`);
    const { rows, id, columns } = this.wholeTable(port);
    const read = (name: string): Promise<Column> => {
      const column = columns.get(name);
      return column ? Promise.resolve(column) : Promise.reject(new Error(`column '${name}' is not read`));
    };
    return { rows, id, names: [...columns.keys()], read };
  }
  private wholeTable(port: string): Table {
    const given = this.given(port);
    if (!isTable(given)) throw new Error(`port '${port}' was not given a table`);
    return this.narrow(port, given);
  }
  json(port: string): Json {
    const given = this.given(port);
    if (!('json' in given)) throw new Error(`port '${port}' was not given JSON`);
    return given.json;
  }
  array(): never {
    throw new Error('no task takes an array');
  }
  file(port: string): { path: string; extension: string; digest: string } {
    const given = this.given(port);
    if (!('path' in given)) throw new Error(`port '${port}' was not given a file`);
    const digest = createHash('sha256').update(readFileSync(given.path)).digest('hex');
    return { path: given.path, extension: /\.([^./]+)$/.exec(given.path)?.[1] ?? '', digest };
  }
  view(port: string): View {
    const given = this.given(port);
    if (!('view' in given)) throw new Error(`port '${port}' was not given a view`);
    return given.view;
  }
  tables(port: string): ReadonlyMap<string, Table> {
    const given = this.given(port);
    if (!('named' in given)) throw new Error(`port '${port}' was not given named tables`);
    return new Map(
      Object.keys(given.named)
        .sort()
        .map((name) => [name, this.narrow(port, given.named[name]!)]),
    );
  }
  private gather<T>(
    port: string,
    pick: (value: Table | { readonly json: Json } | { readonly view: View }) => T,
  ): Gathered<T> {
    const given = this.given(port);
    if (!('gather' in given)) throw new Error(`port '${port}' was not given a gather`);
    return {
      items: given.gather.map(({ item, value }) => ({ item, value: pick(value) })),
      failed: given.failed ?? [],
    };
  }
  gatherTables(port: string): Gathered<Table> {
    return this.gather(port, (value) => {
      if (!isTable(value)) throw new Error('not a table');
      return this.narrow(port, value);
    });
  }
  gatherJson(port: string): Gathered<Json> {
    return this.gather(port, (value) => {
      if (!('json' in value)) throw new Error('not JSON');
      return value.json;
    });
  }
  gatherViews(port: string): Gathered<View> {
    return this.gather(port, (value) => {
      if (!('view' in value)) throw new Error('not a view');
      return value.view;
    });
  }
  scratch(): never {
    throw new Error('no task writes to a scratch folder');
  }
  log(line: string): void {
    this.logged.push(line);
  }
  warn(message: string): void {
    this.warnings.push(message);
  }
  progress(fraction: number): void {
    if (!(fraction >= 0 && fraction <= 1)) throw new Error(`progress ${fraction}`);
  }
}

function ran(task: TaskType, context: TestContext, outputs: Outputs): Ran {
  for (const [name, port] of Object.entries(task.outputs)) {
    const kind = outputs[name]?.kind;
    if (kind !== PORT_TYPES[port.type])
      throw new Error(`output '${name}' is ${String(kind)}, declared ${port.type}`);
  }
  const value = <K extends OutputValue['kind']>(port: string, kind: K): Extract<OutputValue, { kind: K }> => {
    const output = outputs[port];
    if (output?.kind !== kind) throw new Error(`output '${port}' is no ${kind}`);
    return output as Extract<OutputValue, { kind: K }>;
  };
  return {
    outputs,
    log: context.logged,
    warnings: context.warnings,
    table: (port) => value(port, 'table').table,
    json: (port) => value(port, 'json').json,
    text: (port) => {
      const file = value(port, 'file');
      return 'bytes' in file ? Buffer.from(file.bytes).toString('utf8') : readFileSync(file.path, 'utf8');
    },
  };
}

/** Runs one instance (a batch task as a batch of one). */
export async function runTask(task: TaskType, call: Call): Promise<Ran> {
  if ('runBatch' in task) {
    const [only] = await runBatch(task, [call]);
    if (only instanceof Error) throw only;
    return only!;
  }
  const context = new TestContext(task, call);
  return ran(task, context, await task.run(context as never));
}

/** Runs instances in one call of a batch task; a failed one comes back as its error. */
export async function runBatch(task: TaskType, calls: readonly Call[]): Promise<(Ran | Error)[]> {
  if (!('runBatch' in task)) throw new Error(`${task.name} takes no batches`);
  const contexts = calls.map((call) => new TestContext(task, call));
  const results: (Ran | Error)[] = [];
  let announced = -1;
  const batch: BatchContext<unknown> = {
    items: contexts,
    announce: (index) => (announced = index),
    emit: (index, outputs) => {
      if (announced !== index)
        throw new Error(`instance ${index} was handed over, but ${announced} was announced`);
      results[index] = ran(task, contexts[index]!, outputs);
      return Promise.resolve();
    },
    fail: (index, error) => {
      results[index] = error instanceof Error ? error : new Error(String(error));
    },
  };
  await task.runBatch(batch as never);
  contexts.forEach((_, i) => {
    if (!results[i]) throw new Error(`instance ${i} was neither handed over nor failed`);
  });
  return results;
}
