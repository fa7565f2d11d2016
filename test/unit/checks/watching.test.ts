/** Checkers that are told of changes, and hooks on verdicts. */
import assert from 'node:assert/strict';
import type { Verdict, WatchContext } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { bad, loopBench, ok, request } from './loop-bench.js';

type Watch = WatchContext<unknown>;

describe('a checker that watches', () => {
  function watched(setup?: Parameters<typeof loopBench>[0]) {
    const bench = loopBench(setup);
    const contexts: Watch[] = [];
    let ends = 0;
    const watch = (context: Watch) => {
      contexts.push(context);
      return () => void ends++;
    };
    bench.serve(undefined as never, { check: undefined as never, watch: watch as never });
    return { bench, contexts, ended: () => ends };
  }

  it('counts at once what it reports, without retries, until the check is dropped', async () => {
    const { bench, contexts, ended } = watched();
    bench.put(request('a', { timing: { warmupMs: 50_000, retry: 5 } }));
    await bench.clock.advance(0);
    contexts[0]?.report(ok);
    contexts[0]?.report(bad('path lost'));
    await bench.clock.settle();
    assert.deepEqual(bench.told(), ['a down']);
    contexts[0]?.report(ok);
    await bench.clock.advance(100_000);
    assert.deepEqual([bench.told(), contexts.length], [['a down', 'a up'], 1]);
    bench.loop.apply('lb', { put: [], drop: ['a'] });
    contexts[0]?.report(bad());
    await bench.clock.advance(100_000);
    assert.deepEqual([ended(), bench.told(), bench.clock.pending], [1, ['a down', 'a up'], 0]);
  });

  it('has been looked at when it told something last, and by no schedule', async () => {
    const { bench, contexts } = watched();
    bench.put(request('a'));
    await bench.clock.advance(5000);
    contexts[0]?.report(ok);
    const toldAt = bench.clock.wall();
    await bench.clock.advance(60_000);
    const [report] = bench.loop.report('lb');
    assert.deepEqual([report?.lastProbeAt, report?.nextProbeAt], [toldAt, undefined]);
  });

  it('is shared: whoever comes later, moves to it or is resumed is judged by what it told last', async () => {
    const { bench, contexts } = watched();
    const shared = { config: { of: 'one' } };
    bench.put(request('a', shared), request('mover'), request('idle', { ...shared, isSuspended: true }));
    await bench.clock.advance(0);
    contexts[0]?.report(bad('lost'));
    contexts[1]?.report(ok);
    bench.put(request('b', shared), request('c', { ...shared, isSuspended: true }));
    await bench.clock.settle();
    assert.deepEqual(bench.told(), ['a down', 'mover up', 'b down']);
    bench.put(request('mover', shared), request('idle', shared));
    await bench.clock.settle();
    assert.deepEqual(bench.told().slice(3), ['mover down', 'idle down']);
    assert.equal(contexts.length, 2);
    contexts[0]?.report(ok);
    await bench.clock.settle();
    assert.deepEqual(bench.told().slice(5).sort(), ['a up', 'b up', 'idle up', 'mover up']);
  });

  it('judges whoever comes later through the hook, in the order of what it told', async () => {
    const { bench, contexts } = watched((taps) =>
      taps.shape('checker.verdict', async (verdict, { realServer }) => {
        if (realServer === 'server-b' && !verdict.ok) await new Promise<void>((resolve) => bench.clock.after(500, resolve));
        return realServer === 'server-c' ? bad('drained') : verdict;
      }),
    );
    const shared = { config: {} };
    bench.put(request('a', shared));
    await bench.clock.advance(0);
    contexts[0]?.report(bad());
    await bench.clock.advance(1);
    bench.put(request('b', shared), request('gone', shared));
    bench.loop.apply('lb', { put: [], drop: ['gone'] });
    contexts[0]?.report(ok);
    bench.put(request('c', shared));
    await bench.clock.advance(1000);
    const stands = bench.loop.report('lb').map(({ id, isUp }) => `${id} ${isUp ? 'up' : 'down'}`);
    assert.deepEqual(stands, ['a up', 'b up', 'c down']);
  });

  it('that has ended counts no more, nor does what it told before and a hook still keeps waiting', async () => {
    const { bench, contexts } = watched((taps) =>
      taps.shape('checker.verdict', async (verdict) => {
        await new Promise<void>((resolve) => bench.clock.after(500, resolve));
        return verdict;
      }),
    );
    bench.put(request('a'));
    await bench.clock.advance(0);
    contexts[0]?.report(ok);
    contexts[0]?.report(bad());
    bench.put(request('a', { isSuspended: true }));
    bench.put(request('a'));
    await bench.clock.advance(0);
    contexts[1]?.report(ok);
    await bench.clock.advance(2000);
    assert.deepEqual(bench.told(), ['a up']);
  });

  it('ends while it is suspended, and begins again after', async () => {
    const { bench, contexts, ended } = watched();
    bench.put(request('a'));
    await bench.clock.advance(0);
    bench.put(request('a', { isSuspended: true }));
    assert.equal(ended(), 1);
    bench.put(request('a'));
    await bench.clock.advance(0);
    assert.equal(contexts.length, 2);
  });

  it('is tried again after delay_loop where it cannot begin', async () => {
    const bench = loopBench();
    let tries = 0;
    bench.serve(undefined as never, {
      check: undefined as never,
      watch: () => {
        tries++;
        if (tries === 1) throw new Error('no session');
        return undefined as never;
      },
    });
    bench.put(request('a'));
    await bench.clock.advance(10_000);
    assert.equal(tries, 2);
    assert.equal(bench.states[0]?.reason, 'no session');
    assert.match(bench.loop.report('lb')[0]?.reason ?? '', /answers no function that ends it/);
  });

  it('keeps the order of verdicts that a hook thinks about', async () => {
    let slow = true;
    const { bench, contexts } = watched((taps) =>
      taps.shape('checker.verdict', async (verdict) => {
        if (slow) await new Promise<void>((resolve) => bench.clock.after(500, resolve));
        return verdict;
      }),
    );
    bench.put(request('a'));
    await bench.clock.advance(0);
    contexts[0]?.report(bad());
    slow = false;
    contexts[0]?.report(ok);
    await bench.clock.advance(1000);
    assert.equal(bench.loop.report('lb')[0]?.isUp, true);
  });
});

describe('a check that cannot be made', () => {
  it('is named, and takes neither the others nor the end of the order along', async () => {
    const bench = loopBench();
    bench.serve(() => ok);
    bench.put(request('old'), request('changed'));
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const requests = [request('changed', { config: cyclic }), request('bad', { config: cyclic }), request('b')];
    const put = [...requests.map((one) => ({ request: one, isSettled: false })), undefined as never];
    bench.loop.apply('lb', { put, drop: [], isFirst: true, isLast: true });
    await bench.clock.advance(1);
    assert.deepEqual([bench.told(), bench.loop.counts().checks], [['b up'], 1]);
    assert.equal(bench.log.length, 3);
    assert.match(bench.log[1] ?? '', /^lb error: X_CHECK of server-bad in 192\.0\.2\.100:80 is not made: Maximum call stack/);
  });
});

describe('hooks on checks', () => {
  it('shape the verdict before it counts, for one server or for all', async () => {
    const bench = loopBench((taps) =>
      taps.shape('checker.verdict', async (verdict, { realServer }) => (verdict.ok ? bad(`drained: ${realServer}`) : verdict), {
        for: 'server-a',
      }),
    );
    bench.serve(() => ok);
    const same = { config: {} };
    bench.put(request('a', same), request('b', same));
    await bench.clock.advance(10_001);
    assert.deepEqual(bench.told(), ['b up', 'a down']);
    assert.equal(bench.states[1]?.reason, 'drained: server-a');
    assert.equal(bench.loop.report('lb')[0]?.probes, 2);
  });

  it('that fail or answer garbage change nothing, or count as down', async () => {
    const answers: unknown[] = [{ ok: true, weight: 'x' }];
    const bench = loopBench((taps) => taps.shape('checker.verdict', async () => answers.shift() as Verdict | undefined));
    bench.serve(() => ok);
    bench.put(request('a', { timing: { retry: 0 } }));
    await bench.clock.advance(10_001);
    assert.deepEqual(bench.told(), ['a down', 'a up']);
    assert.match(bench.states[0]?.reason ?? '', /answered \{"ok":true,"weight":"x"\}/);
  });

  it('do not bring back a check that was dropped meanwhile', async () => {
    const bench = loopBench((taps) =>
      taps.shape('checker.verdict', async (verdict) => {
        await new Promise<void>((resolve) => bench.clock.after(500, resolve));
        return verdict;
      }),
    );
    bench.serve(() => ok);
    bench.put(request('a'));
    await bench.clock.advance(100);
    bench.loop.apply('lb', { put: [], drop: ['a'] });
    await bench.clock.advance(50_000);
    assert.deepEqual([bench.told(), bench.loop.counts().planned], [[], 0]);
  });

  it('hear of each result', async () => {
    const results: unknown[] = [];
    const bench = loopBench((taps) => taps.observe('checker.result', (event) => void results.push(event)));
    bench.serve(({ clock }) => new Promise((resolve) => clock.after(20, () => resolve(ok))));
    bench.put(request('a'));
    await bench.clock.advance(100);
    const at = Date.UTC(2024, 0, 1) + 20;
    const identity = { checker: 'X_CHECK', virtualServer: '192.0.2.100:80', realServer: 'server-a' };
    assert.deepEqual(results, [{ ...identity, verdict: ok, durationMs: 20, at }]);
  });
});
