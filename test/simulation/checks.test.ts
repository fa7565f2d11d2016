/** A day of checks that flap, of clients that change their minds and of plugins that come and go: what is held stays bounded. */
import assert from 'node:assert/strict';
import type { CheckRequest } from '@mainstay/sdk';
import { createRandom } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { loopBench, request } from '../unit/checks/loop-bench.js';

const hours = 24;
const checks = 200;
const timing = { delayLoopMs: 180_000, warmupMs: 180_000, retry: 2, delayBeforeRetryMs: 3000, timeoutMs: 5000 };

describe('a day of checking', function () {
  this.timeout(120_000);

  it('holds no more at its end than at its beginning, and every check was made all the time', async () => {
    const bench = loopBench();
    const random = createRandom(42);
    const isDown = new Set<unknown>();
    let probes = 0;
    const lastProbe = new Map<unknown, number>();
    const serve = () =>
      bench.serve(({ config, clock, signal }) => {
        probes++;
        lastProbe.set(config.of, clock.now());
        if (random.next() < 0.02) isDown.add(config.of);
        else if (random.next() < 0.2) isDown.delete(config.of);
        if (!isDown.has(config.of)) return { ok: true };
        if (random.next() < 0.5) return { ok: false, reason: 'refused' };
        // As a server that does not answer; the signal is obeyed.
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      });
    const wanted = (hour: number) =>
      Array.from({ length: checks }, (_, i): CheckRequest => {
        // Each hour, a tenth of them are other servers, and another tenth are suspended.
        const of = i % 10 === hour % 10 ? `${i} in hour ${hour}` : `${i}`;
        return request(`${i}`, { timing, config: { of }, isSuspended: i % 10 === (hour + 5) % 10 });
      });
    const turns = () => bench.log.length;
    serve();
    for (let hour = 0; hour < hours; hour++) {
      bench.put(...wanted(hour));
      if (hour % 6 === 5) {
        bench.loop.withdraw('X_CHECK');
        await bench.clock.advance(200_000);
        assert.deepEqual([bench.loop.counts().planned, bench.clock.pending], [0, 0]);
        serve();
      }
      await bench.clock.advance(3_600_000);
      const { planned, strays, ...counts } = bench.loop.counts();
      assert.deepEqual({ ...counts, underWay: 0 }, { checks, probes: checks, underWay: 0, inRoutine: 0, unserved: 0, unsent: 0 });
      assert.deepEqual([planned, strays.size], [checks * 0.9, 0]);
      // One for the whole loop.
      assert.equal(bench.clock.pending, 1);
      const now = bench.clock.now();
      const idle = wanted(hour).filter(({ isSuspended, config }) => {
        const at = lastProbe.get((config as { readonly of: string }).of) ?? 0;
        return isSuspended !== true && now - at > timing.delayLoopMs + timing.timeoutMs;
      });
      assert.deepEqual(idle, []);
      lastProbe.clear();
    }
    assert.ok(turns() > 500, `${turns()} turns`);
    assert.ok(probes > hours * 20 * checks * 0.8);
  });
});
