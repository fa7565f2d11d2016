/** What a checker knows of its own check (core/runtime/src/checks): what was found out last, also by a lane before this one. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { bad, loopBench, ok, request } from './loop-bench.js';

describe('what a checker is told of how its check stands', () => {
  it('nothing before a first verdict, then what was found out last', async () => {
    const bench = loopBench();
    const seen: unknown[] = [];
    const verdicts = [bad('one'), bad('two'), { ok: true, weight: 3 } as const];
    bench.serve(({ known }) => {
      seen.push(known && [known.isUp, known.reason, known.weight]);
      return verdicts.shift() ?? ok;
    });
    bench.put(request('a', { initial: 'down' }));
    await bench.clock.advance(30_001);
    assert.deepEqual(seen, [undefined, [false, 'one', undefined], [false, 'two', undefined], [true, 'it works', 3]]);
  });

  it('what an earlier lane found out, until it finds out something itself', async () => {
    const bench = loopBench();
    const seen: unknown[] = [];
    bench.serve(({ known }) => {
      seen.push(known?.isUp);
      return ok;
    });
    const known = { id: 'a', isUp: false, reason: 'refused', since: 5 };
    bench.loop.apply('lb', { put: [{ request: request('a'), known, isSettled: true }], drop: [] });
    await bench.clock.advance(20_001);
    assert.deepEqual(seen.slice(0, 2), [false, true]);
  });
});
