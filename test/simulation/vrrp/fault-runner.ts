/** Makes the faults of a scenario happen and end, and heals everything at the end. Overlapping faults end independently. */
import type { Conditions, SimulatedHost, Simulation } from '@mainstay/testing';
import { parsePrefix } from './prefix.js';
import { configOf, type Fault, type PlannedFault, type RouterPlan, type Scenario } from './scenario.js';

export class FaultRunner {
  #lastChange = 0;
  #earlierChange = 0;
  #networkChange = 0;
  readonly #touched = new Map<string, number>();
  /** What went wrong in a start or stop that a fault made. */
  readonly failures: string[] = [];
  /** Told of the configuration that a router took over. */
  onReload: ((router: string, plan: RouterPlan, virtualAddresses: readonly string[]) => void) | undefined;
  /** Slow networks that are over and whose last frames are still under way. */
  #late = 0;
  readonly #active = new Set<Fault>();
  readonly #changing = new Set<string>();

  constructor(
    private readonly simulation: Simulation,
    private readonly scenario: Scenario,
  ) {}

  /** World time of the last change to hosts, links or network. */
  get lastChange(): number {
    return this.#lastChange;
  }

  /** World time of the last change to the network or to one of these hosts. */
  changeAround(...routers: readonly string[]): number {
    return Math.max(this.#networkChange, ...routers.map((name) => this.#touched.get(name) ?? 0));
  }

  /** World time of the last change before `at`. */
  changeBefore(at: number): number {
    return this.#lastChange < at ? this.#lastChange : this.#earlierChange;
  }

  #changed(router?: string): void {
    const now = this.simulation.clock.now();
    if (router === undefined) this.#networkChange = now;
    else this.#touched.set(router, now);
    if (now > this.#lastChange) this.#earlierChange = this.#lastChange;
    this.#lastChange = now;
  }

  /** True while frames may be lost, delayed beyond the ordinary, doubled or damaged. */
  get isNetworkBad(): boolean {
    if (this.#late > 0) return true;
    for (const { kind } of this.#active) {
      if (kind === 'loss' || kind === 'duplicate' || kind === 'corrupt' || kind === 'slow') return true;
    }
    return false;
  }

  schedule(): void {
    for (const planned of this.scenario.faults) this.#plan(planned);
    this.simulation.clock.at(this.scenario.healAt, () => this.#heal());
  }

  #plan({ at, until, fault }: PlannedFault): void {
    const { clock } = this.simulation;
    clock.at(at, () => {
      this.#active.add(fault);
      this.#changed('router' in fault ? fault.router : undefined);
      this.#begin(fault);
    });
    clock.at(until, () => {
      this.#active.delete(fault);
      this.#changed('router' in fault ? fault.router : undefined);
      this.#end(fault);
      if (fault.kind === 'slow') this.#awaitLateFrames(fault.delayMs[1]);
    });
  }

  #awaitLateFrames(ms: number): void {
    this.#late++;
    this.simulation.clock.after(ms, () => {
      this.#late--;
      this.#changed();
    });
  }

  #begin(fault: Fault): void {
    switch (fault.kind) {
      case 'wallJump':
        this.simulation.clock.jumpWall(fault.byMs);
        break;
      case 'split':
      case 'oneWay':
      case 'loss':
      case 'duplicate':
      case 'corrupt':
      case 'slow':
        this.#setNetwork();
        break;
      case 'reload':
        this.#reload(fault);
        break;
      case 'handOver':
        this.#handOver(this.simulation.host(fault.router));
        break;
      default:
        this.#strike(this.simulation.host(fault.router), fault.kind, this.scenario.virtualAddresses[0] ?? '');
    }
  }

  #strike(
    host: SimulatedHost,
    kind: Exclude<Extract<Fault, { router: string }>['kind'], 'reload' | 'handOver'>,
    virtualAddress: string,
  ): void {
    switch (kind) {
      case 'crash':
        host.crash();
        break;
      case 'powerCut':
        host.powerOff();
        break;
      case 'stop':
        if (host.isRunning && !host.isPaused) this.#watch(host.name, this.#stop(host));
        break;
      case 'pause':
        host.pause();
        break;
      case 'freeze':
        host.kernel.pause();
        break;
      case 'carrier':
        host.kernel.setCarrier('eth0', false);
        break;
      case 'linkDown':
        host.kernel.setLink('eth0', 'down');
        break;
      case 'addressRemoved':
        host.kernel.unassign('eth0', virtualAddress);
        break;
      default:
        kind satisfies never;
    }
  }

  /** A daemon that runs reads another configuration; the others keep theirs. */
  #reload({ router, priority, hasExtraAddress }: Extract<Fault, { kind: 'reload' }>): void {
    const host = this.simulation.host(router);
    const before = this.scenario.routers.find(({ name }) => name === router);
    if (before === undefined || !host.isRunning || host.isPaused || this.#changing.has(router)) return;
    const { virtualAddresses, extraAddress } = this.scenario;
    const plan = { ...before, priority };
    const addresses = hasExtraAddress ? [...virtualAddresses, extraAddress] : virtualAddresses;
    this.onReload?.(router, plan, addresses);
    this.#watch(
      router,
      host.reload(configOf(this.scenario, plan, addresses)).then((result) => {
        if (!result.ok) this.failures.push(`${router} refused a reload`);
      }),
    );
  }

  /** What `mainstay handover VI` asks for; whatever comes of it. */
  #handOver(host: SimulatedHost): void {
    if (host.isRunning && !host.isPaused) void host.host.act('handover', 'VI');
  }

  #end(fault: Fault): void {
    switch (fault.kind) {
      case 'handOver':
      case 'wallJump':
      case 'addressRemoved':
      case 'reload':
        break;
      case 'split':
      case 'oneWay':
      case 'loss':
      case 'duplicate':
      case 'corrupt':
      case 'slow':
        this.#setNetwork();
        break;
      case 'pause':
        this.simulation.host(fault.router).resume(fault.wake);
        break;
      case 'freeze':
        this.simulation.host(fault.router).kernel.resume();
        break;
      case 'carrier':
        this.simulation.host(fault.router).kernel.setCarrier('eth0', true);
        break;
      case 'linkDown':
        this.simulation.host(fault.router).kernel.setLink('eth0', 'up');
        break;
      case 'crash':
      case 'stop':
      case 'powerCut':
        this.bringUp(this.simulation.host(fault.router));
        break;
      default:
        fault satisfies never;
    }
  }

  /** The network's condition follows from the faults that are active. */
  #setNetwork(): void {
    const segment = this.simulation.net.segment();
    segment.partition.heal();
    const conditions: { -readonly [Key in keyof Conditions]: Conditions[Key] } = {
      delayMs: this.scenario.delayMs,
      loss: 0,
      duplicate: 0,
      corrupt: 0,
    };
    for (const fault of this.#active) {
      if (fault.kind === 'split') segment.partition.split(...fault.groups);
      if (fault.kind === 'oneWay') segment.partition.block(fault.from, fault.to);
      if (fault.kind === 'slow') conditions.delayMs = fault.delayMs;
      if (fault.kind === 'loss' || fault.kind === 'duplicate' || fault.kind === 'corrupt')
        conditions[fault.kind] = fault.probability;
    }
    segment.setConditions(conditions);
  }

  /** Starts the daemon where it can start: a machine that stands still starts nothing. */
  bringUp(host: SimulatedHost): void {
    host.powerOn();
    this.#changed(host.name);
    if (!host.isRunning && !host.kernel.isPaused) this.#watch(host.name, host.start());
  }

  #heal(): void {
    this.#changed();
    for (const host of this.simulation.hosts) {
      host.kernel.resume();
      host.resume();
      host.powerOn();
      host.kernel.setLink('eth0', 'up');
      host.kernel.setCarrier('eth0', true);
      if (!this.scenario.absent.includes(host.name)) this.bringUp(host);
      else if (host.isRunning) this.#watch(host.name, this.#stop(host));
    }
  }

  /** A clean stop leaves nothing behind. */
  async #stop(host: SimulatedHost): Promise<void> {
    await host.stop();
    const left = [...this.scenario.virtualAddresses, this.scenario.extraAddress]
      .map(parsePrefix)
      .filter((address) => host.kernel.hasAddress(address));
    if (left.length > 0) this.failures.push(`${host.name} left ${left.join(', ')} behind at its clean stop`);
  }

  /** Starts, stops and reloads of one daemon that are under way: another reload waits for no one, so it is left out. */
  #watch(router: string, promise: Promise<void>): void {
    this.#changing.add(router);
    promise.catch((error: unknown) => this.failures.push(String(error))).finally(() => this.#changing.delete(router));
  }
}
