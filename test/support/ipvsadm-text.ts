/**
 * A table of virtual services as text, in the manner of `ipvsadm -Ln` without its counters, and with what that only shows when asked:
 * tunnels and thresholds. Used by tests that compare tables.
 */
import type { IpvsDestination, IpvsService, IpvsServiceId } from '@mainstay/sdk';

export interface TextService {
  readonly service: IpvsService;
  readonly destinations: readonly IpvsDestination[];
}

export function tableText(services: readonly TextService[]): string {
  return services
    .map(({ service, destinations }) => [serviceLine(service), ...destinations.map(destinationLine), ''].join('\n'))
    .join('');
}

/** The same whatever the order of services, and of destinations within them. */
export function sortedTableText(services: readonly TextService[]): string {
  const blocks = services.map(({ service, destinations }) =>
    [serviceLine(service), ...destinations.map(destinationLine).sort(), ''].join('\n'),
  );
  return blocks.sort().join('');
}

const methods = { nat: 'Masq', dr: 'Route', tun: 'Tunnel', local: 'Local', bypass: 'Bypass' } as const;

function serviceLine(service: IpvsService): string {
  const { id, scheduler, schedulerFlags = [], persistence, persistencePrefix, persistenceMask } = service;
  const { persistenceEngine, isOnePacket } = service;
  const words = [identity(id), scheduler];
  if (schedulerFlags.length > 0) words.push(`(${schedulerFlags.map((flag) => flagName(scheduler, flag)).join(',')})`);
  if (persistence !== undefined) {
    words.push(`persistent ${persistence}`);
    if (persistenceMask !== undefined) words.push(`mask ${persistenceMask}`);
    else if (persistencePrefix !== undefined) words.push(`mask ${id.family === 4 ? mask(persistencePrefix) : persistencePrefix}`);
    if (persistenceEngine !== undefined) words.push(`pe ${persistenceEngine}`);
  }
  if (isOnePacket === true) words.push('ops');
  return words.join(' ');
}

function identity(id: IpvsServiceId): string {
  if ('fwmark' in id) return `FWM  ${id.fwmark}${id.family === 6 ? ' IPv6' : ''}`;
  return `${id.protocol.toUpperCase().padEnd(4)} ${endpoint(id.address, id.port)}`;
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function flagName(scheduler: string, flag: 1 | 2 | 3): string {
  const names: readonly string[] = scheduler === 'sh' || scheduler === 'mh' ? [`${scheduler}-fallback`, `${scheduler}-port`] : [];
  return names[flag - 1] ?? `flag-${flag}`;
}

function mask(prefix: number): string {
  return [0, 8, 16, 24].map((from) => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - from)))).join('.');
}

function destinationLine({ address, port, method, tunnel, weight, upperThreshold, lowerThreshold }: IpvsDestination): string {
  const words = ['  ->', endpoint(address, port), methods[method], String(weight)];
  if (method === 'tun' && tunnel !== undefined && tunnel.type !== 'ipip') {
    words.push(tunnel.port === undefined ? tunnel.type : `${tunnel.type}:${tunnel.port}`);
    if (tunnel.checksum !== undefined && tunnel.checksum !== 'none') words.push(tunnel.checksum);
  }
  if (upperThreshold > 0) words.push(`upper ${upperThreshold}`);
  if (lowerThreshold > 0) words.push(`lower ${lowerThreshold}`);
  return words.join(' ');
}
