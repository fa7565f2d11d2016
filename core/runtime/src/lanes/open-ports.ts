/**
 * Opens the ports that the plugins of a process need: those to the host and to servers cost nothing, the kernel's table of virtual
 * services one socket when it is used, those to the network several at once.
 */
import type { Ipvs, PortName, Ports } from '@mainstay/sdk';
import { openHostPorts } from '../ports/host/index.js';
import { openSocketPorts } from '../ports/sockets/index.js';

/** These need no copy of the kernel's links, addresses and routes, and no raw socket. */
const aside: ReadonlySet<PortName> = new Set<PortName>([
  'process',
  'modules',
  'files',
  'tcp',
  'tls',
  'udp',
  'icmp',
  'ipvs',
  'checks',
]);

/**
 * Only what `needs` names is sure to be there; the host hands no plugin more than its manifest names. `onError` hears what no
 * call can report. Rejects where a native part or a privilege lacks.
 */
export async function openPorts(needs: ReadonlySet<PortName>, onError: (error: unknown) => void): Promise<Ports> {
  const light = { ...openHostPorts(), ...openSocketPorts(), ...(needs.has('ipvs') && { ipvs: await openIpvs(onError) }) };
  if ([...needs].every((need) => aside.has(need))) return light as Ports;
  const { openLinuxPorts } = await import('../ports/linux/index.js');
  const { links, addresses, routes, rawIp, linkLayer, pacemaker, firewall } = await openLinuxPorts({ needs, onError });
  return { links, addresses, routes, rawIp, linkLayer, pacemaker, firewall, ...light } as Ports;
}

async function openIpvs(onError: (error: unknown) => void): Promise<Ipvs> {
  const { LinuxIpvs } = await import('../ports/ipvs/index.js');
  return new LinuxIpvs({ onError });
}
