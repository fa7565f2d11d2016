/**
 * Carries checks between the lanes that want them and the lanes that make them, and tells the former which of the latter there are.
 * It keeps nothing of the checks: after a lane died, whoever wants checks tells them again. Called by supervisor.ts.
 */
import type { Clock } from '@mainstay/sdk';
import type { CheckMessage } from '../checks/orders.js';
import type { LanePlan } from '../lanes/plan.js';
import { CheckFlow } from './check-flow.js';
import type { LaneHandle } from './lane-handle.js';

export class CheckRoutes {
  readonly #lanes: () => readonly LaneHandle[];
  /** Plugins that have asked for checks, and the lane they did it from. */
  readonly #clients = new Map<string, string>();
  readonly #flow: CheckFlow;

  constructor(lanes: () => readonly LaneHandle[], clock: Clock) {
    this.#lanes = lanes;
    this.#flow = new CheckFlow(clock, (lane, isHeld, hasMissed) => {
      this.#tellHold(lane, isHeld, this.#lanes());
      if (hasMissed && isRunning(lane)) this.#introduceAll(lane);
    });
  }

  /** A lane has started: it hears who can check for it, and others hear what it can check. */
  started(lane: LaneHandle): void {
    this.#forgetFormer(lane);
    for (const held of this.#flow.held) this.#tellHold(held, true, [lane]);
    this.#introduceAll(lane);
  }

  /** Both ends begin anew with each other: whoever wants checks tells all of them, and hears how they stand. */
  #introduceAll(lane: LaneHandle): void {
    if (wantsChecks(lane)) for (const other of this.#lanes()) if (other !== lane && isRunning(other)) introduce(other, lane);
    for (const other of this.#lanes()) if (other !== lane && wantsChecks(other) && isRunning(other)) introduce(lane, other);
  }

  /** Its process is gone. */
  gone(lane: LaneHandle): void {
    if (lane.checkers.length === 0) return;
    const message = { kind: 'checkers', lane: lane.name, checkers: [] } as const;
    for (const other of this.#lanes()) if (other !== lane && wantsChecks(other) && isRunning(other)) other.send(message);
  }

  /** It does not come back. */
  removed(lane: LaneHandle): void {
    for (const [plugin, name] of this.#clients) if (name === lane.name) this.#left(plugin, lane);
  }

  /** A message of a lane about checks. What does not belong to it is ignored: a lane runs anybody's code. */
  relay(from: LaneHandle, message: CheckMessage): void {
    const { plugin } = message;
    if (message.kind === 'checks' || message.kind === 'checksAsked') {
      const to = this.#lanes().find((lane) => lane.name === message.lane);
      if (to === undefined || to === from || !isRunning(to) || !isClient(from, plugin)) return;
      this.#clients.set(plugin, from.name);
      this.#send(to, message);
    } else if (from.checkers.length > 0) {
      const to = this.#lanes().findLast((lane) => isClient(lane, plugin) && isRunning(lane));
      if (to === undefined || to === from) return;
      // Who speaks is not the lane's own word: it is believed of its own checkers only.
      this.#send(to, message.kind === 'checked' ? { ...message, from: from.name } : message);
    }
  }

  #send(to: LaneHandle, message: CheckMessage): void {
    if (!this.#flow.admits(to)) return;
    to.send(message);
    this.#flow.sent(to);
  }

  #tellHold(held: LaneHandle, isHeld: boolean, lanes: readonly LaneHandle[]): void {
    const plugins = held.running.plugins.map(({ name }) => name);
    const message = { kind: 'checksHeld', lane: held.name, plugins, isHeld } as const;
    const concerned = lanes.filter((lane) => lane !== held && isRunning(lane) && (wantsChecks(lane) || lane.checkers.length > 0));
    for (const lane of concerned) lane.send(message);
  }

  /** Plugins that the lane had before its list of plugins changed. */
  #forgetFormer(lane: LaneHandle): void {
    for (const [plugin, name] of this.#clients) if (name === lane.name && !isClient(lane, plugin)) this.#left(plugin, lane);
  }

  /** Where the plugin goes on in another lane, its checks do too: that lane tells what it wants as soon as it has started. */
  #left(plugin: string, lane: LaneHandle): void {
    const heir = this.#lanes().find((other) => other !== lane && hasClient(other.plan, plugin));
    if (heir === undefined) this.#forget(plugin);
    else this.#clients.set(plugin, heir.name);
  }

  #forget(plugin: string): void {
    this.#clients.delete(plugin);
    const order = { isFirst: true, isLast: true, put: [], drop: [] };
    for (const lane of this.#lanes()) {
      if (lane.checkers.length > 0 && isRunning(lane)) lane.send({ kind: 'checks', lane: lane.name, plugin, order });
    }
  }
}

function introduce(who: LaneHandle, to: LaneHandle): void {
  if (who.checkers.length > 0) to.send({ kind: 'checkers', lane: who.name, checkers: who.checkers });
}

function isRunning(lane: LaneHandle): boolean {
  return lane.phase === 'started';
}

/** Its present process, whatever a reload has in mind for the next one. */
function wantsChecks({ running }: LaneHandle): boolean {
  return running.plugins.some(({ manifest }) => manifest.needs.includes('checks'));
}

function isClient({ running }: LaneHandle, plugin: string): boolean {
  return hasClient(running, plugin);
}

function hasClient({ plugins }: LanePlan, plugin: string): boolean {
  return plugins.some(({ name, manifest }) => name === plugin && manifest.needs.includes('checks'));
}
