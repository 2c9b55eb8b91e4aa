/**
 * Genealogy: the coalescent tree of the founder haplotypes at one place, and its change from place to place by the SMC'
 * (Marjoram & Wall, BMC Genet 2006; 7:16), with isolated populations that merge backwards in time.
 * Not responsible for where recombinations fall (the caller draws distances from `length`) nor for mutations' positions.
 */
import type { Rng } from '../../stats/rng.js';
import type { Epoch } from './demography.js';

export class Genealogy {
  /** Number of leaves, nodes 0 … n − 1; internal nodes are n … 2n − 2. */
  readonly n: number;
  /** Generations ago; leaves at 0. */
  private readonly time: Float64Array;
  /** −1 at the root. */
  private readonly parent: Int32Array;
  private readonly left: Int32Array;
  private readonly right: Int32Array;
  /** Population of each node at its time; its branch may have moved to another since (`populationIn`). */
  private readonly population: Uint8Array;
  /** Internal nodes, youngest first. */
  private readonly order: Int32Array;
  /** populationIn[e][q]: where a lineage of q is in epoch e. */
  private readonly populationIn: readonly Uint8Array[];
  private readonly leaves: Int32Array;
  private readonly lineages: Int32Array;
  private readonly tally: Int32Array;
  private total = 0;

  /** Draws a tree of leaves that live now in the given populations. */
  constructor(
    populations: Uint8Array,
    private readonly epochs: readonly Epoch[],
    private readonly rng: Rng,
  ) {
    const n = (this.n = populations.length);
    this.time = new Float64Array(2 * n - 1);
    this.parent = new Int32Array(2 * n - 1).fill(-1);
    this.left = new Int32Array(2 * n - 1).fill(-1);
    this.right = new Int32Array(2 * n - 1).fill(-1);
    this.population = new Uint8Array(2 * n - 1);
    this.population.set(populations);
    this.order = new Int32Array(n - 1);
    const count = epochs[0]!.sizes.length;
    this.leaves = new Int32Array(count);
    for (const q of populations) this.leaves[q]!++;
    this.lineages = new Int32Array(count);
    this.tally = new Int32Array(2 * n - 1);
    let now = Uint8Array.from({ length: count }, (_, q) => q);
    this.populationIn = epochs.map(({ merge }) => {
      if (merge) now = now.map((q) => (q === merge[0] ? merge[1] : q));
      return now;
    });
    this.coalesceAll();
  }

  /** Sum of branch lengths, in generations: recombinations per Morgan. */
  get length(): number {
    return this.total;
  }

  private coalesceAll(): void {
    const { n, epochs, rng } = this;
    const groups: number[][] = epochs[0]!.sizes.map(() => []);
    for (let i = 0; i < n; i++) groups[this.population[i]!]!.push(i);
    let t = 0;
    let epoch = 0;
    let active = n;
    const rateOf = (q: number): number => {
      const k = groups[q]!.length;
      return k < 2 ? 0 : (k * (k - 1)) / (4 * epochs[epoch]!.sizes[q]!);
    };
    for (let next = n; next < 2 * n - 1;) {
      const rates = groups.map((_, q) => rateOf(q));
      const rate = rates.reduce((sum, r) => sum + r, 0);
      const end = epochs[epoch + 1]?.from ?? Infinity;
      const wait = rate > 0 ? -Math.log(1 - rng.uniform()) / rate : Infinity;
      if (t + wait >= end) {
        t = end;
        const merge = epochs[++epoch]!.merge;
        if (merge) groups[merge[1]]!.push(...groups[merge[0]]!.splice(0));
        continue;
      }
      t += wait;
      let at = rng.uniform() * rate;
      let q = 0;
      while (q < rates.length - 1 && at >= rates[q]!) at -= rates[q++]!;
      const group = groups[q]!;
      const pair = [this.take(group), this.take(group)] as const;
      this.join(next, pair[0], pair[1], t, q);
      this.order[next - n] = next;
      this.total += active * (t - (next === n ? 0 : this.time[next - 1]!));
      active--;
      group.push(next++);
    }
  }

  private take(group: number[]): number {
    const i = this.rng.integer(group.length);
    const taken = group[i]!;
    group[i] = group.at(-1)!;
    group.pop();
    return taken;
  }

  private join(node: number, a: number, b: number, time: number, population: number): void {
    this.left[node] = a;
    this.right[node] = b;
    this.parent[a] = this.parent[b] = node;
    this.time[node] = time;
    this.population[node] = population;
  }

  /** Moves to the tree beyond one recombination. */
  recombine(): void {
    const { n, time, order, rng } = this;
    let at = rng.uniform() * this.total;
    let since = 0;
    let rank = 0;
    // Below the internal node of this rank, and above the one before it, run n − rank branches.
    for (; rank < n - 2; rank++) {
      const node = time[order[rank]!]!;
      const length = (n - rank) * (node - since);
      if (at < length) break;
      at -= length;
      since = node;
    }
    const s = Math.min(since + at / (n - rank), time[order[rank]!]!);
    this.float(this.pick(s, rank, n - rank, -1, -1), s, rank);
  }

  /** The lineage of `branch` is cut at time `s` and coalesces anew with any lineage of its population, its own included. */
  private float(branch: number, s: number, firstRank: number): void {
    const { time, order, lineages, epochs, rng } = this;
    let epoch = 0;
    while (epoch + 1 < epochs.length && epochs[epoch + 1]!.from <= s) epoch++;
    let q = this.populationIn[epoch]![this.population[branch]!]!;
    this.countLineages(firstRank, epoch);
    let rank = firstRank;
    let t = s;
    // The integrated rate of coalescence that is still to pass; one draw serves all intervals.
    let left = -Math.log(1 - rng.uniform());
    for (;;) {
      const node = rank < order.length ? order[rank]! : -1;
      const end = epochs[epoch + 1]?.from ?? Infinity;
      const boundary = Math.min(end, node < 0 ? Infinity : time[node]!);
      const rate = lineages[q]! / (2 * epochs[epoch]!.sizes[q]!);
      if (left < rate * (boundary - t)) {
        t += left / rate;
        break;
      }
      left -= rate * (boundary - t);
      t = boundary;
      if (boundary === end) {
        const merge = epochs[++epoch]!.merge;
        if (merge) {
          lineages[merge[1]]! += lineages[merge[0]]!;
          lineages[merge[0]] = 0;
        }
        q = this.populationIn[epoch]![q]!;
      } else {
        // Two lineages of one population become one.
        lineages[this.populationIn[epoch]![this.population[node]!]!]!--;
        rank++;
      }
    }
    this.regraft(branch, this.pick(t, rank, lineages[q]!, epoch, q), t, q);
  }

  /** Lineages of each population when the internal nodes below `rank` have coalesced. */
  private countLineages(rank: number, epoch: number): void {
    const into = this.populationIn[epoch]!;
    const { lineages, order, population, leaves } = this;
    lineages.fill(0);
    if (into.every((q) => q === into[0])) {
      lineages[into[0]!] = this.n - rank;
      return;
    }
    for (let q = 0; q < lineages.length; q++) lineages[into[q]!]! += leaves[q]!;
    for (let i = 0; i < rank; i++) lineages[into[population[order[i]!]!]!]!--;
  }

  /**
   * One of the `count` branches that cross time t (population q in the epoch; any when q is −1), each equally likely.
   * `rank` is that of the first internal node older than t.
   */
  private pick(t: number, rank: number, count: number, epoch: number, q: number): number {
    const { n, time, parent, order, rng } = this;
    const belongs = (i: number): boolean => q < 0 || this.populationIn[epoch]![this.population[i]!] === q;
    if (rank === n - 1) return order[n - 2]!;
    // Many branches: try nodes at random. Few: they hang below the few nodes that are older than t.
    if (count > n / 8) {
      for (;;) {
        const i = rng.integer(2 * n - 1);
        if (time[i]! <= t && (parent[i]! < 0 || time[parent[i]!]! > t) && belongs(i)) return i;
      }
    }
    let skip = rng.integer(count);
    for (let r = rank; ; r++) {
      for (const child of [this.left[order[r]!]!, this.right[order[r]!]!]) {
        if (time[child]! <= t && belongs(child) && skip-- === 0) return child;
      }
    }
  }

  private regraft(branch: number, onto: number, t: number, q: number): void {
    if (onto === branch) return;
    const { parent, time } = this;
    const p = parent[branch]!;
    const sibling = this.left[p] === branch ? this.right[p]! : this.left[p]!;
    // p leaves the tree: its upper and its other lower branch become one.
    const target = onto === p ? sibling : onto;
    const above = parent[p]!;
    this.replaceChild(above, p, sibling);
    this.total -= time[p]! - time[branch]!;
    if (above < 0) this.total -= time[p]! - time[sibling]!;
    this.dropFromOrder(p);
    // … and comes back on the target's branch.
    const over = parent[target]!;
    this.replaceChild(over, target, p);
    this.join(p, branch, target, t, q);
    this.total += t - time[branch]!;
    if (over < 0) this.total += t - time[target]!;
    this.insertIntoOrder(p);
  }

  private replaceChild(node: number, old: number, child: number): void {
    if (node >= 0) {
      if (this.left[node] === old) this.left[node] = child;
      else this.right[node] = child;
    }
    this.parent[child] = node;
  }

  private dropFromOrder(node: number): void {
    const { order } = this;
    // Coalescence times are distinct, but two may be rounded to one.
    let rank = this.rankOf(this.time[node]!);
    while (order[rank] !== node) rank++;
    order.copyWithin(rank, rank + 1);
  }

  private insertIntoOrder(node: number): void {
    const { order } = this;
    const rank = this.rankOf(this.time[node]!, order.length - 1);
    order.copyWithin(rank + 1, rank, order.length - 1);
    order[rank] = node;
  }

  /** Rank of the first of `length` internal nodes that is at least as old as t. */
  private rankOf(t: number, length = this.order.length): number {
    let low = 0;
    let high = length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time[this.order[middle]!]! < t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Puts one mutation on the tree, on a branch chosen by its length among those whose mutation has a minor allele count of at
   * least `least` among the leaves of `population`; sets out[leaf] to 1 for carriers and 0 for others.
   * `least` must be at most a third of that population's leaves, so that there always is such a branch.
   */
  mutate(rng: Rng, population: number, least: number, out: Uint8Array): void {
    const { n, order, left, right, parent, time, tally } = this;
    let all = 0;
    for (let i = 0; i < n; i++) all += tally[i] = this.population[i] === population ? 1 : 0;
    for (const node of order) tally[node] = tally[left[node]!]! + tally[right[node]!]!;
    let eligible = 0;
    const common = (i: number): boolean => parent[i]! >= 0 && tally[i]! >= least && all - tally[i]! >= least;
    for (let i = 0; i < 2 * n - 1; i++) if (common(i)) eligible += time[parent[i]!]! - time[i]!;
    let at = rng.uniform() * eligible;
    let chosen = -1;
    for (let i = 0; i < 2 * n - 1 && at >= 0; i++) {
      if (!common(i)) continue;
      chosen = i;
      at -= time[parent[i]!]! - time[i]!;
    }
    out.fill(0);
    const below = [chosen];
    for (let node = below.pop(); node !== undefined; node = below.pop()) {
      if (node < n) out[node] = 1;
      else below.push(left[node]!, right[node]!);
    }
  }

  /** Generations to the common ancestor of two leaves. */
  ancestorTime(a: number, b: number): number {
    const { parent, time } = this;
    let [x, y] = [a, b];
    while (x !== y) {
      // Climb from the younger node; leaves tie at 0.
      if (time[x]! <= time[y]!) x = parent[x]!;
      else y = parent[y]!;
    }
    return time[x]!;
  }
}
