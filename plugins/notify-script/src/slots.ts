/** A bound on how many scripts run at once, first come first served. Used by the service: one for routers, one for servers. */
export class Slots {
  private readonly waiting = new Set<() => void>();

  constructor(private free: number) {}

  /**
   * Resolves when it is this caller's turn, with the function that gives the slot back; with undefined as soon as `signal` aborts
   * before that: then it waits no more.
   */
  take(signal: AbortSignal): Promise<(() => void) | undefined> {
    const giveBack = () => this.giveBack();
    if (signal.aborted) return Promise.resolve(undefined);
    if (this.free > 0) {
      this.free--;
      return Promise.resolve(giveBack);
    }
    return new Promise((resolve) => {
      const begin = () => {
        signal.removeEventListener('abort', giveUp);
        resolve(giveBack);
      };
      const giveUp = () => {
        this.waiting.delete(begin);
        resolve(undefined);
      };
      this.waiting.add(begin);
      signal.addEventListener('abort', giveUp);
    });
  }

  private giveBack(): void {
    const [next] = this.waiting;
    if (next === undefined) this.free++;
    else {
      this.waiting.delete(next);
      next();
    }
  }
}
