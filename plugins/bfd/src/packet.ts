/**
 * BFD control packets as bytes (RFC 5880 section 4.1). Pure. Decoding makes the checks of section 6.8.6 that need no session, in the
 * order of the RFC; receive.ts makes the others, and authentication.ts fills and judges the section behind the header.
 */
import type { BfdState } from '@mainstay/sdk';

/** RFC 5881 section 4 and RFC 5883 section 5. */
export const singleHopPort = 3784;
export const multihopPort = 4784;
/** RFC 5881 section 4: of what comes back by the Echo function. */
export const echoPort = 3785;
/** RFC 5881 section 4: a source port in this range, one for each session. */
export const sourcePorts = { least: 49_152, most: 65_535 } as const;
/** RFC 4594 section 3.2: class selector 6, for the control of networks. */
export const trafficClass = 0xc0;

const version = 1;
export const headerLength = 24;
/** With authentication: type and length of its section at least. */
const authenticatedLength = 26;
const bit = { poll: 0x20, final: 0x10, independent: 0x08, authentication: 0x04, demand: 0x02, multipoint: 0x01 } as const;
/** In the order of their codes. */
const states: readonly BfdState[] = ['adminDown', 'down', 'init', 'up'];

/** Codes of RFC 5880 section 4.1 that this implementation sends. */
export const diagnostics = { none: 0, expired: 1, echoFailed: 2, neighbourDown: 3, adminDown: 7 } as const;

const diagnosticNames = [
  'no diagnostic',
  'control detection time expired',
  'echo function failed',
  'neighbour signalled session down',
  'forwarding plane reset',
  'path down',
  'concatenated path down',
  'administratively down',
  'reverse concatenated path down',
];

export function diagnosticName(code: number): string {
  return diagnosticNames[code] ?? `diagnostic ${code}`;
}

export interface ControlPacket {
  /** 0..31; those from 9 on are reserved, and taken as they are. */
  readonly diagnostic: number;
  readonly state: BfdState;
  readonly isPoll: boolean;
  readonly isFinal: boolean;
  /** The sender's BFD survives the end of its control plane. */
  readonly isIndependent: boolean;
  readonly isDemand: boolean;
  readonly multiplier: number;
  readonly myDiscriminator: number;
  /** 0: not known yet. */
  readonly yourDiscriminator: number;
  readonly desiredMinTxUs: number;
  readonly requiredMinRxUs: number;
  readonly requiredMinEchoRxUs: number;
  /** The authentication section with its type and length; absent: the A bit is clear. */
  readonly authentication?: Uint8Array;
}

/** Why bytes are no control packet. */
export type Malformation = 'version' | 'length' | 'multiplier' | 'multipoint' | 'discriminator';

export type Decoded =
  | { readonly ok: true; readonly packet: ControlPacket /** As long as the packet says. */; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly why: Malformation };

export function encodeControl(packet: ControlPacket): Uint8Array {
  const { authentication } = packet;
  const bytes = new Uint8Array(headerLength + (authentication?.length ?? 0));
  const view = new DataView(bytes.buffer);
  bytes[0] = (version << 5) | packet.diagnostic;
  bytes[1] =
    (states.indexOf(packet.state) << 6) |
    (packet.isPoll ? bit.poll : 0) |
    (packet.isFinal ? bit.final : 0) |
    (packet.isIndependent ? bit.independent : 0) |
    (authentication === undefined ? 0 : bit.authentication) |
    (packet.isDemand ? bit.demand : 0);
  bytes[2] = packet.multiplier;
  bytes[3] = bytes.length;
  view.setUint32(4, packet.myDiscriminator);
  view.setUint32(8, packet.yourDiscriminator);
  view.setUint32(12, packet.desiredMinTxUs);
  view.setUint32(16, packet.requiredMinRxUs);
  view.setUint32(20, packet.requiredMinEchoRxUs);
  if (authentication !== undefined) bytes.set(authentication, headerLength);
  return bytes;
}

/** Never throws. What follows the length that the packet states is no part of it, and allowed. */
export function decodeControl(payload: Uint8Array): Decoded {
  const [first, flags = 0, multiplier = 0, length = 0] = payload;
  if (first === undefined) return { ok: false, why: 'length' };
  if (first >> 5 !== version) return { ok: false, why: 'version' };
  const hasAuthentication = (flags & bit.authentication) !== 0;
  if (length < (hasAuthentication ? authenticatedLength : headerLength) || length > payload.length) {
    return { ok: false, why: 'length' };
  }
  if (multiplier === 0) return { ok: false, why: 'multiplier' };
  if ((flags & bit.multipoint) !== 0) return { ok: false, why: 'multipoint' };
  const view = new DataView(payload.buffer, payload.byteOffset, length);
  const myDiscriminator = view.getUint32(4);
  if (myDiscriminator === 0) return { ok: false, why: 'discriminator' };
  const packet: ControlPacket = {
    diagnostic: first & 0x1f,
    state: states[flags >> 6] ?? 'adminDown',
    isPoll: (flags & bit.poll) !== 0,
    isFinal: (flags & bit.final) !== 0,
    isIndependent: (flags & bit.independent) !== 0,
    isDemand: (flags & bit.demand) !== 0,
    multiplier,
    myDiscriminator,
    yourDiscriminator: view.getUint32(8),
    desiredMinTxUs: view.getUint32(12),
    requiredMinRxUs: view.getUint32(16),
    requiredMinEchoRxUs: view.getUint32(20),
    ...(hasAuthentication && { authentication: payload.slice(headerLength, length) }),
  };
  return { ok: true, packet, bytes: payload.subarray(0, length) };
}
