/**
 * Lanes that do not take what is sent to them about checks, because they hang or have too little of the processor: whoever sends is told
 * to wait, and keeps the newest of each check meanwhile. So this process holds little of it. Used by check-routes.ts.
 */
import type { Clock } from '@mainstay/sdk';
import type { LaneHandle } from './lane-handle.js';

/** Below so many messages a lane counts as one that takes them again. */
const fewUnsent = 8;
/** What somebody sends nevertheless is lost beyond so many. A message is about 500 checks at most. */
const mostUnsent = 256;
const againMs = 20;

export class CheckFlow {
  readonly #held = new Set<LaneHandle>();
  readonly #missing = new Set<LaneHandle>();
  #isArmed = false;

  constructor(
    private readonly clock: Clock,
    /** `isHeld`: nothing is to be sent to it. `hasMissed`: something was lost while nothing was to be sent. */
    private readonly changed: (lane: LaneHandle, isHeld: boolean, hasMissed: boolean) => void,
  ) {}

  get held(): readonly LaneHandle[] {
    return [...this.#held];
  }

  /** Asked before something is sent to it; false: it must not be. */
  admits(lane: LaneHandle): boolean {
    if (lane.unsent < mostUnsent) return true;
    this.#missing.add(lane);
    this.#hold(lane);
    return false;
  }

  /** Something was sent to it. */
  sent(lane: LaneHandle): void {
    if (lane.isBehind) this.#hold(lane);
  }

  #hold(lane: LaneHandle): void {
    if (this.#held.has(lane)) return;
    this.#held.add(lane);
    this.changed(lane, true, false);
    this.#arm();
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.clock.after(againMs, () => this.#look());
  }

  #look(): void {
    this.#isArmed = false;
    for (const lane of [...this.#held]) {
      if (lane.unsent >= fewUnsent) continue;
      this.#held.delete(lane);
      this.changed(lane, false, this.#missing.delete(lane));
    }
    if (this.#held.size > 0) this.#arm();
  }
}
