/** What a search has cost so far, and where it is given up. Used by the automaton, by pattern.ts, and for pauses by judge.ts. */

/** The search was given up: its pattern has too much to do on this text. */
export class TooCostly extends Error {}

/** In steps: one state of the automaton that is looked at, some nanoseconds. */
export class Effort {
  private sum = 0;
  constructor(private readonly most: number) {}

  get spent(): number {
    return this.sum;
  }

  /** Throws TooCostly. */
  add(steps: number): void {
    this.sum += steps;
    if (this.sum > this.most) throw new TooCostly();
  }
}
