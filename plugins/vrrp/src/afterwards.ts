/**
 * What can wait until adverts and addresses are on their way: log lines and hook events of a transition. When a thousand routers take
 * over at once, each is master before the first is written about. Shared by all instances; made by manager.ts.
 */
import type { Clock, Timer } from '@mainstay/sdk';

/** Tasks in one turn of the event loop, so that the next advert that is heard does not wait for the last line. */
const turnSize = 64;

export class Afterwards {
  private tasks: (() => void)[] = [];
  private timer: Timer | undefined;

  constructor(private readonly clock: Clock) {}

  /** In the order of the calls. */
  do(task: () => void): void {
    this.tasks.push(task);
    this.timer ??= this.clock.after(0, () => this.turn());
  }

  /** Everything now: whoever reads what was written must not miss the end of it. */
  flush(): void {
    this.timer?.cancel();
    this.timer = undefined;
    for (const task of this.tasks.splice(0)) task();
  }

  private turn(): void {
    this.timer = undefined;
    const rest = this.tasks.splice(turnSize);
    const now = this.tasks;
    this.tasks = rest;
    for (const task of now) task();
    if (this.tasks.length > 0) this.timer ??= this.clock.after(0, () => this.turn());
  }
}
