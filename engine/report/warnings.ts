/**
 * Warnings and backends: what the entries of the store say besides their results. Read from the store, not from the run, so
 * that a result found there warns as it did when it was computed.
 */
import { hasResult, type ReportContext } from './context.js';
import { counted, markup, type Html } from './html.js';

/** Different messages told of one node. */
const TOLD = 30;
/** Items named of those that warned alike. */
const NAMED = 8;

export interface Notes {
  /** Node → message → items. */
  readonly warnings: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
  /** Numeric library and Node version of everything that was computed, sorted. */
  readonly backends: readonly string[];
}

export function readNotes({ graph, store }: ReportContext): Notes {
  const warnings = new Map<string, Map<string, string[]>>();
  const backends = new Set<string>();
  store.index.reading(() => {
    for (const state of graph.nodes.values()) {
      const messages = new Map<string, string[]>();
      const made = Array.from({ length: state.count }, (_, i) => i).filter(
        (i) => state.keys[i] && hasResult(state, i),
      );
      const notes = store.index.notes(made.map((i) => state.keys[i]!));
      for (const backend of notes.backends) backends.add(backend);
      for (const i of notes.warnings.size > 0 ? made : []) {
        for (const message of notes.warnings.get(state.keys[i]!) ?? []) {
          const items = messages.get(message) ?? [];
          items.push(state.itemText(i));
          messages.set(message, items);
        }
      }
      if (messages.size > 0) warnings.set(state.name, messages);
    }
  });
  return { warnings, backends: [...backends].filter((backend) => backend !== '').sort() };
}

/** How many different things were warned of. */
export function warningsText({ warnings }: Notes): string {
  return counted(
    [...warnings.values()].reduce((sum, messages) => sum + messages.size, 0),
    'warning',
  );
}

export function warningsHtml({ warnings }: Notes, context: ReportContext): Html | null {
  if (warnings.size === 0) return null;
  const entries = [...warnings].map(([node, messages]) => {
    const told = [...messages].slice(0, TOLD).map(([message, items]) => {
      return markup`<dd>${context.withoutFolders(message)}${itemsNamed(items)}</dd>\n`;
    });
    const more = messages.size - TOLD;
    const rest = more > 0 ? markup`<dd class="quiet">and ${counted(more, 'other message')}</dd>` : null;
    return markup`<dt>${context.nodeLink(node)}</dt>${told}${rest}`;
  });
  return markup`<dl class="warnings">${entries}</dl>`;
}

function itemsNamed(items: readonly string[]): Html | null {
  const named = items.filter((item) => item !== '');
  if (named.length === 0) return null;
  const more = named.length > NAMED ? ` and ${named.length - NAMED} more` : '';
  return markup` <span class="quiet">(${named.slice(0, NAMED).join(', ')}${more})</span>`;
}
