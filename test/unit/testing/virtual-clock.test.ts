/** The virtual clock and a process's view of it (sdk/testing/src/clock). */
import assert from 'node:assert/strict';
import { createRandom, createVirtualClock, ProcessClock } from '@mainstay/testing';
import { describe, it } from 'mocha';

describe('virtual clock', () => {
  it('fires due timers in order of time, then of creation', async () => {
    const clock = createVirtualClock();
    const fired: string[] = [];
    clock.after(20, () => fired.push('late'));
    clock.after(10, () => fired.push('first of two'));
    clock.at(10, () => fired.push('second of two'));
    clock.after(10, () => fired.push('cancelled')).cancel();
    clock.at(-5, () => fired.push('overdue'));
    await clock.advance(15);
    assert.deepEqual(fired, ['overdue', 'first of two', 'second of two']);
    assert.equal(clock.now(), 15);
    assert.equal(clock.pending, 1);
  });

  it('keeps the order of a thousand random timers, also of those that timers make', async () => {
    const clock = createVirtualClock();
    const random = createRandom(1);
    const fired: number[] = [];
    for (let i = 0; i < 1000; i++) {
      clock.at(random.int(0, 500), () => {
        fired.push(clock.now());
        if (random.chance(0.5)) clock.after(random.int(0, 100), () => fired.push(clock.now()));
      });
    }
    await clock.advance(1000);
    assert.ok(fired.length > 1400);
    assert.deepEqual(
      fired,
      [...fired].sort((a, b) => a - b),
    );
    assert.equal(clock.pending, 0);
  });

  it('lets continuations run between two timers of the same moment', async () => {
    const clock = createVirtualClock();
    const seen: string[] = [];
    clock.after(1, () => {
      void Promise.resolve()
        .then(() => seen.push('continuation'))
        .then(() => seen.push('and the next'));
    });
    clock.after(1, () => seen.push('second timer'));
    await clock.advance(1);
    assert.deepEqual(seen, ['continuation', 'and the next', 'second timer']);
  });

  it('lets a chain of a thousand continuations end before time passes', async () => {
    const clock = createVirtualClock();
    const seen: string[] = [];
    clock.after(1, async () => {
      for (let i = 0; i < 1000; i++) await undefined;
      seen.push(`chain at ${clock.now()}`);
    });
    clock.after(2, () => seen.push(`timer at ${clock.now()}`));
    await clock.advance(5);
    assert.deepEqual(seen, ['chain at 1', 'timer at 2']);
  });

  it('drives a promise to its end, and says when nothing can settle it', async () => {
    const clock = createVirtualClock();
    const sleep = (ms: number) => new Promise<string>((resolve) => clock.after(ms, () => resolve('awake')));
    assert.equal(await clock.drive(sleep(30_000)), 'awake');
    assert.equal(clock.now(), 30_000);
    await assert.rejects(clock.drive(sleep(10_000), 5_000), /pending after 5000 ms/);
    await assert.rejects(clock.drive(Promise.reject(new Error('refused'))), /refused/);
  });

  it('hands an exception of a timer to whoever advances, and refuses to be advanced twice at once', async () => {
    const clock = createVirtualClock();
    clock.after(1, () => {
      throw new Error('broken timer');
    });
    await assert.rejects(clock.advance(2), /broken timer/);
    const first = clock.advance(1);
    await assert.rejects(clock.advance(1), /advanced already/);
    await first;
  });

  it('moves the wall clock alone', () => {
    const clock = createVirtualClock({ wall: 1_000_000 });
    clock.jumpWall(-60_000);
    assert.equal(clock.wall(), 940_000);
    assert.equal(clock.now(), 0);
  });
});

describe('the clock of a process', () => {
  it('has a zero and a rate of its own', async () => {
    const world = createVirtualClock();
    const clock = new ProcessClock(world, { offsetMs: 5000, rate: 1.01 });
    let firedAt = 0;
    clock.after(101, () => {
      firedAt = world.now();
    });
    await world.advance(200);
    assert.equal(Math.round(firedAt), 100);
    assert.equal(Math.round(clock.now()), 5202);
  });

  for (const order of ['timers-first', 'events-first'] as const) {
    it(`delivers what a stop held back, ${order}`, async () => {
      const world = createVirtualClock();
      const clock = new ProcessClock(world);
      const seen: string[] = [];
      clock.after(10, () => seen.push('timer 10'));
      clock.after(20, () => seen.push('timer 20'));
      clock.stop();
      world.after(15, () => clock.deliver(() => seen.push('packet')));
      await world.advance(100);
      assert.deepEqual(seen, []);
      clock.resume(order);
      await world.advance(0);
      const timers = ['timer 10', 'timer 20'];
      assert.deepEqual(seen, order === 'timers-first' ? [...timers, 'packet'] : ['packet', ...timers]);
      assert.equal(clock.now(), 100);
    });
  }

  it('stops again while it catches up, and loses nothing', async () => {
    const world = createVirtualClock();
    const clock = new ProcessClock(world);
    const seen: number[] = [];
    clock.stop();
    for (let i = 0; i < 4; i++) {
      clock.deliver(() => {
        seen.push(i);
        if (i === 1) clock.stop();
      });
    }
    clock.resume();
    await world.advance(0);
    assert.deepEqual(seen, [0, 1]);
    clock.resume();
    clock.deliver(() => seen.push(4));
    await world.advance(0);
    assert.deepEqual(seen, [0, 1, 2, 3, 4]);
  });

  it('delivers nothing to a process that is gone', async () => {
    const world = createVirtualClock();
    const clock = new ProcessClock(world);
    clock.after(1, () => assert.fail('a timer of a dead process'));
    clock.kill();
    clock.deliver(() => assert.fail('an event for a dead process'));
    clock.resume();
    await world.advance(10);
  });
});
