/** The contract world in network namespaces: each host's ports run in a process of their own inside it. Needs root. */

import { until } from '../../support/command.js';
import { type Host, Lan } from '../../support/netns.js';
import { PortAgent } from '../../support/port-agent.js';
import type { World, WorldHost, WorldMaker } from './world.js';

const limitMs = 5000;

export function requireRoot(): void {
  if (process.getuid?.() !== 0) throw new Error('contract tests of the Linux ports need root: they make network namespaces');
}

export const linuxWorld: WorldMaker = {
  name: 'Linux',
  make: async () => {
    requireRoot();
    const lan = await Lan.create('a', 'b');
    const agents: PortAgent[] = [];
    const host = async (name: string) => {
      const agent = await PortAgent.start(lan.host(name).namespace);
      agents.push(agent);
      return hostOn(lan.host(name), agent);
    };
    const destroy = async () => {
      await Promise.all(agents.map((agent) => agent.stop()));
      lan.destroy();
    };
    try {
      const world: World = {
        a: await host('a'),
        b: await host('b'),
        eventually: async (what, check) => void (await until(what, limitMs, check)),
        quiet: () => new Promise((resolve) => setTimeout(resolve, 300)),
        drive: (promise) => promise,
        destroy,
      };
      return world;
    } catch (error) {
      await destroy();
      throw error;
    }
  },
};

function hostOn(host: Host, { driver }: PortAgent): WorldHost {
  const link = 'eth0';
  return {
    ports: driver,
    link,
    setLink: async (state) => void (await host.ip('link', 'set', link, state)),
    setCarrier: (hasCarrier) => host.cable(hasCarrier ? 'up' : 'down'),
    removeLink: async () => void (await host.ip('link', 'delete', link)),
    assign: async (prefix) => void (await host.ip('address', 'add', prefix, 'dev', link)),
    unassign: async (prefix) => void (await host.ip('address', 'delete', prefix, 'dev', link)),
    neighbour: (address) => host.neighbour(address),
    filters: () => host.filters(),
  };
}
