/** Addresses as rtnetlink reads and writes them (ifaddrmsg, IFA_*). Pure. */
import { type AddressKey, addressBytes, formatAddress, type InterfaceAddress, type NewAddress } from '@mainstay/sdk';
import {
  type Attributes,
  attributesOf,
  body,
  familyNumber,
  familyOfNumber,
  type Message,
  numberIn,
  readU32,
  scopeNumber,
  scopeOf,
  text,
  textIn,
  u32,
} from './codec.js';
import { addressFamily, group, messageType, ourProtocol } from './rtnetlink.js';
import type { Entry, TableFormat } from './table.js';

const headerLength = 8;
const attribute = { address: 1, local: 2, label: 3, broadcast: 4, cacheInfo: 6, flags: 8, protocol: 11 } as const;
const flags = {
  noDad: 0x2,
  home: 0x10,
  tentative: 0x40,
  manageTemporary: 0x100,
  noPrefixRoute: 0x200,
  autoJoin: 0x400,
} as const;
const forever = 0xffffffff;

function dumpOf(family: number) {
  const header = Buffer.alloc(headerLength);
  header[0] = family;
  return { type: messageType.getAddress, body: header };
}

/** `linkName` answers the name of a link: its addresses carry it as their label unless they have one of their own. */
export function addressFormat(linkName: (index: number) => string | undefined): TableFormat<InterfaceAddress> {
  return {
    name: 'addresses',
    groups: [group.ipv4Address, group.ipv6Address],
    dumps: [dumpOf(addressFamily.inet), dumpOf(addressFamily.inet6)],
    read: (message) => read(message, linkName),
    keyOf: addressKeyOf,
    isSame,
  };
}

/** As the kernel tells addresses of a link apart: IPv6 regardless of the prefix length. */
export function addressKeyOf({ link, family, address, prefixLength }: AddressKey): string {
  return family === 6 ? `${link} ${address}` : `${link} ${address}/${prefixLength}`;
}

function read(message: Message, linkName: (index: number) => string | undefined): Entry<InterfaceAddress> | undefined {
  const { type, data } = message;
  if (type !== messageType.newAddress && type !== messageType.delAddress) return undefined;
  const family = familyOfNumber(data[0]);
  const attributes = attributesOf(data, headerLength);
  const prefixAddress = attributes.get(attribute.address);
  const local = attributes.get(attribute.local) ?? prefixAddress;
  if (family === undefined || local === undefined) return undefined;
  const link = readU32(data, 4);
  const address = formatAddress(local);
  const peer = prefixAddress && formatAddress(prefixAddress);
  const broadcast = attributes.get(attribute.broadcast);
  const label = textIn(attributes, attribute.label);
  const value: InterfaceAddress = {
    link,
    family,
    address,
    prefixLength: data[1] ?? 0,
    ...(peer !== undefined && peer !== address ? { peer } : {}),
    ...(broadcast ? { broadcast: formatAddress(broadcast) } : {}),
    ...(label !== undefined && label !== linkName(link) ? { label } : {}),
    scope: scopeOf(data[3] ?? 0),
    ...flagsOf(numberIn(attributes, attribute.flags) ?? data[2] ?? 0),
    ...lifetimesOf(attributes),
    isOurs: attributes.get(attribute.protocol)?.[0] === ourProtocol,
  };
  return { kind: type === messageType.newAddress ? 'set' : 'delete', value };
}

function flagsOf(bits: number): Partial<InterfaceAddress> {
  return {
    ...((bits & flags.noDad) !== 0 ? { noDad: true } : {}),
    ...((bits & flags.home) !== 0 ? { home: true } : {}),
    ...((bits & flags.manageTemporary) !== 0 ? { manageTemporary: true } : {}),
    ...((bits & flags.noPrefixRoute) !== 0 ? { noPrefixRoute: true } : {}),
    ...((bits & flags.autoJoin) !== 0 ? { autoJoin: true } : {}),
    ...((bits & flags.tentative) !== 0 ? { isTentative: true } : {}),
  };
}

function lifetimesOf(attributes: Attributes): Partial<InterfaceAddress> {
  const cacheInfo = attributes.get(attribute.cacheInfo);
  if (cacheInfo === undefined || cacheInfo.length < 8) return {};
  const preferredLifetime = readU32(cacheInfo, 0);
  const validLifetime = readU32(cacheInfo, 4);
  return {
    ...(preferredLifetime !== forever ? { preferredLifetime } : {}),
    ...(validLifetime !== forever ? { validLifetime } : {}),
  };
}

/** Lifetimes that count down are no change; becoming deprecated, or eternal, is. */
function isSame(a: InterfaceAddress, b: InterfaceAddress): boolean {
  const lifetimeKind = (seconds: number | undefined) => (seconds === undefined ? 'forever' : seconds === 0 ? 'over' : 'counting');
  const comparable = ({ preferredLifetime, validLifetime, ...rest }: InterfaceAddress) =>
    JSON.stringify([rest, lifetimeKind(preferredLifetime), lifetimeKind(validLifetime)]);
  return comparable(a) === comparable(b);
}

function header(key: AddressKey, scope: number): Buffer {
  const bytes = Buffer.alloc(headerLength);
  bytes[0] = familyNumber(key.family);
  bytes[1] = key.prefixLength;
  bytes[3] = scope;
  bytes.set(u32(key.link), 4);
  return bytes;
}

/** The body of RTM_NEWADDR. Kernels before 5.18 skip the mark. */
export function additionOf(wanted: NewAddress): Buffer {
  const local = addressBytes(wanted.address);
  const bits =
    (wanted.noDad === true ? flags.noDad : 0) |
    (wanted.home === true ? flags.home : 0) |
    (wanted.manageTemporary === true ? flags.manageTemporary : 0) |
    (wanted.noPrefixRoute === true ? flags.noPrefixRoute : 0) |
    (wanted.autoJoin === true ? flags.autoJoin : 0);
  const attributes: [number, Uint8Array][] = [
    [attribute.local, local],
    [attribute.address, wanted.peer === undefined ? local : addressBytes(wanted.peer)],
  ];
  if (wanted.broadcast !== undefined) attributes.push([attribute.broadcast, addressBytes(wanted.broadcast)]);
  if (wanted.label !== undefined) attributes.push([attribute.label, text(wanted.label)]);
  if (bits !== 0) attributes.push([attribute.flags, u32(bits)]);
  if (wanted.preferredLifetime !== undefined) {
    attributes.push([attribute.cacheInfo, Buffer.concat([u32(wanted.preferredLifetime), u32(forever), u32(0), u32(0)])]);
  }
  attributes.push([attribute.protocol, Uint8Array.of(ourProtocol)]);
  return body(header(wanted, scopeNumber(wanted.scope)), attributes);
}

/** The body of RTM_DELADDR. IPv4 looks at the peer too, where the address has one. */
export function removalOf(key: AddressKey, peer: string | undefined): Buffer {
  const local = addressBytes(key.address);
  return body(header(key, 0), [
    [attribute.local, local],
    [attribute.address, peer === undefined ? local : addressBytes(peer)],
  ]);
}
