/** Start, failed start and stop of plugins (core/runtime/src/host/life-cycle.ts). */
import assert from 'node:assert/strict';
import { type App, MainstayError, type Run } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { hostBench, loaded, noting, ready, treeOf } from './host-bench.js';

const never = () => new Promise<never>(() => {});

describe('life of plugins', () => {
  it('starts in load order, one after the other, and stops in reverse', async () => {
    const bench = hostBench();
    const steps: string[] = [];
    const slow = async () => {
      await new Promise<void>((resolve) => bench.clock.after(500, resolve));
      steps.push('a start');
    };
    await ready(bench, [noting('a', steps, { start: slow }), noting('b', steps), noting('c', steps)]);
    await bench.clock.drive(bench.host.start());
    await bench.host.stop('shutdown');
    assert.deepEqual(steps, ['a start', 'b start', 'c start', 'c stop shutdown', 'b stop shutdown', 'a stop shutdown']);
    assert.deepEqual(
      bench.host.plugins().map((plugin) => plugin.state),
      ['stopped', 'stopped', 'stopped'],
    );
    assert.equal(bench.clock.pending, 0);
  });

  it('undoes a failed start whole, names the plugin and the cause', async () => {
    const bench = hostBench();
    const steps: string[] = [];
    const cause = new Error('address in use');
    const fail = async () => {
      steps.push('b start');
      throw cause;
    };
    await ready(bench, [noting('a', steps), noting('b', steps, { start: fail }), noting('c', steps)]);
    await assert.rejects(bench.host.start(), (error: unknown) => {
      assert.ok(error instanceof MainstayError);
      assert.equal(error.code, 'PLUGIN_START_FAILED');
      assert.match(error.message, /plugin b could not start: address in use/);
      assert.equal(error.cause, cause);
      return true;
    });
    assert.deepEqual(steps, ['a start', 'b start', 'b stop restart', 'a stop restart']);
    assert.deepEqual(
      bench.host.plugins().map(({ state, lastError }) => [state, lastError]),
      [
        ['stopped', undefined],
        ['failed', 'address in use'],
        ['loaded', undefined],
      ],
    );
    await bench.host.stop('shutdown');
    assert.equal(steps.length, 4);
  });

  it('keeps the hint of an error that has one', async () => {
    const bench = hostBench();
    const start = () => {
      throw new MainstayError('PORT_FAILED', 'no permission', 'run as root');
    };
    await ready(bench, [loaded({ name: 'a', start })]);
    await assert.rejects(bench.host.start(), { message: 'plugin a could not start: no permission (run as root)' });
  });

  it('gives a start ten seconds', async () => {
    const bench = hostBench();
    const steps: string[] = [];
    let run: Run | undefined;
    const hang = (given: Run) => {
      run = given;
      return never();
    };
    await ready(bench, [noting('a', steps), noting('b', steps, { start: hang })]);
    const began = bench.clock.now();
    await assert.rejects(bench.clock.drive(bench.host.start()), { code: 'PLUGIN_TIMEOUT', message: /start of plugin b .* 10 s/ });
    assert.equal(bench.clock.now() - began, 10_000);
    assert.equal(run?.signal.aborted, true);
    assert.deepEqual(steps, ['a start', 'b stop restart', 'a stop restart']);
  });

  it('gives a stop five seconds, and stops the others whatever one does', async () => {
    const bench = hostBench();
    const steps: string[] = [];
    const boom = () => {
      throw new Error('cannot let go');
    };
    await ready(bench, [noting('a', steps), noting('b', steps, { stop: never }), noting('c', steps, { stop: boom })]);
    await bench.host.start();
    const began = bench.clock.now();
    await bench.clock.drive(bench.host.stop('restart'));
    assert.equal(bench.clock.now() - began, 5000);
    assert.deepEqual(steps.slice(3), ['a stop restart']);
    assert.deepEqual(
      bench.logs.filter(({ level }) => level === 'error').map(({ plugin, message }) => `${plugin} ${message}`),
      ['c did not stop cleanly: cannot let go', 'b did not stop cleanly: the stop of plugin b did not finish in 5 s'],
    );
  });

  it('stops once for each start', async () => {
    const bench = hostBench();
    const steps: string[] = [];
    await ready(bench, [noting('a', steps)]);
    await bench.host.stop('shutdown');
    await bench.host.start();
    await Promise.all([bench.host.stop('shutdown'), bench.host.stop('shutdown')]);
    await bench.host.stop('shutdown');
    assert.deepEqual(steps, ['a start', 'a stop shutdown']);
    await bench.host.start();
    await bench.host.stop('shutdown');
    assert.deepEqual(steps.slice(2), ['a start', 'a stop shutdown']);
  });

  it('has its taps at work again after a second start', async () => {
    const bench = hostBench();
    const seen: string[] = [];
    const setup = (app: App) => {
      app.taps.lifecycle('config.loaded', () => void seen.push('loaded'));
      app.taps.observe('lane.crashed', () => void seen.push('crashed'));
    };
    await ready(bench, [loaded({ name: 'a', setup })]);
    const crash = () =>
      bench.host.bus.callsFor('core').observe('lane.crashed', 'x', { lane: 'x', pid: 1, cause: 'exit 1', restartInMs: 0, at: 0 });
    for (let life = 0; life < 2; life++) {
      await bench.host.start();
      crash();
      await bench.host.stop('shutdown');
      crash();
    }
    assert.deepEqual(seen, ['loaded', 'crashed', 'loaded', 'crashed']);
  });

  for (const [why, said] of [
    ['shutdown', /plugin b .*the daemon stops/],
    ['restart', /plugin b .*its lane is about to be started anew/],
  ] as const) {
    it(`gives up a start under way when it must stop, and undoes it for that reason: ${why}`, async () => {
      const bench = hostBench();
      const steps: string[] = [];
      await ready(bench, [noting('a', steps), noting('b', steps, { start: never }), noting('c', steps)]);
      const start = assert.rejects(bench.host.start(), { code: 'PLUGIN_START_FAILED', message: said });
      await bench.clock.advance(100);
      await bench.host.stop(why);
      await start;
      assert.deepEqual(steps, ['a start', `b stop ${why}`, `a stop ${why}`]);
      assert.equal(bench.clock.pending, 0);
    });
  }

  it('stops even when it is told so before the start has begun', async () => {
    const bench = hostBench();
    const steps: string[] = [];
    await ready(bench, [noting('a', steps)]);
    const start = assert.rejects(bench.host.start(), { message: /plugin a could not start: the daemon stops/ });
    await bench.host.stop('shutdown');
    await start;
    assert.deepEqual(steps, []);
  });

  it('calls config.loaded before anything starts', async () => {
    const bench = hostBench({ generation: 3 });
    const steps: string[] = [];
    await ready(bench, [
      noting('a', steps, {
        setup: (app) => app.taps.lifecycle('config.loaded', ({ files, generation }) => void steps.push(`${files} ${generation}`)),
      }),
    ]);
    await bench.host.start();
    assert.deepEqual(steps, ['test.conf 3', 'a start']);
  });

  it('marks a plugin whose lifecycle tap failed', async () => {
    const bench = hostBench();
    const setup: Parameters<typeof noting>[2] = {
      setup: (app) => app.taps.lifecycle('config.reloaded', () => Promise.reject(new Error('no'))),
    };
    await ready(bench, [noting('a', [], setup)]);
    await bench.host.start();
    assert.equal(bench.host.plugins()[0]?.state, 'running');
    await bench.host.reload(treeOf(), { unknownKeywords: 'error' });
    assert.deepEqual(
      [bench.host.plugins()[0]?.state, bench.host.plugins()[0]?.lastError],
      ['degraded', 'config.reloaded: failed: no'],
    );
  });
});
