/** The bounded queue between the supervisor and a lane, and the back-off of lanes. */
import assert from 'node:assert/strict';
import { Backoff, BoundedSender, EventQueue, type FromLane, unpackOrder } from '@mainstay/core';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { request } from '../checks/loop-bench.js';

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
  const event = (key: string, payload: unknown = {}): FromLane => ({ kind: 'event', hook: 'lane.crashed', key, payload });
  const log = (message: string, fields?: Record<string, unknown>): FromLane => ({
    kind: 'log',
    record: { level: 'info', plugin: 'p', message, at: 0, ...(fields && { fields }) },
  });

  /** A channel whose batches the kernel takes, and whose turns end, when the test says so. */
  function channel(messages = 10_000, characters = 1 << 20) {
    const batches: (readonly FromLane[])[] = [];
    const done: (() => void)[] = [];
    const turns: (() => void)[] = [];
    const send = (batch: readonly FromLane[], taken: () => void) => {
      structuredClone(batch);
      batches.push(batch);
      done.push(taken);
    };
    const sender = new BoundedSender(send, { messages, characters }, (work) => turns.push(work));
    const take = () => {
      for (const taken of done.splice(0)) taken();
    };
    const turn = () => {
      for (const work of turns.splice(0)) work();
    };
    const run = () => {
      while (turns.length > 0 || done.length > 0) {
        take();
        turn();
      }
    };
    const kinds = () => batches.flat().map(({ kind }) => kind);
    return { sender, batches, take, turn, run, kinds };
  }

  it('sends the first message of a turn at once and the others together, in order', () => {
    const { sender, batches, take, turn, run } = channel();
    for (const key of ['a', 'b', 'c']) sender.send(event(key));
    sender.send({ kind: 'pong', id: 1 });
    assert.deepEqual(batches, [[event('a')]]);
    take();
    turn();
    assert.deepEqual(batches[1], [event('b'), event('c'), { kind: 'pong', id: 1 }]);
    assert.equal(sender.waiting, 3);
    run();
    sender.send(event('d'));
    assert.deepEqual(batches[2], [event('d')]);
  });

  it('loses none of some thousand messages of one turn, and makes no batch that takes long', () => {
    const { sender, batches, run } = channel();
    const sent = Array.from({ length: 6000 }, (_, i) => event(String(i)));
    for (const message of sent) sender.send(message);
    run();
    assert.deepEqual(batches.flat(), sent);
    assert.ok(batches.every(({ length }) => length <= 128));
    assert.equal(sender.waiting, 0);
  });

  it('hands the kernel one batch at a time', () => {
    const { sender, batches, turn } = channel();
    sender.send(event('a'));
    for (let i = 0; i < 5; i++) {
      sender.send(event(String(i)));
      turn();
    }
    assert.equal(batches.length, 1);
    assert.equal(sender.waiting, 6);
  });

  it('drops events and records beyond its bound, never what the life cycle needs, and says how many', () => {
    const { sender, kinds, batches, run } = channel(4);
    for (let i = 0; i < 10; i++) sender.send(event(String(i)));
    sender.send({ kind: 'pong', id: 1 });
    run();
    assert.deepEqual(kinds(), ['event', 'event', 'event', 'event', 'pong']);
    sender.send(event('later'));
    run();
    assert.deepEqual(batches.flat().slice(5), [{ kind: 'dropped', events: 6, records: 0 }, event('later')]);
  });

  it('bounds the texts, too', () => {
    const { sender, kinds, run } = channel(1000, 10_000);
    for (let i = 0; i < 100; i++) sender.send(log('x'.repeat(1000)));
    run();
    assert.equal(kinds().length, 10);
    sender.send(log('short'));
    run();
    assert.deepEqual(kinds().slice(10), ['dropped', 'log']);
  });

  it('one message that cannot be cloned takes no other along', () => {
    const { sender, batches, run } = channel();
    const unplain = () => {};
    sender.send(event('first'));
    sender.send(event('a'));
    sender.send(event('bad', { unplain }));
    sender.send(log('worse', { unplain }));
    sender.send(event('b'));
    run();
    sender.send(event('last'));
    run();
    assert.deepEqual(batches.flat(), [
      event('first'),
      event('a'),
      event('b'),
      { kind: 'dropped', events: 1, records: 0 },
      log('worse', { unprintable: true }),
      event('last'),
    ]);
  });

  it('one check that cannot be cloned takes no other along, and is said not to be made', () => {
    const { sender, batches, run } = channel();
    const asked = (id: string, config: unknown) => ({ request: request(id, { config }), isSettled: false });
    const order = { isFirst: true, isLast: true, put: [asked('a', 1), asked('bad', () => {}), asked('b', 2)], drop: ['c'] };
    sender.send({ kind: 'checks', lane: 'health', plugin: 'lb', order });
    run();
    const checks = batches.flat().flatMap((message) => (message.kind === 'checks' ? [unpackOrder(message.order)] : []));
    assert.deepEqual(
      checks.flatMap(({ put }) => put.map(({ request: { id } }) => id)),
      ['a', 'b'],
    );
    assert.deepEqual([checks[0]?.isFirst, checks[0]?.drop, checks.at(-1)?.isLast], [true, ['c'], true]);
    const said = batches.flat().flatMap((message) => (message.kind === 'log' ? [message.record] : []));
    assert.equal(said.length, 1);
    assert.match(said[0]?.message ?? '', /^X_CHECK of server-bad is not made: its block is not plain data/);
    assert.equal(said[0]?.plugin, 'lb');
  });

  it('a check that cannot be cloned does not keep from the lane what else its order says', () => {
    const { sender, batches, run } = channel();
    const put = [{ request: request('bad', { config: () => {} }), isSettled: false }];
    sender.send({ kind: 'checks', lane: 'health', plugin: 'lb', order: { isFirst: true, isLast: true, put, drop: ['c'] } });
    run();
    const orders = batches.flat().flatMap((message) => (message.kind === 'checks' ? [unpackOrder(message.order)] : []));
    assert.deepEqual([orders[0]?.isFirst, orders[0]?.drop, orders.at(-1)?.isLast], [true, ['c'], true]);
    assert.equal(batches.flat().filter(({ kind }) => kind === 'log').length, 1);
  });

  it('says its last words when the process ends in the middle of a turn', () => {
    const { sender, kinds } = channel();
    for (let i = 0; i < 300; i++) sender.send(event(String(i)));
    sender.sendAll();
    assert.equal(kinds().length, 300);
  });

  it('survives a channel that is gone', () => {
    const sender = new BoundedSender(() => {
      throw new Error('channel closed');
    });
    sender.send(event('x'));
    sender.send({ kind: 'started' });
    sender.sendAll();
    assert.equal(sender.waiting, 0);
  });
});
