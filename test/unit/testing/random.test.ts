/** Seeded randomness (sdk/testing/src/random.ts). */
import assert from 'node:assert/strict';
import { createRandom } from '@mainstay/testing';
import { describe, it } from 'mocha';

describe('seeded random numbers', () => {
  it('are the same for the same seed and others for another', () => {
    const draw = (seed: number) =>
      Array.from(
        { length: 50 },
        (
          (r) => () =>
            r.next()
        )(createRandom(seed)),
      );
    assert.deepEqual(draw(42), draw(42));
    assert.notDeepEqual(draw(42), draw(43));
    assert.notDeepEqual(draw(1), draw(1 + 2 ** 32));
  });

  it('fill their ranges evenly', () => {
    const random = createRandom(7);
    let sum = 0;
    for (let i = 0; i < 10_000; i++) sum += random.next();
    assert.ok(Math.abs(sum / 10_000 - 0.5) < 0.02, `mean ${sum / 10_000}`);
    const dice = new Array<number>(6).fill(0);
    for (let i = 0; i < 6000; i++) {
      const face = random.int(0, 5);
      dice[face] = (dice[face] ?? 0) + 1;
    }
    for (const count of dice) assert.ok(count > 850 && count < 1150, dice.join(' '));
  });

  it('shuffle keeps every item, and forks are independent of each other', () => {
    const random = createRandom(3);
    assert.deepEqual(
      random.shuffle([1, 2, 3, 4, 5]).sort((a, b) => a - b),
      [1, 2, 3, 4, 5],
    );
    assert.notEqual(createRandom(3).fork('a').next(), createRandom(3).fork('b').next());
    assert.equal(createRandom(3).fork('a').next(), createRandom(3).fork('a').next());
  });
});
