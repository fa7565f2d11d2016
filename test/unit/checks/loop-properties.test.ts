/** Properties of the checking loop: whatever checkers and clients do, probes neither overlap nor end, and turns are earned. */
import assert from 'node:assert/strict';
import { judge, type Planned, questionOf, Schedule, serverOf, standingAtStart } from '@mainstay/core';
import type { Verdict } from '@mainstay/sdk';
import { createVirtualClock } from '@mainstay/testing';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { bad, loopBench, ok, request, usual } from './loop-bench.js';

const verdicts = fc.array(fc.boolean(), { minLength: 1, maxLength: 60 });

describe('a check, by properties', () => {
  it('is down after retry + 1 failures in a row and no sooner, except at its first verdict, and up after rise successes', () => {
    fc.assert(
      fc.property(
        verdicts,
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('up' as const, 'down' as const),
        (list, retry, rise, initial) => {
          let standing = standingAtStart(initial, undefined, false, 0);
          let inRow = 0;
          let wellInRow = 0;
          let hasCounted = false;
          list.forEach((isOk, i) => {
            const before = standing;
            inRow = isOk ? 0 : inRow + 1;
            wellInRow = isOk ? wellInRow + 1 : 0;
            const { standing: next, turn, isRetrying } = judge(before, isOk ? ok : bad(), { retry, rise }, i + 1);
            const isDown = !isOk && (!before.isUp || !hasCounted || inRow > retry);
            if (isOk) {
              assert.equal(next.isUp, before.isUp || wellInRow >= rise);
              assert.equal(next.successes, next.isUp ? 0 : wellInRow);
            } else if (isDown) assert.equal(next.isUp, false);
            else assert.deepEqual([next.isUp, isRetrying], [before.isUp, true]);
            assert.ok(inRow <= retry || !next.isUp);
            assert.equal(turn, before.isUp === next.isUp ? undefined : next.isUp ? 'up' : 'down');
            assert.equal(next.since, turn === undefined ? before.since : i + 1);
            if (turn === 'down') inRow = 0;
            if (!isOk || next.isUp) hasCounted = true;
            assert.equal(next.isSettled, hasCounted);
            standing = next;
          });
        },
      ),
    );
  });
});

/** What the checker does in one probe. */
type Act = { readonly verdict: Verdict | 'throw' | 'never'; readonly afterMs: number };
const act: fc.Arbitrary<Act> = fc.record({
  verdict: fc.constantFrom<Act['verdict']>(ok, ok, bad(), 'throw', 'never'),
  afterMs: fc.constantFrom(0, 1, 40, 900, 1100, 7000),
});
const step = fc.oneof(
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 9000 }) }),
  fc.record({ do: fc.constantFrom('put' as const, 'suspend' as const, 'change' as const, 'drop' as const), id: fc.nat(3) }),
  fc.record({ do: fc.constantFrom('withdraw' as const, 'serve' as const) }),
);

describe('the checking loop, by properties', () => {
  it('never overlaps a probe with itself, never probes what is not wanted, and always plans the next', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 20 }), fc.array(step, { maxLength: 25 }), async (acts, steps) => {
        const bench = loopBench();
        const timing = { delayLoopMs: 1000, delayBeforeRetryMs: 200, timeoutMs: 1000, retry: 1 };
        const wrong: string[] = [];
        const underWay = new Set<unknown>();
        const wanted = new Map<string, { readonly of: string; readonly isSuspended: boolean }>();
        let isServed = false;
        let n = 0;
        const serve = () => {
          if (isServed) return;
          isServed = true;
          bench.serve(({ config, signal }) => {
            // An assertion here would only be a failed probe.
            const isWanted = [...wanted.values()].some(({ of, isSuspended }) => of === config.of && !isSuspended);
            if (!isServed || !isWanted) wrong.push(`${config.of} is not wanted`);
            if (underWay.has(config.of)) wrong.push(`${config.of} overlaps itself`);
            const { verdict, afterMs } = acts[n++ % acts.length] as Act;
            if (verdict === 'throw' && afterMs === 0) throw new Error('no');
            if (verdict !== 'never' && verdict !== 'throw' && afterMs === 0) return verdict;
            underWay.add(config.of);
            signal.addEventListener('abort', () => underWay.delete(config.of), { once: true });
            return new Promise((resolve, reject) => {
              if (verdict === 'never') return;
              bench.clock.after(afterMs, () => (verdict === 'throw' ? reject(new Error('no')) : resolve(verdict)));
            });
          });
        };
        serve();
        const put = (id: string) => {
          const want = wanted.get(id);
          if (want !== undefined) bench.put(request(id, { timing, config: { of: want.of }, isSuspended: want.isSuspended }));
        };
        for (const one of steps) {
          if (one.do === 'wait') await bench.clock.advance(one.ms);
          else if (one.do === 'withdraw') {
            isServed = false;
            bench.loop.withdraw('X_CHECK');
          } else if (!('id' in one)) serve();
          else {
            const id = `${one.id}`;
            const old = wanted.get(id) ?? { of: `content-${one.id % 2}`, isSuspended: false };
            if (one.do === 'drop') wanted.delete(id);
            else if (one.do === 'suspend') wanted.set(id, { ...old, isSuspended: !old.isSuspended });
            else if (one.do === 'change') wanted.set(id, { ...old, of: `${old.of}+` });
            else wanted.set(id, old);
            if (one.do === 'drop') bench.loop.apply('lb', { put: [], drop: [id] });
            else put(id);
          }
          await bench.clock.settle();
          const { checks, probes, planned } = bench.loop.counts();
          const active = new Set([...wanted.values()].filter(({ isSuspended }) => !isSuspended).map(({ of }) => of));
          assert.equal(checks, wanted.size);
          assert.equal(probes, new Set([...wanted.values()].map(({ of }) => of)).size);
          assert.equal(planned, isServed ? active.size : 0);
        }
        bench.loop.close();
        assert.deepEqual(wrong, []);
        assert.deepEqual([bench.loop.counts().planned, bench.loop.counts().underWay], [0, 0]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('the schedule, by properties', () => {
  it('calls each thing once, in order of time, however things come, move and go', async () => {
    const change = fc.record({ thing: fc.nat(20), at: fc.option(fc.nat(1000), { nil: undefined }) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 100 }), async (changes) => {
        const clock = createVirtualClock();
        const due: [Planned, number][] = [];
        const schedule = new Schedule<Planned>(clock, (item) => due.push([item, clock.now()]));
        const things = Array.from({ length: 21 }, (): Planned => ({ dueAt: 0, place: -1 }));
        const expected = new Map<Planned, number>();
        for (const { thing, at } of changes) {
          const item = things[thing] as Planned;
          if (at === undefined) {
            schedule.remove(item);
            expected.delete(item);
          } else {
            schedule.put(item, at);
            expected.set(item, at);
          }
        }
        assert.equal(schedule.size, expected.size);
        await clock.advance(1000);
        assert.deepEqual(
          due.map(([, at]) => at),
          [...expected.values()].sort((a, b) => a - b),
        );
        assert.ok(due.every(([item, at]) => expected.get(item) === at));
        assert.deepEqual([schedule.size, clock.pending], [0, 0]);
      }),
    );
  });

  it('leaves turns to others when very much is due', async () => {
    const clock = createVirtualClock();
    let due = 0;
    const schedule = new Schedule<Planned>(clock, () => due++);
    for (let i = 0; i < 1000; i++) schedule.put({ dueAt: 0, place: -1 }, 5);
    const seen = new Set<number>();
    clock.watchSteps(() => void seen.add(due));
    await clock.advance(5);
    assert.deepEqual([...seen], [200, 400, 600, 800, 1000]);
  });
});

describe('what checks share', () => {
  it('is the question, not who asks; and values that JSON confuses are told apart', () => {
    const key = (config: unknown) => questionOf(request('a', { config }));
    assert.equal(questionOf(request('a', { config: 1 })), questionOf(request('b', { config: 1, initial: 'down' })));
    const configs = [/a/, /a/i, {}, new Map([[1, 2]]), new Map([[1, 3]]), new Set([1]), 1n, 2n, Number.NaN, Infinity, null, 'x'];
    assert.equal(new Set(configs.map(key)).size, configs.length);
  });

  it('is not the same where one block is asked otherwise', () => {
    const config = { of: 'all' };
    const timing = { ...usual };
    const asked = (more: object) => questionOf({ ...request('a', { config }), timing, ...more });
    const plain = asked({});
    const others = [
      { virtualHost: 'x' },
      { timing: { ...timing, retry: 9 } },
      { timing: { ...timing, rise: 2 } },
      { identity: { ...request('a').identity, checker: 'Y' } },
    ];
    for (const more of others) assert.notEqual(asked(more), plain);
    for (const same of [timing, { ...timing, rise: 1 }]) assert.equal(asked({ timing: { ...same } }), plain);
  });

  it('is for one server, however it is reached', () => {
    const target = { address: '192.0.2.1', port: 80 };
    const ways = [
      {},
      { port: 81 },
      { address: '192.0.2.2' },
      { link: 'eth0' },
      { localAddress: '192.0.2.9' },
      { localPort: 9 },
      { mark: 1 },
    ];
    assert.equal(new Set(ways.map((way) => serverOf({ ...target, ...way }))).size, ways.length);
  });

  it('is probed as long as one of its checks is left, whichever goes first', async () => {
    for (const order of [
      ['a', 'b', 'c'],
      ['c', 'b', 'a'],
    ]) {
      const { loop, clock, ...bench } = loopBench();
      let probes = 0;
      bench.serve(() => {
        probes++;
        return ok;
      });
      bench.put(...order.map((id) => request(id, { config: 'the same' })));
      assert.deepEqual([loop.counts().checks, loop.counts().probes], [3, 1]);
      for (const [i, id] of order.entries()) {
        await clock.advance(10_000);
        assert.ok(probes > 0, `after ${i} of them`);
        probes = 0;
        loop.apply('lb', { put: [], drop: [id] });
      }
      await clock.advance(20_000);
      assert.deepEqual([probes, loop.counts().checks, loop.counts().probes], [0, 0, 0]);
    }
  });
});
