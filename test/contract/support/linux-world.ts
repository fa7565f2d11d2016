/** The contract world in network namespaces: each host's ports run in a process of their own inside it. Needs root. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/command.js';
import { type Host, Lan } from '../../support/netns.js';
import { PortAgent } from '../../support/port-agent.js';
import type { World, WorldHost, WorldMaker } from './world.js';

const limitMs = 5000;

export function requireRoot(): void {
  if (process.getuid?.() !== 0) throw new Error('contract tests of the Linux ports need root: they make network namespaces');
}

export const linuxWorld = linuxWorldOf('Linux', 'thread');

/** For the contract of the pacemaker only: the other ports know nothing of who keeps time. */
export const linuxTimersWorld = linuxWorldOf('Linux, timers of JavaScript', 'javascript');

function linuxWorldOf(name: string, timeBy: World['timeBy']): WorldMaker {
  return { name, make: () => makeWorld(timeBy) };
}

async function makeWorld(timeBy: World['timeBy']): Promise<World> {
  requireRoot();
  const lan = await Lan.create('a', 'b');
  const agents: PortAgent[] = [];
  const host = async (name: string) => {
    const agent = await PortAgent.start(lan.host(name).namespace, { MAINSTAY_PACEMAKER: timeBy });
    agents.push(agent);
    return hostOn(lan.host(name), agent);
  };
  const destroy = async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    lan.destroy();
  };
  try {
    const world: World = {
      timeBy,
      a: await host('a'),
      b: await host('b'),
      eventually: async (what, check) => void (await until(what, limitMs, check)),
      quiet: () => sleep(300),
      pass: (ms) => sleep(ms),
      drive: (promise) => promise,
      destroy,
    };
    return world;
  } catch (error) {
    await destroy();
    throw error;
  }
}

function hostOn(host: Host, agent: PortAgent): WorldHost {
  const link = 'eth0';
  return {
    ports: agent.driver,
    link,
    setLink: async (state) => void (await host.ip('link', 'set', link, state)),
    setCarrier: (hasCarrier) => host.cable(hasCarrier ? 'up' : 'down'),
    stop: () => agent.signal('SIGSTOP'),
    resume: () => agent.signal('SIGCONT'),
    removeLink: async () => void (await host.ip('link', 'delete', link)),
    assign: async (prefix) => void (await host.ip('address', 'add', prefix, 'dev', link)),
    unassign: async (prefix) => void (await host.ip('address', 'delete', prefix, 'dev', link)),
    neighbour: (address) => host.neighbour(address),
    filters: () => host.filters(),
  };
}
