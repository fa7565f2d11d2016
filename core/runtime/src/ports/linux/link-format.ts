/** Links as rtnetlink writes them (ifinfomsg, IFLA_*). Pure. */
import { type Link, macText } from '@mainstay/sdk';
import { attributesOf, body, type Message, numberIn, readS32, readU32, textIn, u32 } from './codec.js';
import { addressFamily, group, messageType } from './rtnetlink.js';
import type { Entry, TableFormat } from './table.js';

const headerLength = 16;
const attribute = { address: 1, name: 3, mtu: 4, extendedMask: 29 } as const;
/** RTEXT_FILTER_SKIP_STATS: counters are most of the bytes of a link. */
const skipStatistics = 1 << 3;
/** IFF_*: administratively up, loopback, operationally up (carrier, and not dormant). */
const flags = { up: 0x1, loopback: 0x8, running: 0x40 } as const;

export const linkFormat: TableFormat<Link> = {
  name: 'links',
  groups: [group.link],
  dumps: [{ type: messageType.getLink, body: body(Buffer.alloc(headerLength), [[attribute.extendedMask, u32(skipStatistics)]]) }],
  read,
  keyOf: (link) => String(link.index),
  isSame: (a, b) => a.name === b.name && a.isUp === b.isUp && a.mac === b.mac && a.mtu === b.mtu && a.isLoopback === b.isLoopback,
};

function read({ type, data }: Message): Entry<Link> | undefined {
  if (type !== messageType.newLink && type !== messageType.delLink) return undefined;
  // A bridge says "deleted" in its own family when a port leaves it; the link itself stays.
  if (data[0] !== addressFamily.unspecified) return undefined;
  const bits = readU32(data, 8);
  const attributes = attributesOf(data, headerLength);
  const value: Link = {
    index: readS32(data, 4),
    name: textIn(attributes, attribute.name) ?? '',
    isUp: (bits & flags.up) !== 0 && (bits & flags.running) !== 0,
    mac: hardwareAddress(attributes.get(attribute.address)),
    mtu: numberIn(attributes, attribute.mtu) ?? 0,
    isLoopback: (bits & flags.loopback) !== 0,
  };
  return { kind: type === messageType.newLink ? 'set' : 'delete', value };
}

/** Six bytes as text; empty for links without a hardware address (all zero on loopback), or with one of another kind. */
function hardwareAddress(bytes: Buffer | undefined): string {
  if (bytes?.length !== 6 || bytes.every((byte) => byte === 0)) return '';
  return macText(bytes);
}
