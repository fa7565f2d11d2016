/** A destination of a virtual service as the kernel's attributes, both ways. Pure. */
import type { Family, IpvsDestination, IpvsDestinationId, IpvsTunnel } from '@mainstay/sdk';
import { familyNumber, familyOfNumber } from '../linux/codec.js';
import { type Attributes, needed } from './attributes.js';
import type { MessageWriter } from './message-writer.js';
import { destinationAttribute as attribute, checksums, methodMask, methods, top, tunnelTypes } from './numbers.js';
import { readAddress } from './service-format.js';
import { addressOf, indexIn, UnsoundError, wholeNumber } from './sound.js';

const mostWeight = 0x7fffffff;
const mostConnections = 0xffffffff;

export function writeDestinationId(out: MessageWriter, id: IpvsDestinationId): void {
  const opened = out.open(top.destination);
  writeIdentity(out, id);
  out.close(opened);
}

export function writeDestination(out: MessageWriter, destination: IpvsDestination): void {
  const opened = out.open(top.destination);
  writeDestinationFields(out, destination);
  out.close(opened);
}

/** What is within the nested attribute of a destination. */
export function writeDestinationFields(out: MessageWriter, destination: IpvsDestination): void {
  const { method, tunnel } = destination;
  writeIdentity(out, destination);
  out.u32(attribute.method, indexIn('the forwarding method', methods, method));
  out.u32(attribute.weight, wholeNumber('the weight', destination.weight, 0, mostWeight));
  out.u32(attribute.upperThreshold, wholeNumber('the upper threshold', destination.upperThreshold, 0, mostConnections));
  out.u32(attribute.lowerThreshold, wholeNumber('the lower threshold', destination.lowerThreshold, 0, mostConnections));
  if (method === 'tun' && tunnel !== undefined) writeTunnel(out, tunnel);
}

function writeIdentity(out: MessageWriter, id: IpvsDestinationId): void {
  out.u16(attribute.family, familyNumber(id.family));
  out.bytes(attribute.address, addressOf('the address of the destination', id.family, id.address), 16);
  out.be16(attribute.port, wholeNumber('the port of the destination', id.port, 0, 65535));
}

function writeTunnel(out: MessageWriter, { type, port, checksum }: IpvsTunnel): void {
  if (type === 'gue' && port === undefined) throw new UnsoundError('a tunnel of type gue needs a port');
  out.u8(attribute.tunnelType, indexIn('the type of the tunnel', tunnelTypes, type));
  out.be16(attribute.tunnelPort, wholeNumber('the port of the tunnel', port ?? 0, 0, 65535));
  out.u16(attribute.tunnelFlags, indexIn('the checksum of the tunnel', checksums, checksum ?? 'none'));
}

/** `undefined`: of a family or method that this port does not know. `serviceFamily` is for kernels before 3.18, which name none. */
export function readDestination(nest: Attributes, serviceFamily: Family): IpvsDestination | undefined {
  const id = readDestinationId(nest, serviceFamily);
  const method = methods[needed('the method of a destination', nest.u32(attribute.method)) & methodMask];
  if (id === undefined || method === undefined) return undefined;
  const tunnel = method === 'tun' ? readTunnel(nest) : undefined;
  const { family, address, port } = id;
  const known: IpvsDestination = {
    family,
    address,
    port,
    method,
    weight: needed('the weight of a destination', nest.u32(attribute.weight)) | 0,
    upperThreshold: needed('the upper threshold of a destination', nest.u32(attribute.upperThreshold)),
    lowerThreshold: needed('the lower threshold of a destination', nest.u32(attribute.lowerThreshold)),
  };
  return tunnel === undefined ? known : { ...known, tunnel };
}

export function readDestinationId(nest: Attributes, serviceFamily: Family): IpvsDestinationId | undefined {
  const number = nest.u16(attribute.family);
  const family = number === undefined || number === 0 ? serviceFamily : familyOfNumber(number);
  if (family === undefined) return undefined;
  const address = needed('the address of a destination', readAddress(nest, attribute.address, family));
  return { family, address, port: needed('the port of a destination', nest.be16(attribute.port)) };
}

/** A plain tunnel is told as none: that is how it is asked for, too. */
function readTunnel(nest: Attributes): IpvsTunnel | undefined {
  const type = tunnelTypes[nest.u8(attribute.tunnelType) ?? 0];
  const port = nest.be16(attribute.tunnelPort) ?? 0;
  const checksum = checksums[nest.u16(attribute.tunnelFlags) ?? 0] ?? 'none';
  if (type === undefined || (type === 'ipip' && port === 0 && checksum === 'none')) return undefined;
  return { type, ...(port !== 0 && { port }), ...(checksum !== 'none' && { checksum }) };
}

/** What the kernel counts of its connections. */
export function readConnections(nest: Attributes) {
  return {
    activeConnections: nest.u32(attribute.active) ?? 0,
    inactiveConnections: nest.u32(attribute.inactive) ?? 0,
    persistentConnections: nest.u32(attribute.persistent) ?? 0,
  };
}
