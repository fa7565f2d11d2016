/** Neighbour solicitations and advertisements (RFC 4861 sections 4.3 and 4.4). Used by the simulated kernel's neighbour cache. */
import { addressBytes, formatAddress } from '@mainstay/sdk';
import { checksum6, type IpPacket } from './ip-packet.js';
import { macBytes, macText } from './mac.js';

export const icmp6 = 58;
const solicitation = 135;
const advertisement = 136;

export interface NdpMessage {
  readonly kind: 'solicitation' | 'advertisement';
  readonly target: string;
  /** Link-layer address option: of the source in a solicitation, of the target in an advertisement. */
  readonly mac: string | undefined;
  readonly isSolicited: boolean;
  readonly isOverride: boolean;
}

export function encodeNdp(source: string, destination: string, message: NdpMessage): IpPacket {
  const isQuestion = message.kind === 'solicitation';
  const payload = new Uint8Array(24 + (message.mac === undefined ? 0 : 8));
  payload[0] = isQuestion ? solicitation : advertisement;
  payload[4] = (message.isSolicited ? 0x40 : 0) | (message.isOverride ? 0x20 : 0);
  payload.set(addressBytes(message.target), 8);
  if (message.mac !== undefined) {
    payload.set([isQuestion ? 1 : 2, 1], 24);
    payload.set(macBytes(message.mac), 26);
  }
  const packet: IpPacket = { family: 6, source, destination, protocol: icmp6, hopLimit: 255, trafficClass: 0, payload };
  new DataView(payload.buffer).setUint16(2, checksum6(packet));
  return packet;
}

/** Undefined for other messages and for what RFC 4861 section 7.1 has a node discard. */
export function decodeNdp(packet: IpPacket): NdpMessage | undefined {
  const { payload } = packet;
  const type = payload[0];
  if (packet.protocol !== icmp6 || packet.hopLimit !== 255 || payload.length < 24 || payload[1] !== 0) return undefined;
  if ((type !== solicitation && type !== advertisement) || checksum6(packet) !== 0) return undefined;
  const wanted = type === solicitation ? 1 : 2;
  return {
    kind: type === solicitation ? 'solicitation' : 'advertisement',
    target: formatAddress(payload.subarray(8, 24)),
    mac: linkLayerOption(payload, wanted),
    isSolicited: ((payload[4] ?? 0) & 0x40) !== 0,
    isOverride: ((payload[4] ?? 0) & 0x20) !== 0,
  };
}

function linkLayerOption(payload: Uint8Array, wanted: number): string | undefined {
  for (let at = 24; at + 8 <= payload.length; ) {
    const length = (payload[at + 1] ?? 0) * 8;
    if (length === 0) return undefined;
    if (payload[at] === wanted) return macText(payload, at + 2);
    at += length;
  }
  return undefined;
}
