/** ICMP echo (RFC 792, RFC 4443 section 4): what `ping` sends and every simulated kernel answers. */
import type { Family } from '@mainstay/sdk';
import { checksum6, type IpPacket, internetChecksum } from '../network/ip-packet.js';
import { icmp6 } from '../network/ndp.js';

export interface EchoReply {
  readonly id: number;
  readonly source: string;
  /** Hardware address that the reply came from; empty where it is this host's own. */
  readonly mac: string;
}

const icmp = 1;
const types = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;

export function echoRequest(source: string, destination: string, id: number): IpPacket {
  const family: Family = destination.includes(':') ? 6 : 4;
  return echo(family, source, destination, types[family].request, Uint8Array.of(id >> 8, id & 255, 0, 1));
}

function echo(family: Family, source: string, destination: string, type: number, rest: Uint8Array): IpPacket {
  const payload = new Uint8Array(4 + rest.length);
  payload[0] = type;
  payload.set(rest, 4);
  const protocol = family === 4 ? icmp : icmp6;
  const packet: IpPacket = { family, source, destination, protocol, hopLimit: 64, trafficClass: 0, payload };
  const checksum = family === 4 ? internetChecksum(payload) : checksum6(packet);
  payload[2] = checksum >> 8;
  payload[3] = checksum & 255;
  return packet;
}

function isIntact(packet: IpPacket, type: number): boolean {
  const { family, protocol, payload } = packet;
  if (protocol !== (family === 4 ? icmp : icmp6) || payload.length < 8 || payload[0] !== type) return false;
  return (family === 4 ? internetChecksum(payload) : checksum6(packet)) === 0;
}

/** The reply to an echo request; undefined for every other packet. */
export function answerEcho(packet: IpPacket): IpPacket | undefined {
  if (!isIntact(packet, types[packet.family].request)) return undefined;
  return echo(packet.family, packet.destination, packet.source, types[packet.family].reply, packet.payload.slice(4));
}

export function readEchoReply(packet: IpPacket): Omit<EchoReply, 'mac'> | undefined {
  if (!isIntact(packet, types[packet.family].reply)) return undefined;
  return { id: ((packet.payload[4] ?? 0) << 8) | (packet.payload[5] ?? 0), source: packet.source };
}
