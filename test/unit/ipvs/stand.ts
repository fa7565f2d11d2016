/** The ipvs plugin in core's own host, on a virtual clock, with a table and checks that the test holds in its hands. */
import { Host, type LoadedPlugin, type ReloadResult } from '@mainstay/core';
import { createIpvsPlugin } from '@mainstay/ipvs';
import {
  type AddressEvent,
  type CheckReport,
  type CheckRequest,
  type CheckState,
  type Clock,
  definePlugin,
  type Facts,
  formatDiagnostic,
  type InterfaceAddress,
  type Ipvs,
  type Plugin,
  type Ports,
  portNames,
  type Run,
  s,
  sdkVersion,
} from '@mainstay/sdk';
import { createVirtualClock, type LogRecord, type ObservedEvent } from '@mainstay/testing';
import { plugTestCheckers, treeOf } from './configs.js';
import { FakeIpvs } from './fake-ipvs.js';

/** The other end of the port `checks`. */
export class FakeChecks {
  requests: readonly CheckRequest[] = [];
  sets = 0;
  reports: readonly CheckReport[] = [];
  private readonly listeners = new Set<(states: readonly CheckState[]) => void>();

  set(requests: readonly CheckRequest[]): void {
    this.sets++;
    this.requests = requests;
  }
  watch(listener: (states: readonly CheckState[]) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
  async report(): Promise<readonly CheckReport[]> {
    return this.reports;
  }

  /** Every check whose id contains the text. */
  tell(part: string, isUp: boolean, more: Partial<CheckState> = {}): void {
    const reason = isUp ? 'connected' : 'connection refused';
    const states = this.requests
      .filter(({ id }) => id.includes(part))
      .map(({ id }): CheckState => ({ id, isUp, reason, since: 5, ...more }));
    if (states.length === 0) throw new Error(`there is no check ${part}`);
    for (const listener of this.listeners) listener(states);
  }
}

/** Addresses of one link. */
export class FakeAddresses {
  readonly here: InterfaceAddress[] = [];
  private readonly listeners = new Set<(event: AddressEvent) => void>();

  list(): readonly InterfaceAddress[] {
    return this.here;
  }
  watch(listener: (event: AddressEvent) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
  put(address: string): void {
    const one: InterfaceAddress = { link: 1, family: 4, address, prefixLength: 32, scope: 'global', isOurs: false };
    this.here.push(one);
    for (const listener of this.listeners) listener({ kind: 'added', address: one });
  }
  take(address: string): void {
    const at = this.here.findIndex((one) => one.address === address);
    const [gone] = this.here.splice(at, 1);
    if (gone !== undefined) for (const listener of this.listeners) listener({ kind: 'removed', address: gone });
  }
}

export interface StandOptions {
  readonly ipvs?: FakeIpvs;
  readonly facts?: Partial<Facts>;
  readonly alongside?: readonly Plugin[];
}

export class Stand {
  readonly clock = createVirtualClock();
  readonly checks = new FakeChecks();
  readonly addresses = new FakeAddresses();
  readonly log: LogRecord[] = [];
  readonly events: ObservedEvent[] = [];
  readonly host: Host;

  private constructor(
    readonly ipvs: FakeIpvs,
    options: StandOptions,
  ) {
    const { clock, log, checks, addresses } = this;
    this.host = hostOf({ ...options, ipvs, clock, log, checks, addresses });
    this.host.bus.onObserve((name, key, payload) => {
      this.events.push({ at: this.clock.now(), name, key, payload: payload as ObservedEvent['payload'] });
    });
  }

  static async start(config: string, options: StandOptions = {}): Promise<Stand> {
    const stand = await Stand.ready(config, options);
    await stand.clock.drive(stand.host.start());
    return stand;
  }

  /** Not started yet. */
  static async ready(config: string, options: StandOptions = {}): Promise<Stand> {
    const stand = new Stand(options.ipvs ?? new FakeIpvs(), options);
    const diagnostics = stand.host.bind(await treeOf(config), { unknownKeywords: 'error' });
    if (diagnostics.some(({ severity }) => severity === 'error')) throw new Error(diagnostics.map(formatDiagnostic).join('\n'));
    stand.host.freeze();
    return stand;
  }

  async reload(config: string): Promise<ReloadResult> {
    return this.clock.drive(this.host.reload(await treeOf(config), { unknownKeywords: 'error' }));
  }

  stop(why: 'shutdown' | 'restart' = 'shutdown'): Promise<void> {
    return this.clock.drive(this.host.stop(why));
  }

  /** Tells of a check and lets the consequences happen. */
  async tell(part: string, isUp: boolean, more: Partial<CheckState> = {}): Promise<void> {
    this.checks.tell(part, isUp, more);
    await this.clock.advance(1);
  }

  /** Of one kind, as `realServer to` or `to`. */
  told(name: 'ipvs.serverChanged' | 'ipvs.quorum'): readonly string[] {
    return this.events
      .filter((event) => event.name === name)
      .map(({ payload: { realServer, to, isStopping } }) =>
        [realServer, to, isStopping === true ? 'stopping' : undefined].filter((word) => word !== undefined).join(' '),
      );
  }

  complaints(): readonly string[] {
    return this.log.filter(({ level }) => level === 'warn' || level === 'error').map(({ message }) => message);
  }
}

export interface HostParts {
  readonly ipvs: Ipvs;
  readonly clock: Clock;
  readonly log: LogRecord[];
  readonly checks: FakeChecks;
  readonly addresses: FakeAddresses;
  readonly facts?: Partial<Facts>;
  readonly alongside?: readonly Plugin[];
}

/** Core's host with the plugin and the keywords of some checkers and of virtual routers, not started yet. */
export function hostOf({ ipvs, clock, log, checks, addresses, facts, alongside = [] }: HostParts): Host {
  const ports = { ipvs, checks, addresses } as unknown as Ports;
  const host = new Host({
    lane: 'test',
    laneKind: 'balance',
    clock,
    log: (record) => void log.push(record),
    portsFor: () => ports,
    facts: { isRestart: false, keepAddressesAtExit: false, configDirectory: '/etc/mainstay', ...facts },
    consent: new Set(),
  });
  const others = definePlugin({
    name: 'test-others',
    setup({ config }) {
      plugTestCheckers(config);
      config.named('vrrp_instance', s.block({}));
    },
  });
  host.load([onPorts(createIpvsPlugin(), ports), others, ...alongside].map(loaded));
  return host;
}

/** The plugin with these ports, `checks` among them, which the host would have of its own. */
function onPorts(plugin: Plugin, ports: Ports): Plugin {
  const own = (run: Run): Run => ({ ...run, ports });
  return definePlugin({
    ...plugin,
    start: (run) => plugin.start?.(own(run)),
    reconfigure: (run) => plugin.reconfigure?.(own(run)) ?? 'absorbed',
    stop: (run, why) => plugin.stop?.(own(run), why),
    withdraw: (run) => plugin.withdraw?.(own(run)),
  });
}

function loaded(plugin: Plugin): LoadedPlugin {
  return {
    plugin,
    manifest: { api: `^${sdkVersion}`, lane: 'balance', needs: portNames, ...(plugin.withdraw && { leaves: 'services' }) },
    origin: 'test',
    version: sdkVersion,
  };
}
