/** Orders as bytes: what comes out is what went in, whatever the checks share and whatever a plugin put into them. */
import assert from 'node:assert/strict';
import { type AskedCheck, type CheckOrder, packOrder, unpackOrder } from '@mainstay/core';
import type { CheckRequest } from '@mainstay/sdk';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { request } from './loop-bench.js';

const text = fc.oneof(fc.constantFrom('', 'a', '10.0.0.1', 'a b'), fc.string());
const identity = fc.record({ checker: text, virtualServer: text, realServer: text }, { noNullPrototype: true });
const target = fc.record(
  { address: text, port: fc.integer({ min: 0, max: 65_535 }), link: text, mark: fc.nat(), localPort: fc.nat() },
  { requiredKeys: ['address', 'port'], noNullPrototype: true },
);
const timings = [1, 2].map((retry) => ({ ...request('a').timing, retry }));
const configs = [{ of: 'all' }, { of: 'some', list: [1, { n: 2n }] }, undefined, null, 'text'];

const asked = fc
  .record(
    {
      identity,
      target,
      config: fc.constantFrom(...configs),
      timing: fc.constantFrom(...timings),
      initial: fc.constantFrom('up' as const, 'down' as const),
      virtualHost: text,
      isSuspended: fc.constant(true),
      logsAllFailures: fc.constant(true),
      isSettled: fc.boolean(),
      reason: text,
    },
    { requiredKeys: ['identity', 'target', 'config', 'timing', 'initial', 'isSettled'], noNullPrototype: true },
  )
  .map(({ isSettled, reason, ...more }) => ({ isSettled, reason, more }));

const orders = fc.record(
  {
    put: fc.array(asked).map((list) =>
      list.map(({ isSettled, reason, more }, i): AskedCheck => {
        const known = reason === undefined ? {} : { known: { id: `id ${i}`, isUp: isSettled, reason, since: i } };
        return { request: { ...more, id: `id ${i}` }, isSettled, ...known };
      }),
    ),
    drop: fc.array(text),
    isFirst: fc.constant(true),
    isLast: fc.constant(true),
  },
  { requiredKeys: ['put', 'drop'], noNullPrototype: true },
);

function passed(order: CheckOrder): CheckOrder {
  const sent = packOrder(order);
  assert.ok(sent instanceof Uint8Array);
  return unpackOrder(sent);
}

describe('a packed order', () => {
  it('says what was packed', () => {
    fc.assert(fc.property(orders, (order) => assert.deepEqual(passed(order), order)));
  });

  it('has one object where its checks share one', () => {
    const config = { of: 'all' };
    const put = ['a', 'b'].map((id) => ({ request: request(id, { config }), isSettled: false }));
    const [a, b] = passed({ put, drop: [] }).put;
    assert.equal(a?.request.config, b?.request.config);
  });

  it('keeps what no row can hold: the loop says what is wrong with it', () => {
    const odd: readonly Partial<Record<keyof CheckRequest, unknown>>[] = [
      { target: { address: '10.0.0.1', port: -1 } },
      { target: { address: '10.0.0.1', port: 70_000 } },
      { target: { address: '10.0.0.1', port: 1.5 } },
      { target: { address: '10.0.0.1', port: '80' } },
      { target: { port: 80 } },
      { identity: { checker: 'X_CHECK', virtualServer: 'v' } },
      { virtualHost: 5 },
      { initial: 'sideways' },
    ];
    const put = odd.map((more, i) => ({ request: { ...request(`odd ${i}`), ...more } as CheckRequest, isSettled: true }));
    const plain = { request: request('plain'), isSettled: false };
    assert.deepEqual(passed({ put: [...put, plain], drop: [] }).put, [plain, ...put]);
  });

  it('that cannot be written stays as it is', () => {
    const block: CheckOrder = { put: [{ request: request('a', { config: () => {} }), isSettled: false }], drop: [] };
    const nothing = { put: [{ isSettled: true }], drop: [] } as unknown as CheckOrder;
    for (const order of [block, nothing]) assert.equal(packOrder(order), order);
  });
});
