/** The ports to servers: of a simulated process, or of nothing but a clock. Used by ports/index.ts and by tests of checkers. */
import type { Clock, Ports } from '@mainstay/sdk';
import type { SimulatedProcess } from '../kernel/process.js';
import type { Client } from '../servers/client.js';
import type { SimulatedServers } from '../servers/servers.js';
import { simulatedIcmp } from './icmp.js';
import { simulatedTcp } from './tcp.js';
import { simulatedTls } from './tls.js';
import { simulatedUdp } from './udp.js';

export type SimulatedSockets = Pick<Ports, 'tcp' | 'tls' | 'udp' | 'icmp'>;

/** For `runChecker` and the like, where there is no simulated host. */
export function simulatedSockets(servers: SimulatedServers, clock: Clock = servers.clock): SimulatedSockets {
  return portsOf({ servers, clock, refuses: () => undefined, atEnd: () => () => {} });
}

export function socketsOf(process: SimulatedProcess): SimulatedSockets {
  const { kernel, clock } = process;
  return portsOf({
    servers: kernel.servers,
    clock,
    refuses: (operation, { link, localAddress }) =>
      kernel.faults.due(operation) ??
      (link !== undefined && !kernel.links.list().some(({ name }) => name === link)
        ? 'ENODEV'
        : localAddress !== undefined && !kernel.hasAddress(localAddress)
          ? 'EADDRNOTAVAIL'
          : undefined),
    atEnd: (end) => process.atEnd(end),
  });
}

function portsOf(client: Client): SimulatedSockets {
  return { tcp: simulatedTcp(client), tls: simulatedTls(client), udp: simulatedUdp(client), icmp: simulatedIcmp(client) };
}
