/**
 * A simulated network: segments and the kernels plugged into them, all on one virtual clock and one seed. The base of the
 * harness and of simulations; a test may also use it alone.
 */
import type { Clock } from '@mainstay/sdk';
import { type KernelOptions, type PingResult, SimulatedKernel } from '../kernel/kernel.js';
import type { Random } from '../random.js';
import { SimulatedServers } from '../servers/servers.js';
import type { Conditions } from './conditions.js';
import { hostMac } from './mac.js';
import { Segment } from './segment.js';

export interface HostLinkPlan {
  /** Name of the segment the link is plugged into; made where it does not exist. `undefined`: no cable. Default `lan`. */
  readonly segment?: string | undefined;
  /** `ADDRESS/LENGTH`. */
  readonly addresses?: readonly string[];
  /** Default: a locally administered address that depends on host and link number only. */
  readonly mac?: string;
  readonly mtu?: number;
}

export interface HostPlan extends Omit<KernelOptions, 'name' | 'clock' | 'links'> {
  /** By link name. A list of addresses is short for a link on segment `lan` with them. */
  readonly links: Readonly<Record<string, HostLinkPlan | readonly string[]>>;
}

/** A client's view of who serves an address. */
export type Reached = { readonly by: string; readonly rttMs: number } | { readonly by: undefined; readonly reason: string };

function isAddressList(plan: HostLinkPlan | readonly string[]): plan is readonly string[] {
  return Array.isArray(plan);
}

export class SimulatedNetwork {
  /** What the ports tcp, tls, udp and icmp of every host reach. */
  readonly servers: SimulatedServers;
  readonly #segments = new Map<string, Segment>();
  readonly #kernels = new Map<string, SimulatedKernel>();
  readonly #owners = new Map<string, string>();

  constructor(
    readonly clock: Clock,
    readonly random: Random,
    private readonly conditions: Conditions = {},
  ) {
    this.servers = new SimulatedServers(clock);
  }

  /** The segment of that name, made at the first call. */
  segment(name = 'lan'): Segment {
    let segment = this.#segments.get(name);
    if (segment === undefined) {
      segment = new Segment(name, this.clock, this.random.fork(name), this.conditions);
      this.#segments.set(name, segment);
    }
    return segment;
  }

  get segments(): readonly Segment[] {
    return [...this.#segments.values()];
  }
  get kernels(): readonly SimulatedKernel[] {
    return [...this.#kernels.values()];
  }

  kernel(name: string): SimulatedKernel {
    const kernel = this.#kernels.get(name);
    if (kernel === undefined) throw new RangeError(`no host "${name}": ${[...this.#kernels.keys()].join(', ')}`);
    return kernel;
  }

  /** Adds a host: a kernel that runs no process yet. */
  addHost(name: string, plan: HostPlan): SimulatedKernel {
    if (this.#kernels.has(name)) throw new RangeError(`there is a host "${name}" already`);
    const number = this.#kernels.size + 1;
    const links: Record<string, KernelOptions['links'][string]> = {};
    for (const [i, [linkName, given]] of Object.entries(plan.links).entries()) {
      const link: HostLinkPlan = isAddressList(given) ? { addresses: given } : given;
      const mac = link.mac ?? hostMac(number, i + 1);
      this.#owners.set(mac, name);
      const segment = 'segment' in link && link.segment === undefined ? undefined : this.segment(link.segment);
      links[linkName] = {
        mac,
        ...(link.addresses === undefined ? {} : { addresses: link.addresses }),
        ...(link.mtu === undefined ? {} : { mtu: link.mtu }),
        ...(segment === undefined ? {} : { plug: (receive) => segment.plug({ host: name, receive }) }),
      };
    }
    const kernel = new SimulatedKernel({ servers: this.servers, ...plan, name, clock: this.clock, links });
    this.#kernels.set(name, kernel);
    return kernel;
  }

  /** Pings from one host and says which host answered: the one that the asker's neighbour cache points to. */
  async reach(from: string, address: string, timeoutMs?: number): Promise<Reached> {
    const result: PingResult = await this.kernel(from).ping(address, timeoutMs);
    if (!result.ok) return { by: undefined, reason: result.reason };
    return { by: result.mac === '' ? from : (this.#owners.get(result.mac) ?? result.mac), rttMs: result.rttMs };
  }
}
