/**
 * Seeds of three to five virtual routers on one LAN under loss, partition, crash, restart, clean stop, pause, power cuts and
 * link failures, on the plugin that runs in production. MAINSTAY_SEEDS=n: how many; MAINSTAY_SEED=s: that one, with its trace.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { describeFailure, runSeed } from './vrrp/run-seed.js';

const one = process.env.MAINSTAY_SEED;
const count = Number(process.env.MAINSTAY_SEEDS ?? 10_000);
const shard = 500;

describe('virtual routers in the simulator', () => {
  if (one !== undefined) {
    it(`seed ${one}`, async () => {
      const result = await runSeed(Number(one), { keepTrace: true });
      if (result.violations.length > 0) console.error(result.lines.join('\n'));
      assert.deepEqual(result.violations, [], describeFailure(result));
    }).timeout(60_000);
    return;
  }

  for (let first = 1; first <= count; first += shard) {
    const last = Math.min(count, first + shard - 1);
    it(`seeds ${first} to ${last}`, async () => {
      const failures: string[] = [];
      for (let seed = first; seed <= last; seed++) {
        const result = await runSeed(seed);
        if (result.violations.length > 0) failures.push(describeFailure(result));
      }
      assert.equal(failures.length, 0, `${failures.length} seeds failed\n${failures.slice(0, 5).join('\n')}`);
    }).timeout(120_000);
  }

  it('replays a seed exactly', async () => {
    for (const seed of [1, 77, 4242]) {
      const [a, b] = [await runSeed(seed), await runSeed(seed)];
      assert.equal(a.hash, b.hash);
    }
    assert.notEqual((await runSeed(1)).hash, (await runSeed(2)).hash);
  });
});
