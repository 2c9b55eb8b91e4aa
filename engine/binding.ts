/**
 * Binding: what an instance's ports receive, as digests: the manifests narrowed to the columns that the task reads, the
 * preimage that its key is made of, and the wire form that a worker loads.
 *
 * Selecting, renaming and binding columns happen here, on manifests. Not responsible for knowing when inputs are ready
 * (run.ts).
 */
import type { ArtifactRef, Digest } from '../cache/artifact.js';
import type { Preimage } from '../cache/index.js';
import { manifestSchema, type Manifest, type ManifestColumn } from '../cache/manifest.js';
import type { Store } from '../cache/store.js';
import { Status, type NodeState } from './graph.js';
import { itemId, type Item } from './item.js';
import type { WireInput, WireValue } from './job.js';
import { InputFailure, refuse } from './input-failure.js';
import { fillTemplate } from './language/template.js';
import type { RunGraph } from './plan-graph.js';
import type { RawFiles, RawTable } from './raw.js';
import { TaskError, type GatheredItem, type InputPort, type Json } from './task.js';
import { bindColumns, findColumn, pickColumns, renamed } from './manifest-columns.js';
import { Parts } from './parts.js';
import { Views } from './views.js';
import type { Binding, Reference, Template, Workflow } from './workflow.js';

/** What the inputs of an instance amount to. */
export interface BoundInputs {
  readonly wire: Readonly<Record<string, WireInput>>;
  readonly preimage: Preimage['inputs'];
}

const isFilled = (template: Template | null): boolean =>
  template?.parts.some((part) => typeof part !== 'string') ?? false;

interface Bound {
  readonly wire: WireValue;
  readonly digest: Digest;
}

export class Binder {
  private readonly manifests = new Map<Digest, Manifest>();
  /** Manifests of which columns were picked, by the whole one's digest and the picks. */
  private readonly picked = new Map<string, Manifest>();
  /** Narrowed manifests, by what they say; and by the whole one and the columns kept, which is sooner known. */
  private readonly reads = new Map<string, Bound>();
  private readonly readsOf = new WeakMap<Manifest, Map<string, Bound>>();
  private readonly wholes = new Map<string, Bound>();
  /** By group of consumers; parameters without holes are one object for all instances of a node. */
  private readonly ofGroups = new Map<Reference, Map<number, { params: Json; bound: Bound }>>();

  /** What keys are made of beside whole artifacts. */
  readonly parts: Parts;
  private readonly views: Views;

  constructor(
    private readonly workflow: Workflow,
    private readonly store: Store,
    private readonly raw: RawFiles,
    private readonly graph: RunGraph,
  ) {
    this.parts = new Parts(store);
    this.views = new Views(store, raw, graph);
  }

  /**
   * The instance's inputs, or null while raw files have to be read first (the raw files then know what is wanted).
   * @throws InputFailure
   */
  bind(state: NodeState, instance: number, params: Json): BoundInputs | null {
    const items = state.items(instance);
    const wire: Record<string, WireInput> = {};
    const preimage: [string, Digest][] = [];
    let complete = true;
    for (const port of [...state.node.inputs.keys()].sort()) {
      const bound = this.port(
        state.node.task.inputs[port]!,
        port,
        state.node.inputs.get(port)!,
        instance,
        items,
        params,
      );
      if (!bound) {
        // Go on, so that everything which must be read is asked for at once.
        complete = false;
        continue;
      }
      wire[port] = bound.wire;
      preimage.push([port, bound.digest]);
    }
    return complete ? { wire, preimage } : null;
  }

  private port(
    spec: InputPort,
    port: string,
    binding: Binding,
    instance: number,
    items: Record<string, Item>,
    params: Json,
  ): { wire: WireInput; digest: Digest } | null {
    if (binding.how === 'named') {
      const entries: [string, WireValue][] = [];
      const digests: [string, Digest][] = [];
      for (const name of [...binding.entries.keys()].sort()) {
        const value = this.single(spec, port, binding.entries.get(name)!, instance, items, params);
        if (!value) return null;
        entries.push([name, value.wire]);
        digests.push([name, value.digest]);
      }
      const parts = digests.map(([, digest]) => digest);
      return { wire: { how: 'named', entries }, digest: this.parts.of('named/1', digests, parts) };
    }
    if (spec.gather && binding.how === 'one')
      return this.gather(spec, port, binding.reference, instance, items, params);
    const value = this.single(spec, port, binding, instance, items, params);
    return value && { wire: { how: 'one', value: value.wire }, digest: value.digest };
  }

  private single(
    spec: InputPort,
    port: string,
    binding: Binding,
    instance: number,
    items: Record<string, Item>,
    params: Json,
  ): Bound | null {
    if (binding.how === 'named') throw new Error('internal error: a map inside a map of references');
    if (binding.how === 'one') {
      const { reference } = binding;
      return this.shared(reference, instance, params, () => {
        const source = this.source(reference, instance, items);
        return source && this.value(spec, port, reference, source, items, params);
      });
    }
    const parts: Manifest[] = [];
    for (const reference of binding.references) {
      const source = this.source(reference, instance, items);
      if (!source) return null;
      const manifest = this.tableOf(reference, source, items, spec, port, params);
      if (!manifest) return null;
      parts.push(manifest);
    }
    return this.narrowed(bindColumns(parts, port), spec, params);
  }

  /** What many instances receive from one producer is bound once. */
  private shared(
    reference: Reference,
    instance: number,
    params: Json,
    bind: () => Bound | null,
  ): Bound | null {
    const dependency = this.graph.dependencies.get(reference);
    const hasHoles = (reference.columns ?? []).some(({ column, as }) => isFilled(column) || isFilled(as));
    if (!dependency || hasHoles || dependency.groups >= dependency.consumer.count) return bind();
    let known = this.ofGroups.get(reference);
    if (!known) this.ofGroups.set(reference, (known = new Map<number, { params: Json; bound: Bound }>()));
    const group = dependency.groupOfConsumer(instance);
    const before = known.get(group);
    if (before?.params === params) return before.bound;
    const bound = bind();
    if (bound) known.set(group, { params, bound });
    return bound;
  }

  private gather(
    spec: InputPort,
    port: string,
    reference: Reference,
    instance: number,
    items: Record<string, Item>,
    params: Json,
  ): { wire: WireInput; digest: Digest } | null {
    const dependency = this.graph.dependencies.get(reference);
    if (!dependency) throw new Error(`internal error: port '${port}' gathers an input`);
    const { producer } = dependency;
    const axes = dependency.gatheredAxes();
    const gathered: { item: GatheredItem; value: WireValue }[] = [];
    const failed: GatheredItem[] = [];
    const digests: [GatheredItem, Digest][] = [];
    for (const p of dependency.producersOf(dependency.groupOfConsumer(instance))) {
      const item: GatheredItem = Object.fromEntries(
        axes.map((a) => [
          producer.axes[a]!.name,
          itemId(producer.axes[a]!.items![producer.coordinate(p, a)]!),
        ]),
      );
      if (producer.status[p] === Status.failed || producer.status[p] === Status.skipped) {
        failed.push(item);
        continue;
      }
      const value = this.value(spec, port, reference, { ref: portOf(producer, p, reference) }, items, params);
      if (!value) return null;
      gathered.push({ item, value: value.wire });
      digests.push([item, value.digest]);
    }
    if (gathered.length === 0 && !spec.allowEmpty) {
      refuse(
        failed.length > 0
          ? `all ${failed.length} instances of '${producer.name}' failed or were skipped; nothing is left to gather`
          : `'${producer.name}' has no instances to gather: its axis has no items`,
        { port },
      );
    }
    return {
      wire: { how: 'gather', items: gathered, failed },
      // Of many items one tells which columns were read.
      digest: this.parts.of(
        'gather/1',
        [digests, failed],
        digests.slice(0, 1).map(([, digest]) => digest),
      ),
    };
  }

  /** Where a reference leads for this instance: an artifact of a node, or a raw file. */
  private source(
    reference: Reference,
    instance: number,
    items: Record<string, Item>,
  ): { ref: ArtifactRef } | { path: string; table: RawTable | null } | null {
    if ('node' in reference.source) {
      const dependency = this.graph.dependencies.get(reference)!;
      const [p] = dependency.producersOf(dependency.groupOfConsumer(instance));
      return { ref: portOf(dependency.producer, p!, reference) };
    }
    const input = this.workflow.inputs.get(reference.source.input)!;
    const path = String(fillTemplate(input.path, items));
    const digest = this.raw.digest(path);
    const failure = this.raw.failureOf(path);
    if (failure) throw new InputFailure(failure);
    if (digest === null) return null;
    if (input.type === 'file') return { path, table: null };
    const table = this.raw.table(path, input.read);
    if (table.failure) throw new InputFailure(table.failure);
    return { path, table };
  }

  private value(
    spec: InputPort,
    port: string,
    reference: Reference,
    source: { ref: ArtifactRef } | { path: string; table: RawTable | null },
    items: Record<string, Item>,
    params: Json,
  ): Bound | null {
    if ('path' in source && !source.table) {
      const identity = this.raw.identity(source.path);
      const digest = this.raw.digest(source.path)!;
      const extension = /\.([^./]+)$/.exec(source.path)?.[1] ?? '';
      return this.whole(`raw ${source.path}`, { kind: 'raw', digest, identity, extension });
    }
    if ('ref' in source) {
      const { kind, digest, extension = '' } = source.ref;
      if (kind === 'view') return this.views.bind(source.ref, port);
      if (kind === 'file') return this.whole(`file ${extension} ${digest}`, { kind, digest, extension });
      if (kind !== 'table') return this.whole(`${kind} ${digest}`, { kind, digest });
    }
    const manifest = this.tableOf(reference, source, items, spec, port, params);
    return manifest && this.narrowed(manifest, spec, params);
  }

  /** The manifest of a table reference: picked and renamed columns, or of a raw table those that the port reads. */
  private tableOf(
    reference: Reference,
    source: { ref: ArtifactRef } | { path: string; table: RawTable | null },
    items: Record<string, Item>,
    spec: InputPort,
    port: string,
    params: Json,
  ): Manifest | null {
    const name =
      'node' in reference.source
        ? `${reference.source.node}.${reference.source.port}`
        : reference.source.input;
    const picks = reference.columns && pickColumns(reference.columns, items);
    if ('ref' in source) {
      const { digest } = source.ref;
      const whole = this.manifest(digest);
      if (!picks) return whole;
      const memo = JSON.stringify([digest, picks]);
      let kept = this.picked.get(memo);
      if (!kept) {
        const columns = picks.map((pick) =>
          renamed(findColumn(whole.columns, pick.column, name, port), pick.as),
        );
        this.picked.set(memo, (kept = { ...whole, columns }));
      }
      return kept;
    }
    const table = source.table!;
    const header = this.raw.header(table);
    if (!header) return null;
    // Types and names are known, digests are not: the port's `reads` sees a schema only.
    const known = header.columns.map((column) => ({ ...column, digest: '' }));
    const wanted = picks
      ? picks.map((pick) => ({ ...pick, column: findColumn(known, pick.column, name, port).name }))
      : known.map(({ name: column }) => ({ column, as: column }));
    const schema = {
      rows: header.rows,
      id: table.read.id === null ? null : { name: table.read.id },
      columns: wanted.map((pick) =>
        renamed(
          known.find((column) => column.name === pick.column)!,
          pick.as,
        ),
      ),
    };
    const read = new Set(this.readNames(spec, params, schema));
    const kept = wanted.filter((pick) => read.has(pick.as));
    const manifest = this.raw.columns(table, [...new Set(kept.map((pick) => pick.column))]);
    if (!manifest) return null;
    return {
      ...manifest,
      columns: kept.map((pick) =>
        renamed(
          manifest.columns.find((column) => column.name === pick.column)!,
          pick.as,
        ),
      ),
    };
  }

  private manifest(digest: Digest): Manifest {
    let manifest = this.manifests.get(digest);
    if (!manifest) {
      manifest = this.store.artifacts.manifest(digest);
      this.manifests.set(digest, manifest);
    }
    return manifest;
  }

  private readNames(
    spec: InputPort,
    params: Json,
    schema: { rows: number; id: { name: string } | null; columns: readonly ManifestColumn[] },
  ): readonly string[] {
    if (!spec.reads) return schema.columns.map((column) => column.name);
    try {
      return spec.reads(
        params as never,
        manifestSchema({ ...schema, id: schema.id && { ...schema.id, digest: '' } }),
      );
    } catch (error) {
      if (error instanceof TaskError)
        throw new InputFailure({ kind: 'task', message: error.message, where: error.where, log: [] });
      throw error;
    }
  }

  /** An artifact without columns to choose from. One object for every instance that receives it: a worker loads it once for a call. */
  private whole(name: string, wire: WireValue & { readonly digest: Digest }): Bound {
    let known = this.wholes.get(name);
    if (!known) this.wholes.set(name, (known = { wire, digest: wire.digest }));
    return known;
  }

  /** Keeps the columns that the port reads, in the table's order, and names the result by its content. Also one object. */
  private narrowed(whole: Manifest, spec: InputPort, params: Json): Bound {
    const names = this.readNames(spec, params, whole);
    let ofWhole = this.readsOf.get(whole);
    if (!ofWhole) this.readsOf.set(whole, (ofWhole = new Map<string, Bound>()));
    const kept = JSON.stringify(names);
    let known = ofWhole.get(kept);
    if (!known) ofWhole.set(kept, (known = this.narrowing(whole, new Set(names))));
    return known;
  }

  private narrowing(whole: Manifest, read: ReadonlySet<string>): Bound {
    const columns = whole.columns.filter((column) => read.has(column.name));
    const memo = JSON.stringify([whole.id, whole.rows, columns]);
    let known = this.reads.get(memo);
    if (!known) {
      const manifest = { ...whole, columns };
      known = { wire: { kind: 'table', manifest }, digest: this.parts.of('read/1', manifest) };
      this.reads.set(memo, known);
    }
    return known;
  }
}

function portOf(producer: NodeState, instance: number, reference: Reference): ArtifactRef {
  const outputs = producer.outputs[instance];
  const port = (reference.source as { port: string }).port;
  const ref = outputs?.[port];
  if (!ref) throw new Error(`internal error: '${producer.name}.${port}' is not there yet`);
  return ref;
}
