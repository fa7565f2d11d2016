/** A virtual service as the kernel's attributes, both ways. Pure. */
import { type Family, formatAddress, type IpvsProtocol, type IpvsService, type IpvsServiceId, prefixOfMask } from '@mainstay/sdk';
import { familyNumber, familyOfNumber } from '../linux/codec.js';
import { type Attributes, needed } from './attributes.js';
import type { MessageWriter } from './message-writer.js';
import { serviceAttribute as attribute, serviceFlag as flag, protocolNumber, top } from './numbers.js';
import { addressOf, shortName, UnsoundError, wholeNumber } from './sound.js';

/** What ipvsadm accepts: 31 days. The kernel's own arithmetic overflows some weeks above. */
const longestPersistence = 31 * 86400;
const allFlags = 0xffffffff;
const schedulerFlags = [
  [1, flag.scheduler1],
  [2, flag.scheduler2],
  [3, flag.scheduler3],
] as const;

export function writeServiceId(out: MessageWriter, id: IpvsServiceId): void {
  const opened = out.open(top.service);
  writeIdentity(out, id);
  out.close(opened);
}

export function writeService(out: MessageWriter, service: IpvsService): void {
  const opened = out.open(top.service);
  writeServiceFields(out, service);
  out.close(opened);
}

/** What is within the nested attribute of a service. */
export function writeServiceFields(out: MessageWriter, service: IpvsService): void {
  const { id, persistence, persistenceEngine } = service;
  writeIdentity(out, id);
  out.text(attribute.scheduler, shortName('the scheduler', service.scheduler));
  if (persistenceEngine !== undefined) out.text(attribute.engine, shortName('the persistence engine', persistenceEngine));
  out.pair(attribute.flags, flagsOf(service), allFlags);
  out.u32(attribute.timeout, wholeNumber('the persistence timeout', persistence ?? 0, 0, longestPersistence));
  out.u32(attribute.netmask, netmaskOf(service));
}

function writeIdentity(out: MessageWriter, id: IpvsServiceId): void {
  out.u16(attribute.family, familyNumber(id.family));
  if ('fwmark' in id) {
    out.u32(attribute.fwmark, wholeNumber('the firewall mark', id.fwmark, 1, 0xffffffff));
    return;
  }
  const protocol: number | undefined = protocolNumber[id.protocol];
  if (protocol === undefined) throw new UnsoundError(`the protocol is "${id.protocol}", not one of tcp, udp, sctp`);
  out.u16(attribute.protocol, protocol);
  out.bytes(attribute.address, addressOf('the address of the service', id.family, id.address), 16);
  out.be16(attribute.port, wholeNumber('the port of the service', id.port, 0, 65535));
}

function flagsOf(service: IpvsService): number {
  let flags = service.persistence === undefined ? 0 : flag.persistent;
  if (service.isOnePacket === true) flags |= flag.onePacket;
  for (const [number, bit] of schedulerFlags) if (service.schedulerFlags?.includes(number) === true) flags |= bit;
  return flags;
}

/** Of IPv4 a mask in network order, of IPv6 the prefix length; without persistence nobody looks at it. */
function netmaskOf({ id: { family }, persistence, persistencePrefix, persistenceMask }: IpvsService): number {
  const bits = family === 4 ? 32 : 128;
  if (persistenceMask !== undefined && persistence !== undefined) {
    if (family === 6) throw new UnsoundError(`the persistence mask is ${persistenceMask}, and IPv6 has a prefix in its place`);
    return inNetworkOrder(Buffer.from(addressOf('the persistence mask', 4, persistenceMask)).readUInt32BE());
  }
  const asked = persistence === undefined ? undefined : persistencePrefix;
  const length = wholeNumber('the persistence prefix', asked ?? bits, family === 4 ? 0 : 1, bits);
  if (family === 6) return length;
  return inNetworkOrder(length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);
}

const swap = new DataView(new ArrayBuffer(4));
const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function inNetworkOrder(value: number): number {
  swap.setUint32(0, value);
  return swap.getUint32(0, isLittleEndian);
}

function maskOf(netmask: number): string {
  swap.setUint32(0, inNetworkOrder(netmask));
  return formatAddress(new Uint8Array(swap.buffer));
}

/** `undefined`: of a protocol or family that this port does not know, so somebody else's. */
export function readServiceId(nest: Attributes): IpvsServiceId | undefined {
  const family = familyOfNumber(needed('the family of a service', nest.u16(attribute.family)));
  if (family === undefined) return undefined;
  const fwmark = nest.u32(attribute.fwmark);
  if (fwmark !== undefined) return { family, fwmark };
  const protocol = protocolOf(needed('the protocol of a service', nest.u16(attribute.protocol)));
  if (protocol === undefined) return undefined;
  const address = needed('the address of a service', readAddress(nest, attribute.address, family));
  return { family, protocol, address, port: needed('the port of a service', nest.be16(attribute.port)) };
}

/** The kernel keeps every address in 16 bytes, one of IPv4 in the first four. */
export function readAddress(nest: Attributes, type: number, family: Family): string | undefined {
  const bytes = nest.bytes(type, family === 4 ? 4 : 16);
  return bytes && formatAddress(bytes.subarray(0, family === 4 ? 4 : 16));
}

function protocolOf(number: number): IpvsProtocol | undefined {
  for (const [name, value] of Object.entries(protocolNumber)) if (value === number) return name as IpvsProtocol;
  return undefined;
}

export function readService(nest: Attributes): IpvsService | undefined {
  const id = readServiceId(nest);
  if (id === undefined) return undefined;
  const flags = needed('the flags of a service', nest.u32(attribute.flags));
  const numbers = schedulerFlags.flatMap(([number, bit]) => ((flags & bit) === 0 ? [] : [number]));
  const engine = nest.text(attribute.engine);
  return {
    id,
    scheduler: needed('the scheduler of a service', nest.text(attribute.scheduler)),
    ...((flags & flag.persistent) !== 0 && readPersistence(nest, id.family)),
    ...(engine !== undefined && { persistenceEngine: engine }),
    ...((flags & flag.onePacket) !== 0 && { isOnePacket: true }),
    ...(numbers.length > 0 && { schedulerFlags: numbers }),
  };
}

type Persistence = Pick<IpvsService, 'persistence' | 'persistencePrefix' | 'persistenceMask'>;

function readPersistence(nest: Attributes, family: Family): Persistence {
  const persistence = needed('the timeout of a service', nest.u32(attribute.timeout));
  const netmask = needed('the netmask of a service', nest.u32(attribute.netmask));
  const mask = family === 4 ? maskOf(netmask) : '';
  const length = family === 4 ? prefixOfMask(mask) : netmask;
  if (length === undefined) return { persistence, persistenceMask: mask };
  return length === (family === 4 ? 32 : 128) ? { persistence } : { persistence, persistencePrefix: length };
}
