/**
 * The simulated stage, for those who are not root: the same plugins and configuration files on simulated kernels, on a simulated
 * network, in virtual time.
 */
import { readFileSync } from 'node:fs';
import { createBfdPlugin } from '@mainstay/bfd';
import type { VrrpTransitioned } from '@mainstay/sdk';
import { createSimulation, type Simulation } from '@mainstay/testing';
import { createVrrpPlugin } from '@mainstay/vrrp';
import {
  clientAddress,
  type Plot,
  probeEveryMs,
  type RouterName,
  routerAddresses,
  routers,
  type Stage,
  virtualAddress,
} from './story.js';
import type { Timeline } from './timeline.js';

/** What starting Node and the daemon takes on a real router. */
const startMs = 400;

export class Simulator implements Stage {
  #sent = 0;
  #timeline: Timeline | undefined;

  private constructor(private readonly world: Simulation) {}

  static async create({ suffix }: Plot): Promise<Simulator> {
    const world = createSimulation({ seed: 1 });
    const simulator = new Simulator(world);
    for (const router of routers) {
      const config = readFileSync(new URL(`../${router}${suffix}.conf`, import.meta.url), 'utf8');
      const daemon = { plugins: () => [createVrrpPlugin(), createBfdPlugin()], config };
      const host = await world.addHost(router, { links: { eth0: [`${routerAddresses[router]}/24`] }, daemon });
      host.onEvent = ({ name, payload }) => {
        if (name !== 'vrrp.transitioned') return;
        const { from, to, detail } = payload as unknown as VrrpTransitioned;
        simulator.#timeline?.onState(router, from, to, detail);
      };
      host.kernel.powerOff();
    }
    world.addBystander('client', { links: { eth0: [`${clientAddress}/24`] } });
    return simulator;
  }

  /** Virtual milliseconds. */
  now(): number {
    return this.world.clock.now();
  }

  tellTo(timeline: Timeline): void {
    this.#timeline = timeline;
  }

  async boot(router: RouterName): Promise<void> {
    const host = this.world.host(router);
    host.powerOn();
    await this.#pass(startMs);
    await this.world.clock.drive(host.start());
  }

  async cutPower(router: RouterName): Promise<void> {
    this.world.host(router).powerOff();
    this.#timeline?.onPowerLoss(router);
  }

  async until(isSo: () => boolean, ms: number): Promise<boolean> {
    const deadline = this.now() + ms;
    while (!isSo()) {
      if (this.now() > deadline) return false;
      await this.#pass(probeEveryMs);
    }
    return true;
  }

  async close(): Promise<void> {
    for (const host of this.world.hosts) host.crash();
  }

  /** Lets time pass while the client goes on asking. */
  async #pass(ms: number): Promise<void> {
    for (const end = this.now() + ms; this.now() < end; ) {
      this.#probe();
      this.#lookAtAddresses();
      this.#timeline?.client.onTick(this.now());
      await this.world.clock.advance(probeEveryMs);
    }
  }

  #probe(): void {
    const sequence = ++this.#sent;
    void this.world.net.reach('client', virtualAddress, probeEveryMs * 20).then((reached) => {
      if (reached.by === 'a' || reached.by === 'b') this.#timeline?.client.onAnswer(sequence, reached.by, this.now());
    });
  }

  #lookAtAddresses(): void {
    const powered = routers.filter((router) => this.world.host(router).kernel.isOn);
    const isHolder = (router: RouterName) => this.world.host(router).kernel.hasAddress(virtualAddress);
    // What happened within one step of the clock is told in the order of a move: away from one, then to the other.
    for (const router of powered.filter((one) => !isHolder(one))) this.#timeline?.onAddress(router, false);
    for (const router of powered.filter(isHolder)) this.#timeline?.onAddress(router, true);
  }
}
