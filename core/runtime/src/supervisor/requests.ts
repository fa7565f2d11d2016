/** Questions to a lane that wait for their answers, each with a deadline. Used by lane-handle.ts. */
import type { Clock } from '@mainstay/sdk';

export class Requests<Answer> {
  readonly #clock: Clock;
  readonly #open = new Map<number, (answer: Answer | undefined) => void>();
  #id = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sends a question under a number of its own; `undefined` when no answer came in time or the lane died. */
  ask(send: (id: number) => void, withinMs: number): Promise<Answer | undefined> {
    const id = ++this.#id;
    return new Promise((resolve) => {
      const timer = this.#clock.after(withinMs, () => settle(undefined));
      const settle = (answer: Answer | undefined) => {
        timer.cancel();
        this.#open.delete(id);
        resolve(answer);
      };
      this.#open.set(id, settle);
      send(id);
    });
  }

  answer(id: number, answer: Answer): void {
    this.#open.get(id)?.(answer);
  }

  abandon(): void {
    for (const settle of [...this.#open.values()]) settle(undefined);
  }
}
