/** All virtual routers of this host: creates, reconfigures and stops instances, and hands them the events of links and addresses. */
import { type BfdDecided, type ConfigEntry, type Log, messageOf, type Run, type Timer } from '@mainstay/sdk';
import { Acceptance } from './acceptance.js';
import { Afterwards } from './afterwards.js';
import { Concerns } from './concerns.js';
import type { GlobalValue, InstanceValue } from './config.js';
import { Instance } from './instance.js';
import { type AllSessionTerms, type InstanceConfig, instanceConfig } from './instance-config.js';
import { step } from './machine.js';
import { Neighbours } from './neighbours.js';
import { rehearse } from './rehearsal.js';
import { Sessions } from './sessions.js';
import type { Surroundings } from './surroundings.js';
import { kept } from './take-back.js';
import { type StrayCounters, Wires } from './wire.js';

/** How often hooks on the priority are asked without another occasion. */
const priorityRefreshMs = 1000;
/** The same complaint about a link is logged at most this often. */
const complaintMs = 60_000;
/** So many instances are started or reconfigured in one turn of the event loop: meanwhile the others' timers must run. */
const turnSize = 50;

export interface ManagerOptions {
  readonly logUnknownVrids: boolean;
  readonly startupDelayMs: number;
  /** Replaced by tests that break the machine on purpose. */
  readonly step?: typeof step;
  /** What is known of BFD sessions; absent: nothing. */
  readonly sessions?: Sessions;
}

/** What makes a virtual router the same one: a change of any of these is another router under the same name. */
function identityOf(c: InstanceConfig): string {
  return JSON.stringify([c.interface, c.family, c.version, c.virtualRouterId, c.isUnicast, c.group, c.basePriority === 255]);
}

function isOfIdentity(wanted: InstanceConfig | undefined, running: InstanceConfig): boolean {
  return wanted !== undefined && (isSame(wanted, running) || identityOf(wanted) === identityOf(running));
}

/** Two configurations of one instance are the same when all they say is. */
function isSame(a: InstanceConfig, b: InstanceConfig): boolean {
  return textOf(a) === textOf(b);
}

const texts = new WeakMap<InstanceConfig, string>();

function textOf(config: InstanceConfig): string {
  const text = texts.get(config) ?? JSON.stringify(config);
  texts.set(config, text);
  return text;
}

export class Manager {
  readonly acceptance: Acceptance;
  private readonly instances = new Map<string, Instance>();
  private readonly around: Surroundings;
  private readonly concerns: Concerns<Instance>;
  private readonly unwatch: (() => void)[] = [];
  private readonly complaints = new Map<string, number>();
  private tick: Timer | undefined;
  private startTimer: Timer | undefined;
  private isStopped = false;

  constructor(
    private readonly run: Run,
    private readonly options: ManagerOptions,
  ) {
    const { ports, clock, log } = run;
    const wires = new Wires(ports.pacemaker, {
      onError: (link, message) => this.complain(log.warn, `link ${link}: ${message}`),
      onUnknownVrid: (link, vrid, source) => {
        if (options.logUnknownVrids)
          this.complain(log.info, `link ${link}: ${source} advertises VRID ${vrid}, which is not configured here`);
      },
    });
    const neighbours = new Neighbours(ports, clock, (link, message) =>
      this.complain(log.warn, `announcing addresses on ${link}: ${message}`),
    );
    const { sessions = new Sessions() } = options;
    const sessionOf = sessions.of;
    this.around = { run, wires, neighbours, afterwards: new Afterwards(clock), sessionOf, step: options.step ?? step };
    this.acceptance = new Acceptance(run);
    this.concerns = new Concerns(ports.links);
  }

  get all(): readonly Instance[] {
    return [...this.instances.values()];
  }

  get strays(): StrayCounters {
    return this.around.wires.strays;
  }

  async start(configs: readonly InstanceConfig[]): Promise<void> {
    const { ports, leases, clock } = this.run;
    await this.acceptance.start(configs);
    this.unwatch.push(
      ports.links.watch((event) => {
        if (event.kind === 'removed') this.around.neighbours.forget(event.link.index);
        for (const instance of this.concerns.ofLink(event)) instance.refresh();
      }),
      ports.addresses.watch((event) => {
        for (const instance of this.concerns.ofAddress(event)) instance.onAddress(event);
      }),
      leases.watch('vrrp.priority', (name) => this.instances.get(name)?.refreshPriority()),
    );
    this.scheduleTick();
    for (const config of configs) this.make(config);
    // Before the delay and the turns: another router has taken over what a process that died held here, and both would answer.
    await Promise.all(this.all.map((instance) => instance.possession.clean()));
    if (this.isStopped) return;
    if (this.options.startupDelayMs > 0) this.startTimer = clock.after(this.options.startupDelayMs, () => void this.startAll());
    else await this.startAll();
    const [model] = configs;
    if (model !== undefined && ports.pacemaker.status().by === 'thread') void this.rehearse(model);
  }

  /** Unchanged instances notice nothing; changed ones keep their state where they stay the same virtual router. */
  async reconfigure(configs: readonly InstanceConfig[]): Promise<void> {
    await this.acceptance.widen(configs);
    const wanted = new Map(configs.map((config) => [config.name, config]));
    const gone = this.all.filter(({ config }) => !isOfIdentity(wanted.get(config.name), config));
    // Together: each waits for its successor.
    await Promise.all(gone.map((instance) => instance.stop(wanted.has(instance.config.name) ? 'shutdown' : 'removed')));
    for (const instance of gone) {
      this.instances.delete(instance.config.name);
      this.concerns.delete(instance);
    }
    const changed = configs.filter((config) => {
      const instance = this.instances.get(config.name);
      return instance === undefined || !isSame(config, instance.config);
    });
    // Every address is let go of before any is taken: one may move from an instance to another.
    await this.inTurns(changed, async (config) => this.instances.get(config.name)?.possession.releaseUnlisted(config));
    await this.inTurns(changed, async (config) => {
      const instance = this.instances.get(config.name);
      if (instance === undefined) return this.add(config);
      const update = instance.update(config);
      this.concerns.set(instance);
      await update;
    });
    this.around.afterwards.flush();
    if (!this.isStopped) await this.acceptance.settle(configs);
  }

  /** Rejects where an address or a rule stays that should not: what that is, and how it is cleared. */
  async stop(keepAddresses: boolean): Promise<void> {
    this.isStopped = true;
    this.tick?.cancel();
    this.startTimer?.cancel();
    const stays = (await Promise.all(this.all.map((instance) => instance.stop('shutdown', keepAddresses)))).flat();
    this.instances.clear();
    // Only now: a hand-over ends early where its link goes down.
    for (const end of this.unwatch.splice(0)) end();
    this.around.afterwards.flush();
    // What stays must not begin to answer.
    await this.acceptance.stop(keepAddresses || stays.length > 0);
    this.around.neighbours.close();
    if (stays.length > 0) throw new Error(kept(stays));
  }

  /** A BFD session has another state to go by. */
  onSession({ session, peer, why }: BfdDecided, change: ReturnType<Sessions['hear']>): void {
    if (change === 'same') return;
    for (const instance of this.concerns.ofSession(session)) {
      const isHint = change === 'lost' && instance.config.hints.includes(session);
      if (isHint) instance.masterLost(peer, `BFD session ${session}: ${why}`);
      if (instance.config.trackedSessions.some(({ name }) => name === session)) instance.refresh();
    }
  }

  private async add(config: InstanceConfig): Promise<void> {
    const instance = this.make(config);
    if (this.startTimer === undefined) await instance.start();
    else await instance.possession.clean();
  }

  private make(config: InstanceConfig): Instance {
    const instance = new Instance(config, this.around);
    this.instances.set(config.name, instance);
    this.concerns.set(instance);
    return instance;
  }

  /** No part of the service: if it fails, the first takeover is as slow as it would be without. */
  private async rehearse(model: InstanceConfig): Promise<void> {
    try {
      await rehearse(model, this.run.clock);
    } catch (error) {
      this.run.log.warn(
        `the rehearsal of a takeover failed, so the first one takes some milliseconds longer: ${messageOf(error)}`,
      );
    }
  }

  private async startAll(): Promise<void> {
    this.startTimer = undefined;
    await this.inTurns(this.all, (instance) => instance.start());
  }

  /** Some at once, the next when these are done and the event loop has had its turn; none after a stop. */
  private async inTurns<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
    for (let at = 0; at < items.length; at += turnSize) {
      if (at > 0) await new Promise<void>((resolve) => void this.run.clock.after(0, resolve));
      if (this.isStopped) return;
      await Promise.all(items.slice(at, at + turnSize).map(work));
    }
  }

  private scheduleTick(): void {
    this.tick = this.run.clock.after(priorityRefreshMs, () => {
      // Not a copy of them all: each second's garbage makes the heap grow until it is collected.
      for (const instance of this.instances.values()) {
        if (this.run.hooks.isTapped('vrrp.priority', instance.config.name)) instance.refreshPriority();
        instance.refreshSight();
      }
      this.scheduleTick();
    });
  }

  private complain(say: Log['warn'], message: string): void {
    const now = this.run.clock.now();
    if (now - (this.complaints.get(message) ?? Number.NEGATIVE_INFINITY) < complaintMs) return;
    if (this.complaints.size > 1000) this.complaints.clear();
    this.complaints.set(message, now);
    say(message);
  }
}

/** The configurations of all instances, with the rules that span them. */
export function instanceConfigs(
  entries: readonly ConfigEntry<InstanceValue>[],
  global: GlobalValue,
  sessions: AllSessionTerms = new Map(),
): readonly InstanceConfig[] {
  const first = new Map<string, string>();
  return entries.map((entry) => {
    const config = instanceConfig(entry, global, sessions);
    const { interface: link, family, virtualRouterId, isUnicast, group, name } = config;
    const peers = config.peers.map(({ address }) => address).sort();
    const key = JSON.stringify([link, family, virtualRouterId, isUnicast ? peers : group]);
    const twin = first.get(key);
    if (twin === undefined) first.set(key, name);
    else {
      const message = `(${name}) VRID ${virtualRouterId} on ${link} is already that of ${twin}: each would take the other for its master`;
      entry
        .report('virtual_router_id')
        .error('VRRP_DUPLICATE_VRID', message, 'give each instance on an interface its own virtual_router_id');
    }
    return config;
  });
}
