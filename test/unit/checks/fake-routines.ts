/** Routines whose rounds end as a test says; for the tests of the checking loop. */
import type { Departed, RoutineFacts, RoutineQuestion, Routines } from '@mainstay/core';
import type { Connection, ConnectOptions } from '@mainstay/sdk';
import type { VirtualClock } from '@mainstay/testing';

export interface FakeRoutine {
  readonly question: RoutineQuestion;
  readonly isRunning: boolean;
  /** Every round that was due so far was answered as before, except the one that is due now. */
  depart(outcome: Departed['outcome']): void;
}

export class FakeRoutines implements Routines {
  readonly begun: FakeRoutine[] = [];
  isClosed = false;

  constructor(private readonly clock: () => VirtualClock) {}

  get running(): readonly FakeRoutine[] {
    return this.begun.filter(({ isRunning }) => isRunning);
  }

  begin(question: RoutineQuestion, departed: (departed: Departed) => void) {
    const { dueInMs, delayLoopMs } = question;
    const clock = this.clock();
    const firstAt = clock.now() + dueInMs;
    let isRunning = true;
    const facts = (): RoutineFacts => {
      const past = clock.now() - firstAt;
      const rounds = past < 0 ? 0 : Math.floor(past / delayLoopMs) + 1;
      const dueAt = firstAt + rounds * delayLoopMs;
      return {
        rounds,
        lastBeganAgoMs: clock.now() - (dueAt - delayLoopMs),
        lastTookMs: 1,
        dueInMs: dueAt - clock.now(),
        isUnderWay: false,
      };
    };
    this.begun.push({
      question,
      get isRunning() {
        return isRunning;
      },
      depart(outcome) {
        isRunning = false;
        const { rounds } = facts();
        const dueAgoMs = clock.now() - (firstAt + (rounds - 1) * delayLoopMs);
        departed({
          rounds: rounds - 1,
          lastBeganAgoMs: dueAgoMs + delayLoopMs,
          lastTookMs: 1,
          dueAgoMs,
          beganAgoMs: dueAgoMs,
          hadPause: false,
          outcome,
        });
      },
    });
    return {
      facts,
      end: () => {
        isRunning = false;
        return facts();
      },
    };
  }

  close(): void {
    this.isClosed = true;
  }
}

/** What opening the connection comes to, and what became of it. */
export function connectionThat(open: (options: ConnectOptions, differs: () => void) => Promise<Connection>) {
  const fate = { isTaken: false, isDiscarded: false };
  const outcome: Departed['outcome'] = {
    take(options, differs) {
      fate.isTaken = true;
      return open(options, differs);
    },
    discard: () => {
      fate.isDiscarded = true;
    },
  };
  return Object.assign(outcome, { fate });
}
