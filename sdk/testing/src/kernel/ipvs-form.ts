/** What is sound in an edit of the simulated IPVS table, and the form in which Linux tells it again. Pure. */
import {
  canonicalAddress,
  type Family,
  type IpvsDestination,
  type IpvsDestinationId,
  type IpvsService,
  type IpvsServiceId,
  type IpvsTunnel,
  parseAddress,
  prefixOfMask,
} from '@mainstay/sdk';

const longestPersistence = 31 * 86400;

function within(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function isAddress(family: Family, text: string): boolean {
  return parseAddress(text)?.length === (family === 4 ? 4 : 16);
}

function isName(text: string): boolean {
  return text.length > 0 && text.length <= 15;
}

export function isSoundId(id: IpvsServiceId): boolean {
  if ('fwmark' in id) return within(id.fwmark, 1, 0xffffffff);
  return ['tcp', 'udp', 'sctp'].includes(id.protocol) && isAddress(id.family, id.address) && within(id.port, 0, 65535);
}

export function isSoundService(service: IpvsService): boolean {
  const { id, scheduler, persistence, persistencePrefix, persistenceMask, persistenceEngine } = service;
  if (!isSoundId(id) || !isName(scheduler) || (persistenceEngine !== undefined && !isName(persistenceEngine))) return false;
  if (persistence === undefined) return true;
  if (persistenceMask !== undefined && (id.family !== 4 || !isAddress(4, persistenceMask))) return false;
  const bits = id.family === 4 ? 32 : 128;
  return within(persistence, 0, longestPersistence) && within(persistencePrefix ?? bits, id.family === 4 ? 0 : 1, bits);
}

export function isSoundDestinationId({ family, address, port }: IpvsDestinationId): boolean {
  return isAddress(family, address) && within(port, 0, 65535);
}

export function isSoundDestination(destination: IpvsDestination): boolean {
  const { weight, upperThreshold, lowerThreshold, method, tunnel } = destination;
  const numbers = within(weight, 0, 0x7fffffff) && within(upperThreshold, 0, 0xffffffff) && within(lowerThreshold, 0, 0xffffffff);
  const hasPort = method !== 'tun' || tunnel?.type !== 'gue' || within(tunnel.port ?? 0, 1, 65535);
  return isSoundDestinationId(destination) && numbers && hasPort;
}

export function canonicalId(id: IpvsServiceId): IpvsServiceId {
  if ('fwmark' in id) return { family: id.family, fwmark: id.fwmark };
  const { family, protocol, address, port } = id;
  return { family, protocol, address: canonicalAddress(address) ?? address, port };
}

export function serviceKey(id: IpvsServiceId): string {
  const canonical = canonicalId(id);
  return 'fwmark' in canonical
    ? `${canonical.family} ${canonical.fwmark}`
    : `${canonical.protocol} ${canonical.address} ${canonical.port}`;
}

export function destinationKey({ address, port }: IpvsDestinationId): string {
  return `${canonicalAddress(address) ?? address} ${port}`;
}

export function canonicalService(service: IpvsService): IpvsService {
  const { id, scheduler, persistence, persistenceEngine, isOnePacket, schedulerFlags } = service;
  const flags = ([1, 2, 3] as const).filter((flag) => schedulerFlags?.includes(flag) === true);
  return {
    id: canonicalId(id),
    scheduler,
    ...(persistence !== undefined && { persistence, ...clientsOf(service) }),
    ...(persistenceEngine !== undefined && { persistenceEngine }),
    ...(isOnePacket === true && { isOnePacket }),
    ...(flags.length > 0 && { schedulerFlags: flags }),
  };
}

/** Which clients are the same client: nothing where that is told by the whole address. */
function clientsOf({ id, persistencePrefix, persistenceMask }: IpvsService) {
  const prefix = persistenceMask === undefined ? persistencePrefix : prefixOfMask(persistenceMask);
  if (persistenceMask !== undefined && prefix === undefined) return { persistenceMask };
  return prefix === undefined || prefix === (id.family === 4 ? 32 : 128) ? {} : { persistencePrefix: prefix };
}

export function canonicalDestination(destination: IpvsDestination): IpvsDestination {
  const { family, address, port, method, weight, upperThreshold, lowerThreshold } = destination;
  const tunnel = method === 'tun' ? canonicalTunnel(destination.tunnel) : undefined;
  return {
    family,
    address: canonicalAddress(address) ?? address,
    port,
    method,
    ...(tunnel !== undefined && { tunnel }),
    weight,
    upperThreshold,
    lowerThreshold,
  };
}

function canonicalTunnel(tunnel: IpvsTunnel | undefined): IpvsTunnel | undefined {
  if (tunnel === undefined) return undefined;
  const { type, port = 0, checksum = 'none' } = tunnel;
  if (type === 'ipip' && port === 0 && checksum === 'none') return undefined;
  return { type, ...(port !== 0 && { port }), ...(checksum !== 'none' && { checksum }) };
}
