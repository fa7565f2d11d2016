/**
 * How far BFD is believed that says that the master is dead. Where it was wrong, both routers held the addresses for a moment: a session that
 * comes and goes must not make a habit of that. Kept by instance.ts.
 */
import type { State, Step } from './states.js';

/** After a false alarm, what BFD says of that router does not count for so long. */
export const distrustMs = 60_000;
/** A master that lives answers at once, or else with its next advertisement: it is heard within so many of its intervals. */
const answerIntervals = 1.5;

export class Hints {
  /** The router that was taken for dead at the last takeover, and until when its return would show that it was not. */
  private taken: { readonly from: string; readonly until: number } | undefined;
  private distrusted: { readonly address: string; readonly until: number } | undefined;

  constructor(private readonly warn: (message: string) => void) {}

  mayBelieve(address: string, now: number): boolean {
    return this.distrusted?.address !== address || now >= this.distrusted.until;
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
    this.distrusted = { address: taken.from, until: now + distrustMs };
    this.warn(
      `BFD took ${taken.from} for dead, which it is not: for ${distrustMs / 1000} s only its advertisements count; see why its BFD falls silent`,
    );
  }
}
