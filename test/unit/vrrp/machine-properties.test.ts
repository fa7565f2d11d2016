/** What holds for the VRRP machine in every reachable state, under any sequence of events (plugins/vrrp/src/machine.ts). */
import assert from 'node:assert/strict';
import { type Effect, type Event, initialState, type MachineConfig, type State, step } from '@mainstay/vrrp';
import { deadlineOf } from '@mainstay/vrrp/internal/machine.js';
import { visible } from '@mainstay/vrrp/internal/states.js';
import fc from 'fast-check';
import { describe, it } from 'mocha';

const configs = fc.record<MachineConfig>({
  version: fc.constantFrom(2 as const, 3 as const),
  advertIntervalMs: fc.constantFrom(10, 100, 1000, 40950),
  downAdverts: fc.integer({ min: 1, max: 5 }),
  preempt: fc.boolean(),
  preemptDelayMs: fc.constantFrom(0, 0, 1500, 60_000),
  lowerPriorityNoAdvert: fc.boolean(),
  higherPrioritySendAdvert: fc.boolean(),
});

const advert = fc.record<Extract<Event, { kind: 'advert' }>>({
  kind: fc.constant('advert'),
  source: fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.10'),
  priority: fc.oneof(fc.constantFrom(0, 99, 100, 101, 255), fc.integer({ min: 0, max: 255 })),
  intervalMs: fc.constantFrom(10, 1000, 2000),
  ownSource: fc.constant('192.0.2.9'),
});

/** A timer event is meant to come when the deadline is there: early, on time, or late. */
type Input = { readonly after: number; readonly event: Event | 'deadline' };

const inputs: fc.Arbitrary<Input> = fc.record({
  after: fc.constantFrom(0, 0.5, 9, 100, 999, 1000, 30_000),
  event: fc.oneof<fc.Arbitrary<Event | 'deadline'>[]>(
    advert,
    advert,
    fc.constant('deadline'),
    fc.constant('deadline'),
    fc.constant({ kind: 'timer' }),
    fc.constant({ kind: 'start' }),
    fc.constantFrom<Event>({ kind: 'stop', reason: 'shutdown' }, { kind: 'stop', reason: 'removed' }),
    fc.integer({ min: 1, max: 254 }).map((priority): Event => ({ kind: 'priority', priority })),
    fc.constant({ kind: 'handOver' }),
    fc.constant({ kind: 'lapsed', afterMs: 2000 }),
    fc.integer({ min: 0, max: 90_000 }).map((at): Event => ({ kind: 'heard', at })),
    fc.constant({ kind: 'fault', why: 'eth0 is down' }),
    fc.constant({ kind: 'faultCleared' }),
    fc.constant({ kind: 'addressLost', address: '192.0.2.100/24' }),
    fc.integer({ min: 0, max: 90_000 }).map((until): Event => ({ kind: 'hold', until })),
  ),
});

interface Move {
  readonly before: State;
  readonly event: Event;
  readonly now: number;
  readonly after: State;
  readonly effects: readonly Effect[];
}

/** Every move of a run. The owner's priority never changes, as priority.ts sees to. */
function play(config: MachineConfig, priority: number, run: readonly Input[]): readonly Move[] {
  let state = initialState(priority);
  let now = 0;
  const moves: Move[] = [];
  for (const input of [{ after: 0, event: { kind: 'start' } } as Input, ...run]) {
    now = input.event === 'deadline' ? Math.max(now, deadlineOf(state) ?? now) : now + input.after;
    const event: Event = input.event === 'deadline' ? { kind: 'timer' } : input.event;
    if (event.kind === 'priority' && priority === 255) continue;
    const result = step(state, event, config, now);
    moves.push({ before: state, event, now, after: result.state, effects: result.effects });
    state = result.state;
  }
  return moves;
}

function holdsForEveryMove(check: (move: Move, config: MachineConfig) => void): void {
  const priorities = fc.constantFrom(1, 100, 254, 255);
  fc.assert(
    fc.property(configs, priorities, fc.array(inputs, { maxLength: 40 }), (config, priority, run) => {
      for (const move of play(config, priority, run)) check(move, config);
    }),
    { numRuns: 1000 },
  );
}

function kinds(effects: readonly Effect[]): readonly string[] {
  return effects.map((effect) => (effect.kind === 'sendAdvert' && effect.priority === 0 ? 'resign' : effect.kind));
}

/** A router that resigns holds its addresses until its successor has them. */
function holds({ kind }: State): boolean {
  return kind === 'master' || kind === 'resigning';
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part);
  return Object.freeze(value);
}

describe('VRRP machine, in any state under any events', () => {
  it('is deterministic and leaves its input alone', () => {
    holdsForEveryMove(({ before, event, now, after, effects }, config) => {
      const again = step(
        deepFreeze(structuredClone(before)),
        deepFreeze(structuredClone(event)),
        Object.freeze({ ...config }),
        now,
      );
      assert.deepEqual(again, { state: after, effects });
    });
  });

  it('has one timer in backup, master and a hand-over, none elsewhere', () => {
    holdsForEveryMove(({ after }) => {
      const deadlines = ['masterDownAt', 'advertAt', 'until'].filter((key) => key in after);
      assert.equal(deadlines.length, after.kind === 'backup' || holds(after) ? 1 : 0);
      const deadline = deadlineOf(after);
      assert.ok(deadline === undefined || Number.isFinite(deadline));
    });
  });

  it('never leaves a timer in the past once it was served', () => {
    holdsForEveryMove(({ event, now, after }) => {
      if (event.kind === 'timer') assert.ok((deadlineOf(after) ?? Number.POSITIVE_INFINITY) > now);
    });
  });

  it('holds addresses exactly as master, also while it hands over: added once, removed once', () => {
    holdsForEveryMove(({ before, after, effects }) => {
      const added = effects.filter(({ kind }) => kind === 'addAddresses').length;
      const removed = effects.filter(({ kind }) => kind === 'removeAddresses').length;
      assert.equal(added, !holds(before) && holds(after) ? 1 : 0);
      assert.equal(removed, holds(before) && !holds(after) ? 1 : 0);
    });
  });

  it('tells a transition exactly when the state changes for the world, and at the end of a stop', () => {
    holdsForEveryMove(({ before, event, after, effects }) => {
      const told = effects.flatMap((effect) => (effect.kind === 'transitioned' ? [[effect.from, effect.to]] : []));
      const isStopped = after.kind === 'initialize' && (event.kind === 'stop' || before.kind === 'resigning');
      const change = [visible(before), isStopped ? 'stopped' : visible(after)];
      assert.deepEqual(told, isStopped || change[0] !== change[1] ? [change] : []);
    });
  });

  it('resigns once at every leave by its own will, first of all, and never when pre-empted or resigned for', () => {
    holdsForEveryMove(({ before, event, after, effects }) => {
      const leaves = before.kind === 'master' && after.kind !== 'master';
      const isOwnWill = leaves && event.kind !== 'advert' && event.kind !== 'lapsed';
      assert.equal(kinds(effects).filter((kind) => kind === 'resign').length, isOwnWill ? 1 : 0);
      const rest = after.kind === 'resigning' ? [] : ['removeAddresses'];
      if (isOwnWill) assert.deepEqual(kinds(effects).slice(0, 2), ['resign', ...rest]);
    });
  });

  it('lets go of its addresses in a stop after a bounded time, followed or not', () => {
    holdsForEveryMove(({ before, event, now, after }) => {
      if (after.kind === 'resigning') assert.ok(after.until <= now + 4000);
      if (before.kind === 'resigning' && event.kind === 'timer' && now >= before.until)
        assert.ok(before.why === 'handover' || after.kind === 'initialize');
    });
  });

  it('speaks only as master, with its own priority', () => {
    holdsForEveryMove(({ before, after, effects }) => {
      for (const effect of effects) {
        if (effect.kind !== 'sendAdvert') continue;
        assert.ok(holds(before) || holds(after));
        assert.ok(effect.priority === 0 || effect.priority === after.priority);
      }
    });
  });

  it('advertises before it adds addresses', () => {
    holdsForEveryMove(({ before, after, effects }) => {
      if (!holds(before) && holds(after)) assert.deepEqual(kinds(effects).slice(0, 2), ['sendAdvert', 'addAddresses']);
    });
  });

  it('is never moved as owner by what others send', () => {
    holdsForEveryMove(({ before, event, after, effects }) => {
      if (before.kind !== 'master' || before.priority !== 255 || event.kind !== 'advert') return;
      assert.deepEqual([after, effects], [before, []]);
    });
  });

  it('becomes master at startup, at the deadline, or as owner when a fault clears', () => {
    holdsForEveryMove(({ before, event, now, after }) => {
      if (before.kind === 'master' || after.kind !== 'master') return;
      if (event.kind === 'timer') assert.ok(now >= (deadlineOf(before) ?? Number.POSITIVE_INFINITY));
      else assert.ok(before.priority === 255 && (event.kind === 'start' || event.kind === 'faultCleared'), event.kind);
    });
  });
});

describe('VRRP master with timers on time', () => {
  /** What a master of priority 200 hears without having to yield. */
  const heard = fc.record({ after: fc.double({ min: 0, max: 2500, noNaN: true }), priority: fc.integer({ min: 0, max: 199 }) });

  it('sends at its interval, whatever lower priorities and resignations it hears', () => {
    fc.assert(
      fc.property(configs, fc.array(heard, { maxLength: 30 }), (config, run) => {
        let state: State = {
          kind: 'master',
          priority: 200,
          advertAt: 1000,
          answeredAt: Number.NEGATIVE_INFINITY,
          hasDrained: false,
        };
        let now = 0;
        let lastSent = 1000 - config.advertIntervalMs;
        const feed = (event: Event, at: number) => {
          now = at;
          const result = step(state, event, config, at);
          state = result.state;
          if (result.effects.some(({ kind }) => kind === 'sendAdvert')) lastSent = at;
          assert.equal(state.kind, 'master');
          assert.ok(at - lastSent <= config.advertIntervalMs + 1e-6, `silent from ${lastSent} to ${at}`);
        };
        for (const { after, priority } of run) {
          const at = now + after;
          for (let due = deadlineOf(state); due !== undefined && due <= at; due = deadlineOf(state)) feed({ kind: 'timer' }, due);
          feed({ kind: 'advert', source: '192.0.2.2', ownSource: '192.0.2.1', intervalMs: 1000, priority }, at);
        }
      }),
      { numRuns: 300 },
    );
  });
});
