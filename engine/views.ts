/**
 * Views: content of files that stay where they are. A view is keyed by its content; where its files are now is found out only to
 * read them.
 *
 * A narrowed view names the content of its base, and the base names the files. The base's own result is looked for in this run, so that
 * files which moved or grew are found under their present names. Not responsible for making views (tasks).
 */
import type { ArtifactRef, Digest } from '../cache/artifact.js';
import { digestOf } from '../cache/digest.js';
import type { Store } from '../cache/store.js';
import { Status } from './graph.js';
import { refuse } from './input-failure.js';
import type { WireFile, WireValue } from './job.js';
import type { RunGraph } from './plan-graph.js';
import { PORT_TYPES } from './port.js';
import type { RawFiles } from './raw.js';
import type { ViewRecipe } from './task.js';

export class Views {
  private readonly recipes = new Map<Digest, ViewRecipe>();
  /** The files of base views of this run, by the base's content. */
  private readonly files = new Map<string, ViewRecipe['files']>();

  constructor(
    private readonly store: Store,
    private readonly raw: RawFiles,
    private readonly graph: RunGraph,
  ) {}

  /** The view on the wire, and the digest that stands for it in a key. @throws InputFailure when its files are not there. */
  bind(ref: ArtifactRef, port: string): { wire: WireValue; digest: Digest } {
    const recipe = this.recipe(ref.digest);
    if (!this.files.has(recipe.base)) this.findBases();
    const roles = this.files.get(recipe.base);
    if (!roles)
      return refuse('the view that names the genotype files is not among the nodes of this run', { port });
    const files = Object.entries(roles).map(
      ([role, digest]) => [role, this.locate(digest, role, port)] as const,
    );
    return { wire: { kind: 'view', recipe, files }, digest: digestOf('view/1', recipe.content) };
  }

  private recipe(digest: Digest): ViewRecipe {
    let recipe = this.recipes.get(digest);
    if (!recipe) this.recipes.set(digest, (recipe = this.store.artifacts.json(digest) as ViewRecipe));
    return recipe;
  }

  /** Every base view that is finished by now. */
  private findBases(): void {
    for (const state of this.graph.nodes.values()) {
      const ports = Object.entries(state.node.task.outputs).filter(
        ([, { type }]) => PORT_TYPES[type] === 'view',
      );
      if (ports.length === 0) continue;
      for (let i = 0; i < state.count; i++) {
        if (state.status[i] !== Status.fresh && state.status[i] !== Status.ran) continue;
        for (const [name] of ports) {
          const recipe = this.recipe(state.outputs[i]![name]!.digest);
          if (recipe.base === recipe.content) this.files.set(recipe.content, recipe.files);
        }
      }
    }
  }

  private locate(digest: Digest, role: string, port: string): WireFile {
    const path = this.raw.known().find((file) => file.digest === digest)?.path;
    const extension = /\.([^./]+)$/.exec(path ?? '')?.[1] ?? '';
    if (path !== undefined) return { kind: 'raw', digest, identity: this.raw.identity(path), extension };
    if (this.store.objects.has(digest)) return { kind: 'file', digest, extension };
    return refuse(`the ${role} file of the view is neither an input of this run nor in the store`, { port });
  }
}
