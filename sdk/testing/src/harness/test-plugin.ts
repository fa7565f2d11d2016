/** `testPlugin`: one plugin, one configuration text, one simulated host, and time that passes when the test says so. */
import type { Host, ReloadResult } from '@mainstay/core';
import type { ActionResult, Checker, Explanation, HookName, ObjectStatus, Plugin } from '@mainstay/sdk';
import type { VirtualClock } from '../clock/virtual-clock.js';
import type { SimulatedKernel } from '../kernel/kernel.js';
import type { Conditions } from '../network/conditions.js';
import type { HostPlan, SimulatedNetwork } from '../network/network.js';
import type { SimulatedPorts } from '../ports/index.js';
import type { SimulatedServers } from '../servers/servers.js';
import type { LogRecord } from './log-record.js';
import type { DaemonPlan, ObservedEvent, PluginUnderTest, SimulatedHost } from './simulated-host.js';
import { Simulation } from './simulation.js';

export interface TestPluginOptions extends Partial<Omit<DaemonPlan, 'plugins' | 'record' | 'clock'>> {
  /** Its manifest, where the test is to hold the plugin to it. Default: every port, the realtime lane. */
  readonly manifest?: PluginUnderTest['manifest'];
  /** More plugins in the same lane, loaded after it. */
  readonly alongside?: readonly (Plugin | Checker | PluginUnderTest)[];
  /** Hosts on the network by name, with their links; the plugin runs on the first. Default: one host with eth0, 192.0.2.1/24. */
  readonly hosts?: Readonly<Record<string, HostPlan['links']>>;
  /** Default 1. */
  readonly seed?: number;
  readonly conditions?: Conditions;
  /** Puts up the servers that checkers are to find, before the plugin starts. */
  servers?(servers: SimulatedServers): void;
}

/** A plugin that runs. */
export interface TestedPlugin {
  readonly clock: VirtualClock;
  readonly net: SimulatedNetwork;
  /** Kernel of the host that the plugin runs on. */
  readonly kernel: SimulatedKernel;
  readonly ports: SimulatedPorts;
  /** Core's plugin host. */
  readonly host: Host;
  /** The host's life: crash, pause, start again. */
  readonly machine: SimulatedHost;
  readonly log: readonly LogRecord[];
  /** Observe hooks called so far, in order; of one name where it is given. */
  events(name?: HookName): readonly ObservedEvent[];
  status(): readonly ObjectStatus[];
  explain(name: string): readonly Explanation[];
  /** The same for plugins that must ask others first: lets time pass until everything is there. */
  report(): Promise<readonly ObjectStatus[]>;
  explanation(name: string): Promise<readonly Explanation[]>;
  /** Has the plugin do what it declared, as `mainstay VERB NAME` does; lets time pass until it has answered. */
  act(verb: string, name: string): Promise<ActionResult>;
  /** Lets time pass. */
  advance(ms: number): Promise<void>;
  reload(config: string): Promise<ReloadResult>;
  stop(): Promise<void>;
}

const oneHost: NonNullable<TestPluginOptions['hosts']> = { host: { eth0: ['192.0.2.1/24'] } };

/** Loads the plugin through core's own host and starts it. Rejects with ConfigRefused or with the plugin's own failure. */
export async function testPlugin(plugin: Plugin, options: TestPluginOptions = {}): Promise<TestedPlugin> {
  const { manifest = {}, alongside = [], hosts = oneHost, seed = 1, conditions, servers, config = '', ...daemon } = options;
  const simulation = new Simulation({ seed, ...(conditions === undefined ? {} : { conditions }) });
  servers?.(simulation.net.servers);
  const [first, ...others] = Object.entries(hosts);
  if (first === undefined) throw new RangeError('the plugin needs a host to run on');
  const plugins = () => [{ plugin, manifest }, ...alongside];
  const machine = await simulation.addHost(first[0], { links: first[1], daemon: { ...daemon, config, plugins } });
  for (const [name, links] of others) simulation.addBystander(name, { links });
  await simulation.clock.drive(machine.start());
  return tested(simulation, machine);
}

function tested({ clock, net }: Simulation, machine: SimulatedHost): TestedPlugin {
  return {
    clock,
    net,
    machine,
    kernel: machine.kernel,
    get ports() {
      return machine.ports;
    },
    get host() {
      return machine.host;
    },
    log: machine.log,
    events: (name) => machine.events.filter((event) => name === undefined || event.name === name),
    status: () => machine.host.objectsNow(),
    explain: (name) => machine.host.explainNow(name),
    report: () => clock.drive(machine.host.objects()),
    explanation: (name) => clock.drive(machine.host.explain(name)),
    act: (verb, name) => clock.drive(machine.host.act(verb, name)),
    advance: (ms) => clock.advance(ms),
    reload: (config) => clock.drive(machine.reload(config)),
    stop: () => clock.drive(machine.stop()),
  };
}
