/**
 * Carries events and leases between lanes: from the lane of a hook's owner to those who observe it, and from any lane to the
 * owner of the value it wants to influence. What nobody asked for is not sent. Called by supervisor.ts.
 */
import { type Clock, catalogue, type HookName } from '@mainstay/sdk';
import { type Interest, InterestSet } from '../hooks/interest.js';
import { Memory } from '../hooks/memory.js';
import type { FromLane, LeaseMessage } from '../lanes/messages.js';
import type { LaneEvent, LaneHandle } from './lane-handle.js';
import { LeaseGate } from './lease-gate.js';

/** Somebody outside the lanes who wants events, such as a client of the control socket. */
export interface Listener {
  readonly interest: InterestSet;
  hear(event: LaneEvent): void;
}

const longestLeaseMs = 60_000;
/** Leases of all lanes together; a plugin that publishes under ever new keys reaches the end of it. */
const mostLeases = 10_000;

interface StandingLease {
  readonly message: LeaseMessage;
  readonly from: string;
  readonly expiresAt: number;
}

export class Router {
  readonly #lanes: () => readonly LaneHandle[];
  readonly #clock: Clock;
  readonly #interests = new Map<string, InterestSet>();
  /** Hooks of whose last events a lane wants to be reminded. */
  readonly #reminded = new Map<string, ReadonlySet<HookName>>();
  readonly #listeners = new Set<Listener>();
  readonly #leases = new Map<string, StandingLease>();
  readonly #sent = new Map<string, string>();
  /** What the process of each lane said last about objects, of hooks that are remembered. */
  readonly #memories = new Map<string, Memory>();
  /** What its earlier processes said last about objects of which the present one has said nothing yet. */
  readonly #former = new Map<string, Memory>();
  readonly #gates = new Map<string, LeaseGate<LeaseMessage>>();

  constructor(lanes: () => readonly LaneHandle[], clock: Clock) {
    this.#lanes = lanes;
    this.#clock = clock;
  }

  /** What a lane observes, known once it is ready. It stays while the lane is away: its queue collects. */
  setInterest(lane: string, interest: Interest): void {
    const set = new InterestSet();
    for (const { hook, keys } of interest) set.add(hook, keys);
    this.#interests.set(lane, set);
    this.#reminded.set(lane, new Set(interest.flatMap(({ hook, isReminded }) => (isReminded === true ? [hook] : []))));
    this.announce();
  }

  /** What its next process will observe, as far as it is known: its events are collected from now on. */
  expectInterest(lane: string, hooks: readonly HookName[]): void {
    const set = this.#interests.get(lane) ?? new InterestSet();
    for (const hook of hooks) set.add(hook, '*');
    this.#interests.set(lane, set);
    this.announce();
  }

  /** It does not come back. What it said stands until one of its heirs speaks of the same object, as where its process is replaced. */
  forgetLane(lane: string, heirs: readonly LaneHandle[] = []): void {
    for (const heir of heirs) {
      for (const said of [this.#former.get(lane), this.#memories.get(lane)]) this.#bequeath(said, heir.name);
    }
    this.#interests.delete(lane);
    this.#reminded.delete(lane);
    this.#sent.delete(lane);
    this.#memories.delete(lane);
    this.#former.delete(lane);
    this.#gates.delete(lane);
    this.announce();
  }

  /**
   * A new process knows nothing of what others want yet. What the one before said stands until the new one speaks of the same object, as
   * it does for lanes that heard it and go on: otherwise one that is replaced as well could make nothing of "did not come back".
   */
  forgetProcess(lane: string): void {
    this.#sent.delete(lane);
    this.#bequeath(this.#memories.get(lane), lane);
    this.#memories.delete(lane);
  }

  #bequeath(said: Memory | undefined, lane: string): void {
    if (said === undefined) return;
    const former = this.#former.get(lane) ?? new Memory();
    this.#former.set(lane, former);
    for (const hook of said.names) for (const [key, payload] of said.of(hook)) former.put(hook, key, payload);
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.announce();
    return () => {
      this.#listeners.delete(listener);
      this.announce();
    };
  }

  /** Tells each lane what is wanted of it, where that changed. */
  announce(): void {
    for (const lane of this.#lanes()) {
      if (lane.phase === 'down' || lane.phase === 'loading' || lane.phase === 'waiting' || lane.phase === 'idle') continue;
      const wanted = this.#wantedOf(lane.name);
      const text = JSON.stringify(wanted.map(({ hook, keys }) => [hook, keys === '*' ? keys : [...keys].sort()]).sort());
      if (this.#sent.get(lane.name) === text) continue;
      this.#sent.set(lane.name, text);
      lane.send({ kind: 'interest', interest: wanted });
    }
  }

  /** An event of a lane, or of the supervisor itself (`from` undefined). Never waits for anybody. */
  event(from: LaneHandle | undefined, { hook, key, payload, about }: LaneEvent): void {
    if (!Object.hasOwn(catalogue, hook) || !mayCall(from, hook)) return;
    const said: LaneEvent = { hook, key, payload, ...(about && { about }) };
    if (from !== undefined) this.#remember(from.name, said);
    for (const lane of this.#lanes()) {
      const interest = this.#interests.get(lane.name);
      if (lane !== from && interest?.has(hook, key) === true) lane.deliver(said);
    }
    if (about !== undefined) return;
    for (const listener of this.#listeners) if (listener.interest.has(hook, key)) listener.hear(said);
  }

  #remember(from: string, { hook, key, payload, about }: LaneEvent): void {
    const memory = this.#memories.get(from) ?? new Memory();
    this.#memories.set(from, memory);
    this.#former.get(from)?.forget(hook, key);
    if (about === 'forgotten') memory.forget(hook, key);
    else memory.put(hook, key, payload);
  }

  /** As far as it wants to know. */
  #remind(lane: LaneHandle): void {
    const interest = this.#interests.get(lane.name);
    const reminded = this.#reminded.get(lane.name);
    for (const [from, memory] of [...this.#former, ...this.#memories]) {
      if (from === lane.name) continue;
      const speaker = this.#lanes().find(({ name }) => name === from);
      for (const hook of memory.names) {
        // A hook whose owner a reload has taken out of the lane is spoken for by nobody.
        if (reminded?.has(hook) !== true || !mayCall(speaker, hook)) continue;
        for (const [key, payload] of memory.of(hook)) {
          if (interest?.has(hook, key) === true) lane.deliver({ hook, key, payload, about: 'reminder' });
        }
      }
    }
  }

  /** A lease of a lane's plugin: remembered while it stands, and passed to the owner's lane. */
  lease(from: LaneHandle, message: Extract<FromLane, { kind: 'lease' }>): void {
    const { hook, key, plugin, terms } = message;
    if (!Object.hasOwn(catalogue, hook) || typeof key !== 'string') return;
    if (!from.running.plugins.some((p) => p.name === plugin || plugin.startsWith(`${p.name}:`))) return;
    if (terms !== undefined && !(terms.ttlMs > 0 && terms.ttlMs <= longestLeaseMs && Number.isFinite(terms.delta))) return;
    const id = `${hook}\u0000${key}\u0000${plugin}`;
    this.#leases.delete(id);
    if (terms !== undefined) this.#keep(id, { message, from: from.name, expiresAt: this.#clock.now() + terms.ttlMs });
    this.#gateOf(from.name).put(id, message);
  }

  #gateOf(from: string): LeaseGate<LeaseMessage> {
    const known = this.#gates.get(from);
    if (known !== undefined) return known;
    const targetsOf = ({ hook }: LeaseMessage) => this.#ownersOf(hook).filter((lane) => lane.name !== from);
    const gate = new LeaseGate<LeaseMessage>(
      this.#clock,
      (message) => {
        for (const lane of targetsOf(message)) lane.send(message);
      },
      (message) => !targetsOf(message).some((lane) => lane.isBehind),
    );
    this.#gates.set(from, gate);
    return gate;
  }

  /** A lane that (re)started hears what is wanted of it, which leases stand on its hooks, and how things stand elsewhere. */
  started(lane: LaneHandle): void {
    this.announce();
    this.#replayLeases(lane);
    this.#remind(lane);
  }

  #replayLeases(lane: LaneHandle): void {
    const now = this.#clock.now();
    for (const [id, { message, from, expiresAt }] of this.#leases) {
      if (expiresAt <= now) this.#leases.delete(id);
      else if (from !== lane.name && message.terms !== undefined && owns(lane, message.hook)) {
        lane.send({ ...message, terms: { ...message.terms, ttlMs: expiresAt - now } });
      }
    }
  }

  #keep(id: string, lease: StandingLease): void {
    if (this.#leases.size >= mostLeases) {
      const now = this.#clock.now();
      for (const [other, { expiresAt }] of this.#leases) if (expiresAt <= now) this.#leases.delete(other);
    }
    if (this.#leases.size < mostLeases) this.#leases.set(id, lease);
  }

  #ownersOf(hook: HookName): readonly LaneHandle[] {
    return this.#lanes().filter((lane) => owns(lane, hook));
  }

  #wantedOf(lane: string): Interest {
    const wanted = new InterestSet();
    const others = [...this.#interests].filter(([name]) => name !== lane).map(([, interest]) => interest);
    for (const interest of [...others, ...[...this.#listeners].map((l) => l.interest)]) {
      for (const { hook, keys } of interest.toList()) wanted.add(hook, keys);
    }
    return wanted.toList();
  }
}

function owns(lane: LaneHandle, hook: HookName): boolean {
  return lane.running.plugins.some((plugin) => plugin.name === catalogue[hook].owner);
}

/**
 * A plugin in one lane cannot speak for a hook that another lane's plugin owns. Core speaks in every lane, and for its checking loop
 * where there are checkers.
 */
function mayCall(from: LaneHandle | undefined, hook: HookName): boolean {
  const { owner } = catalogue[hook];
  return from === undefined || owner === 'core' || (owner === 'checkers' && from.checkers.length > 0) || owns(from, hook);
}
