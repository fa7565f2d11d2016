/** The contract world in the simulator of @mainstay/testing. */
import { createPorts, createSimulation, type SimulatedKernel } from '@mainstay/testing';
import { createPortDriver } from './port-driver.js';
import type { World, WorldHost, WorldMaker } from './world.js';

const stepMs = 50;
const limitMs = 10_000;

export const simulatedWorld: WorldMaker = {
  name: 'simulated',
  make: async () => {
    const simulation = createSimulation({ seed: 7 });
    const { clock } = simulation;
    const host = (name: string, number: number): WorldHost =>
      hostOn(simulation.addBystander(name, { links: { eth0: [`10.9.0.${number}/24`, `fd09::${number}/64`] } }), () =>
        clock.settle(),
      );
    const world: World = {
      timeBy: 'javascript',
      a: host('a', 1),
      b: host('b', 2),
      eventually: async (what, check) => {
        for (let passed = 0; passed <= limitMs; passed += stepMs) {
          if (await check()) return;
          await clock.advance(stepMs);
        }
        throw new Error(`after ${limitMs} ms of virtual time still not so: ${what}`);
      },
      quiet: () => clock.advance(500),
      pass: (ms) => clock.advance(ms),
      drive: (promise) => clock.drive(promise),
      destroy: async () => undefined,
    };
    await clock.advance(2000);
    return world;
  },
};

function hostOn(kernel: SimulatedKernel, settle: () => Promise<void>): WorldHost {
  const process = kernel.spawn();
  const ports = createPorts(process);
  const link = 'eth0';
  return {
    ports: createPortDriver({
      links: ports.links,
      addresses: ports.addresses,
      routes: ports.routes,
      rawIp: ports.rawIp,
      linkLayer: ports.linkLayer,
      pacemaker: ports.pacemaker,
      firewall: ports.firewall,
      clock: process.clock,
    }),
    link,
    setLink: async (state) => {
      kernel.setLink(link, state);
      await settle();
    },
    setCarrier: async (hasCarrier) => {
      kernel.setCarrier(link, hasCarrier);
      await settle();
    },
    stop: () => process.stop(),
    resume: () => process.resume(),
    removeLink: async () => {
      kernel.removeLink(link);
      await settle();
    },
    assign: async (prefix) => {
      kernel.assign(link, prefix);
      await settle();
    },
    unassign: async (prefix) => {
      kernel.unassign(link, prefix);
      await settle();
    },
    neighbour: async (address) => kernel.stack.neighbours.get(kernel.links.named(link).index, address),
    filters: async () => kernel.firewall.sets,
  };
}
