/** Opens the ports that the plugins of a process need: those to the host cost nothing, those to the network open sockets. */
import type { PortName, Ports } from '@mainstay/sdk';
import { openHostPorts } from '../ports/host/index.js';

const hostPorts: ReadonlySet<PortName> = new Set<PortName>(['process', 'modules', 'files']);

/**
 * Only what `needs` names is sure to be there; the host hands no plugin more than its manifest names. `onError` hears what no
 * call can report. Rejects where a native part or a privilege lacks.
 */
export async function openPorts(needs: ReadonlySet<PortName>, onError: (error: unknown) => void): Promise<Ports> {
  const host = openHostPorts();
  if ([...needs].every((need) => hostPorts.has(need))) return host as Ports;
  const { openLinuxPorts } = await import('../ports/linux/index.js');
  const { links, addresses, routes, rawIp, linkLayer, pacemaker, firewall } = await openLinuxPorts({ needs, onError });
  return { links, addresses, routes, rawIp, linkLayer, pacemaker, firewall, ...host } as Ports;
}
