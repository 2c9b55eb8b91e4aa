import { describe, expect, it } from 'vitest';
import type { NodeState } from '../../engine/graph.js';
import { WorkQueue, type Work } from '../../engine/queue.js';

/** The queue asks a node for nothing but its identity. */
const node = (name: string): NodeState => ({ name }) as unknown as NodeState;
const work = (state: NodeState, instance: number): Work =>
  ({ state, instance, key: `${state.name}${instance}` }) as unknown as Work;

describe('the queue of works', () => {
  it('gives the node with the longest way to the end first', () => {
    const [short, long, middle] = [node('short'), node('long'), node('middle')];
    const seconds = new Map([
      [short, 1],
      [long, 30],
      [middle, 7],
    ]);
    const queue = new WorkQueue((state) => seconds.get(state)!);
    for (const state of [short, long, middle])
      for (const i of [1, 2]) queue.add(work(state, i), `${state.name}${i}`, `${i}`);
    const order = Array.from({ length: 6 }, () => queue.take(1, () => true)![0]!.key);
    expect(order).toEqual(['long1', 'long2', 'middle1', 'middle2', 'short1', 'short2']);
    expect(queue.take(1, () => true)).toBeNull();
  });

  it('takes the only group in as many portions as there are workers: each prepares anew what is shared', () => {
    const queue = new WorkQueue(() => 1);
    const state = node('batch');
    for (let i = 0; i < 10; i++) queue.add(work(state, i), 'one group', `${i}`);
    const sizes = [];
    for (let taken = queue.take(2, () => true); taken; taken = queue.take(2, () => true))
      sizes.push(taken.length);
    expect(sizes).toEqual([5, 5]);
  });

  it('takes groups whole while there is one for every worker', () => {
    const queue = new WorkQueue(() => 1);
    const state = node('cox');
    for (let i = 0; i < 30; i++) queue.add(work(state, i), `disease ${i % 3}`, `${i}`);
    const taken: string[][] = [];
    for (let call = queue.take(2, () => true); call; call = queue.take(2, () => true))
      taken.push([...new Set(call.map(({ instance }) => `${instance % 3}×${call.length}`))]);
    expect(taken).toEqual([['0×10'], ['1×10'], ['2×5'], ['2×5']]);
  });

  it('takes no more than is asked for', () => {
    const queue = new WorkQueue(() => 1);
    const state = node('single');
    for (let i = 0; i < 10; i++) queue.add(work(state, i), 'one group', `${i}`);
    const take = (): number =>
      queue.take(
        2,
        () => true,
        () => 4,
      )?.length ?? 0;
    expect([take(), take(), take(), take(), take(), take()]).toEqual([4, 4, 2, 0, 0, 0]);
  });

  it('does not part what has all its inputs in common', () => {
    const queue = new WorkQueue(() => 1);
    const state = node('folds');
    // Three traits of five folds: a portion of eight is rounded up to two traits.
    for (let i = 0; i < 15; i++) queue.add(work(state, i), 'one group', `trait ${Math.floor(i / 5)}`);
    const sizes = [];
    for (let taken = queue.take(2, () => true); taken; taken = queue.take(2, () => true))
      sizes.push(taken.length);
    expect(sizes).toEqual([10, 5]);
  });

  it('passes over what does not fit, and keeps it', () => {
    const [large, small] = [node('large'), node('small')];
    const queue = new WorkQueue((state) => (state === large ? 9 : 1));
    queue.add(work(large, 1), 'large', '1');
    queue.add(work(small, 1), 'small', '1');
    expect(queue.take(1, (first) => first.state !== large)![0]!.state).toBe(small);
    expect(queue.take(1, (first) => first.state !== large)).toBeNull();
    expect(queue.size).toBe(1);
    expect(queue.take(1, () => true)![0]!.state).toBe(large);
  });
});
