/** All virtual servers of this host: hears of checks, addresses and virtual routers, and has the kernel's table follow. */
import {
  type CheckRequest,
  type CheckState,
  type IpvsService,
  type IpvsServiceId,
  messageOf,
  type Run,
  type Timer,
  type VrrpTransitioned,
} from '@mainstay/sdk';
import { adopted } from './adoption.js';
import { CheckStates } from './check-states.js';
import type { GlobalValue } from './config.js';
import { portIn } from './desired.js';
import type { KeyedEdit } from './edits.js';
import { Keeper } from './keeper.js';
import { withKeptChecks } from './kept-checks.js';
import type { Server, VirtualServer } from './model.js';
import { endpointText, serviceText } from './names.js';
import { Pool, type PoolHost } from './pool.js';
import type { QuorumState } from './quorum.js';
import { Snapshots } from './snapshot.js';
import { Suspension } from './suspension.js';
import { SyncDaemons } from './sync-daemons.js';
import type { DesiredService } from './table.js';
import { Timeouts } from './timeouts.js';

/** How often hooks on the weight are asked without another occasion. */
const weightRefreshMs = 1000;
/** So long the first checks wait for a kernel that is slow to take the table. */
const patienceMs = 4000;
/** So long a start or a reload waits for it in all; what it may take is 10 s. */
const longestMs = 8000;

/** A reload of what is the same reaches no plugin; a restart takes the services away for a moment. */
const toTryAgain =
  'A reload with any change in the blocks of virtual servers tries it again, and so does a restart of the daemon';
const afterFailure = {
  start: `connections go on as the kernel has them, and servers that fail are not taken out. ${toTryAgain}`,
  reload: `connections go on, of some virtual servers as they were configured before. ${toTryAgain}`,
} as const;

export class Manager {
  readonly keeper: Keeper;
  readonly checks: CheckStates;
  readonly snapshots: Snapshots;
  readonly #pools = new Map<string, Pool>();
  /** By the service that an edit is about. */
  #byService = new Map<string, { readonly pool: Pool; readonly service: IpvsService }>();
  /** Services that the last reload removed: the kernel may let go of them later. */
  #departed = new Map<string, { readonly pool: Pool; readonly service: IpvsService }>();
  /** By the name that a lease is for; made when somebody has one. */
  #byServer: ReadonlyMap<string, Pool> | undefined;
  /** Services of the configuration, also before anything is wanted of the kernel. */
  readonly #claimed = new Map<string, IpvsServiceId>();
  readonly #suspension: Suspension;
  readonly #syncDaemons: SyncDaemons;
  readonly #timeouts: Timeouts;
  readonly #unwatch: (() => void)[] = [];
  #tick: Timer | undefined;
  /** What a former daemon has left is being taken away or read. */
  #adopting: Promise<unknown> | undefined;
  /** Until then there are no pools. */
  #begun: Promise<void> = Promise.resolve();
  /** Checks are asked for only in between. */
  #hasTable = false;
  #isStopped = false;
  #global: GlobalValue;

  constructor(
    private readonly run: Run,
    global: GlobalValue,
  ) {
    const { ports, clock, log } = run;
    this.#global = global;
    this.checks = new CheckStates(clock.wall());
    this.snapshots = new Snapshots(ports);
    this.keeper = new Keeper({
      port: ports.ipvs,
      clock,
      log,
      changed: (edit) => this.#tellOf(edit),
      isConfigured: (service, destination) => this.#isConfigured(service, destination),
      audited: () => {
        this.#timeouts.audit();
        this.#syncDaemons.audit();
      },
    });
    this.#suspension = new Suspension(ports.addresses, clock, () => this.#request());
    this.#syncDaemons = new SyncDaemons(ports.ipvs, clock, log);
    this.#timeouts = new Timeouts(ports.ipvs, clock, log);
  }

  get pools(): readonly Pool[] {
    return [...this.#pools.values()];
  }

  isSuspended({ probesOnlyWith }: VirtualServer): boolean {
    return probesOnlyWith !== undefined && !this.#suspension.isPresent(probesOnlyWith);
  }

  /** `isOurs`: this daemon has been at work on the table before. */
  start(configs: readonly VirtualServer[], isOurs: boolean): Promise<void> {
    this.#claim(configs);
    this.#begun = this.#begin(configs, isOurs);
    return this.#patiently('start', this.#begun);
  }

  async #begin(configs: readonly VirtualServer[], isOurs: boolean): Promise<void> {
    const { ports, leases } = this.run;
    const adopting = this.#adopt(configs, isOurs);
    this.#adopting = adopting;
    const left = await adopting;
    if (this.#isStopped) return;
    const former = new Map(left === undefined ? [] : configs.map((config) => [config.key, adopted(config, left)]));
    this.checks.setChecks(configs, ({ key }, config) => former.get(config.key)?.servers.get(key));
    this.#unwatch.push(
      ports.checks.watch((states) => this.#hear(states)),
      leases.watch('ipvs.weight', (name) => this.#refresh(this.#poolOf(name))),
    );
    for (const config of configs) this.#pools.set(config.key, this.#makePool(config, former.get(config.key)?.quorum));
    this.#arrange();
    this.keeper.want(this.pools.flatMap((pool) => pool.evaluate()));
    this.keeper.auditEvery(this.#global.lvs_audit_interval);
    this.#scheduleTick();
    // Clients wait for the table, and nobody for the first probes.
    await this.#settled();
    this.#hasTable = true;
    this.#request();
  }

  /** What stays as it was notices nothing. */
  reconfigure(written: readonly VirtualServer[], global: GlobalValue): Promise<void> {
    this.#claim(written);
    const begun = this.#begun.catch((error: unknown) => {
      throw new Error(`what was to be done before had failed: ${messageOf(error)}`, { cause: error });
    });
    this.#begun = begun.then(() => this.#follow(written, global));
    return this.#patiently('reload', this.#begun);
  }

  async #follow(written: readonly VirtualServer[], global: GlobalValue): Promise<void> {
    if (this.#isStopped) return;
    this.#global = global;
    const configs = written.map((config) => {
      const pool = this.#pools.get(config.key);
      return pool === undefined ? config : withKeptChecks(pool.config, config);
    });
    const wanted = new Set(configs.map(({ key }) => key));
    const before = this.#byService;
    for (const [key, pool] of this.#pools) {
      if (wanted.has(key)) continue;
      pool.end(false);
      this.#pools.delete(key);
    }
    // One more checker puts no server that works in doubt, and brings none back that does not.
    this.checks.setChecks(configs, ({ key }, config) => {
      const standing = this.#pools.get(config.key)?.standingOf(key);
      return standing && (standing.isUp ? 'up' : 'down');
    });
    for (const config of configs) {
      const pool = this.#pools.get(config.key);
      if (pool === undefined) this.#pools.set(config.key, this.#makePool(config));
      else pool.update(config);
    }
    this.#arrange();
    const departed = [...before].filter(([key]) => !this.#byService.has(key));
    this.#departed = new Map(departed);
    const gone = departed.map(([key]) => key);
    for (const key of gone) this.#claimed.delete(key);
    this.keeper.want(
      this.pools.flatMap((pool) => pool.evaluate()),
      gone,
    );
    this.#request();
    this.keeper.auditEvery(global.lvs_audit_interval);
    await this.#settled();
  }

  /** `keep`: what is in the kernel stays there. Otherwise rejects where the kernel keeps any of it. */
  async stop(keep: boolean): Promise<void> {
    this.#isStopped = true;
    this.#tick?.cancel();
    // A start that is given up leaves nothing behind either: what is ours must be known to be taken away.
    if (!keep) await this.#adopting;
    for (const end of this.#unwatch.splice(0)) end();
    this.#suspension.close();
    if (!keep) {
      this.run.ports.checks.set([]);
      for (const pool of this.pools) pool.end(true);
    }
    const isGone = await this.keeper.close(keep ? 'keep' : this.#lastWish, this.#claimed.values());
    await this.#timeouts.close();
    await this.#syncDaemons.close();
    if (!keep) await this.#endOthers(isGone);
  }

  /** In place of a start and a stop: what is there of these goes. Rejects where the kernel refuses. */
  async withdraw(configs: readonly VirtualServer[]): Promise<void> {
    const services = configs.flatMap((config) => config.services.map(({ id }) => id));
    const isGone = await (this.#lastWish === 'flush' ? this.keeper.close('flush') : this.keeper.remove(services));
    await this.#endOthers(isGone);
  }

  /** The sync daemons of the configuration, also where nobody has begun to look after them. Rejects where those, or services, go on. */
  async #endOthers(areServicesGone: boolean): Promise<void> {
    const isSilent = await this.#syncDaemons.end(this.#global.lvs_sync_daemon);
    if (!areServicesGone || !isSilent) throw new Error('the kernel did not let go of all of it');
  }

  /** What a stop is to do to the table. */
  get #lastWish(): 'flush' | 'delete' {
    return (this.#global.lvs_flush_on_stop ?? this.#global.lvs_flush_onstop) === 'all' ? 'flush' : 'delete';
  }

  onTransition(event: VrrpTransitioned): void {
    this.#syncDaemons.onTransition(event);
  }

  /** What is there already of these; with lvs_flush nothing is, when the daemon starts. */
  async #adopt(configs: readonly VirtualServer[], isOurs: boolean): ReturnType<Keeper['adopt']> {
    if (this.#global.lvs_flush && !isOurs) await this.#flush();
    return this.keeper.adopt(configs.flatMap(({ services }) => services.map(({ id }) => serviceText(id))));
  }

  /**
   * A kernel that is slow, because it looks for a module, has a large table, or little of a busy processor, must not look like a plugin that
   * fails, and would fail again as often as it is tried: the work goes on by itself.
   */
  #patiently(what: 'start' | 'reload', work: Promise<void>): Promise<void> {
    const { clock, log } = this.run;
    return new Promise((resolve, reject) => {
      let isLate = false;
      const timer = clock.after(longestMs, () => {
        isLate = true;
        const meaning = 'connections go on as the kernel has them, and failed servers are taken out when it has answered';
        log.warn(`the ${what} goes on behind the scenes, because the kernel takes long to tell or change its table: ${meaning}`);
        resolve();
      });
      const over = (end: () => void) => {
        timer.cancel();
        end();
      };
      work.then(
        () => over(resolve),
        (error: unknown) => {
          if (isLate && !this.#isStopped) log.error(`the ${what} failed: ${messageOf(error)}; ${afterFailure[what]}`);
          over(() => reject(error));
        },
      );
    });
  }

  #claim(configs: readonly VirtualServer[]): void {
    for (const { services } of configs) for (const { id } of services) this.#claimed.set(serviceText(id), id);
  }

  #settled(): Promise<unknown> {
    const { lvs_timeouts, lvs_sync_daemon } = this.#global;
    const all = [this.keeper.settled(), this.#timeouts.configure(lvs_timeouts), this.#syncDaemons.configure(lvs_sync_daemon)];
    return new Promise((resolve) => {
      const timer = this.run.clock.after(patienceMs, () => resolve(undefined));
      void Promise.allSettled(all).then(() => {
        timer.cancel();
        resolve(undefined);
      });
    });
  }

  #makePool(config: VirtualServer, formerQuorum?: QuorumState): Pool {
    const { clock, log, hooks, leases } = this.run;
    const host: PoolHost = {
      clock,
      log,
      hooks,
      leases,
      checks: this.checks,
      tellsInitial: () => this.#global.rs_init_notifies,
    };
    return new Pool(config, host, formerQuorum);
  }

  /** Which pool is meant by what. */
  #arrange(): void {
    this.#byService = new Map();
    this.#byServer = undefined;
    for (const pool of this.#pools.values()) {
      for (const service of pool.config.services) this.#byService.set(serviceText(service.id), { pool, service });
    }
    const addresses = this.pools.flatMap(({ config: { probesOnlyWith } }) =>
      probesOnlyWith === undefined ? [] : [probesOnlyWith],
    );
    this.#suspension.follow(new Set(addresses));
  }

  #request(): void {
    if (!this.#hasTable || this.#isStopped) return;
    const requests: CheckRequest[] = [];
    for (const { config } of this.#pools.values()) {
      const suspended = this.isSuspended(config) ? { isSuspended: true } : undefined;
      for (const { checks } of config.servers) {
        for (const check of checks) {
          const initial = this.checks.initialOf(check.id);
          const timing = this.checks.timingOf(check);
          // Most are as they were planned, and need no copy.
          const isAsPlanned = initial === check.initial && timing === check.timing && suspended === undefined;
          requests.push(isAsPlanned ? check : { ...check, timing, initial, ...suspended });
        }
      }
    }
    this.run.ports.checks.set(requests);
  }

  #hear(states: readonly CheckState[]): void {
    const touched = new Set<Pool>();
    for (const state of states) {
      const pool = this.#pools.get(this.checks.ownerOf(state.id) ?? '');
      if (pool !== undefined && this.checks.tell(state)) touched.add(pool);
    }
    const desired: DesiredService[] = [];
    for (const pool of touched) for (const service of pool.evaluate()) desired.push(service);
    this.keeper.want(desired);
  }

  #poolOf(server: string): Pool | undefined {
    this.#byServer ??= new Map(
      this.pools.flatMap((pool) => pool.config.servers.map(({ name }) => [`${pool.config.name} ${name}`, pool] as const)),
    );
    return this.#byServer.get(server);
  }

  #refresh(pool: Pool | undefined): void {
    if (pool !== undefined) this.keeper.want(pool.evaluate());
  }

  #scheduleTick(): void {
    this.#tick = this.run.clock.after(weightRefreshMs, () => {
      for (const pool of this.#pools.values()) if (this.run.hooks.isTapped('ipvs.weight', pool.config.name)) this.#refresh(pool);
      this.#scheduleTick();
    });
  }

  /** True where the configuration has this server in this service, up or down. */
  #isConfigured(service: string, destination: string): boolean {
    const found = this.#byService.get(service);
    return found !== undefined && serverAt(found.pool.config, found.service, destination) !== undefined;
  }

  #tellOf({ edit, service, destination }: KeyedEdit): void {
    const { hooks, clock } = this.run;
    const found = this.#byService.get(service) ?? this.#departed.get(service);
    if (found === undefined || !hooks.isTapped('ipvs.changed', found.pool.config.name)) return;
    const { config } = found.pool;
    const { name } = config;
    hooks.observe('ipvs.changed', name, {
      virtualServer: name,
      ...(destination === undefined ? {} : { realServer: serverAt(config, found.service, destination)?.name ?? destination }),
      change: edit.do.startsWith('add') ? 'added' : edit.do.startsWith('delete') ? 'removed' : 'changed',
      ...('destination' in edit && 'weight' in edit.destination ? { weight: edit.destination.weight } : {}),
      at: clock.wall(),
    });
  }

  async #flush(): Promise<void> {
    const { ports, log } = this.run;
    try {
      const result = await ports.ipvs.flush();
      if (result.outcome === 'failed')
        log.error(`lvs_flush: the kernel refuses to empty its table: ${result.error}; what was there goes on`);
    } catch (error) {
      log.error(`lvs_flush: the kernel's table cannot be emptied: ${messageOf(error)}; what was there goes on`);
    }
  }
}

/** The real server or sorry server that a destination of the service is. */
function serverAt({ servers, sorry }: VirtualServer, service: IpvsService, destination: string): Server | undefined {
  const isIt = (server: Server) => endpointText(server.address, portIn(service, server)) === destination;
  return servers.find(isIt) ?? (sorry !== undefined && isIt(sorry) ? sorry : undefined);
}
