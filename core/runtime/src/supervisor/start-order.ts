/**
 * In which order the lanes of a daemon begin, reload and end. A lane tells the later ones what it does: they are there before it begins
 * and stay until it has ended, so that they miss neither its first word nor its last. Used by supervisor.ts and reload.ts.
 */
import type { LaneKind } from '@mainstay/sdk';
import type { LaneHandle } from './lane-handle.js';

/** Of an end; a start and a reload go the other way. */
export type Turn = 0 | 1 | 2;
export const turns: readonly Turn[] = [0, 1, 2];

const turnOfKind: Readonly<Record<LaneKind, Turn>> = { realtime: 0, balance: 1, health: 2, extension: 2 };

export function turnOf({ laneKind }: { readonly laneKind: LaneKind }): Turn {
  return turnOfKind[laneKind];
}

/** Who had to begin without whom. */
export interface Lateness {
  readonly begun: readonly string[];
  readonly late: readonly string[];
}

/** The start of a daemon. Once everything may begin, a lane that comes back waits for nobody. */
export class StartOrder {
  /** Lanes of this turn and of later ones may begin. */
  #open: Turn = 2;
  /** Those that only hear of others, and have had their time. */
  readonly #late = new Set<LaneHandle>();

  constructor(private readonly lanes: () => readonly LaneHandle[]) {}

  get isOpen(): boolean {
    return this.#open === 0;
  }

  /** Every lane that acts has started, or has ended with a message; so have those that only hear of it, or they have had their time. */
  get isOver(): boolean {
    return this.isOpen && !this.lanes().some((lane) => this.#isAwaited(lane));
  }

  mayBegin({ plan }: LaneHandle): boolean {
    return turnOf(plan) >= this.#open;
  }

  /** A lane has come as far as it will for now: whoever waited only for it begins. */
  advance(): void {
    while (this.#open > 0 && !this.lanes().some((lane) => lane.isPending && this.mayBegin(lane))) this.#openNext();
  }

  /** Those that others wait for have had their time: everything may begin. */
  openAll(): Lateness {
    const here = this.lanes().filter((lane) => this.mayBegin(lane));
    const late = here.filter(({ phase }) => phase !== 'started' && phase !== 'idle');
    for (const lane of late) if (turnOf(lane.plan) === turns.at(-1)) this.#late.add(lane);
    const begun = this.lanes().filter((lane) => !this.mayBegin(lane) && lane.phase === 'ready');
    while (this.#open > 0) this.#openNext();
    return { begun: begun.map(({ name }) => name), late: late.map(({ name }) => name) };
  }

  /** Without the realtime lane there is no daemon: it is waited for even where its process has died. */
  #isAwaited(lane: LaneHandle): boolean {
    if (lane.isRealtime) return lane.phase !== 'started' && lane.phase !== 'idle';
    return lane.isPending && !this.#late.has(lane);
  }

  #openNext(): void {
    this.#open--;
    for (const lane of this.lanes()) if (turnOf(lane.plan) === this.#open) lane.begin();
  }
}
