/**
 * One virtual server at work: which of its real servers are up and what they weigh, whether it has its quorum, and what the kernel's
 * table should hold for it. Tells log and hooks of each change. Made by manager.ts.
 */
import type { Clock, HookCalls, LeaseReader, Log } from '@mainstay/sdk';
import type { CheckStates } from './check-states.js';
import { desiredServices } from './desired.js';
import type { RealServer, VirtualServer } from './model.js';
import { nextQuorum, type QuorumState } from './quorum.js';
import { Same } from './same.js';
import { clampWeight, sumOf, type WeightPart, weightParts } from './server-state.js';
import type { DesiredService } from './table.js';

export interface PoolHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly hooks: HookCalls;
  readonly leases: LeaseReader;
  readonly checks: CheckStates;
  /** Events of the first state, too. */
  tellsInitial(): boolean;
}

/** How a real server stands, and why. */
export interface ServerStanding {
  readonly isUp: boolean;
  readonly reason: string;
  /** Milliseconds since the epoch of the last change between up and down. */
  readonly since: number;
  readonly weight: number;
  readonly parts: readonly WeightPart[];
}

export interface QuorumStanding {
  readonly state: QuorumState;
  readonly since: number;
  /** Sum of the weights of real servers that are up. */
  readonly weight: number;
}

const sameStanding = new Same<ServerStanding>();

export class Pool {
  readonly #servers = new Map<string, ServerStanding>();
  #quorum: QuorumStanding = { state: undefined, since: 0, weight: 0 };

  constructor(
    private current: VirtualServer,
    private readonly host: PoolHost,
    /** In an earlier life of the daemon: the first evaluation goes on from there. */
    private readonly formerQuorum?: QuorumState,
  ) {}

  get config(): VirtualServer {
    return this.current;
  }

  get quorum(): QuorumStanding {
    return this.#quorum;
  }

  standingOf(key: string): ServerStanding | undefined {
    return this.#servers.get(key);
  }

  /** After a reload. Real servers that are there no more go down first. */
  update(config: VirtualServer): void {
    const kept = new Set(config.servers.map(({ key }) => key));
    for (const server of this.current.servers) if (!kept.has(server.key)) this.#drop(server, 'a reload removed it', false);
    this.current = config;
  }

  /** Takes everything anew into account; answers what the kernel's table should hold. */
  evaluate(): readonly DesiredService[] {
    const { config, host } = this;
    const now = host.clock.wall();
    let weight = 0;
    for (const server of config.servers) {
      const standing = this.#evaluateServer(server, now);
      if (standing.isUp) weight += standing.weight;
    }
    const before = this.#quorum.state;
    const state = nextQuorum(before ?? this.formerQuorum, config, weight);
    this.#quorum = { state, weight, since: state === before ? this.#quorum.since : now };
    if (state !== before) this.#tellQuorum(before === undefined);
    return desiredServices(config, (key) => this.#servers.get(key) ?? { isUp: false, weight: 0 }, state === 'gained');
  }

  /** A reload removed it, or the daemon stops: everything that is up goes down. Without `omega` a stop is silent. */
  end(isStopping: boolean): void {
    if (isStopping && !this.config.hasOmega) return;
    for (const server of this.config.servers)
      this.#drop(server, isStopping ? 'the daemon stops' : 'a reload removed its virtual server', isStopping);
    if (this.#quorum.state !== 'gained') return;
    this.#quorum = { state: 'lost', since: this.host.clock.wall(), weight: 0 };
    this.#emitQuorum(isStopping);
  }

  #evaluateServer(server: RealServer, now: number): ServerStanding {
    const { checks } = this.host;
    const views = server.checks.map(({ id, identity: { checker } }) => ({ id, checker, state: checks.of(id) }));
    const failed = views.find(({ state }) => !state.isUp);
    const up = failed === undefined;
    const before = this.#servers.get(server.key);
    const { weight, parts } = this.#weigh(server, weightParts(server.weight, views));
    const reason = failed ? `${failed.checker}: ${failed.state.reason}` : reasonOfUp(views);
    const since = before?.isUp === up ? before.since : now;
    const standing = sameStanding.of({ isUp: up, reason, since, weight, parts });
    if (standing !== before) this.#servers.set(server.key, standing);
    if (before === undefined) this.#begin(server, standing);
    else if (before.isUp !== up) this.#tellServer(server, standing);
    else if (before.weight !== weight && up) this.#tellWeight(server, before.weight, weight);
    return standing;
  }

  #weigh(server: RealServer, parts: readonly WeightPart[]): { readonly weight: number; readonly parts: readonly WeightPart[] } {
    const { hooks, leases } = this.host;
    const { name } = this.config;
    const leased = leases
      .current('ipvs.weight', `${name} ${server.name}`)
      .map(({ plugin, delta, why }): WeightPart => ({ source: plugin, delta, why }));
    const all = leased.length === 0 ? parts : [...parts, ...leased];
    const sum = clampWeight(sumOf(all));
    if (!hooks.isTapped('ipvs.weight', name)) return { weight: sum, parts: all };
    const question = { virtualServer: name, realServer: server.name, configured: server.weight };
    const { value, contributions } = hooks.adjust('ipvs.weight', name, sum, question);
    const taps = contributions.map(
      ({ plugin, before, after }): WeightPart => ({ source: plugin, delta: after - before, why: 'taps ipvs.weight' }),
    );
    return { weight: clampWeight(value), parts: [...all, ...taps] };
  }

  #begin(server: RealServer, standing: ServerStanding): void {
    if (this.host.tellsInitial()) this.#emitServer(server, standing, false);
  }

  #tellServer(server: RealServer, standing: ServerStanding): void {
    const what = `${this.config.name}: real server ${server.name}`;
    if (standing.isUp) this.host.log.info(`${what} is up: ${standing.reason}`);
    else {
      const means = server.isInhibited ? 'it gets no new connections' : 'it is taken out';
      this.host.log.warn(`${what} is down, ${means}: ${standing.reason}`);
    }
    this.#emitServer(server, standing, false);
  }

  #tellWeight(server: RealServer, from: number, to: number): void {
    this.host.log.info(`${this.config.name}: real server ${server.name} weighs ${to}, after ${from}`);
  }

  #drop(server: RealServer, reason: string, isStopping: boolean): void {
    const before = this.#servers.get(server.key);
    this.#servers.delete(server.key);
    if (before?.isUp !== true) return;
    this.#emitServer(server, { ...before, isUp: false, reason, since: this.host.clock.wall() }, isStopping);
  }

  #emitServer(server: RealServer, { isUp: up, reason, since }: ServerStanding, isStopping: boolean): void {
    const { name: virtualServer } = this.config;
    this.host.hooks.observe('ipvs.serverChanged', virtualServer, {
      virtualServer,
      realServer: server.name,
      block: server.block,
      to: up ? 'up' : 'down',
      reason,
      isStopping,
      at: since,
    });
  }

  #tellQuorum(isFirst: boolean): void {
    const { name, quorum, hysteresis, sorry } = this.config;
    const { state, weight } = this.#quorum;
    const what = `its real servers that are up weigh ${weight} together, its quorum is ${quorum}`;
    const margin = hysteresis === 0 ? '' : ` with a hysteresis of ${hysteresis}`;
    if (state === 'gained') {
      if (!isFirst) this.host.log.info(`${name} has its quorum again: ${what}${margin}`);
    } else {
      const means = sorry === undefined ? 'those that are up go on' : `the sorry server ${sorry.name} takes their place`;
      this.host.log.warn(`${name} ${isFirst ? 'begins without' : 'has lost'} its quorum: ${what}${margin}; ${means}`);
    }
    this.#emitQuorum(false);
  }

  #emitQuorum(isStopping: boolean): void {
    const { name: virtualServer, block, quorum } = this.config;
    const { state, weight, since } = this.#quorum;
    this.host.hooks.observe('ipvs.quorum', virtualServer, {
      virtualServer,
      block,
      to: state === 'gained' ? 'gained' : 'lost',
      weight,
      quorum,
      isStopping,
      at: since,
    });
  }
}

function reasonOfUp(views: readonly { readonly checker: string; readonly state: { readonly reason: string } }[]): string {
  if (views.length === 0) return 'it has no checker';
  const [first] = views;
  return views.length === 1 ? `${first?.checker}: ${first?.state.reason}` : 'all of its checkers succeed';
}
