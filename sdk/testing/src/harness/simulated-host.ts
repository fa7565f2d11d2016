/**
 * One host of a simulation: a simulated kernel and, while it is started, the real plugin host of core with plugins on
 * simulated ports. It can be stopped, crash, start again, stand still.
 */
import { asPlugin, Host, type LoadedPlugin, type ReloadResult } from '@mainstay/core';
import {
  type Checker,
  type Facts,
  type HookNameOf,
  isChecker,
  isPlugin,
  type LaneKind,
  type Manifest,
  type Plugin,
  portNames,
  type SourceTree,
  sdkVersion,
} from '@mainstay/sdk';
import type { ProcessClockOptions, WakeOrder } from '../clock/process-clock.js';
import type { SimulatedKernel } from '../kernel/kernel.js';
import type { SimulatedProcess } from '../kernel/process.js';
import { SimulatedFiles, SimulatedModules } from '../ports/files.js';
import { createPorts, type SimulatedPorts } from '../ports/index.js';
import { SimulatedScripts } from '../ports/scripts.js';
import { createRandom } from '../random.js';
import { readConfigText, refuseErrors } from './config-text.js';
import type { LogRecord } from './log-record.js';

/** A plugin with what its package.json says; what is left out is the most permissive. */
export interface PluginUnderTest {
  readonly plugin: Plugin;
  readonly manifest?: Partial<Manifest>;
}

/** Called for each start: a process that crashed must not share objects with its successor. */
export type PluginFactory = () => readonly (Plugin | Checker | PluginUnderTest)[];

export interface DaemonPlan {
  readonly plugins: PluginFactory;
  /** keepalived.conf text. */
  readonly config: string;
  /** Default `error`: a test should notice a keyword that nobody reads. */
  readonly unknownKeywords?: 'error' | 'warning';
  /** Default `realtime`. */
  readonly laneKind?: LaneKind;
  readonly facts?: Partial<Facts>;
  /** Plugins that may tap guards. Default: all. */
  readonly consent?: readonly string[];
  readonly clock?: ProcessClockOptions;
  readonly files?: SimulatedFiles;
  readonly modules?: SimulatedModules;
  /** Events to record. Default: all. */
  readonly record?: readonly HookNameOf<'observe'>[];
}

/** One call of an observe hook. `at` is the world's monotonic time. */
export interface ObservedEvent {
  readonly at: number;
  readonly name: HookNameOf<'observe'>;
  readonly key: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

const noFacts: Facts = { isRestart: false, keepAddressesAtExit: false, configDirectory: '/etc/mainstay' };

export class SimulatedHost {
  readonly name: string;
  /** Observed hook events of all its lives, in order. */
  readonly events: ObservedEvent[] = [];
  readonly log: LogRecord[] = [];
  readonly files: SimulatedFiles;
  readonly modules: SimulatedModules;
  /** Told of each event as it is recorded. */
  onEvent: ((event: ObservedEvent) => void) | undefined;
  #tree: SourceTree;
  #life: { readonly process: SimulatedProcess; readonly ports: SimulatedPorts; readonly host: Host } | undefined;

  private constructor(
    readonly kernel: SimulatedKernel,
    private readonly plan: DaemonPlan,
    tree: SourceTree,
  ) {
    this.name = kernel.name;
    this.files = plan.files ?? new SimulatedFiles();
    this.modules = plan.modules ?? new SimulatedModules();
    this.#tree = tree;
  }

  static async create(kernel: SimulatedKernel, plan: DaemonPlan): Promise<SimulatedHost> {
    return new SimulatedHost(kernel, plan, await readConfigText(plan.config));
  }

  /** True from the start until a stop has ended, a crash or a power cut; true also while it stands still. */
  get isRunning(): boolean {
    return this.#life?.process.isAlive ?? false;
  }
  get isPaused(): boolean {
    return this.#life?.process.clock.isStopped ?? false;
  }
  /** The plugin host of the present life. Throws where none runs. */
  get host(): Host {
    return this.#alive.host;
  }
  get process(): SimulatedProcess {
    return this.#alive.process;
  }
  get ports(): SimulatedPorts {
    return this.#alive.ports;
  }
  get scripts(): SimulatedScripts {
    return this.#alive.ports.process;
  }

  /** Starts the daemon. Needs the clock to be advanced or to `drive` the promise. Rejects with what core reports. */
  async start(isRestart = false): Promise<void> {
    if (this.isRunning) throw new Error(`${this.name} runs already`);
    if (!this.kernel.isOn) throw new Error(`${this.name} is off: call powerOn first`);
    if (this.kernel.isPaused) throw new Error(`${this.name} stands still: call kernel.resume first`);
    const process = this.kernel.spawn(this.plan.clock);
    try {
      await this.#startIn(process, isRestart);
    } catch (error) {
      process.kill();
      throw error;
    }
  }

  /** A clean stop, as after SIGTERM. */
  async stop(): Promise<void> {
    const { host, process } = this.#alive;
    await host.stop('shutdown');
    process.kill();
  }

  /** SIGKILL: timers and sockets are gone, what is in the kernel stays. */
  crash(): void {
    if (this.isRunning) this.process.kill();
  }

  /** The power fails: the kernel's state is gone too. */
  powerOff(): void {
    this.kernel.powerOff();
  }
  powerOn(): void {
    this.kernel.powerOn();
  }

  /** SIGSTOP: the kernel goes on without the daemon. */
  pause(): void {
    if (this.isRunning) this.process.stop();
  }
  /** SIGCONT. */
  resume(order?: WakeOrder): void {
    if (this.isRunning) this.process.resume(order);
  }

  /** SIGHUP with a new configuration text. */
  async reload(config: string): Promise<ReloadResult> {
    const tree = await readConfigText(config);
    const result = await this.host.reload(tree, { unknownKeywords: this.plan.unknownKeywords ?? 'error' });
    if (result.ok) this.#tree = tree;
    return result;
  }

  get #alive() {
    if (this.#life === undefined || !this.isRunning) throw new Error(`no daemon runs on ${this.name}`);
    return this.#life;
  }

  async #startIn(process: SimulatedProcess, isRestart: boolean): Promise<void> {
    const { plan } = this;
    const { files, modules } = this;
    const ports = createPorts(process, { files, modules, scripts: new SimulatedScripts(process.clock) });
    const plugins = plan.plugins().map(asLoaded);
    const random = createRandom(0).fork(`checks of ${this.name}`);
    const host = new Host({
      lane: 'test',
      laneKind: plan.laneKind ?? 'realtime',
      clock: process.clock,
      random: () => random.next(),
      log: (record) => this.log.push(record),
      portsFor: () => ports,
      facts: { ...noFacts, isRestart, ...plan.facts },
      consent: new Set(plan.consent ?? plugins.map(({ plugin }) => plugin.name)),
    });
    this.#life = { process, ports, host };
    this.#record(host);
    host.load(plugins);
    refuseErrors(host.bind(this.#tree, { unknownKeywords: plan.unknownKeywords ?? 'error' }));
    await host.expand();
    host.freeze();
    await host.start();
  }

  #record({ bus }: Host): void {
    bus.onObserve((name, key, payload) => {
      const at = this.kernel.clock.now();
      const event: ObservedEvent = { at, name, key, payload: payload as ObservedEvent['payload'] };
      this.events.push(event);
      this.onEvent?.(event);
    });
    if (this.plan.record !== undefined) bus.setRemoteInterest(this.plan.record.map((hook) => ({ hook, keys: '*' })));
  }
}

function asLoaded(given: Plugin | Checker | PluginUnderTest): LoadedPlugin {
  const whole = isChecker(given) ? (asPlugin(given, given.keyword) as Plugin) : given;
  const { plugin, manifest } = isPlugin(whole) ? { plugin: whole, manifest: {} } : whole;
  const permissive: Manifest = { api: `^${sdkVersion}`, lane: 'realtime', needs: portNames };
  return { plugin, manifest: { ...permissive, ...manifest }, origin: 'test', version: sdkVersion };
}
