/**
 * Which received packets a session believes (RFC 5880 section 6.8.6, RFC 5881 section 5), and the cause under which others are
 * counted. Pure; used by session.ts.
 */
import type { HeardPacket } from '@mainstay/sdk';
import { judge, type Rejection } from './authentication.js';
import { type ControlPacket, decodeControl, type Malformation } from './packet.js';
import type { SessionConfig } from './session-config.js';

export type DropCause = Malformation | 'hop-limit' | 'unasked' | 'authentication' | `authentication-${Rejection}`;

export type Receipt =
  | { readonly ok: true; readonly packet: ControlPacket /** bfd.RcvAuthSeq from now on. */; readonly sequence?: number }
  | { readonly ok: false; readonly cause: DropCause; readonly detail: string };

const malformed: Readonly<Record<Malformation, string>> = {
  version: 'it is not of version 1',
  length: 'its length is wrong',
  multiplier: 'its detect multiplier is 0',
  multipoint: 'the multipoint bit is set',
  discriminator: 'its discriminator is 0',
};

const rejected: Readonly<Record<Rejection, string>> = {
  type: 'its authentication is of another type: check auth_type on both sides',
  length: 'its authentication section has the wrong length',
  key: 'its key id is not known here: check auth_key_id, or accept it with auth_accept',
  sequence: 'its sequence number is not one of the next: a packet that was recorded and sent again, or the peer has restarted',
  secret: 'its password or digest is wrong: check auth_password on both sides',
};

/** `known`: bfd.RcvAuthSeq, undefined while bfd.AuthSeqKnown is 0. */
export function receive(heard: HeardPacket, config: SessionConfig, known: number | undefined): Receipt {
  const { leastHopLimit, authentication } = config;
  if (leastHopLimit !== undefined && heard.hopLimit < leastHopLimit) {
    return { ok: false, cause: 'hop-limit', detail: hopLimitDetail(heard, leastHopLimit) };
  }
  const decoded = decodeControl(heard.payload);
  if (!decoded.ok) return { ok: false, cause: decoded.why, detail: malformed[decoded.why] };
  const { packet, bytes } = decoded;
  if (packet.yourDiscriminator === 0 && packet.state !== 'down' && packet.state !== 'adminDown') {
    return { ok: false, cause: 'unasked', detail: `it says ${packet.state} without a discriminator of this side` };
  }
  const isSigned = packet.authentication !== undefined;
  if (isSigned !== (authentication !== undefined)) {
    const detail = isSigned ? 'it is authenticated, and this side is not told how (auth_type)' : 'it is not authenticated';
    return { ok: false, cause: 'authentication', detail };
  }
  if (authentication === undefined) return { ok: true, packet };
  const judgement = judge(packet, bytes, authentication, known);
  if (!judgement.ok) return { ok: false, cause: `authentication-${judgement.why}`, detail: rejected[judgement.why] };
  return { ok: true, packet, ...(judgement.sequence !== undefined && { sequence: judgement.sequence }) };
}

function hopLimitDetail({ hopLimit, source }: HeardPacket, least: number): string {
  const seen = `its ${source.includes(':') ? 'hop limit' : 'TTL'} is ${hopLimit}, and less than ${least} may come from beyond the link`;
  const isKeepalived = hopLimit === 64 && source.includes(':');
  return isKeepalived ? `${seen}: keepalived sends 64 over IPv6, so write "hoplimit 255" there, or "hoplimit 64" here` : seen;
}
