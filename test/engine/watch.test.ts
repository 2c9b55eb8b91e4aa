/** The states of the watch: what a change does while it rests, checks or runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Watch } from '../../engine/watch.js';

const SETTLE = 10;

/** A study whose identity and errors a test sets, with runs that end when told. Tells what happened, in order. */
class Scene {
  identity: string | null = 'a';
  readonly told: string[] = [];
  private ends: (() => void)[] = [];
  readonly watch = new Watch(
    {
      check: (changed: readonly string[]) => {
        this.told.push(['check', ...[...changed].sort()].join(' '));
        const { identity } = this;
        if (identity === null) return Promise.resolve(null);
        return Promise.resolve({ identity, run: (signal) => this.run(identity, signal) });
      },
      onCancel: () => this.told.push('cancel'),
      onRest: () => this.told.push('rest'),
    },
    SETTLE,
  );
  readonly over = this.watch.watch();

  private async run(identity: string, signal: AbortSignal): Promise<void> {
    this.told.push(`run ${identity}`);
    await new Promise<void>((resolve) => {
      this.ends.push(resolve);
      signal.addEventListener('abort', () => resolve());
    });
    this.told.push(`${signal.aborted ? 'aborted' : 'ended'} ${identity}`);
  }

  /** Ends the run that goes on. */
  end(): void {
    for (const end of this.ends.splice(0)) end();
  }

  async settle(): Promise<void> {
    await sleep(SETTLE * 5);
  }

  /** What was told since the last time. */
  take(): string[] {
    return this.told.splice(0);
  }

  async change(...paths: string[]): Promise<string[]> {
    for (const path of paths) this.watch.change(path);
    await this.settle();
    return this.take();
  }
}

async function resting(): Promise<Scene> {
  const scene = new Scene();
  await scene.settle();
  scene.end();
  await scene.settle();
  expect(scene.take()).toEqual(['check', 'run a', 'ended a', 'rest']);
  return scene;
}

describe('at rest', () => {
  it('a change: checked, run, rest', async () => {
    const scene = await resting();
    scene.identity = 'b';
    expect(await scene.change('x')).toEqual(['check x', 'run b']);
    scene.end();
    await scene.settle();
    expect(scene.take()).toEqual(['ended b', 'rest']);
    scene.watch.stop();
    await scene.over;
  });

  it('changes in quick succession are one', async () => {
    const scene = await resting();
    expect(await scene.change('y', 'x', 'y')).toEqual(['check x y', 'run a']);
    scene.watch.stop();
    await scene.over;
    expect(scene.take()).toEqual(['aborted a']);
  });

  it('errors are told and survived', async () => {
    const scene = await resting();
    scene.identity = null;
    expect(await scene.change('x')).toEqual(['check x', 'rest']);
    expect(await scene.change('x')).toEqual(['check x', 'rest']);
    scene.identity = 'c';
    expect(await scene.change('x')).toEqual(['check x', 'run c']);
    scene.watch.stop();
    await scene.over;
  });
});

describe('while a run goes on', () => {
  const running = async (): Promise<Scene> => {
    const scene = new Scene();
    await scene.settle();
    expect(scene.take()).toEqual(['check', 'run a']);
    return scene;
  };

  it('another study: the run is cancelled, the new one runs', async () => {
    const scene = await running();
    scene.identity = 'b';
    expect(await scene.change('x')).toEqual(['check x', 'cancel', 'aborted a', 'run b']);
    scene.end();
    await scene.settle();
    expect(scene.take()).toEqual(['ended b', 'rest']);
    scene.watch.stop();
    await scene.over;
  });

  it('the same study: the run goes on, and once more when it has ended', async () => {
    const scene = await running();
    expect(await scene.change('x')).toEqual(['check x']);
    scene.end();
    await scene.settle();
    expect(scene.take()).toEqual(['ended a', 'check', 'run a']);
    scene.end();
    await scene.settle();
    expect(scene.take()).toEqual(['ended a', 'rest']);
    scene.watch.stop();
    await scene.over;
  });

  it('a study with errors: the run goes on', async () => {
    const scene = await running();
    scene.identity = null;
    expect(await scene.change('x')).toEqual(['check x']);
    scene.end();
    await scene.settle();
    expect(scene.take()).toEqual(['ended a', 'rest']);
    scene.watch.stop();
    await scene.over;
  });

  it('stop: the run is aborted, and the watch is over when it has ended', async () => {
    const scene = await running();
    scene.watch.stop();
    await scene.over;
    expect(scene.take()).toEqual(['aborted a']);
  });
});

it('what a run throws ends the watch', async () => {
  const watch = new Watch(
    {
      check: () => Promise.resolve({ identity: 'a', run: () => Promise.reject(new Error('damaged')) }),
      onCancel: () => undefined,
      onRest: () => undefined,
    },
    SETTLE,
  );
  await expect(watch.watch()).rejects.toThrow('damaged');
});
