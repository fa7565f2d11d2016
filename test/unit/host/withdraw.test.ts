/** What plugins have left in the kernel when their lane stops without them running (core/runtime/src/host/life-cycle.ts). */
import assert from 'node:assert/strict';
import type { PluginSpec } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { type HostBench, hostBench, noting, ready } from './host-bench.js';

const never = () => new Promise<never>(() => {});

describe('what a plugin left', () => {
  const leaving = (name: string, steps: string[], spec: Partial<PluginSpec> = {}) => {
    const { manifest, ...rest } = noting(name, steps, { withdraw: () => void steps.push(`${name} withdraw`), ...spec });
    return { ...rest, manifest: { ...manifest, leaves: 'something' } };
  };
  async function end(bench: HostBench, why: 'shutdown' | 'restart' = 'shutdown') {
    const stopped = bench.host.stop(why);
    const left = bench.host.withdraw();
    await bench.clock.drive(stopped);
    return bench.clock.drive(left);
  }

  it('is taken back by its stop where it runs, and then not again', async () => {
    const bench = hostBench();
    const steps: string[] = [];
    await ready(bench, [leaving('a', steps), noting('b', steps)]);
    await bench.clock.drive(bench.host.start());
    assert.deepEqual(await end(bench), []);
    assert.deepEqual(steps, ['a start', 'b start', 'b stop shutdown', 'a stop shutdown']);
    assert.deepEqual(await end(bench), []);
    assert.equal(steps.length, 4);
  });

  it('is taken back, in reverse order, where it has not started, was stopped for a restart, or could not start', async () => {
    const fails = () => {
      throw new Error('not now');
    };
    for (const way of ['not started', 'restart', 'failed']) {
      const bench = hostBench();
      const steps: string[] = [];
      await ready(bench, [leaving('a', steps, way === 'failed' ? { start: fails } : {}), leaving('b', steps)]);
      const start = way === 'not started' ? Promise.resolve() : bench.host.start();
      await bench.clock.drive(start.catch(() => {}));
      if (way === 'restart') await bench.clock.drive(bench.host.stop('restart'));
      steps.length = 0;
      assert.deepEqual(await end(bench), [], way);
      assert.deepEqual(steps, ['b withdraw', 'a withdraw'], way);
      assert.equal(bench.clock.pending, 0);
    }
  });

  it('is taken back where the stop comes while a failed start is being undone', async () => {
    const bench = hostBench();
    const steps: string[] = [];
    let undo = () => {};
    const stop = () => new Promise<void>((resolve) => (undo = resolve));
    await ready(bench, [leaving('a', steps, { start: never, stop })]);
    const start = bench.host.start().catch(({ code }: { code: string }) => steps.push(code));
    await bench.clock.advance(10_000);
    const stopped = end(bench);
    undo();
    assert.deepEqual(await stopped, []);
    await start;
    assert.deepEqual(steps, ['PLUGIN_TIMEOUT', 'a withdraw']);
  });

  it('is named where it cannot be taken back, is not within ten seconds, or a stop may still be at it', async () => {
    for (const [spec, isStarted] of [
      [{ withdraw: () => Promise.reject(new Error('the table cannot be read')) }, false],
      [{ withdraw: never }, false],
      [{ withdraw: undefined as never }, false],
      [{ stop: never }, true],
    ] as const) {
      const bench = hostBench();
      const steps: string[] = [];
      await ready(bench, [leaving('a', steps, spec), noting('b', steps)]);
      if (isStarted) await bench.clock.drive(bench.host.start());
      const before = bench.clock.now();
      assert.deepEqual(await end(bench), ['a']);
      assert.ok(bench.clock.now() - before <= 10_000);
      assert.ok(!steps.includes('a withdraw'));
    }
  });

  it('is nobody’s where the manifest does not speak of it', async () => {
    const bench = hostBench();
    const steps: string[] = [];
    await ready(bench, [noting('a', steps, { withdraw: () => void steps.push('withdraw') })]);
    assert.deepEqual([await end(bench), steps], [[], []]);
  });
});
