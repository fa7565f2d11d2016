/** Properties of the queue of one instance, for any events and any durations of scripts. */
import assert from 'node:assert/strict';
import { InstanceQueue, type Invocation, type Job, queueLimit, Slots } from '@mainstay/notify-script';
import { createVirtualClock } from '@mainstay/testing';
import fc from 'fast-check';
import { describe, it } from 'mocha';

const script = { command: ['/x'], at: { file: '', line: 0, column: 0 } };

function jobOf(id: number, scripts: number, isTransition: boolean): Job {
  const invocations = Array.from({ length: scripts }, (_, i): Invocation => {
    return { keyword: 'notify', script, command: ['/x', `${id}.${i}`] };
  });
  return { state: isTransition ? `S${id}` : 'LOWER', isLast: false, isTransition, invocations };
}

const event = fc.record({
  afterMs: fc.nat(500),
  scripts: fc.integer({ min: 1, max: 2 }),
  durationMs: fc.nat(300),
  isTransition: fc.boolean(),
});

describe('notify-script: queue', () => {
  it('runs one at a time, in order, and the last change of state last', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 120 }), async (events) => {
        const clock = createVirtualClock();
        const started: string[] = [];
        let running = 0;
        const queue = new InstanceQueue('V', {
          clock,
          dropped() {},
          run(_instance, { command }) {
            const id = command[1] ?? '';
            started.push(id);
            assert.equal(++running, 1, 'two scripts at a time');
            const durationMs = events[Number(id.split('.')[0])]?.durationMs ?? 0;
            return new Promise((resolve) => {
              clock.after(durationMs, () => {
                running--;
                resolve({ outcome: 'exited', code: 0, durationMs });
              });
            });
          },
        });
        for (const [id, { afterMs, scripts, isTransition }] of events.entries()) {
          await clock.advance(afterMs);
          queue.submit(jobOf(id, scripts, isTransition));
          assert.ok(queue.standing.waiting <= queueLimit);
        }
        await clock.drive(queue.whenIdle());
        const order = started.map((id) => Number(id.split('.')[0]));
        assert.deepEqual(
          order,
          [...order].sort((a, b) => a - b),
        );
        const lastTransition = events.findLastIndex(({ isTransition }) => isTransition);
        if (lastTransition >= 0) assert.ok(order.includes(lastTransition), 'the last change of state was not run');
      }),
      { numRuns: 100 },
    );
  });
});

describe('notify-script: slots', () => {
  const never = new AbortController().signal;

  it('gives back in the order of asking, never more than there are', async () => {
    const slots = new Slots(1);
    const order: number[] = [];
    const asked = (n: number) =>
      slots.take(never).then((giveBack) => {
        order.push(n);
        return giveBack;
      });
    const [first, second, third] = [asked(1), asked(2), asked(3)];
    (await first)?.();
    assert.deepEqual(order, [1]);
    (await second)?.();
    (await third)?.();
    assert.deepEqual(order, [1, 2, 3]);
    (await slots.take(never))?.();
  });

  it('keeps nobody waiting who has given up, and loses no slot by that', async () => {
    const slots = new Slots(1);
    const held = await slots.take(never);
    const [impatient, late] = [new AbortController(), new AbortController()];
    const givenUp = slots.take(impatient.signal);
    const patient = slots.take(late.signal);
    impatient.abort();
    assert.equal(await givenUp, undefined);
    assert.equal(await slots.take(impatient.signal), undefined);
    held?.();
    const giveBack = await patient;
    late.abort();
    giveBack?.();
    assert.ok((await slots.take(never)) !== undefined);
  });
});
