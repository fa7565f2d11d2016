/**
 * Frames and packets that tell the neighbours where an address lives now: gratuitous ARP (RFC 5227 section 3: an
 * announcement, a broadcast request with sender = target) and unsolicited neighbour advertisements (RFC 4861 sections 4.4
 * and 7.2.6). Pure; sent by announcer.ts.
 */
import { addressBytes, internetChecksum, macBytes, pseudoHeader } from '@mainstay/sdk';

export const arpEtherType = 0x0806;
export const icmpv6Protocol = 58;
export const allNodesGroup = 'ff02::1';

const broadcastMac = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const neighbourAdvertisement = 136;
const routerFlag = 0x80;
const overrideFlag = 0x20;
const targetLinkLayerAddress = 2;

/** Where a gratuitous ARP has its sender's and its target's protocol address. */
const senderAddressAt = 28;
const targetAddressAt = 38;

/** A gratuitous ARP of a hardware address, for 0.0.0.0: a thousand addresses differ in eight bytes only. */
export function arpTemplate(mac: string): Uint8Array {
  const sender = macBytes(mac);
  const ip = [0, 0, 0, 0];
  const request = [0, 1, 0x08, 0x00, 6, 4, 0, 1];
  return Uint8Array.from([
    ...broadcastMac,
    ...sender,
    arpEtherType >> 8,
    arpEtherType & 255,
    ...request,
    ...sender,
    ...ip,
    ...broadcastMac,
    ...ip,
  ]);
}

/** A whole Ethernet frame. Target hardware address: broadcast, as keepalived sends it; receivers ignore it. */
export function gratuitousArp(address: string, template: Uint8Array): Uint8Array {
  const frame = template.slice();
  const ip = addressBytes(address);
  frame.set(ip, senderAddressAt);
  frame.set(ip, targetAddressAt);
  return frame;
}

/** An ICMPv6 message for all nodes: router, not solicited, override, with the target's link-layer address. */
export function unsolicitedNeighbourAdvertisement(address: string, mac: string, source: string): Uint8Array {
  const head = [neighbourAdvertisement, 0, 0, 0, routerFlag | overrideFlag, 0, 0, 0];
  const bytes = Uint8Array.from([...head, ...addressBytes(address), targetLinkLayerAddress, 1, ...macBytes(mac)]);
  const checksum = internetChecksum(pseudoHeader(source, allNodesGroup, icmpv6Protocol, bytes.length), bytes);
  bytes[2] = checksum >> 8;
  bytes[3] = checksum & 255;
  return bytes;
}
