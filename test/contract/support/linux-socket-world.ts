/** The world of servers in network namespaces: the ports in a process in one, the servers in a process in another. Needs root. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Host, Lan } from '../../support/netns.js';
import { SocketAgent } from '../../support/socket-agent.js';
import { requireRoot } from './linux-world.js';
import type { SocketWorld, SocketWorldMaker } from './socket-world.js';

const silent = '10.9.0.66';

export interface LinuxSocketWorld extends SocketWorld {
  readonly a: Host;
  readonly b: Host;
}

export const linuxSocketWorld: SocketWorldMaker = { name: 'Linux', make: makeLinuxSocketWorld };

export async function makeLinuxSocketWorld(): Promise<LinuxSocketWorld> {
  requireRoot();
  const lan = await Lan.create('a', 'b');
  const [a, b] = [lan.host('a'), lan.host('b')];
  const agents: SocketAgent[] = [];
  const destroy = async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    lan.destroy();
  };
  const start = async (host: Host) => {
    const agent = await SocketAgent.start(host.namespace);
    agents.push(agent);
    return agent.driver;
  };
  try {
    await b.ip('address', 'add', `${silent}/24`, 'dev', 'eth0');
    const chain = 'add chain inet test input { type filter hook input priority 0; }';
    await b.run('nft', ['-f', '-'], `add table inet test\n${chain}\nadd rule inet test input ip daddr ${silent} drop\n`);
    const [driver, servers] = await Promise.all([start(a), start(b)]);
    return {
      a,
      b,
      driver,
      local: { 4: a.address4, 6: a.address6, link: 'eth0' },
      server: { 4: b.address4, 6: b.address6 },
      silent,
      unreachable: '10.9.0.250',
      serve: (port, behaviour, tls) => servers.serve(port, behaviour, tls),
      respond: (port, behaviour) => servers.respond(port, behaviour),
      sent: () => servers.sent(),
      pass: (ms) => sleep(ms),
      drive: (promise) => promise,
      destroy,
    };
  } catch (error) {
    await destroy();
    throw error;
  }
}
