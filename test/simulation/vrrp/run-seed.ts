/** Runs one seed from start to end and says what was violated. */
import type { Plugin } from '@mainstay/sdk';
import { createSimulation, type Simulation } from '@mainstay/testing';
import { createVrrpPlugin } from '@mainstay/vrrp';
import { FaultRunner } from './fault-runner.js';
import { Invariants } from './invariants.js';
import { configOf, type Scenario, scenarioOf } from './scenario.js';

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly string[];
  /** Fingerprint of every frame and transition. */
  readonly hash: string;
  readonly lines: readonly string[];
}

export interface SeedOptions {
  /** Default: the vrrp plugin as it is. */
  readonly plugin?: () => Plugin;
  readonly keepTrace?: boolean;
}

export async function runSeed(
  seed: number,
  { plugin = () => createVrrpPlugin(), keepTrace = false }: SeedOptions = {},
): Promise<SeedResult> {
  const scenario = scenarioOf(seed);
  const simulation = createSimulation({ seed, conditions: { delayMs: scenario.delayMs }, keepTrace });
  await addRouters(simulation, scenario, plugin);
  const faults = new FaultRunner(simulation, scenario);
  const invariants = new Invariants(simulation, scenario, faults);
  faults.schedule();
  for (const host of simulation.hosts) {
    const startsAt = simulation.random.between(0, 2 * scenario.intervalMs);
    simulation.clock.at(startsAt, () => {
      if (host.kernel.isOn) faults.bringUp(host);
    });
  }
  try {
    await simulation.clock.runUntil(scenario.healAt + invariants.observeMs);
  } catch (error) {
    invariants.fail(`an exception reached the event loop: ${error instanceof Error ? error.stack : String(error)}`);
  }
  for (const failure of faults.failures) invariants.fail(failure);
  return { seed, violations: invariants.violations, hash: simulation.trace.hash, lines: simulation.trace.lines };
}

async function addRouters(simulation: Simulation, scenario: Scenario, plugin: () => Plugin): Promise<void> {
  for (const router of scenario.routers) {
    await simulation.addHost(router.name, {
      links: { eth0: router.addresses },
      daemon: {
        plugins: () => [plugin()],
        config: configOf(scenario, router),
        record: ['vrrp.transitioned'],
        clock: { offsetMs: router.clockOffsetMs },
      },
    });
  }
}

/** How to see a failing seed again. */
export function describeFailure({ seed, violations, hash }: SeedResult): string {
  const again = `MAINSTAY_SEED=${seed} npx mocha 'test/dist/simulation/vrrp-seeds.test.js'`;
  return `seed ${seed} (trace ${hash}):\n  ${violations.join('\n  ')}\n  again: ${again}`;
}
