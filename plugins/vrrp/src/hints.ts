/**
 * How far BFD is believed that says that the master is dead. Where it was wrong, both routers held the addresses for a moment: a session that
 * comes and goes must not make a habit of that, and one that failed once must not cost seconds at the next death. Kept by instance.ts.
 */
import type { State, Step } from './states.js';

/**
 * After a false alarm, what BFD says of that router does not count for so long at least, and at most. After so long without one, all earlier ones
 * are forgiven: where it took less, an alarm that comes every minute would go on being believed.
 */
export const distrustMs = { least: 1500, most: 600_000 } as const;
/** A master that lives answers at once, or else with its next advertisement: it is heard within so many of its intervals. */
const answerIntervals = 1.5;
/** Only a router that was followed and taken for dead has a place here; where addresses change for years, the oldest goes. */
const mostRouters = 64;

interface Distrust {
  /** When the latest alarm came that was false, or that did not count. */
  readonly at: number;
  readonly ms: number;
}

export class Hints {
  /** The router that was taken for dead at the last takeover, and until when its return would show that it was not. */
  private taken: { readonly from: string; readonly until: number } | undefined;
  /** By the address of the router; the latest false alarm is the last. */
  private readonly distrusted = new Map<string, Distrust>();

  constructor(private readonly warn: (message: string) => void) {}

  /** Asked at each alarm. One that does not count begins the wait anew: the session has to be quiet for so long. */
  mayBelieve(address: string, now: number): boolean {
    const distrust = this.distrusted.get(address);
    if (distrust === undefined || now >= distrust.at + distrust.ms) return true;
    this.distrusted.set(address, { ...distrust, at: now });
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
    this.keep(taken.from, { at: now, ms });
    this.warn(
      `BFD took ${taken.from} for dead, which it is not: until that session has been quiet for ${Math.round(ms / 100) / 10} s only advertisements count; see why its BFD falls silent`,
    );
  }

  /** Twice as long as after the one before; not within the same interval of the master, in which it may not answer. */
  private distrustAfter(address: string, masterIntervalMs: number, now: number): number {
    const distrust = this.distrusted.get(address);
    const before = distrust === undefined || isForgiven(distrust, now) ? 0 : distrust.ms;
    const least = Math.max(distrustMs.least, answerIntervals * masterIntervalMs);
    return Math.max(least, Math.min(2 * before, distrustMs.most));
  }

  private keep(address: string, distrust: Distrust): void {
    this.distrusted.delete(address);
    for (const [other, former] of this.distrusted) {
      if (isForgiven(former, distrust.at) || this.distrusted.size >= mostRouters) this.distrusted.delete(other);
    }
    this.distrusted.set(address, distrust);
  }
}

function isForgiven({ at }: Distrust, now: number): boolean {
  return now >= at + distrustMs.most;
}
