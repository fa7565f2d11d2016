/** A check that is asked the same as before, at another pace: a reload that changes delay_loop or retry. */
import assert from 'node:assert/strict';
import type { CheckRequest, CheckState } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { bad, loopBench, ok, played, request } from './loop-bench.js';

/** As a client does that knows how the check stands. */
function putAgain({ loop, states }: ReturnType<typeof loopBench>, again: CheckRequest): void {
  loop.apply('lb', { put: [{ request: again, known: states.at(-1) as CheckState, isSettled: true }], drop: [] });
}

describe('a check at another pace', () => {
  it('keeps its retries, and those that it has used, when it is asked the same at another pace', async () => {
    const bench = loopBench();
    const { begins } = played(bench, ok, bad(), bad(), ok, bad(), bad(), bad());
    bench.put(request('a'));
    await bench.clock.advance(10_500);
    assert.deepEqual(begins, [0, 10]);
    // One attempt has failed, of three.
    putAgain(bench, request('a', { timing: { delayLoopMs: 6000 } }));
    await bench.clock.advance(2000);
    assert.deepEqual(begins, [0, 10, 10.5, 11.5]);
    assert.deepEqual(bench.told(), ['a up']);
    putAgain(bench, request('a', { timing: { delayLoopMs: 6000, retry: 1 } }));
    await bench.clock.advance(1000);
    assert.deepEqual([begins.length, bench.told()], [6, ['a up', 'a down']]);
  });

  it('has one attempt left where more have failed than may now, and one success to come where enough have', async () => {
    const bench = loopBench();
    const { begins } = played(bench, ok, bad(), bad(), bad(), ok);
    bench.put(request('a', { timing: { rise: 4 } }));
    await bench.clock.advance(11_500);
    putAgain(bench, request('a', { timing: { rise: 4, retry: 1 } }));
    assert.deepEqual(bench.told(), ['a up']);
    await bench.clock.advance(0);
    assert.deepEqual(
      [begins, bench.told()],
      [
        [0, 10, 11, 11.5],
        ['a up', 'a down'],
      ],
    );
    await bench.clock.advance(30_000);
    assert.equal(begins.length, 7);
    putAgain(bench, request('a', { timing: { rise: 2, retry: 1 } }));
    assert.deepEqual(bench.told(), ['a up', 'a down']);
    await bench.clock.advance(0);
    assert.deepEqual([begins.length, bench.told()], [8, ['a up', 'a down', 'a up']]);
  });
});
