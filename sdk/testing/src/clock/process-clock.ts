/**
 * The clock of one simulated process: a view of the world's clock with a zero and a rate of its own, which delivers
 * nothing while the process is stopped (SIGSTOP, a paused machine) and catches up afterwards. It also orders everything else
 * that reaches the process (packets, kernel events), so that these wait too.
 */
import type { Clock, Timer } from '@mainstay/sdk';

export interface ProcessClockOptions {
  /** Added to the world's monotonic time: real machines do not share a zero. Default 0. */
  readonly offsetMs?: number;
  /** Milliseconds of this clock per millisecond of the world. Default 1. */
  readonly rate?: number;
}

/** What a stopped process meets first when it goes on: both happen, depending on where its event loop stood. */
export type WakeOrder = 'timers-first' | 'events-first';

type Task = () => void;

export class ProcessClock implements Clock {
  readonly #world: Clock;
  readonly #offset: number;
  readonly #rate: number;
  #state: 'running' | 'stopped' | 'catching-up' | 'dead' = 'running';
  #lateTimers: Task[] = [];
  #lateEvents: Task[] = [];
  #order: WakeOrder = 'timers-first';
  #generation = 0;

  constructor(world: Clock, { offsetMs = 0, rate = 1 }: ProcessClockOptions = {}) {
    this.#world = world;
    this.#offset = offsetMs;
    this.#rate = rate;
  }

  now(): number {
    return this.#world.now() * this.#rate + this.#offset;
  }
  wall(): number {
    return this.#world.wall();
  }

  at(at: number, fire: () => void): Timer {
    let isCancelled = false;
    const fireOnce = () => {
      if (!isCancelled) fire();
    };
    const timer = this.#world.at((at - this.#offset) / this.#rate, () => {
      if (this.#state === 'running') fireOnce();
      else if (this.#state !== 'dead') this.#lateTimers.push(fireOnce);
    });
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }
  after(ms: number, fire: () => void): Timer {
    return this.at(this.now() + ms, fire);
  }

  get isStopped(): boolean {
    return this.#state === 'stopped';
  }
  get isDead(): boolean {
    return this.#state === 'dead';
  }
  /** Events that wait for a stopped process. */
  get backlog(): number {
    return this.#lateEvents.length;
  }

  /** Hands the process an event: now, after it goes on, or never. */
  deliver(task: Task): void {
    if (this.#state === 'running') task();
    else if (this.#state !== 'dead') this.#lateEvents.push(task);
  }

  stop(): void {
    if (this.#state !== 'dead') this.#state = 'stopped';
  }

  /** Goes on. What became due meanwhile is delivered one by one at the present moment of the world. */
  resume(order: WakeOrder = 'timers-first'): void {
    if (this.#state !== 'stopped') return;
    this.#order = order;
    this.#state = 'catching-up';
    this.#catchUp(++this.#generation);
  }

  /** The process is gone: nothing is delivered any more. */
  kill(): void {
    this.#state = 'dead';
    this.#lateTimers = [];
    this.#lateEvents = [];
  }

  #catchUp(generation: number): void {
    const [first, second] =
      this.#order === 'timers-first' ? [this.#lateTimers, this.#lateEvents] : [this.#lateEvents, this.#lateTimers];
    if (first.length + second.length === 0) {
      this.#state = 'running';
      return;
    }
    this.#world.after(0, () => {
      if (this.#state !== 'catching-up' || generation !== this.#generation) return;
      const task = first.shift() ?? second.shift();
      task?.();
      this.#catchUp(generation);
    });
  }
}
