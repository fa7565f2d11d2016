/** Contract of the clock. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import { describePortContract } from './support/suite.js';

describePortContract('clock', (world) => {
  it('fires no timer early, and each once', async () => {
    const { a, drive } = world();
    const delays = Array.from({ length: 40 }, (_, i) => i * 1.37);
    const fired = await drive(a.ports.timers(delays));
    assert.deepEqual(
      fired.map(({ delay }) => delay).sort((x, y) => x - y),
      delays,
    );
    for (const { delay, late } of fired) assert.ok(late >= 0, `the timer of ${delay} ms fired ${-late} ms early`);
  });

  it('does not fire a cancelled timer', async () => {
    const { a, drive } = world();
    assert.equal(await drive(a.ports.cancels()), true);
  });
});
