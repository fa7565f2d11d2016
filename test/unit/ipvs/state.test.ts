/** The pure parts: weights and liveness from checks, the quorum machine, what an old table tells of the servers. */
import assert from 'node:assert/strict';
import { nextQuorum, type QuorumState } from '@mainstay/ipvs/internal/quorum.js';
import { type CheckView, clampWeight, largestWeight, sumOf, weightParts } from '@mainstay/ipvs/internal/server-state.js';
import fc from 'fast-check';
import { describe, it } from 'mocha';

const weigh = (configured: number, ...states: CheckView[]) =>
  clampWeight(
    sumOf(
      weightParts(
        configured,
        states.map((state, i) => ({ id: String(i), checker: 'X', state })),
      ),
    ),
  );

describe('ipvs: real servers', () => {
  it('weigh what is configured, what checks add, and what they ask for', () => {
    assert.equal(weigh(10), 10);
    assert.equal(weigh(10, { isUp: true }), 10);
    assert.equal(weigh(10, { isUp: true, adjust: 5 }), 15);
    assert.equal(weigh(10, { isUp: true, adjust: -3 }, { isUp: true, adjust: 1 }), 8);
    // misc_dynamic: the weight is the one that the only such check asks for.
    assert.equal(weigh(10, { isUp: true, weight: 200 }), 200);
    assert.equal(weigh(10, { isUp: true, weight: 0 }), 0);
    // Two of them add up as in keepalived: 10 + (200 - 10) + (50 - 10).
    assert.equal(weigh(10, { isUp: true, weight: 200 }, { isUp: true, weight: 50 }), 240);
    assert.equal(weigh(10, { isUp: false, weight: 200 }), 10);
  });

  it('never weigh less than nothing or more than the kernel takes', () => {
    assert.equal(weigh(10, { isUp: true, adjust: -50 }), 0);
    assert.equal(weigh(10, { isUp: true, adjust: 2 ** 40 }), largestWeight);
    assert.equal(clampWeight(Number.NaN), 0);
    assert.equal(clampWeight(Number.POSITIVE_INFINITY), 0);
    assert.equal(clampWeight(2.6), 3);
  });
});

describe('ipvs: quorum', () => {
  const rule = { quorum: 5, hysteresis: 2 };

  it('is gained at quorum plus hysteresis, and lost below quorum minus hysteresis', () => {
    const path: readonly (readonly [weight: number, expected: QuorumState])[] = [
      [6, 'lost'],
      [7, 'gained'],
      [6, 'gained'],
      [3, 'gained'],
      [2, 'lost'],
      [6, 'lost'],
      [8, 'gained'],
      [0, 'lost'],
    ];
    let state: QuorumState;
    for (const [weight, expected] of path) {
      state = nextQuorum(state, rule, weight);
      assert.equal(state, expected, `at weight ${weight}`);
    }
  });

  it('is lost when nothing is left, whatever the hysteresis', () => {
    assert.equal(nextQuorum('gained', { quorum: 1, hysteresis: 1 }, 0), 'lost');
    assert.equal(nextQuorum(undefined, { quorum: 1, hysteresis: 0 }, 0), 'lost');
  });

  it('does not flap: the same weight twice changes nothing', () => {
    const states = fc.constantFrom<QuorumState>('gained', 'lost', undefined);
    const rules = fc
      .nat(100)
      .chain((hysteresis) =>
        fc.record({ quorum: fc.integer({ min: hysteresis + 1, max: 200 }), hysteresis: fc.constant(hysteresis) }),
      );
    fc.assert(
      fc.property(states, rules, fc.nat(400), (state, anyRule, weight) => {
        const next = nextQuorum(state, anyRule, weight);
        assert.equal(nextQuorum(next, anyRule, weight), next);
      }),
    );
  });
});
