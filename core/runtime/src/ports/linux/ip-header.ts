/** Builds whole IP packets, so that source, hop limit and traffic class leave exactly as asked. Pure. */
import { addressBytes, type OutgoingPacket } from '@mainstay/sdk';

/** RFC 791 section 3.1, without options. The kernel fills in identification and checksum (raw(7)). */
export function ipv4Packet(protocol: number, packet: OutgoingPacket): Buffer {
  const bytes = Buffer.alloc(20 + packet.payload.length);
  bytes[0] = 0x45;
  bytes[1] = packet.trafficClass;
  bytes.writeUInt16BE(bytes.length, 2);
  bytes[8] = packet.hopLimit;
  bytes[9] = protocol;
  bytes.set(addressBytes(packet.source), 12);
  bytes.set(addressBytes(packet.destination), 16);
  bytes.set(packet.payload, 20);
  return bytes;
}

/** RFC 8200 section 3, flow label 0. */
export function ipv6Packet(protocol: number, packet: OutgoingPacket): Buffer {
  const bytes = Buffer.alloc(40 + packet.payload.length);
  bytes.writeUInt32BE(((6 << 28) | (packet.trafficClass << 20)) >>> 0, 0);
  bytes.writeUInt16BE(packet.payload.length, 4);
  bytes[6] = protocol;
  bytes[7] = packet.hopLimit;
  bytes.set(addressBytes(packet.source), 8);
  bytes.set(addressBytes(packet.destination), 24);
  bytes.set(packet.payload, 40);
  return bytes;
}
