/**
 * Views: content of files that stay where they are. A view is keyed by its content; where its files are now is found out only to
 * read them.
 *
 * A view that was made of others names their content. They are looked for among the views of this run, so that files which moved or
 * grew are found under their present names. Not responsible for making views (tasks).
 */
import type { ArtifactRef, Digest } from '../cache/artifact.js';
import { digestOf } from '../cache/digest.js';
import type { Store } from '../cache/store.js';
import { Status } from './graph.js';
import { refuse } from './input-failure.js';
import type { WireFile, WireView } from './job.js';
import type { RunGraph } from './plan-graph.js';
import { PORT_TYPES } from './port.js';
import type { RawFiles } from './raw.js';
import type { ViewRecipe } from './task.js';

export class Views {
  private readonly recipes = new Map<Digest, ViewRecipe>();
  /** The views of this run that are finished, by content: any of equal content will do. */
  private readonly finished = new Map<string, ViewRecipe>();
  /** One object for each view on the wire, so that a message about many instances holds it once. */
  private readonly wires = new Map<ViewRecipe, WireView>();

  constructor(
    private readonly store: Store,
    private readonly raw: RawFiles,
    private readonly graph: RunGraph,
  ) {}

  /** The view on the wire, and the digest that stands for it in a key. @throws InputFailure when its files are not there. */
  bind(ref: ArtifactRef, port: string): { wire: WireView; digest: Digest } {
    const recipe = this.recipe(ref.digest);
    return { wire: this.wire(recipe, port), digest: digestOf('view/1', recipe.content) };
  }

  private wire(recipe: ViewRecipe, port: string): WireView {
    let wire = this.wires.get(recipe);
    if (!wire) {
      const files = Object.entries(recipe.files).map(
        ([role, digest]) => [role, this.locate(digest, role, port)] as const,
      );
      const of = recipe.of.map((content) => this.wire(this.named(content, port), port));
      this.wires.set(recipe, (wire = { kind: 'view', recipe, files, of }));
    }
    return wire;
  }

  private named(content: string, port: string): ViewRecipe {
    if (!this.finished.has(content)) this.findFinished();
    return (
      this.finished.get(content) ??
      refuse('a view that this one was made of is not among the nodes of this run', { port })
    );
  }

  private recipe(digest: Digest): ViewRecipe {
    let recipe = this.recipes.get(digest);
    if (!recipe) this.recipes.set(digest, (recipe = this.store.artifacts.json(digest) as ViewRecipe));
    return recipe;
  }

  /**
   * A view counts once those that it was made of count, and the first of equal content stays: a view of everything in another has that
   * other's content, and must not stand for it.
   */
  private findFinished(): void {
    let waiting = this.finishedRecipes();
    for (;;) {
      const later: ViewRecipe[] = [];
      for (const recipe of waiting) {
        if (!recipe.of.every((content) => this.finished.has(content))) later.push(recipe);
        else if (!this.finished.has(recipe.content)) this.finished.set(recipe.content, recipe);
      }
      if (later.length === waiting.length) return;
      waiting = later;
    }
  }

  private finishedRecipes(): ViewRecipe[] {
    const recipes: ViewRecipe[] = [];
    for (const state of this.graph.nodes.values()) {
      const ports = Object.entries(state.node.task.outputs).filter(
        ([, { type }]) => PORT_TYPES[type] === 'view',
      );
      if (ports.length === 0) continue;
      for (let i = 0; i < state.count; i++) {
        if (state.status[i] !== Status.fresh && state.status[i] !== Status.ran) continue;
        for (const [name] of ports) recipes.push(this.recipe(state.outputs[i]![name]!.digest));
      }
    }
    return recipes;
  }

  private locate(digest: Digest, role: string, port: string): WireFile {
    const path = this.raw.known().find((file) => file.digest === digest)?.path;
    const extension = /\.([^./]+)$/.exec(path ?? '')?.[1] ?? '';
    if (path !== undefined) return { kind: 'raw', digest, identity: this.raw.identity(path), extension };
    if (this.store.objects.has(digest)) return { kind: 'file', digest, extension };
    return refuse(`the ${role} file of the view is neither an input of this run nor in the store`, { port });
  }
}
