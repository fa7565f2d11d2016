/**
 * A simulated host's kernel: links, addresses, routes, neighbours and an IP stack that behave as Linux does where plugins can
 * tell. Tests act on it as an administrator, a cable or a power cut would; plugins reach it through the ports of a process.
 */
import type { AddressScope, ChangeResult, Clock, InterfaceAddress, NewAddress, NewRoute } from '@mainstay/sdk';
import { familyOf, isLinkLocal } from '@mainstay/sdk';
import type { Frame } from '../network/frame.js';
import { macBytes } from '../network/mac.js';
import { inPrefix, linkLocalOf, parsePrefix } from '../network/prefix.js';
import { SimulatedServers } from '../servers/servers.js';
import { AddressTable } from './address-table.js';
import { echoRequest } from './echo.js';
import { Faults } from './faults.js';
import { Firewall } from './firewall.js';
import { IpvsTable } from './ipvs.js';
import { isRunning, type KernelLink, LinkTable } from './link-table.js';
import { type KernelEvent, SimulatedProcess, type SpawnOptions } from './process.js';
import { RouteTable } from './route-table.js';
import { Stack } from './stack.js';

export interface LinkPlan {
  /** `ADDRESS/LENGTH`, put on the link at each boot. */
  readonly addresses?: readonly string[];
  readonly mac: string;
  /** Default 1500. */
  readonly mtu?: number;
  /** Plugs the link in; absent: no carrier ever. */
  readonly plug?: (receive: (frame: Frame) => void) => (frame: Frame) => void;
}

export interface KernelOptions {
  readonly name: string;
  readonly clock: Clock;
  /** By name, in order; the loopback link `lo` comes by itself. */
  readonly links: Readonly<Record<string, LinkPlan>>;
  /** net.ipv4.conf.all.promote_secondaries. Default false, as in Linux. */
  readonly promoteSecondaries?: boolean;
  /** Milliseconds of IPv6 duplicate address detection. Default 1000. */
  readonly dadMs?: number;
  /** Milliseconds after which an unconfirmed neighbour is asked for again. Default 60000. */
  readonly neighbourLifetimeMs?: number;
  /** What its checkers find. Default: servers of its own; hosts of one simulated network share theirs. */
  readonly servers?: SimulatedServers;
}

export type PingResult =
  /** `mac`: hardware address that answered; empty where the address is the host's own. */
  | { readonly ok: true; readonly mac: string; readonly rttMs: number }
  | { readonly ok: false; readonly reason: 'no route' | 'no answer' | 'host is off' };

export class SimulatedKernel {
  readonly name: string;
  readonly faults = new Faults();
  readonly links: LinkTable;
  readonly addresses: AddressTable;
  readonly routes: RouteTable;
  readonly firewall = new Firewall();
  readonly ipvs = new IpvsTable((name) => [...this.links.all()].some((link) => link.name === name));
  readonly stack: Stack;
  /** What the ports tcp, tls, udp and icmp reach. */
  readonly servers: SimulatedServers;
  readonly processes = new Set<SimulatedProcess>();
  #power: 'on' | 'off' | 'paused' = 'on';
  #echoId = 0;
  readonly #echoes = new Map<number, (mac: string) => void>();

  constructor(private readonly options: KernelOptions) {
    this.name = options.name;
    this.servers = options.servers ?? new SimulatedServers(options.clock);
    this.links = new LinkTable((event) => this.#tell({ of: 'link', event }));
    this.addresses = new AddressTable({ promoteSecondaries: options.promoteSecondaries ?? false }, (event) => {
      this.#tell({ of: 'address', event });
      this.#followRoutes();
    });
    this.routes = new RouteTable((event) => this.#tell({ of: 'route', event }));
    this.stack = new Stack(this.#stackHost(), options.neighbourLifetimeMs ?? 60_000);
    this.stack.onEcho = (reply) => this.#echoes.get(reply.id)?.(reply.mac);
    this.#plugIn();
    this.#boot();
  }

  get clock(): Clock {
    return this.options.clock;
  }
  get isOn(): boolean {
    return this.#power !== 'off';
  }
  /** True while the whole machine stands still. */
  get isPaused(): boolean {
    return this.#power === 'paused';
  }

  /** Starts a process: what plugins run in. Its ports see this kernel. */
  spawn(options: SpawnOptions = {}): SimulatedProcess {
    const process = new SimulatedProcess(this, options);
    this.processes.add(process);
    return process;
  }

  /** Adds an address as somebody else would (`ip address add`), or as a process of ours with `isOurs`. */
  addAddress(wanted: NewAddress, isOurs = false): ChangeResult {
    const link = this.links.get(wanted.link);
    if (link === undefined) return { outcome: 'failed', error: 'no such device [ENODEV]' };
    const hasDad = wanted.family === 6 && wanted.noDad !== true && !link.isLoopback && this.#dadMs > 0;
    const result = this.addresses.add(wanted, isOurs, hasDad);
    if (hasDad && result.outcome === 'done') this.clock.after(this.#dadMs, () => this.addresses.confirm(wanted));
    return result;
  }

  /** `ip address add 192.0.2.1/24 dev eth0`, by somebody else. */
  assign(link: string, prefix: string): ChangeResult {
    return this.addAddress(this.#planned(this.links.named(link), prefix));
  }

  /** `ip address delete`, by somebody else. A bare address is removed whatever its prefix length. */
  unassign(link: string, prefix: string): ChangeResult {
    const { address } = parsePrefix(prefix);
    const index = this.links.named(link).index;
    const found = this.addresses.list().find((a) => a.link === index && a.address === address);
    return found === undefined ? { outcome: 'unchanged' } : this.addresses.remove(found);
  }

  hasAddress(address: string): boolean {
    for (const a of this.addresses.all()) if (a.address === address) return true;
    return false;
  }

  addRoute(route: NewRoute, isOurs = false): ChangeResult {
    return this.routes.add(route, isOurs, (index) => this.links.get(index));
  }

  /** `ip link set NAME up|down`. */
  setLink(name: string, state: 'up' | 'down'): void {
    this.#changeLink(this.links.named(name), { isEnabled: state === 'up' });
  }

  /** The cable is plugged in or pulled. */
  setCarrier(name: string, hasCarrier: boolean): void {
    this.#changeLink(this.links.named(name), { hasCarrier });
  }

  /** The link vanishes, with everything on it (`ip link delete`). */
  removeLink(name: string): void {
    const link = this.links.named(name);
    this.#changeLink(link, { isEnabled: false });
    this.addresses.removeWhere((a) => a.link === link.index);
    this.links.remove(link);
  }

  /** Everything is gone at once: processes, addresses, routes, caches. */
  powerOff(): void {
    for (const process of this.processes) process.kill();
    this.#power = 'off';
    this.stack.neighbours.flush();
    this.firewall.flush();
    this.ipvs.reset();
    for (const link of this.links.all()) this.links.set(link, { isEnabled: false });
    for (const route of this.routes.list()) this.routes.remove(route);
    this.addresses.removeWhere(() => true);
  }

  /** Boots again, with the addresses of the plan and no process. */
  powerOn(): void {
    if (this.#power !== 'off') return;
    this.#power = 'on';
    for (const link of this.links.all()) this.links.set(link, { isEnabled: true });
    this.#boot();
  }

  /** The whole machine stands still, as a virtual machine does while it is moved: the kernel answers nothing either. */
  pause(): void {
    if (this.#power !== 'on') return;
    this.#power = 'paused';
    for (const process of this.processes) process.freeze();
  }
  resume(): void {
    if (this.#power !== 'paused') return;
    this.#power = 'on';
    for (const process of this.processes) process.thaw();
  }

  /** Sends one echo request and waits for the answer, in virtual time. */
  ping(address: string, timeoutMs = 1000): Promise<PingResult> {
    if (this.#power !== 'on') return Promise.resolve({ ok: false, reason: 'host is off' });
    const route = this.routes.lookup(address, (index) => this.links.get(index));
    const link = this.#isLocal(address) ? 1 : route?.link;
    const source = link === 1 ? address : link === undefined ? undefined : this.#sourceFor(link, address);
    if (link === undefined || source === undefined) return Promise.resolve({ ok: false, reason: 'no route' });
    this.#echoId = (this.#echoId + 1) & 0xffff;
    const id = this.#echoId;
    const sentAt = this.clock.now();
    return new Promise((resolve) => {
      const end = (result: PingResult) => {
        this.#echoes.delete(id);
        timer.cancel();
        resolve(result);
      };
      const timer = this.clock.after(timeoutMs, () => end({ ok: false, reason: 'no answer' }));
      this.#echoes.set(id, (mac) => end({ ok: true, mac, rttMs: this.clock.now() - sentAt }));
      if (this.stack.send(link, echoRequest(source, address, id)) !== undefined) end({ ok: false, reason: 'no route' });
    });
  }

  get #dadMs(): number {
    return this.options.dadMs ?? 1000;
  }

  #plugIn(): void {
    const loopback: KernelLink = {
      index: 1,
      name: 'lo',
      mac: '',
      mtu: 65536,
      isLoopback: true,
      isEnabled: true,
      hasCarrier: true,
    };
    this.links.add(loopback);
    let index = 2;
    for (const [name, plan] of Object.entries(this.options.links)) {
      const transmit = plan.plug?.((frame) => this.#receive(link, frame));
      const link: KernelLink = {
        index: index++,
        name,
        mac: plan.mac,
        mtu: plan.mtu ?? 1500,
        isLoopback: false,
        isEnabled: true,
        hasCarrier: transmit !== undefined,
        ...(transmit === undefined ? {} : { transmit }),
      };
      this.links.add(link);
    }
  }

  /** Puts the planned addresses on the links, all past duplicate address detection: the host has been up for a while. */
  #boot(): void {
    for (const address of ['127.0.0.1/8', '::1/128'])
      this.addresses.add(this.#planned(this.links.named('lo'), address), false, false);
    for (const [name, plan] of Object.entries(this.options.links)) {
      const link = this.links.named(name);
      for (const prefix of plan.addresses ?? []) this.addresses.add(this.#planned(link, prefix), false, false);
      if (isRunning(link)) this.#makeLinkLocal(link, false);
    }
  }

  #receive(link: KernelLink, frame: Frame): void {
    if (this.#power === 'on') this.stack.receive(link, frame);
  }

  #changeLink(link: KernelLink, state: Partial<Pick<KernelLink, 'isEnabled' | 'hasCarrier'>>): void {
    if (this.#power === 'off') return;
    const wasEnabled = link.isEnabled;
    if (!this.links.set(link, state)) return;
    if (!isRunning(link)) this.stack.neighbours.flush(link.index);
    // Linux takes every IPv6 address off a link that is set down, and keeps the IPv4 ones.
    if (wasEnabled && !link.isEnabled) this.addresses.removeWhere((a) => a.family === 6 && a.link === link.index);
    if (isRunning(link) && !link.isLoopback) this.#makeLinkLocal(link, true);
    this.#followRoutes();
  }

  #makeLinkLocal(link: KernelLink, withDad: boolean): void {
    const address = linkLocalOf(macBytes(link.mac));
    for (const a of this.addresses.all()) if (a.link === link.index && a.address === address) return;
    this.addAddress({
      link: link.index,
      family: 6,
      address,
      prefixLength: 64,
      scope: 'link',
      ...(withDad ? {} : { noDad: true }),
    });
  }

  #planned(link: KernelLink, prefix: string): NewAddress {
    const { address, prefixLength } = parsePrefix(prefix);
    const scope: AddressScope = link.isLoopback ? 'host' : isLinkLocal(address) ? 'link' : 'global';
    return { link: link.index, family: familyOf(address), address, prefixLength, scope };
  }

  #followRoutes(): void {
    this.routes.follow(this.addresses.all(), (index) => this.links.get(index));
  }

  #tell(event: KernelEvent): void {
    for (const process of this.processes) process.tell(event);
  }

  #isLocal(address: string): boolean {
    for (const a of this.addresses.all()) {
      if (a.address === address && a.isTentative !== true && this.links.get(a.link)?.isEnabled === true) return true;
    }
    return false;
  }

  #sourceFor(link: number, destination: string): string | undefined {
    let best: InterfaceAddress | undefined;
    for (const a of this.addresses.all()) {
      if (a.link !== link || a.family !== familyOf(destination) || a.isTentative === true) continue;
      if (inPrefix(destination, a.address, a.prefixLength)) return a.address;
      best ??= a;
    }
    return best?.address;
  }

  #stackHost(): ConstructorParameters<typeof Stack>[0] {
    const linkOf = (index: number) => this.links.get(index);
    return {
      clock: this.options.clock,
      link: linkOf,
      isLocal: (address) => this.#isLocal(address),
      refuses: (address, link) => this.firewall.refuses(address, link.name),
      sourceFor: (link, destination) => this.#sourceFor(link, destination),
      nextHop: (link, destination) => this.routes.lookup(destination, linkOf, link)?.gateway ?? destination,
    };
  }
}
