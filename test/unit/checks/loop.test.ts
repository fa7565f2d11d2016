/** The checking loop: when it probes, what counts, what is told, and what checkers cannot do to it. */
import assert from 'node:assert/strict';
import { CheckLoop, HookBus } from '@mainstay/core';
import { type CheckState, defineChecker, type Ports, type Verdict } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { manualClock } from '../../support/manual-clock.js';
import { type Ask, bad, loopBench, ok, played, request } from './loop-bench.js';

describe('the checking loop', () => {
  it('probes every delay_loop from the beginning, and tells the first verdict and turns only', async () => {
    const bench = loopBench();
    const { begins } = played(bench, ok);
    bench.put(request('a'));
    await bench.clock.advance(35_000);
    assert.deepEqual(begins, [0, 10, 20, 30]);
    assert.deepEqual(bench.told(), ['a up']);
    assert.deepEqual(bench.log, []);
  });

  it('begins the first probe at a random moment within warmup', async () => {
    const bench = loopBench();
    const { begins } = played(bench, ok);
    bench.put(...Array.from({ length: 200 }, (_, i) => request(`${i}`, { timing: { warmupMs: 8000 } })));
    await bench.clock.advance(9000);
    assert.equal(begins.length, 200);
    assert.ok(begins.every((at) => at >= 0 && at < 8));
    for (let second = 0; second < 8; second++) {
      const count = begins.filter((at) => Math.floor(at) === second).length;
      assert.ok(count > 8 && count < 50, `${count} in second ${second}`);
    }
  });

  it('takes a server out at its very first failure, and afterwards only when the retries have failed, too', async () => {
    const bench = loopBench();
    const { begins, attempts } = played(bench, bad('refused'), ok, bad('a'), bad('b'), bad('c'), bad('d'), ok);
    bench.put(request('a'));
    await bench.clock.advance(45_000);
    // 0: down at once. 10: up. 20: fails, again at 21 and 22: down. 30: still down. 40: up.
    assert.deepEqual(begins, [0, 10, 20, 21, 22, 30, 40]);
    assert.deepEqual(attempts, [1, 1, 1, 2, 3, 1, 1]);
    assert.deepEqual(bench.told(), ['a down', 'a up', 'a down', 'a up']);
    assert.deepEqual(bench.log, [
      'x warn: X_CHECK of server-a in 192.0.2.100:80 is down: refused',
      'x info: X_CHECK of server-a in 192.0.2.100:80 is up: it works',
      'x warn: X_CHECK of server-a in 192.0.2.100:80 is down: c (after 2 retries)',
      'x info: X_CHECK of server-a in 192.0.2.100:80 is up: it works',
    ]);
    const changes = bench.events.filter(([name]) => name === 'checker.changed').map(([, event]) => event);
    const at = Date.UTC(2024, 0, 1);
    const identity = { checker: 'X_CHECK', virtualServer: '192.0.2.100:80', realServer: 'server-a' };
    assert.deepEqual(changes[0], { ...identity, to: 'down', reason: 'refused', at });
    assert.deepEqual(changes[2], { ...identity, to: 'down', reason: 'c', at: at + 22_000 });
  });

  it('tries again at once where no time is to pass before a retry, as often as there are retries', async () => {
    const bench = loopBench();
    const { begins, attempts } = played(bench, ok, bad());
    bench.put(request('a', { timing: { retry: 2000, delayBeforeRetryMs: 0 } }));
    await bench.clock.advance(19_000);
    assert.equal(begins.length, 2002);
    assert.equal(attempts.at(-1), 2001);
    assert.ok((begins.at(-1) ?? 0) <= 12.1, `${begins.at(-1)}`);
    assert.deepEqual(bench.told(), ['a up', 'a down']);
  });

  it('forgets failed attempts at one success', async () => {
    const bench = loopBench();
    const { begins } = played(bench, ok, bad(), bad(), ok, bad(), bad(), ok);
    bench.put(request('a'));
    await bench.clock.advance(31_000);
    assert.deepEqual(begins, [0, 10, 11, 12, 20, 21, 22, 30]);
    assert.deepEqual(bench.told(), ['a up']);
  });

  it('leaves an alpha server out until the first success', async () => {
    const bench = loopBench();
    played(bench, bad(), bad(), ok);
    bench.put(request('a', { initial: 'down' }));
    await bench.clock.advance(15_000);
    assert.deepEqual(bench.told(), ['a down']);
    assert.deepEqual(bench.log, []);
    await bench.clock.advance(10_000);
    assert.deepEqual(bench.told(), ['a down', 'a up']);
  });

  it('logs every failed attempt where that is asked for', async () => {
    const bench = loopBench();
    played(bench, ok, bad('a'), bad('b'), bad('c'), bad('d'));
    bench.put(request('a', { logsAllFailures: true, timing: { retry: 1 } }));
    await bench.clock.advance(31_000);
    assert.deepEqual(bench.log, [
      'x info: X_CHECK of server-a in 192.0.2.100:80, failed attempt 1 of 2: a',
      'x warn: X_CHECK of server-a in 192.0.2.100:80 is down: b (after one retry)',
      'x info: X_CHECK of server-a in 192.0.2.100:80, is still down: c',
      'x info: X_CHECK of server-a in 192.0.2.100:80, is still down: d',
    ]);
  });

  it('has the verdict timeout at the deadline, whatever the checker does after it', async () => {
    const bench = loopBench();
    const signals: AbortSignal[] = [];
    bench.serve(({ signal, clock }) => {
      signals.push(signal);
      return new Promise((resolve) => clock.after(7000, () => resolve(ok)));
    });
    bench.put(request('a'));
    await bench.clock.advance(4999);
    assert.deepEqual([signals[0]?.aborted, bench.told()], [false, []]);
    await bench.clock.advance(1);
    assert.deepEqual([signals[0]?.aborted, bench.states[0]?.reason], [true, 'timeout']);
    assert.equal((signals[0]?.reason as Error | undefined)?.name, 'TimeoutError');
    assert.equal(bench.loop.counts().strays.get('x'), 1);
    await bench.clock.advance(4000);
    assert.deepEqual([bench.told(), bench.loop.counts().strays.size], [['a down'], 0]);
  });

  it('waits for a slow probe to end before it begins the next', async () => {
    const bench = loopBench();
    const begins: number[] = [];
    bench.serve(({ clock }) => {
      begins.push(clock.now() / 1000);
      return new Promise((resolve) => clock.after(3500, () => resolve(ok)));
    });
    bench.put(request('a', { timing: { delayLoopMs: 2000 } }));
    await bench.clock.advance(13_000);
    assert.deepEqual(begins, [0, 4, 8, 12]);
  });

  it('lets a checker have its own deadline', async () => {
    const bench = loopBench();
    bench.serve(() => new Promise(() => {}), { timeoutMs: (_, { delayLoopMs }) => delayLoopMs / 100 });
    bench.put(request('a'));
    await bench.clock.advance(100);
    assert.deepEqual(bench.told(), ['a down']);
  });

  const wrong: readonly [string, Ask, RegExp][] = [
    [
      'throws',
      () => {
        throw new Error('broken');
      },
      /^broken$/,
    ],
    ['rejects with nothing', () => Promise.reject(undefined), /^undefined$/],
    ['answers nothing', () => undefined as never, /X_CHECK answered undefined where up\(\) or down\(reason\) is expected/],
    ['answers garbage', async () => ({ ok: 'yes' }) as never, /X_CHECK answered \{"ok":"yes"\}/],
    ['asks for a weight that is none', () => ({ ok: true, weight: Number.NaN }), /X_CHECK answered/],
    ['has no reason', () => ({ ok: false }) as never, /X_CHECK gives no reason/],
    ['moves the cursor', () => bad('a\u001b[2Jb\nc'), /^a\\x\{1b\}\[2Jb\\x\{a\}c$/],
    ['has a trap in its answer', () => new Proxy({}, { get: () => assert.fail('trap') }) as never, /^trap$/],
    [
      'has a trap in its promise',
      () =>
        Object.defineProperty({}, 'then', {
          get() {
            throw new Error('then');
          },
        }) as never,
      /^then$/,
    ],
  ];
  for (const [what, ask, reason] of wrong) {
    it(`counts a checker that ${what} as down, and goes on`, async () => {
      const bench = loopBench();
      bench.serve(ask);
      bench.put(request('a'), request('b'));
      await bench.clock.advance(10_001);
      assert.deepEqual(bench.told(), ['a down', 'b down']);
      assert.match(bench.states[0]?.reason ?? '', reason);
      assert.equal(bench.loop.report('lb')[0]?.probes, 2);
    });
  }

  it('shares the probes of checks that ask the same, each with a state of its own', async () => {
    const bench = loopBench();
    const begins: number[] = [];
    bench.serve(({ config, clock }) => {
      if (config.url === '/') begins.push(clock.now() / 1000);
      return clock.now() < 10_000 ? ok : bad();
    });
    const same = { config: { url: '/' } };
    bench.put(request('a', same), request('b', { ...same, initial: 'down' }));
    await bench.clock.advance(15_000);
    assert.deepEqual(
      [begins, bench.told()],
      [
        [0, 10, 11, 12],
        ['a up', 'b up', 'a down', 'b down'],
      ],
    );
    bench.put(request('c', same), request('other', { config: { url: '/x' } }));
    assert.equal(bench.loop.counts().probes, 2);
    await bench.clock.advance(5000);
    assert.deepEqual(
      [begins, bench.told().slice(4)],
      [
        [0, 10, 11, 12, 20],
        ['other down', 'c down'],
      ],
    );
  });

  it('takes what a request wants into account: weights are told when they change', async () => {
    const bench = loopBench();
    played(bench, { ok: true, weight: 3 }, { ok: true, weight: 3 }, { ok: true, adjust: -2 }, ok);
    bench.put(request('a'));
    await bench.clock.advance(31_000);
    const wishes = bench.states.map(({ weight, adjust }) => [weight, adjust]);
    assert.deepEqual(wishes, [
      [3, undefined],
      [undefined, -2],
      [undefined, undefined],
    ]);
  });

  it('goes on undisturbed when the same is asked again, and starts anew with other content', async () => {
    const bench = loopBench();
    const { begins } = played(bench, ok, bad(), bad(), bad(), ok);
    bench.put(request('a'));
    await bench.clock.advance(22_500);
    assert.deepEqual(begins, [0, 10, 11, 12, 20]);
    const changed = request('a', { logsAllFailures: true, initial: 'down' });
    bench.loop.apply('lb', { put: [{ request: changed, known: bench.states[2] as CheckState, isSettled: true }], drop: [] });
    await bench.clock.advance(1000);
    assert.deepEqual([begins.length, bench.told()], [5, ['a up', 'a down', 'a up']]);
    bench.put(request('a', { config: { of: 'another' } }));
    assert.equal(bench.loop.report('lb')[0]?.isUp, true);
    await bench.clock.advance(1);
    assert.equal(begins.length, 6);
    assert.equal(bench.loop.counts().probes, 1);
  });

  it('remembers for a checker from probe to probe, and begins with an empty memory', async () => {
    const bench = loopBench();
    const seen: unknown[] = [];
    bench.serve(({ memory, config }) => {
      seen.push([config.of, memory.get('n')]);
      memory.set('n', Number(memory.get('n') ?? 0) + 1);
      return ok;
    });
    bench.put(request('a'));
    await bench.clock.advance(15_000);
    bench.put(request('a', { config: { of: 'z' } }));
    await bench.clock.advance(1);
    assert.deepEqual(seen, [
      ['a', undefined],
      ['a', 1],
      ['z', undefined],
    ]);
  });

  it('does not probe suspended checks, aborts what is under way, and keeps the state', async () => {
    const bench = loopBench();
    const signals: AbortSignal[] = [];
    bench.serve(({ signal }) => {
      signals.push(signal);
      return signals.length === 2 ? new Promise(() => {}) : ok;
    });
    bench.put(request('a'));
    await bench.clock.advance(11_000);
    bench.put(request('a', { isSuspended: true }));
    assert.equal(signals[1]?.aborted, true);
    await bench.clock.advance(60_000);
    assert.deepEqual([signals.length, bench.loop.report('lb')[0]?.isUp, bench.clock.pending], [2, true, 0]);
    bench.put(request('a'));
    await bench.clock.advance(1);
    assert.equal(signals.length, 3);
  });

  it('stops the checks of a checker whose plugin stops, and goes on with their states when it runs again', async () => {
    const bench = loopBench();
    played(bench, ok, bad(), ok);
    bench.put(request('a'));
    await bench.clock.advance(10_500);
    bench.loop.withdraw('X_CHECK');
    await bench.clock.advance(60_000);
    assert.deepEqual([bench.loop.report('lb')[0]?.probes, bench.clock.pending], [2, 0]);
    // The failed attempt before the pause is in no row with the two after it.
    const { begins } = played(bench, bad(), bad(), ok);
    await bench.clock.advance(3000);
    assert.deepEqual([begins.length, bench.told()], [3, ['a up']]);
    const again = played(bench, bad());
    await bench.clock.advance(13_000);
    assert.deepEqual([again.begins.length, bench.told()], [3, ['a up', 'a down']]);
  });

  it('makes no check of a checker that is not there, and begins when it comes', async () => {
    const bench = loopBench();
    bench.put(request('a'));
    await bench.clock.advance(60_000);
    assert.deepEqual([bench.states, bench.clock.pending], [[], 0]);
    played(bench, bad('late'));
    await bench.clock.advance(1);
    assert.deepEqual(bench.told(), ['a down']);
  });

  it('continues from what its predecessor knew: nothing is told twice, and retries apply', async () => {
    const bench = loopBench();
    const { begins } = played(bench, bad(), bad(), bad());
    const known = { id: 'a', isUp: true, reason: 'it works', since: 5 };
    bench.loop.apply('lb', { put: [{ request: request('a'), known, isSettled: true }], drop: [] });
    await bench.clock.advance(1500);
    assert.deepEqual([begins, bench.told()], [[0, 1], []]);
    assert.deepEqual(bench.loop.report('lb')[0]?.since, 5);
    await bench.clock.advance(500);
    assert.deepEqual(bench.told(), ['a down']);
  });

  it('tells a client that begins anew how its checks stand, and drops what it wants no more', async () => {
    const bench = loopBench();
    const { begins } = played(bench, ok);
    bench.put(request('a'), request('b'), request('c'));
    await bench.clock.advance(1);
    bench.states.length = 0;
    const asked = (id: string) => ({ request: request(id), isSettled: false });
    bench.loop.apply('lb', { isFirst: true, put: [asked('a')], drop: [] });
    bench.loop.apply('lb', { isLast: true, put: [asked('d')], drop: [] });
    await bench.clock.advance(1);
    assert.deepEqual([begins.length, bench.told()], [4, ['a up', 'd up']]);
    assert.equal(bench.loop.counts().checks, 2);
    bench.loop.apply('lb', { isFirst: true, isLast: true, put: [], drop: [] });
    assert.deepEqual(
      { ...bench.loop.counts(), strays: 0 },
      { checks: 0, probes: 0, planned: 0, underWay: 0, inRoutine: 0, unserved: 0, unsent: 0, strays: 0 },
    );
  });

  it('keeps the newest state of each check while the way to its client is not free', async () => {
    const bench = loopBench();
    bench.isFree = false;
    let isUp = false;
    bench.serve(() => (isUp ? ok : bad()));
    bench.put(...Array.from({ length: 600 }, (_, i) => request(`${i}`)));
    await bench.clock.advance(5000);
    isUp = true;
    await bench.clock.advance(6000);
    assert.deepEqual([bench.states.length, bench.loop.counts().unsent], [0, 600]);
    bench.isFree = true;
    await bench.clock.advance(20);
    assert.equal(bench.states.length, 600);
    assert.ok(bench.states.every((state) => state.isUp));
  });

  it('closes without leaving anything behind', async () => {
    const bench = loopBench();
    const signals: AbortSignal[] = [];
    bench.serve(({ signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    bench.put(request('a'), request('b'));
    await bench.clock.advance(1);
    bench.loop.close();
    assert.deepEqual([signals.map(({ aborted }) => aborted), bench.clock.pending], [[true, true], 0]);
  });
});

describe('the checking loop of a process that stood still', () => {
  it('gives a probe its time once more: the answer may have come meanwhile', async () => {
    const clock = manualClock();
    const states: CheckState[] = [];
    const hooks = new HookBus({ lane: 'health', clock, log: () => {} }).callsFor('checkers');
    const send = (_: string, batch: readonly CheckState[]) => states.push(...batch) > 0;
    const loop = new CheckLoop({ clock, random: () => 0, hooks, log: () => {}, send });
    const answers: ((verdict: Verdict) => void)[] = [];
    const check = () => new Promise<Verdict>((resolve) => answers.push(resolve));
    const none = () => {};
    const log = { error: none, warn: none, info: none, debug: none };
    const spec = defineChecker({ keyword: 'X_CHECK', fields: {}, check });
    loop.serve('X_CHECK', { plugin: 'x', spec, log, ports: {} as Ports });
    loop.apply('lb', { put: ['a', 'b'].map((id) => ({ request: request(id), isSettled: false })), drop: [] });
    await clock.advance(1000);
    clock.spend(60_000);
    await clock.advance(1);
    answers[0]?.(ok);
    await clock.advance(4000);
    assert.deepEqual(
      states.map(({ id, isUp }) => [id, isUp]),
      [['a', true]],
    );
    await clock.advance(1500);
    assert.deepEqual(
      states.map(({ id, reason }) => [id, reason]),
      [
        ['a', 'it works'],
        ['b', 'timeout'],
      ],
    );
  });
});
