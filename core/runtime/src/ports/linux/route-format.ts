/** Routes as rtnetlink reads and writes them (rtmsg, RTA_*). Pure. */
import { addressBytes, type Family, formatAddress, type NewRoute, type Route } from '@mainstay/sdk';
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
  u32,
} from './codec.js';
import { addressFamily, flag, group, messageType, ourProtocol, scopeNumbers } from './rtnetlink.js';
import type { Entry, TableFormat } from './table.js';

const headerLength = 12;
const attribute = { destination: 1, outputLink: 4, gateway: 5, priority: 6, preferredSource: 7, table: 15, via: 18 } as const;
const typeNumbers = { unicast: 1, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
const localTable = 255;
/** RTM_F_CLONED: an entry of a cache, not a route. */
const cloned = 0x200;
/** RT_SCOPE_NOWHERE in a removal: whatever the scope. */
const anyScope = 255;

/** A route in the copy: more than the port shows, so that routes which differ only in their gateway stay apart. */
export interface KnownRoute {
  readonly route: Route;
  readonly tos: number;
}

function dumpOf(family: number) {
  const header = Buffer.alloc(headerLength);
  header[0] = family;
  return { type: messageType.getRoute, body: header };
}

/** `onReplaced` hears of notifications that a route took the place of another one, which they do not name. */
export function routeFormat(onReplaced: () => void): TableFormat<KnownRoute> {
  return {
    name: 'routes',
    groups: [group.ipv4Route, group.ipv6Route],
    dumps: [dumpOf(addressFamily.inet), dumpOf(addressFamily.inet6)],
    read: (message) => {
      if (message.type === messageType.newRoute && (message.flags & flag.replace) !== 0) onReplaced();
      return read(message);
    },
    keyOf: ({ route, tos }) => `${route.family} ${identityOf(route)} ${route.type} ${route.gateway ?? ''} ${tos}`,
    isSame: (a, b) => JSON.stringify(a) === JSON.stringify(b),
  };
}

/** The identity of the port's contract. */
export function identityOf({ destination, table, metric, link }: NewRoute): string {
  return `${destination} ${table} ${metric ?? 0} ${link ?? 0}`;
}

function read({ type, data }: Message): Entry<KnownRoute> | undefined {
  if (type !== messageType.newRoute && type !== messageType.delRoute) return undefined;
  const family = familyOfNumber(data[0]);
  const routeType = typeOf(data[7] ?? 0);
  if (family === undefined || routeType === undefined || (readU32(data, 8) & cloned) !== 0) return undefined;
  const attributes = attributesOf(data, headerLength);
  const table = numberIn(attributes, attribute.table) ?? data[4] ?? 0;
  if (table === localTable) return undefined;
  // The kernel hangs IPv6 routes that go nowhere on the loopback link; they have no output.
  const link = routeType === 'unicast' ? numberIn(attributes, attribute.outputLink) : undefined;
  const gateway = gatewayIn(attributes);
  const source = attributes.get(attribute.preferredSource);
  const metric = numberIn(attributes, attribute.priority) ?? 0;
  const route: Route = {
    family,
    destination: `${destinationIn(attributes, family)}/${data[1] ?? 0}`,
    ...(gateway === undefined ? {} : { gateway }),
    ...(link === undefined ? {} : { link }),
    ...(source === undefined ? {} : { source: formatAddress(source) }),
    table,
    ...(metric === 0 ? {} : { metric }),
    ...(family === 4 ? { scope: scopeOf(data[6] ?? 0) } : {}),
    type: routeType,
    isOurs: data[5] === ourProtocol,
  };
  return { kind: type === messageType.newRoute ? 'set' : 'delete', value: { route, tos: data[3] ?? 0 } };
}

function typeOf(number: number): Route['type'] | undefined {
  for (const [name, value] of Object.entries(typeNumbers)) if (value === number) return name as Route['type'];
  return undefined;
}

/** RTA_GATEWAY, or RTA_VIA where the gateway is of the other family. */
function gatewayIn(attributes: Attributes): string | undefined {
  const same = attributes.get(attribute.gateway);
  if (same !== undefined) return formatAddress(same);
  const via = attributes.get(attribute.via)?.subarray(2);
  return via?.length === 4 || via?.length === 16 ? formatAddress(via) : undefined;
}

function destinationIn(attributes: Attributes, family: Family): string {
  return formatAddress(attributes.get(attribute.destination) ?? new Uint8Array(family === 4 ? 4 : 16));
}

export interface Destination {
  readonly bytes: Uint8Array;
  readonly prefixLength: number;
}

/** `ADDRESS/LEN`, or undefined where it is none of that family. */
export function parseDestination({ destination, family }: NewRoute): Destination | undefined {
  const [address = '', length = '', ...rest] = destination.split('/');
  const prefixLength = Number(length);
  const bits = family === 4 ? 32 : 128;
  if (rest.length > 0 || !/^\d{1,3}$/.test(length) || prefixLength > bits) return undefined;
  try {
    const bytes = addressBytes(address);
    return bytes.length * 8 === bits ? { bytes, prefixLength } : undefined;
  } catch {
    return undefined;
  }
}

/** The body of RTM_NEWROUTE. A unicast route without a gateway is on the link, unless the caller says otherwise. */
export function routeAdditionOf(wanted: NewRoute, destination: Destination): Buffer {
  const onLink = wanted.type === 'unicast' && wanted.gateway === undefined && wanted.family === 4;
  const scope = wanted.scope === undefined ? (onLink ? scopeNumbers.link : 0) : scopeNumber(wanted.scope);
  return body(header(wanted, destination, scope, ourProtocol), attributesFor(wanted, destination));
}

/** The body of RTM_DELROUTE: protocol 0 and scope "nowhere" match any. */
export function routeRemovalOf(route: NewRoute, destination: Destination): Buffer {
  return body(header(route, destination, anyScope, 0), attributesFor(route, destination));
}

function header(route: NewRoute, { prefixLength }: Destination, scope: number, protocol: number): Buffer {
  const bytes = Buffer.alloc(headerLength);
  bytes[0] = familyNumber(route.family);
  bytes[1] = prefixLength;
  // RTA_TABLE says it in full; 0 here for numbers that a byte does not hold.
  bytes[4] = route.table < 256 ? route.table : 0;
  bytes[5] = protocol;
  bytes[6] = scope;
  bytes[7] = typeNumbers[route.type];
  return bytes;
}

function attributesFor(route: NewRoute, { bytes, prefixLength }: Destination): [number, Uint8Array][] {
  const attributes: [number, Uint8Array][] = [[attribute.table, u32(route.table)]];
  if (prefixLength > 0) attributes.push([attribute.destination, bytes]);
  if (route.gateway !== undefined) attributes.push(gatewayAttribute(route.family, addressBytes(route.gateway)));
  if (route.link !== undefined) attributes.push([attribute.outputLink, u32(route.link)]);
  if (route.source !== undefined) attributes.push([attribute.preferredSource, addressBytes(route.source)]);
  if (route.metric !== undefined && route.metric !== 0) attributes.push([attribute.priority, u32(route.metric)]);
  return attributes;
}

function gatewayAttribute(family: Family, gateway: Uint8Array): [number, Uint8Array] {
  const gatewayFamily = gateway.length === 4 ? 4 : 6;
  if (gatewayFamily === family) return [attribute.gateway, gateway];
  // struct rtvia: family in host order, address.
  const via = Buffer.alloc(2 + gateway.length);
  new Uint16Array(via.buffer, via.byteOffset, 1)[0] = familyNumber(gatewayFamily);
  via.set(gateway, 2);
  return [attribute.via, via];
}
