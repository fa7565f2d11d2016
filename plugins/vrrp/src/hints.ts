/**
 * How far BFD is believed that says that the master is dead. Where it was wrong, both routers held the addresses for a moment: a session that
 * comes and goes must not make a habit of that, and one that failed once must not cost seconds at the next death. Kept by instance.ts.
 */
import type { State, Step } from './states.js';

/** After a false alarm, what BFD says of that router does not count for so long at least, and at most. */
export const distrustMs = { least: 1500, most: 60_000 } as const;
/** A master that lives answers at once, or else with its next advertisement: it is heard within so many of its intervals. */
const answerIntervals = 1.5;
/** In so long without a false alarm, half of what the earlier ones cost is forgiven. */
const halfLifeMs = 60_000;

interface Distrust {
  readonly address: string;
  /** When the latest alarm came that was false, or that did not count. */
  readonly at: number;
  readonly ms: number;
}

export class Hints {
  /** The router that was taken for dead at the last takeover, and until when its return would show that it was not. */
  private taken: { readonly from: string; readonly until: number } | undefined;
  private distrust: Distrust | undefined;

  constructor(private readonly warn: (message: string) => void) {}

  /** Asked at each alarm. One that does not count begins the wait anew: the session has to be quiet for so long. */
  mayBelieve(address: string, now: number): boolean {
    const { distrust } = this;
    if (distrust?.address !== address || now >= distrust.at + distrust.ms) return true;
    this.distrust = { ...distrust, at: now };
    return false;
  }

  /** Told of each step of the machine. */
  stepped(before: State, { state, effects }: Step, now: number): void {
    const change = effects.find((effect) => effect.kind === 'transitioned');
    if (change === undefined) return;
    if (change.reason === 'master-lost' && before.kind === 'backup' && before.master !== undefined) {
      this.taken = { from: before.master.address, until: now + answerIntervals * before.masterIntervalMs };
      return;
    }
    const { taken } = this;
    this.taken = undefined;
    if (taken === undefined || change.reason !== 'preempted' || now >= taken.until) return;
    if (state.kind !== 'backup' || state.master?.address !== taken.from) return;
    const ms = this.distrustAfter(taken.from, state.masterIntervalMs, now);
    this.distrust = { address: taken.from, at: now, ms };
    this.warn(
      `BFD took ${taken.from} for dead, which it is not: until that session has been quiet for ${Math.round(ms / 100) / 10} s only advertisements count; see why its BFD falls silent`,
    );
  }

  /** Twice as long as after the one before, less what time has forgiven; not within the same interval of the master, in which it may not answer. */
  private distrustAfter(address: string, masterIntervalMs: number, now: number): number {
    const { distrust } = this;
    const before = distrust?.address === address ? distrust.ms * 0.5 ** ((now - distrust.at) / halfLifeMs) : 0;
    const least = Math.max(distrustMs.least, answerIntervals * masterIntervalMs);
    return Math.max(least, Math.min(2 * before, distrustMs.most));
  }
}
