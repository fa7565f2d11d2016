/** What the checking loop makes of routines: when probes go on without their checker, and what brings them back. */
import assert from 'node:assert/strict';
import {
  type CheckerSpec,
  type Connection,
  type ConnectOptions,
  type Fields,
  PortError,
  type Ports,
  type Routine,
} from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { connectionThat, FakeRoutines } from './fake-routines.js';
import { type Ask, bad, loopBench, ok, request } from './loop-bench.js';

const refuse = (errno: string) => connectionThat(() => Promise.reject(new PortError(`refused [${errno}]`, errno)));
const connected = () => connectionThat(async () => ({ close() {} }) as Connection);

interface StageOptions {
  readonly ask?: Ask;
  readonly spec?: Partial<CheckerSpec<Fields>>;
  readonly setup?: Parameters<typeof loopBench>[0];
}

/** A loop whose checker opens one connection, and is up where that is there. */
function stage({ ask, spec = {}, setup }: StageOptions = {}) {
  let now: ReturnType<typeof loopBench> | undefined;
  const routines = new FakeRoutines(() => (now as ReturnType<typeof loopBench>).clock);
  const bench = loopBench(setup, routines);
  now = bench;
  bench.bus.setRemoteInterest([]);
  let asked = 0;
  let isThere = true;
  const tcp = {
    async connect(): Promise<Connection> {
      if (!isThere) throw new PortError('refused', 'ECONNREFUSED');
      return { close() {} } as Connection;
    },
  };
  const check: Ask = async (context) => {
    asked++;
    if (ask !== undefined) return ask(context);
    const { target, signal, ports } = context;
    (await ports.tcp.connect(target, { signal })).close();
    return ok;
  };
  const routine = (): Routine => ({});
  const serve = () => bench.serve(check, { needs: ['tcp'], routine, ...spec }, { tcp } as unknown as Ports);
  serve();
  return {
    bench,
    routines,
    serve,
    asked: () => asked,
    setServer: (there: boolean) => {
      isThere = there;
    },
  };
}

describe('routines of the checking loop', () => {
  it('makes probes without the checker once one has found the server up', async () => {
    const { bench, routines, asked } = stage();
    bench.put(request('a'));
    await bench.clock.advance(1);
    const [begun] = routines.begun;
    assert.deepEqual(begun?.question, {
      target: { address: '192.0.2.1', port: 80 },
      routine: {},
      dueInMs: 10_000,
      delayLoopMs: 10_000,
      timeoutMs: 5000,
    });
    await bench.clock.advance(60_000);
    assert.deepEqual([asked(), bench.loop.counts().inRoutine, bench.loop.counts().planned], [1, 1, 0]);
  });

  it('counts and reports the probes that the checker did not make', async () => {
    const { bench } = stage();
    bench.put(request('a'));
    await bench.clock.advance(25_000);
    const [report] = bench.loop.report('lb');
    assert.deepEqual([report?.probes, report?.failures, report?.lastDurationMs], [3, 0, 1]);
    assert.equal((report?.nextProbeAt ?? 0) - bench.clock.wall(), 5000);
    assert.equal(bench.clock.wall() - (report?.lastProbeAt ?? 0), 5000);
    assert.equal(bench.loop.report('lb')[0]?.probes, 3, 'asking again counts nothing twice');
  });

  it('judges a probe that was refused as any other: at once, with its retries, at its times', async () => {
    const { bench, routines, asked, setServer } = stage();
    bench.put(request('a'));
    await bench.clock.advance(30_000);
    setServer(false);
    routines.running[0]?.depart(refuse('ECONNREFUSED'));
    await bench.clock.settle();
    assert.deepEqual([asked(), bench.loop.counts().inRoutine], [2, 0]);
    assert.deepEqual(bench.told(), ['a up'], 'two retries are left');
    await bench.clock.advance(2000);
    assert.deepEqual([asked(), bench.told()], [4, ['a up', 'a down']]);
    assert.equal(bench.loop.report('lb')[0]?.probes, 6);
    assert.equal(
      (bench.loop.report('lb')[0]?.nextProbeAt ?? 0) - bench.clock.wall(),
      8000,
      'counted from the probe that failed first',
    );
    setServer(true);
    await bench.clock.advance(8001);
    assert.deepEqual([bench.told(), routines.running.length], [['a up', 'a down', 'a up'], 1]);
  });

  it('is a timeout where nothing came in time, without asking the checker', async () => {
    const { bench, routines, asked, setServer } = stage();
    bench.put(request('a', { timing: { retry: 0 } }));
    await bench.clock.advance(15_000);
    setServer(false);
    routines.running[0]?.depart('late');
    await bench.clock.settle();
    assert.deepEqual([asked(), bench.states.at(-1)?.reason], [1, 'timeout']);
  });

  it('goes on by routine where the checker is content with another answer', async () => {
    const { bench, routines, asked } = stage();
    bench.put(request('a'));
    await bench.clock.advance(10_000);
    const answer = connected();
    routines.running[0]?.depart(answer);
    await bench.clock.settle();
    assert.deepEqual([asked(), answer.fate, routines.running.length], [2, { isTaken: true, isDiscarded: false }, 1]);
    assert.deepEqual(bench.told(), ['a up']);
  });

  it('hands the connection to the first that is opened to the target, and closes it where none is', async () => {
    const other: Ask = async ({ ports, signal, target }) => {
      await ports.tcp.connect({ ...target, port: 81 }, { signal });
      return ok;
    };
    const { bench, routines } = stage({ ask: other });
    bench.put(request('a'));
    await bench.clock.advance(10_000);
    const answer = connected();
    routines.running[0]?.depart(answer);
    await bench.clock.settle();
    assert.deepEqual(answer.fate, { isTaken: false, isDiscarded: true });
  });

  it('gives the probe what is left of its time', async () => {
    const asks: ConnectOptions[] = [];
    const { bench, routines } = stage();
    bench.put(request('a', { timing: { retry: 0 } }));
    await bench.clock.advance(10_000);
    // It began when it was due; the server has let 3 of its 5 seconds pass.
    await bench.clock.advance(3000);
    routines.running[0]?.depart(
      connectionThat((options) => {
        asks.push(options);
        return new Promise((_, reject) => options.signal.addEventListener('abort', () => reject(options.signal.reason)));
      }),
    );
    await bench.clock.advance(1999);
    assert.equal(asks[0]?.signal.aborted, false);
    await bench.clock.advance(1);
    assert.deepEqual([asks[0]?.signal.aborted, bench.told()], [true, ['a up', 'a down']]);
  });

  it('does not begin after a failure, nor while somebody hears of every verdict', async () => {
    const failing = stage({ ask: () => bad() });
    failing.bench.put(request('a'));
    await failing.bench.clock.advance(30_000);
    assert.equal(failing.routines.begun.length, 0);
    for (const hook of ['checker.result', 'checker.verdict'] as const) {
      const tapped = stage({
        setup: (taps) =>
          hook === 'checker.result' ? taps.observe(hook, () => {}) : taps.shape(hook, async (verdict) => verdict),
      });
      tapped.bench.put(request('a'));
      await tapped.bench.clock.advance(30_000);
      assert.deepEqual([tapped.asked(), tapped.routines.begun.length], [4, 0], hook);
    }
  });

  it('comes back when another lane begins to hear of verdicts', async () => {
    const { bench, routines, asked } = stage();
    bench.put(request('a'));
    await bench.clock.advance(15_000);
    bench.bus.setRemoteInterest([{ hook: 'checker.result', keys: '*' }]);
    bench.loop.interestChanged();
    assert.deepEqual([routines.running.length, bench.loop.counts().planned], [0, 1]);
    await bench.clock.advance(5000);
    assert.deepEqual([asked(), bench.loop.report('lb')[0]?.probes], [2, 3], 'when it would have been due');
  });

  it('comes back for a check that joins, and for one that is suspended, changed or given up', async () => {
    const { bench, routines, asked } = stage();
    const same = { config: { of: 'x' } };
    bench.put(request('a', same));
    await bench.clock.advance(1);
    bench.put(request('b', { ...same, initial: 'down' }));
    assert.equal(routines.running.length, 0);
    await bench.clock.advance(10_000);
    assert.deepEqual([asked(), bench.told(), routines.running.length], [2, ['a up', 'b up'], 1]);
    bench.put(request('a', { ...same, isSuspended: true }), request('b', { ...same, isSuspended: true, initial: 'down' }));
    assert.equal(routines.running.length, 0);
    await bench.clock.advance(60_000);
    assert.equal(asked(), 2);
    bench.put(request('a', same));
    await bench.clock.advance(10_001);
    assert.equal(routines.running.length, 1);
    bench.loop.apply('lb', { put: [], drop: ['a', 'b'] });
    assert.deepEqual([routines.running.length, bench.loop.counts().probes, bench.loop.counts().inRoutine], [0, 0, 0]);
  });

  it('ends with the plugin of the checker, and begins again with it', async () => {
    const { bench, routines, serve } = stage();
    bench.put(request('a'));
    await bench.clock.advance(1);
    bench.loop.withdraw('X_CHECK');
    assert.equal(routines.running.length, 0);
    serve();
    await bench.clock.advance(10_000);
    assert.equal(routines.running.length, 1);
    bench.loop.close();
    assert.deepEqual([routines.running.length, routines.isClosed], [0, true]);
  });

  it('says once what is wrong with a routine, and probes on', async () => {
    const { bench, asked } = stage({
      spec: {
        routine: () => {
          throw new Error('no idea');
        },
      },
    });
    bench.put(request('a'), request('b'));
    await bench.clock.advance(30_000);
    assert.equal(asked(), 8);
    const lines = bench.log.filter((line) => line.includes('routine'));
    assert.deepEqual(lines, ['x error: X_CHECK has a routine that cannot be used, each probe is made by its check: no idea']);
  });

  it('asks again where the check does other things than its routine: what came of that is no verdict', async () => {
    const { bench, routines, asked } = stage();
    bench.put(request('a', { timing: { retry: 0 } }));
    await bench.clock.advance(10_000);
    routines.running[0]?.depart(
      connectionThat((_, differs) => {
        differs();
        return Promise.reject(new RangeError('something else'));
      }),
    );
    await bench.clock.advance(1);
    assert.deepEqual([asked(), bench.told(), routines.running.length], [3, ['a up'], 0]);
    assert.deepEqual(bench.log, [
      'x error: X_CHECK has a routine that cannot be used, each probe is made by its check: it sends something else than the check',
    ]);
    await bench.clock.advance(10_000);
    assert.deepEqual([asked(), routines.begun.length], [4, 1]);
  });

  it('rests where every answer is another one, and tries again later', async () => {
    const { bench, routines } = stage();
    bench.put(request('a'));
    for (let n = 0; n < 3; n++) {
      await bench.clock.advance(10_000);
      routines.running[0]?.depart(connected());
      await bench.clock.settle();
    }
    assert.equal(routines.running.length, 0);
    await bench.clock.advance(90 * 10_000);
    assert.equal(routines.begun.length, 3);
    await bench.clock.advance(10 * 10_000);
    assert.equal(routines.begun.length, 4);
  });
});
