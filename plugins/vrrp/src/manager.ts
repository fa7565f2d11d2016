/** All virtual routers of this host: creates, reconfigures and stops instances, and hands them the events of links and addresses. */
import type { ConfigEntry, Log, Run, Timer } from '@mainstay/sdk';
import { Acceptance } from './acceptance.js';
import type { GlobalValue, InstanceValue } from './config.js';
import { Instance } from './instance.js';
import { type InstanceConfig, instanceConfig } from './instance-config.js';
import { step } from './machine.js';
import { Neighbours } from './neighbours.js';
import type { Surroundings } from './surroundings.js';
import { type StrayCounters, Wires } from './wire.js';

/** How often hooks on the priority are asked without another occasion. */
const priorityRefreshMs = 1000;
/** The same complaint about a link is logged at most this often. */
const complaintMs = 60_000;

export interface ManagerOptions {
  readonly logUnknownVrids: boolean;
  readonly startupDelayMs: number;
  /** Replaced by tests that break the machine on purpose. */
  readonly step?: typeof step;
}

/** What makes a virtual router the same one: a change of any of these is another router under the same name. */
function identityOf(c: InstanceConfig): string {
  return JSON.stringify([c.interface, c.family, c.version, c.virtualRouterId, c.isUnicast, c.group, c.basePriority === 255]);
}

function isOfIdentity(wanted: InstanceConfig | undefined, running: InstanceConfig): boolean {
  return wanted !== undefined && identityOf(wanted) === identityOf(running);
}

/** Two configurations of one instance are the same when all they say is. */
function isSame(a: InstanceConfig, b: InstanceConfig): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export class Manager {
  readonly acceptance: Acceptance;
  private readonly instances = new Map<string, Instance>();
  private readonly around: Surroundings;
  private readonly unwatch: (() => void)[] = [];
  private readonly complaints = new Map<string, number>();
  private tick: Timer | undefined;
  private startTimer: Timer | undefined;

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
    this.around = { run, wires, neighbours, step: options.step ?? step };
    this.acceptance = new Acceptance(run);
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
      ports.links.watch(({ kind, link }) => {
        if (kind === 'removed') this.around.neighbours.forget(link.index);
        for (const instance of this.all) instance.refresh();
      }),
      ports.addresses.watch((event) => {
        for (const instance of this.all) instance.onAddress(event);
      }),
      leases.watch('vrrp.priority', (name) => this.instances.get(name)?.refreshPriority()),
    );
    this.scheduleTick();
    for (const config of configs) this.instances.set(config.name, new Instance(config, this.around));
    if (this.options.startupDelayMs > 0) this.startTimer = clock.after(this.options.startupDelayMs, () => void this.startAll());
    else await this.startAll();
  }

  /** Unchanged instances notice nothing; changed ones keep their state where they stay the same virtual router. */
  async reconfigure(configs: readonly InstanceConfig[]): Promise<void> {
    await this.acceptance.widen(configs);
    const wanted = new Map(configs.map((config) => [config.name, config]));
    const gone = this.all.filter(({ config }) => !isOfIdentity(wanted.get(config.name), config));
    // Together: each waits for its successor.
    await Promise.all(gone.map((instance) => instance.stop(wanted.has(instance.config.name) ? 'shutdown' : 'removed')));
    for (const { config } of gone) this.instances.delete(config.name);
    // Every address is let go of before any is taken: one may move from an instance to another.
    await Promise.all(configs.map((config) => this.instances.get(config.name)?.letGo(config)));
    for (const config of configs) {
      const instance = this.instances.get(config.name);
      if (instance === undefined) await this.add(config);
      else if (!isSame(config, instance.config)) await instance.update(config);
    }
    await this.acceptance.settle(configs);
  }

  async stop(keepAddresses: boolean): Promise<void> {
    this.tick?.cancel();
    this.startTimer?.cancel();
    await Promise.all(this.all.map((instance) => instance.stop('shutdown', keepAddresses)));
    this.instances.clear();
    // Only now: a hand-over ends early where its link goes down.
    for (const end of this.unwatch.splice(0)) end();
    await this.acceptance.stop(keepAddresses);
    this.around.neighbours.close();
  }

  private async add(config: InstanceConfig): Promise<void> {
    const instance = new Instance(config, this.around);
    this.instances.set(config.name, instance);
    if (this.startTimer === undefined) await instance.start();
  }

  private async startAll(): Promise<void> {
    this.startTimer = undefined;
    await Promise.all(this.all.map((instance) => instance.start()));
  }

  private scheduleTick(): void {
    this.tick = this.run.clock.after(priorityRefreshMs, () => {
      for (const instance of this.all) {
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
export function instanceConfigs(entries: readonly ConfigEntry<InstanceValue>[], global: GlobalValue): readonly InstanceConfig[] {
  const first = new Map<string, string>();
  return entries.map((entry) => {
    const config = instanceConfig(entry, global);
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
