/** What each router is at this moment, as its own events and its kernel tell. Kept for the invariants. */
import type { SimulatedHost, Simulation } from '@mainstay/testing';
import { parsePrefix } from './prefix.js';
import type { RouterPlan, Scenario } from './scenario.js';

export interface Router {
  readonly plan: RouterPlan;
  readonly host: SimulatedHost;
  state: string;
  /** World time of its last transition. */
  changedAt: number;
  /** World time since which it holds an address without being master (a crashed, paused or absent daemon aside). */
  holdingSince: number | undefined;
  /** World time since which it is master without an address. */
  emptySince: number | undefined;
}

export class Routers {
  readonly all: readonly Router[];
  readonly #virtual: readonly string[];

  constructor(simulation: Simulation, scenario: Scenario) {
    this.#virtual = scenario.virtualAddresses.map(parsePrefix);
    this.all = scenario.routers.map((plan) => ({
      plan,
      host: simulation.host(plan.name),
      state: 'down',
      changedAt: 0,
      holdingSince: undefined,
      emptySince: undefined,
    }));
  }

  /** Its daemon runs and may act. */
  isAwake({ host }: Router): boolean {
    return host.isRunning && !host.isPaused;
  }

  isMaster(router: Router): boolean {
    return router.host.isRunning && router.state === 'master';
  }

  heldBy({ host }: Router): number {
    let held = 0;
    for (const address of this.#virtual) if (host.kernel.hasAddress(address)) held++;
    return held;
  }

  get virtualAddresses(): number {
    return this.#virtual.length;
  }
}
