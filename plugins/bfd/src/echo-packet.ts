/**
 * What the Echo function sends: a content of this side's own making (RFC 5880 section 6.4 leaves it to the sender), and for the way through
 * the peer's forwarding plane the whole frame around it, addressed to this host itself (RFC 5881 section 4). Pure; used by echo-path.ts.
 */
import { addressBytes, internetChecksum, macBytes, pseudoHeader } from '@mainstay/sdk';
import { echoPort, trafficClass } from './packet.js';

const version = 1;
const cookieLength = 16;
/** Version, length, two zeros, the discriminator, and what nobody else can know. A frame around it needs no padding. */
export const contentLength = 8 + cookieLength;
/** Of the discriminator, in the content. */
export const discriminatorOffset = 4;

/** `draw`: numbers in these bounds, unpredictable: whoever could make an echo up could hide a dead path. */
export function echoContent(discriminator: number, draw: (least: number, most: number) => number): Uint8Array {
  const bytes = new Uint8Array(contentLength);
  const view = new DataView(bytes.buffer);
  bytes[0] = version;
  bytes[1] = contentLength;
  view.setUint32(discriminatorOffset, discriminator);
  for (let at = 8; at < contentLength; at += 4) view.setUint32(at, draw(0, 0xffff_ffff));
  return bytes;
}

/** From one host through its neighbour and back. Hardware addresses as `aa:bb:cc:dd:ee:ff`. */
export interface RoundTrip {
  /** Of this host, from which the packet comes and to which it goes. */
  readonly own: string;
  readonly ownMac: string;
  readonly neighbourMac: string;
}

const ethernetLength = 14;
const udpLength = 8;
const udp = 17;
export const etherType = { 4: 0x0800, 6: 0x86dd } as const;
const ipLength = { 4: 20, 6: 40 } as const;
const hopLimitOffset = { 4: 8, 6: 7 } as const;
const protocolOffset = { 4: 9, 6: 6 } as const;
const sourceOffset = { 4: 12, 6: 8 } as const;

/** Where things lie in a frame of this family without options or extension headers. */
export function layoutOf(family: 4 | 6) {
  const ip = ethernetLength;
  const transport = ip + ipLength[family];
  return {
    ip,
    hopLimit: ip + hopLimitOffset[family],
    protocol: ip + protocolOffset[family],
    source: ip + sourceOffset[family],
    destinationPort: transport + 2,
    content: transport + udpLength,
  };
}

/** The frame to the neighbour that it forwards back to this host. */
export function echoFrame({ own, ownMac, neighbourMac }: RoundTrip, content: Uint8Array): Uint8Array {
  const address = addressBytes(own);
  const family = address.length === 4 ? 4 : 6;
  const { ip, content: at } = layoutOf(family);
  const bytes = new Uint8Array(at + content.length);
  const view = new DataView(bytes.buffer);
  bytes.set(macBytes(neighbourMac), 0);
  bytes.set(macBytes(ownMac), 6);
  view.setUint16(12, etherType[family]);
  const length = udpLength + content.length;
  if (family === 4) writeIp4(view, ip, length);
  else writeIp6(view, ip, length);
  for (const place of [0, address.length]) bytes.set(address, ip + sourceOffset[family] + place);
  if (family === 4) view.setUint16(ip + 10, internetChecksum(bytes.subarray(ip, ip + ipLength[4])));
  bytes.set(content, at);
  const start = ip + ipLength[family];
  for (const [i, word] of [echoPort, echoPort, length].entries()) view.setUint16(start + 2 * i, word);
  // 0 would mean that there is none.
  view.setUint16(start + 6, internetChecksum(pseudoHeader(own, own, udp, length), bytes.subarray(start)) || 0xffff);
  return bytes;
}

function writeIp4(view: DataView, at: number, length: number): void {
  view.setUint16(at, 0x4500 | trafficClass);
  view.setUint16(at + 2, ipLength[4] + length);
  // Not to be cut into pieces.
  view.setUint16(at + 6, 0x4000);
  view.setUint16(at + 8, (255 << 8) | udp);
}

function writeIp6(view: DataView, at: number, length: number): void {
  view.setUint32(at, (6 << 28) | (trafficClass << 20));
  view.setUint16(at + 4, length);
  view.setUint16(at + 6, (udp << 8) | 255);
}

/**
 * The content of a frame that came back to `own`; undefined for anything else, and for one that nobody has forwarded: its hop limit would
 * be what it was. Never throws.
 */
export function contentOfFrame(frame: Uint8Array, { own, ownMac }: Omit<RoundTrip, 'neighbourMac'>): Uint8Array | undefined {
  const address = addressBytes(own);
  const family = address.length === 4 ? 4 : 6;
  const { ip, hopLimit, protocol, source, destinationPort, content } = layoutOf(family);
  if (frame.length < content + contentLength) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const isForUs = isAt(frame, 0, macBytes(ownMac)) && view.getUint16(12) === etherType[family];
  const isPlain = family === 4 ? frame[ip] === 0x45 : (frame[ip] ?? 0) >> 4 === 6;
  const isOurs = isAt(frame, source, address) && isAt(frame, source + address.length, address);
  const isEcho = frame[protocol] === udp && view.getUint16(destinationPort) === echoPort;
  if (!isForUs || !isPlain || !isOurs || !isEcho || frame[hopLimit] === 255) return undefined;
  return view.getUint16(destinationPort + 2) === udpLength + contentLength
    ? frame.subarray(content, content + contentLength)
    : undefined;
}

function isAt(bytes: Uint8Array, offset: number, expected: Uint8Array): boolean {
  return expected.every((byte, i) => bytes[offset + i] === byte);
}
