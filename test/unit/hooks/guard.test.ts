/** The guard around every tap: whatever a tap does, its hook goes on (core/runtime/src/hooks/guard.ts). */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { benchOf, identity, priorityOf, question, raise, transition } from './bus-bench.js';

const minus10 = (value: number) => value - 10;
const never = () => new Promise<never>(() => {});
const boom = () => {
  throw new Error('boom');
};

const rejected = Promise.reject(new Error('never heard'));
rejected.catch(() => {});

describe('guard: adjust', () => {
  it('threads the value through the taps and tells who changed it', () => {
    const bench = benchOf({
      a: (taps) => taps.adjust('vrrp.priority', minus10),
      b: (taps) => taps.adjust('vrrp.priority', () => undefined),
      c: (taps) => taps.adjust('vrrp.priority', (value) => value * 2),
    });
    assert.deepEqual(priorityOf(bench), {
      value: 180,
      contributions: [
        { plugin: 'a', before: 100, after: 90 },
        { plugin: 'c', before: 90, after: 180 },
      ],
    });
  });

  it('ignores a tap that throws, and runs the others', () => {
    const bench = benchOf({
      a: (taps) => taps.adjust('vrrp.priority', boom),
      b: (taps) => taps.adjust('vrrp.priority', minus10),
    });
    assert.equal(priorityOf(bench).value, 90);
    assert.match(bench.logs[0]?.message ?? '', /tap of vrrp.priority threw: boom; its answer is ignored \(strike 1 of 3\)/);
    assert.equal(bench.logs[0]?.plugin, 'a');
  });

  it('survives whatever a tap throws', () => {
    const hostile = new Error('x');
    Object.defineProperty(hostile, 'message', { get: boom });
    for (const thrown of [undefined, null, Object.create(null), Symbol('s'), hostile, 'x'.repeat(10_000)]) {
      const bench = benchOf({
        a: (taps) =>
          taps.adjust('vrrp.priority', () => {
            throw thrown;
          }),
        b: (taps) => taps.observe('vrrp.transitioned', () => Promise.reject(thrown)),
      });
      assert.equal(priorityOf(bench).value, 100);
      const error = bench.bus.taps().find(({ plugin }) => plugin === 'a')?.lastError ?? '';
      assert.ok(error.startsWith('threw: ') && error.length < 600, error);
      raise(bench);
    }
  });

  for (const [what, answer] of Object.entries({
    'not a number': Number.NaN,
    infinity: Number.POSITIVE_INFINITY,
    text: '90',
    null: null,
    'an object': {},
    'a promise': Promise.resolve(90),
    'a rejected promise': rejected,
    // biome-ignore lint/suspicious/noThenProperty: a foreign promise, as a tap may answer one
    'a thenable': { then: boom },
    'an unreadable value': new Proxy({}, { get: boom, ownKeys: boom, getPrototypeOf: boom }),
  })) {
    it(`ignores the answer ${what}`, () => {
      const bench = benchOf({ a: (taps) => taps.adjust('vrrp.priority', () => answer as never) });
      assert.deepEqual(priorityOf(bench), { value: 100, contributions: [] });
      assert.equal(bench.bus.taps()[0]?.strikes, 1);
    });
  }

  it('counts the value of a slow tap, and gives it a strike', () => {
    const bench = benchOf({
      a: (taps) =>
        taps.adjust('vrrp.priority', (value) => {
          bench.clock.spend(5);
          return value - 10;
        }),
    });
    assert.equal(priorityOf(bench).value, 90);
    const [tap] = bench.bus.taps();
    assert.deepEqual([tap?.strikes, tap?.lastError, tap?.maxMs], [1, 'took 5.0 ms of 1 ms', 5]);
  });

  it('forgives single late calls, and parks a tap that is always slow', () => {
    let ms = 0;
    const bench = benchOf({
      a: (taps) =>
        taps.adjust('vrrp.priority', () => {
          bench.clock.spend(ms);
          return undefined;
        }),
    });
    for (ms of [5, 0, 5, 5, 0, 5, 5, 0]) priorityOf(bench);
    assert.equal(bench.bus.standing('a').parked, undefined);
    for (ms of [5, 5, 5]) priorityOf(bench);
    assert.equal(bench.bus.standing('a').parked?.hook, 'vrrp.priority');
  });
});

describe('guard: guard', () => {
  const ask = (bench: ReturnType<typeof benchOf>) =>
    bench.bus.callsFor('vrrp').guard('vrrp.mayBecomeMaster', 'VI_1', { ...identity, reason: 'startup', priority: 100 });
  const consent = { consent: new Set(['a', 'b', 'c']) };

  it('takes the first answer, with the plugin that gave it', () => {
    const bench = benchOf(
      {
        a: (taps) => taps.guard('vrrp.mayBecomeMaster', () => undefined),
        b: (taps) => taps.guard('vrrp.mayBecomeMaster', () => ({ why: 'replica lags', forMs: 3000 })),
        c: (taps) => taps.guard('vrrp.mayBecomeMaster', () => ({ why: 'never asked', forMs: 1 })),
      },
      consent,
    );
    assert.deepEqual(ask(bench), { plugin: 'b', answer: { why: 'replica lags', forMs: 3000 } });
    assert.equal(bench.bus.taps()[2]?.calls, 0);
  });

  it('does not hold the service back when a tap throws or answers nonsense', () => {
    for (const answer of [boom, () => true, () => null, async () => ({ why: 'late', forMs: 1 }), () => ({ forMs: Number.NaN })]) {
      const bench = benchOf({ a: (taps) => taps.guard('vrrp.mayBecomeMaster', answer as never) }, consent);
      assert.equal(ask(bench), undefined);
      assert.equal(bench.bus.taps()[0]?.strikes, 1);
    }
  });
});

describe('guard: observe', () => {
  it('never throws and never waits; one bad tap does not hide the event from the others', async () => {
    const seen: string[] = [];
    const bench = benchOf({
      a: (taps) => taps.observe('vrrp.transitioned', boom),
      b: (taps) => taps.observe('vrrp.transitioned', () => Promise.reject(new Error('no'))),
      c: (taps) => taps.observe('vrrp.transitioned', never),
      d: (taps) => taps.observe('vrrp.transitioned', (event) => void seen.push(event.to)),
    });
    raise(bench);
    assert.deepEqual(seen, ['master']);
    await bench.clock.advance(2999);
    assert.equal(bench.bus.taps()[2]?.strikes, 0);
    await bench.clock.advance(1);
    const errors = bench.bus.taps().map((tap) => tap.lastError);
    assert.deepEqual(errors, ['threw: boom', 'failed: no', 'did not finish in 3000 ms', undefined]);
    assert.equal(bench.clock.pending, 0);
  });

  it('aborts the signal at the deadline, also for a tap that asks for it late', async () => {
    const aborted: string[] = [];
    const bench = benchOf({
      a: (taps) =>
        taps.observe('vrrp.transitioned', async (_, { signal }) => {
          signal.addEventListener('abort', () => aborted.push('early'));
          await never();
        }),
      b: (taps) =>
        taps.observe('vrrp.transitioned', async (_, context) => {
          await new Promise<void>((resolve) => bench.clock.after(5000, resolve));
          aborted.push(`late ${context.signal.aborted}`);
        }),
    });
    raise(bench);
    await bench.clock.advance(6000);
    assert.deepEqual(aborted, ['early', 'late true']);
    assert.deepEqual(
      bench.bus.taps().map((tap) => tap.strikes),
      [1, 1],
    );
  });

  it('keeps to the deadline of the tap itself', async () => {
    const bench = benchOf({
      a: (taps) => taps.observe('vrrp.transitioned', never, { deadlineMs: 20_000 }),
      b: (taps) => taps.observe('vrrp.transitioned', never, { deadlineMs: 100 }),
    });
    raise(bench);
    await bench.clock.advance(19_999);
    assert.deepEqual(
      bench.bus.taps().map((tap) => tap.strikes),
      [0, 1],
    );
    await bench.clock.advance(1);
    assert.equal(bench.bus.taps()[0]?.strikes, 1);
  });

  it('measures calls, time and the part of it that blocked', async () => {
    const bench = benchOf({
      a: (taps) =>
        taps.observe('vrrp.transitioned', async () => {
          bench.clock.spend(2);
          await new Promise<void>((resolve) => bench.clock.after(40, resolve));
        }),
    });
    raise(bench);
    await bench.clock.advance(100);
    raise(bench);
    await bench.clock.advance(100);
    const [tap] = bench.bus.taps();
    assert.deepEqual([tap?.calls, tap?.blockedMs, tap?.strikes], [2, 4, 0]);
    assert.ok((tap?.totalMs ?? 0) >= 84, String(tap?.totalMs));
  });
});

describe('guard: shape', () => {
  const verdict = { ok: true } as const;
  const about = { checker: 'TCP_CHECK', virtualServer: 'v', realServer: 'r' };
  const shape = (bench: ReturnType<typeof benchOf>) =>
    bench.bus.callsFor('checkers').shape('checker.verdict', 'r', verdict, about);

  it('changes the value in order, and goes on without the tap that fails', async () => {
    const bench = benchOf({
      a: (taps) => taps.shape('checker.verdict', () => Promise.reject(new Error('no'))),
      b: (taps) => taps.shape('checker.verdict', async () => ({ ok: false, reason: 'maintenance' })),
      c: (taps) => taps.shape('checker.verdict', async () => 7 as never),
      d: (taps) =>
        taps.shape('checker.verdict', async (value) => (value.ok ? undefined : { ...value, reason: `${value.reason}!` })),
    });
    assert.deepEqual(await shape(bench), { ok: false, reason: 'maintenance!' });
  });

  it('does not wait beyond the deadline', async () => {
    const bench = benchOf({ a: (taps) => taps.shape('checker.verdict', never) });
    const asked = bench.clock.now();
    assert.deepEqual(await bench.clock.drive(shape(bench)), verdict);
    assert.equal(bench.clock.now() - asked, 1000);
  });
});

describe('guard: payloads', () => {
  it('cannot be changed by a tap, neither for the next nor for the owner', () => {
    const seen: unknown[] = [];
    const payload = { ...transition, extra: { list: [1] } };
    const bench = benchOf({
      a: (taps) =>
        taps.observe('vrrp.transitioned', (event) => {
          (event as { to: string }).to = 'fault';
        }),
      b: (taps) =>
        taps.observe('vrrp.transitioned', (event) => {
          (event as unknown as typeof payload).extra.list.push(2);
        }),
      c: (taps) => taps.observe('vrrp.transitioned', (event) => void seen.push(event)),
    });
    bench.bus.callsFor('vrrp').observe('vrrp.transitioned', 'VI_1', payload);
    assert.deepEqual(seen, [payload]);
    assert.equal(Object.isFrozen(payload.extra), false);
    payload.extra.list.push(3);
    assert.equal((seen[0] as typeof payload).extra.list.length, 1);
  });

  it('are protected in questions and answers, too', () => {
    const decision = { act: true, why: 'down' };
    const kept: { act: boolean }[] = [];
    const bench = benchOf({
      bfd: () => {},
      a: (taps) =>
        taps.adjust('bfd.clientDecision', (value) => {
          const mine = { ...value, act: false };
          kept.push(mine);
          return mine;
        }),
      b: (taps) =>
        taps.adjust('bfd.clientDecision', (value) => {
          for (const mine of kept) mine.act = true;
          (value as { act: boolean }).act = true;
          return undefined;
        }),
    });
    const changed = { session: 's', peer: 'p', from: 'up', to: 'down', diagnostic: 1, at: 0 } as const;
    const { value } = bench.bus.callsFor('bfd').adjust('bfd.clientDecision', 's', decision, changed);
    assert.deepEqual(value, { act: false, why: 'down' });
    assert.deepEqual(decision, { act: true, why: 'down' });
    assert.equal(bench.bus.taps()[1]?.strikes, 1);
    assert.equal(Object.isFrozen(question), false);
  });
});
