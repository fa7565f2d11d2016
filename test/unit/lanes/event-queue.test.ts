/** The bounded queue between the supervisor and a lane, and the back-off of lanes. */
import assert from 'node:assert/strict';
import { Backoff, BoundedSender, EventQueue, type FromLane } from '@mainstay/core';
import fc from 'fast-check';
import { describe, it } from 'mocha';

describe('the queue of events for a lane', () => {
  it('sends no more than the window until the lane acknowledges', () => {
    const queue = new EventQueue<number>(10, 2);
    for (const n of [1, 2, 3]) queue.push(n);
    const sent = [...queue.take()];
    assert.deepEqual(
      sent.map(({ item }) => item),
      [1, 2],
    );
    assert.deepEqual([...queue.take()], []);
    queue.acknowledge(sent[0]?.seq ?? 0);
    assert.deepEqual(
      [...queue.take()].map(({ item }) => item),
      [3],
    );
    assert.equal(queue.isDrained, false);
  });

  it('drops the oldest beyond its limit and counts', () => {
    const queue = new EventQueue<number>(3, 1);
    const room = [1, 2, 3, 4, 5].map((n) => queue.push(n));
    assert.deepEqual(room, [true, true, true, false, false]);
    assert.equal(queue.dropped, 2);
    assert.equal([...queue.take()][0]?.item, 3);
  });

  it('does not send again what was under way when the lane died', () => {
    const queue = new EventQueue<string>(10, 1);
    queue.push('poison');
    queue.push('next');
    assert.equal([...queue.take()].length, 1);
    assert.equal(queue.forgetUnderWay(), 1);
    assert.equal([...queue.take()][0]?.item, 'next');
  });

  it('keeps order and bounds whatever happens', () => {
    const step = fc.oneof(fc.constant('push'), fc.constant('take'), fc.constant('ack'), fc.constant('die'));
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 400 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 4 }),
        (steps, limit, window) => {
          const queue = new EventQueue<number>(limit, window);
          const open: number[] = [];
          let pushed = 0;
          let last = 0;
          for (const one of steps) {
            if (one === 'push') queue.push(++pushed);
            else if (one === 'die') {
              queue.forgetUnderWay();
              open.length = 0;
            } else if (one === 'ack') queue.acknowledge(open.shift() ?? -1);
            else
              for (const { seq, item } of queue.take()) {
                assert.ok(item > last);
                last = item;
                open.push(seq);
              }
            assert.ok(queue.waiting <= limit && queue.underWay <= window && queue.underWay === open.length);
          }
        },
      ),
    );
  });

  it('shifts a long queue without growing', () => {
    const queue = new EventQueue<number>(1000, 1);
    for (let i = 0; i < 50_000; i++) queue.push(i);
    assert.deepEqual([queue.waiting, queue.dropped], [1000, 49_000]);
    assert.equal([...queue.take()][0]?.item, 49_000);
  });
});

describe('the back-off of a lane', () => {
  it('is 0, 1, 2, 4 ... 60 s for lives that are short', () => {
    const backoff = new Backoff();
    const delays = Array.from({ length: 9 }, () => backoff.delayAfter(500) / 1000);
    assert.deepEqual(delays, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('begins anew after a life of a minute, and after a reload', () => {
    const backoff = new Backoff();
    for (let i = 0; i < 4; i++) backoff.delayAfter(0);
    assert.equal(backoff.delayAfter(60_000), 0);
    assert.equal(backoff.delayAfter(10), 1000);
    backoff.reset();
    assert.equal(backoff.delayAfter(10), 0);
  });
});

describe('the end of a lane at the fork channel', () => {
  const event = (key: string): FromLane => ({ kind: 'event', hook: 'lane.crashed', key, payload: {} });

  it('drops events and records beyond its bound, never what the life cycle needs, and says how many', () => {
    const sent: FromLane[] = [];
    const done: (() => void)[] = [];
    const sender = new BoundedSender((message, taken) => {
      sent.push(message);
      done.push(taken);
    }, 4);
    for (let i = 0; i < 10; i++) sender.send(event(String(i)));
    sender.send({ kind: 'pong', id: 1 });
    assert.deepEqual(
      sent.map(({ kind }) => kind),
      ['event', 'event', 'event', 'event', 'pong'],
    );
    for (const taken of done.splice(0)) taken();
    sender.send(event('later'));
    assert.deepEqual(sent.slice(5), [{ kind: 'dropped', events: 6, records: 0 }, event('later')]);
  });

  it('survives a channel that is gone', () => {
    const sender = new BoundedSender(() => {
      throw new Error('channel closed');
    });
    sender.send(event('x'));
    sender.send({ kind: 'started' });
    assert.equal(sender.waiting, 0);
  });
});
