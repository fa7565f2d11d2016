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

/** The start of a daemon. Once everything may begin, a lane that comes back waits for nobody. */
export class StartOrder {
  /** Lanes of this turn and of later ones may begin. */
  #open: Turn = 2;
  /** Lanes of this turn and of earlier ones are waited for. */
  #awaited: Turn = 2;

  constructor(private readonly lanes: () => readonly LaneHandle[]) {}

  get isOpen(): boolean {
    return this.#open === 0;
  }

  /** Every lane has started, or has ended with a message, or has had its time. */
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

  /**
   * Those that others wait for have had their time, `seconds`, and from now on may crash and come back as they like: everything may begin,
   * and nobody waits any longer for who only hears of others. Answers in words who has to begin without whom, and who is late.
   */
  openAll(seconds: number): readonly string[] {
    const here = this.lanes().filter((lane) => this.mayBegin(lane) && !lane.isRealtime);
    const late = namesOf(here.filter(({ phase }) => phase !== 'started' && phase !== 'idle'));
    const begun = this.lanes().filter((lane) => !this.mayBegin(lane) && lane.phase === 'ready');
    const hanging = this.lanes().filter((lane) => this.#isHanging(lane));
    this.#awaited = 1;
    while (this.#open > 0) this.#openNext();
    const said = hanging.map(
      (lane) =>
        `the ${lane.name} lane has not started after ${seconds} s: until it has, this host does nothing of what it is for`,
    );
    const who = begun.length === 1 ? `the ${namesOf(begun)} lane starts` : `the lanes ${namesOf(begun)} start`;
    if (begun.length > 0) return [`${who} without ${late}: not ready in time`, ...said];
    return late === '' ? said : [`not ready in time: ${late}`, ...said];
  }

  /** Those that act have had their time too, `seconds` in all. Answers who is still on its way, and what that means. */
  giveUp(seconds: number): readonly string[] {
    const late = this.lanes().filter((lane) => !lane.isRealtime && this.#isAwaited(lane));
    const hanging = this.lanes().filter((lane) => this.#isHanging(lane));
    this.#awaited = 0;
    const meaning = 'what is in the kernel stays as it is until it has; a reload starts it anew';
    const given = `not started after ${seconds} s, and no longer waited for: ${namesOf(late)}; ${meaning}`;
    return [...(late.length === 0 ? [] : [given]), ...hanging.map((lane) => hangs(lane, seconds))];
  }

  /** Nobody keeps it from starting, and it waits for nobody. */
  #isHanging(lane: LaneHandle): boolean {
    return lane.isRealtime && (lane.phase === 'loading' || lane.phase === 'starting') && !lane.hasEverStarted;
  }

  /** Without the realtime lane there is no daemon: until it has started once it is waited for, even where its process has died. */
  #isAwaited(lane: LaneHandle): boolean {
    if (lane.isRealtime) return !lane.hasEverStarted && lane.phase !== 'idle';
    return lane.isPending && turnOf(lane.plan) <= this.#awaited;
  }

  #openNext(): void {
    this.#open--;
    for (const lane of this.lanes()) if (turnOf(lane.plan) === this.#open) lane.begin();
  }
}

/** It is waited for all the same: whoever started the daemon has to know. */
function hangs({ name, phase, running }: LaneHandle, seconds: number): string {
  const plugins = running.plugins.map((plugin) => plugin.name).join(', ');
  const where = `it still ${phase === 'loading' ? 'loads' : 'starts'} its plugins (${plugins})`;
  const meaning = 'this host does nothing of what it is for, and the daemon does not count as started';
  const remedy = 'take a plugin that hangs out of the configuration and restart the daemon';
  return `the ${name} lane has neither started nor failed after ${seconds} s: ${where}; ${meaning}; ${remedy}`;
}

function namesOf(lanes: readonly LaneHandle[]): string {
  return lanes.map(({ name }) => name).join(', ');
}
