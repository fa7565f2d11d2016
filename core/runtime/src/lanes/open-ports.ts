/** Opens the ports that the plugins of a process need: those to the host cost nothing, those to the network open sockets. */
import type { PortName, Ports } from '@mainstay/sdk';
import { openHostPorts } from '../ports/host/index.js';

const hostPorts: ReadonlySet<PortName> = new Set<PortName>(['process', 'modules', 'files']);

/** Only what `needs` names is there; the host hands no plugin more than its manifest names. */
export async function openPorts(needs: ReadonlySet<PortName>): Promise<Ports> {
  const host = openHostPorts();
  if ([...needs].every((need) => hostPorts.has(need))) return host as Ports;
  const linux: string = '../ports/linux/index.js';
  const { openLinuxPorts } = await import(linux);
  return { ...(await openLinuxPorts({ needs })), ...host };
}
