/**
 * A deterministic world: one seed, one virtual clock, one network, any number of hosts that run plugins or merely exist. The
 * same seed and the same calls make the same run, frame by frame.
 */
import { createVirtualClock, type VirtualClock, type VirtualClockOptions } from '../clock/virtual-clock.js';
import type { SimulatedKernel } from '../kernel/kernel.js';
import type { Conditions } from '../network/conditions.js';
import { type HostPlan, SimulatedNetwork } from '../network/network.js';
import { createRandom, type Random } from '../random.js';
import { type DaemonPlan, SimulatedHost } from './simulated-host.js';
import { Trace } from './trace.js';

export interface SimulationOptions {
  readonly seed: number;
  /** Conditions of every segment. Default: 0.1 ms and nothing lost. */
  readonly conditions?: Conditions;
  readonly clock?: VirtualClockOptions;
  /** Keeps every line of the trace, not only its hash. */
  readonly keepTrace?: boolean;
}

export class Simulation {
  readonly seed: number;
  readonly clock: VirtualClock;
  /** For the decisions of the test; the network draws from streams of its own. */
  readonly random: Random;
  readonly net: SimulatedNetwork;
  readonly trace: Trace;
  readonly #hosts = new Map<string, SimulatedHost>();

  constructor({ seed, conditions, clock, keepTrace }: SimulationOptions) {
    const root = createRandom(seed);
    this.seed = seed;
    this.clock = createVirtualClock(clock);
    this.random = root.fork('test');
    this.net = new SimulatedNetwork(this.clock, root.fork('network'), conditions);
    this.trace = new Trace(keepTrace);
  }

  /** Hosts that run plugins, in the order in which they were added. */
  get hosts(): readonly SimulatedHost[] {
    return [...this.#hosts.values()];
  }

  host(name: string): SimulatedHost {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new RangeError(`no plugins run on a host "${name}": ${[...this.#hosts.keys()].join(', ')}`);
    return host;
  }

  /** Adds a host for plugins, not started yet. Throws ConfigRefused where the text cannot be read. */
  async addHost(name: string, plan: HostPlan & { readonly daemon: DaemonPlan }): Promise<SimulatedHost> {
    const host = await SimulatedHost.create(this.addBystander(name, plan), plan.daemon);
    host.onEvent = (event) => this.trace.note(event.at, `${name} ${event.name} ${event.key} ${JSON.stringify(event.payload)}`);
    this.#hosts.set(name, host);
    return host;
  }

  /** Adds a host without plugins: a client, a gateway. */
  addBystander(name: string, plan: HostPlan): SimulatedKernel {
    const kernel = this.net.addHost(name, plan);
    for (const segment of this.net.segments) {
      if (this.#traced.has(segment.name)) continue;
      this.#traced.add(segment.name);
      segment.watch((capture) => this.trace.frame(capture));
    }
    return kernel;
  }
  readonly #traced = new Set<string>();
}

export function createSimulation(options: SimulationOptions): Simulation {
  return new Simulation(options);
}
