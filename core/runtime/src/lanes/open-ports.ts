/** Opens the ports that the plugins of a process need: those to the host and to servers cost nothing, those to the network open sockets. */
import type { Ipvs, PortName, Ports } from '@mainstay/sdk';
import { openHostPorts } from '../ports/host/index.js';
import { openSocketPorts } from '../ports/sockets/index.js';

/** Open nothing until they are used: a lane of checkers keeps no copy of the kernel's tables. */
const idlePorts: ReadonlySet<PortName> = new Set<PortName>(['process', 'modules', 'files', 'tcp', 'tls', 'udp', 'icmp']);
/** Opened alone: a lane that only balances load keeps no copy of the routes, and opens no raw socket. */
const aside: ReadonlySet<PortName> = new Set<PortName>(['ipvs']);

/**
 * Only what `needs` names is sure to be there; the host hands no plugin more than its manifest names. `onError` hears what no
 * call can report. Rejects where a native part or a privilege lacks.
 */
export async function openPorts(needs: ReadonlySet<PortName>, onError: (error: unknown) => void): Promise<Ports> {
  const idle = { ...openHostPorts(), ...openSocketPorts(), ...(needs.has('ipvs') && { ipvs: await openIpvs(onError) }) };
  if ([...needs].every((need) => idlePorts.has(need) || aside.has(need))) return idle as Ports;
  const { openLinuxPorts } = await import('../ports/linux/index.js');
  const { links, addresses, routes, rawIp, linkLayer, pacemaker, firewall } = await openLinuxPorts({ needs, onError });
  return { links, addresses, routes, rawIp, linkLayer, pacemaker, firewall, ...idle } as Ports;
}

async function openIpvs(onError: (error: unknown) => void): Promise<Ipvs> {
  const { LinuxIpvs } = await import('../ports/ipvs/index.js');
  return new LinuxIpvs({ onError });
}
