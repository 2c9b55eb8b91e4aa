/**
 * Rereads: what is said of a changed input that comes from a raw file: which of its columns, of which file, and how many columns of the
 * file differ from what the earlier run read.
 *
 * Not responsible for finding the change (why.ts).
 */
import { basename } from 'node:path';
import type { Digest } from '../cache/artifact.js';
import type { Preimage } from '../cache/index.js';
import type { Manifest } from '../cache/manifest.js';
import type { Store } from '../cache/store.js';
import { readGraph } from './describe.js';
import type { NodeState } from './graph.js';
import type { Located } from './history.js';
import { fillTemplate } from './language/template.js';
import { referencesOf } from './language/graph.js';
import type { Run } from './run.js';
import { changedColumns, type Change } from './why.js';
import type { FileInput, Workflow } from './workflow.js';

export class Rereads {
  /** Digests of the raw files of earlier runs, by path. */
  private readonly files = new Map<Digest, ReadonlyMap<string, Digest>>();
  private readonly texts = new Map<string, string | null>();

  constructor(
    private readonly workflow: Workflow,
    private readonly store: Store,
    private readonly run: Run,
  ) {}

  /** The changes of an instance since it was done, with what is known of raw files added. */
  told(
    state: NodeState,
    instance: number,
    preimage: Preimage,
    before: Located,
    changes: readonly Change[],
  ): readonly Change[] {
    const key = before.group.key(before.at);
    const old = key === null ? null : this.store.index.preimage(key);
    if (!old) return changes;
    return changes.map((change) => {
      const port = /^input ([^.]+)$/.exec(change.field)?.[1];
      const binding = port === undefined ? undefined : state.node.inputs.get(port);
      if (!binding) return change;
      const sources = [...referencesOf(binding)].flatMap(({ source }) =>
        'input' in source ? [this.workflow.inputs.get(source.input)!] : [],
      );
      const found = sources.flatMap((input) => {
        const path = String(fillTemplate(input.path, state.items(instance)));
        return this.text(input, path, before.run.graph) ?? [];
      });
      const reread = [...new Set(found)];
      if (reread.length === 0) return change;
      const suffix = `(${reread.join('; ')})`;
      const [only] = sources;
      const columns = this.columns(old, preimage, port!);
      if (binding.how !== 'one' || !only || !columns)
        return { ...change, to: `${change.to} ${suffix}`.trim() };
      const names = columns.length === 1 ? columns[0]! : `{${columns.join(', ')}}`;
      return { ...change, to: `${only.name}.${names} changed ${suffix}` };
    });
  }

  /** Names of the columns that alone are different at a port; null when something else is. */
  private columns(before: Preimage, after: Preimage, port: string): readonly string[] | null {
    const [a, b] = [before, after].map(({ inputs }) => {
      const digest = inputs.find(([name]) => name === port)?.[1];
      const body = digest === undefined ? null : this.run.binder.parts.body(digest);
      const [tag, manifest] = body === null ? [] : (JSON.parse(body) as [string, Manifest]);
      return tag === 'read/1' ? manifest! : null;
    });
    if (!a || !b) return null;
    const { rows, changed, added, lost } = changedColumns(a, b);
    return rows || added.length + lost.length > 0 || changed.length === 0 ? null : changed;
  }

  /** `people.csv re-read: 1 of 61 columns differs`; null when the file is the one of the earlier run. */
  private text(input: FileInput, path: string, graph: Digest): string | null {
    const memo = JSON.stringify([input.name, path, graph]);
    let text = this.texts.get(memo);
    if (text === undefined) this.texts.set(memo, (text = this.compare(input, path, graph)));
    return text;
  }

  private compare(input: FileInput, path: string, graph: Digest): string | null {
    const { raw } = this.run;
    const before = this.filesOf(graph).get(path);
    const now = raw.digest(path);
    if (before === undefined || now === null || before === now) return null;
    if (input.type === 'file') return `${basename(path)} has another content`;
    const table = raw.table(path, input.read);
    const header = raw.header(table);
    if (!header) return `${basename(path)} re-read`;
    let [known, different] = [0, 0];
    for (const { name } of header.columns) {
      const [old, current] = [raw.columnOf(before, table, name), raw.columnOf(now, table, name)];
      if (old === null || current === null) continue;
      known++;
      if (old.columns[0]?.digest !== current.columns[0]?.digest) different++;
    }
    const all = header.columns.length;
    // Columns that nobody ever read are not read for this.
    const of = known === all ? `${all} columns` : `${known} columns read`;
    return `${basename(path)} re-read: ${different} of ${of} ${different === 1 ? 'differs' : 'differ'}`;
  }

  private filesOf(graph: Digest): ReadonlyMap<string, Digest> {
    let files = this.files.get(graph);
    if (!files) {
      files = new Map(readGraph(this.store, graph).files.map(({ path, digest }) => [path, digest]));
      this.files.set(graph, files);
    }
    return files;
  }
}
