/**
 * The configuration in force, and how another one comes to be: one reload at a time, and after it the lanes that did not follow. Made by
 * supervisor.ts.
 */
import { messageOf } from '@mainstay/sdk';
import { follow } from './following.js';
import type { Footing } from './footing.js';
import type { LaneHandle } from './lane-handle.js';
import { tellOrphans } from './letting-go.js';
import type { LaneSet, Say } from './one-reload.js';
import { hasErrors, type Prepare, type Prepared } from './prepared.js';
import { reloadLanes } from './reload.js';
import type { ReloadOutcome } from './reload-outcome.js';

export class Reloads {
  #inForce: { readonly prepared: Prepared; readonly footing: Footing } | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<ReloadOutcome> | undefined;

  constructor(
    private readonly prepare: Prepare,
    private readonly set: LaneSet,
    private readonly say: Say,
  ) {}

  get prepared(): Prepared | undefined {
    return this.#inForce?.prepared;
  }

  get generation(): number {
    return this.#inForce?.footing.generation ?? 1;
  }

  get inForce(): Prepared {
    return this.#known.prepared;
  }

  /** What a lane that is made now begins with. */
  get footing(): Footing {
    return this.#known.footing;
  }

  get #known() {
    if (this.#inForce === undefined) throw new Error('a lane was made before the configuration was read');
    return this.#inForce;
  }

  /** The configuration that the daemon starts with, or that a reload has read. */
  use(prepared: Prepared): Footing {
    const footing = { tree: prepared.tree, generation: (this.#inForce?.footing.generation ?? 0) + 1 };
    this.#inForce = { prepared, footing };
    return footing;
  }

  /** Reads the configuration again. However many ask during a reload, one more follows and answers them all. */
  reload(): Promise<ReloadOutcome> {
    if (this.#next !== undefined) return this.#next;
    const next = this.#last.then(() => {
      this.#next = undefined;
      return this.#reload();
    });
    this.#next = next;
    this.#last = next.catch(() => {});
    return next;
  }

  async #reload(): Promise<ReloadOutcome> {
    const refuse = (reason: string): ReloadOutcome => ({ ok: false, reason, diagnostics: [] });
    if (this.set.isStopping) return refuse('the daemon is stopping');
    const from = this.prepared;
    if (from === undefined) return refuse('the daemon has not started yet');
    let prepared: Prepared;
    try {
      prepared = await this.prepare();
    } catch (error) {
      return refuse(this.set.isStopping ? 'the daemon is stopping' : `the configuration cannot be read: ${messageOf(error)}`);
    }
    if (hasErrors(prepared.diagnostics)) {
      return { ok: false, reason: 'the new configuration has errors', diagnostics: prepared.diagnostics };
    }
    if (this.set.isStopping) return refuse('the daemon is stopping');
    const outcome = await reloadLanes(this.set, from, prepared, this.use(prepared), this.say);
    return { ...outcome, diagnostics: prepared.diagnostics };
  }

  /** A process of the lane has started. On another configuration than the one in force it is given that one, once. */
  started(lane: LaneHandle): void {
    if (this.#isDone(lane)) return;
    this.#last = this.#last.then(() => this.#catchUp(lane)).catch(() => {});
  }

  #isDone(lane: LaneHandle): boolean {
    const { footing } = this;
    return lane.footing === footing || lane.hopeless === footing || lane.isAskedFor(footing);
  }

  async #catchUp(lane: LaneHandle): Promise<void> {
    const { footing } = this;
    if (this.#isDone(lane) || lane.phase !== 'started' || this.set.isStopping) return;
    lane.hopeless = footing;
    const problem = await follow(lane, footing, this.say);
    if (problem !== undefined) this.say('error', problem);
    else this.say('info', `${lane.name} lane has followed: configuration number ${footing.generation} is in force there, too`);
  }

  /**
   * The lane died. Where it had not come as far as its start, or only waited to be replaced, what it was on is not tried again: its next
   * process begins with the configuration in force, unless it has failed with that, too.
   */
  crashed(lane: LaneHandle, hadStarted: boolean): void {
    const { footing } = this;
    if (lane.footing === footing || lane.hopeless === footing || (hadStarted && !lane.isHeld)) return;
    tellOrphans(lane, lane.footing.tree, footing.tree, 'it could not go on from what it had', this.say);
    lane.footing = footing;
  }
}
