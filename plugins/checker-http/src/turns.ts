/**
 * Shares what all probes of the process have to compute out over the turns of the event loop, so that no page and no number of pages holds
 * up what others wait for. Used by check.ts.
 */

/** In steps and octets (Judge): some ten milliseconds. */
const mostInTurn = 2_000_000;

export class Turns {
  private done = 0;
  private isTurnAwaited = false;
  private readonly waiting: (() => void)[] = [];

  /** `soon` calls back in the next turn of the event loop. */
  constructor(
    private readonly most: number = mostInTurn,
    private readonly soon: (work: () => void) => void = setImmediate,
  ) {}

  /** So much was done in this turn. */
  add(work: number): void {
    if (work === 0) return;
    this.done += work;
    this.awaitTurn();
  }

  /** undefined: there is room in this turn. Else resolves in the turn in which to go on; those who wait go on one after the other. */
  pause(): Promise<void> | undefined {
    if (this.done < this.most) return undefined;
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }

  private awaitTurn(): void {
    if (this.isTurnAwaited) return;
    this.isTurnAwaited = true;
    this.soon(() => {
      this.isTurnAwaited = false;
      this.done = 0;
      this.waiting.shift()?.();
      if (this.waiting.length > 0) this.awaitTurn();
    });
  }
}
