/** What each router is at this moment, as its own events and its kernel tell. Kept for the invariants. */
import type { SimulatedHost, Simulation } from '@mainstay/testing';
import { parsePrefix } from './prefix.js';
import type { RouterPlan, Scenario } from './scenario.js';

export interface Router {
  /** As its latest configuration has it. */
  plan: RouterPlan;
  /** What it must hold as master. */
  virtualAddresses: readonly string[];
  readonly host: SimulatedHost;
  state: string;
  /** World time of its last transition. */
  changedAt: number;
  /** World time at which it said priority 0, until it changes its state or speaks as master again: it hands over. */
  resignedAt: number | undefined;
  /** It handed over to the present master, and leaves it alone. */
  isYielding: boolean;
  /** World time since which it holds an address without being master (a crashed, paused or absent daemon aside). */
  holdingSince: number | undefined;
  /** World time since which it is master without an address. */
  emptySince: number | undefined;
}

export class Routers {
  readonly all: readonly Router[];
  readonly #virtual: readonly string[];

  constructor(simulation: Simulation, scenario: Scenario) {
    const virtualAddresses = scenario.virtualAddresses.map(parsePrefix);
    this.#virtual = [...virtualAddresses, parsePrefix(scenario.extraAddress)];
    this.all = scenario.routers.map((plan) => ({
      plan,
      virtualAddresses,
      host: simulation.host(plan.name),
      state: 'down',
      changedAt: 0,
      resignedAt: undefined,
      isYielding: false,
      holdingSince: undefined,
      emptySince: undefined,
    }));
  }

  /** Its daemon runs and may act. */
  isAwake({ host }: Router): boolean {
    return host.isRunning && !host.isPaused;
  }

  isMaster(router: Router): boolean {
    return this.mayHold(router) && router.resignedAt === undefined;
  }

  /** Master, or handing over to one. */
  mayHold(router: Router): boolean {
    return router.host.isRunning && router.state === 'master';
  }

  /** A virtual address is there, whether it is configured at present or not. */
  holdsAny({ host }: Router): boolean {
    return this.#virtual.some((address) => host.kernel.hasAddress(address));
  }

  holdsAll({ host, virtualAddresses }: Router): boolean {
    return virtualAddresses.every((address) => host.kernel.hasAddress(address));
  }
}
