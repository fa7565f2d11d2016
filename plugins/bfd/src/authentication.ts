/**
 * Authentication of control packets (RFC 5880 sections 4.2 to 4.4 and 6.7): passwords, keyed MD5 and SHA1, and their meticulous
 * forms. Pure: the sequence numbers come in and go out. Used by voice.ts to sign and by receive.ts to judge.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type ControlPacket, encodeControl, headerLength } from './packet.js';

export const authenticationTypes = [
  'simple',
  'keyed-md5',
  'meticulous-keyed-md5',
  'keyed-sha1',
  'meticulous-keyed-sha1',
] as const;
export type AuthenticationType = (typeof authenticationTypes)[number];

export interface Key {
  /** 0..255. */
  readonly id: number;
  readonly secret: Uint8Array;
}

export interface Authentication {
  readonly type: AuthenticationType;
  /** Signs what is sent. */
  readonly key: Key;
  /** Are believed too: those that the peer may still use, or use already. */
  readonly accepted: readonly Key[];
}

interface Digest {
  readonly algorithm: 'md5' | 'sha1';
  readonly length: number;
}

const md5: Digest = { algorithm: 'md5', length: 16 };
const sha1: Digest = { algorithm: 'sha1', length: 20 };
/** Of type, length, key id, a reserved byte and the sequence number. */
const digestAt = 8;
const passwordAt = 3;

function digestOf(type: AuthenticationType): Digest | undefined {
  if (type === 'simple') return undefined;
  return type.endsWith('md5') ? md5 : sha1;
}

/** Bytes that a secret of this type may have at most. */
export function longestSecret(type: AuthenticationType): number {
  return digestOf(type)?.length ?? 16;
}

/** Each packet has a sequence number of its own. */
export function isMeticulous(type: AuthenticationType): boolean {
  return type.startsWith('meticulous');
}

/** The code on the wire: the types stand in the order of their codes, from 1 on. */
function codeOf(type: AuthenticationType): number {
  return authenticationTypes.indexOf(type) + 1;
}

/** The bytes of a packet, signed. `sequence` is a number of 32 bits; a password has none. */
export function signed(packet: ControlPacket, { type, key }: Authentication, sequence: number): Uint8Array {
  const digest = digestOf(type);
  const section = new Uint8Array(digest === undefined ? passwordAt + key.secret.length : digestAt + digest.length);
  section[0] = codeOf(type);
  section[1] = section.length;
  section[2] = key.id;
  if (digest === undefined) {
    section.set(key.secret, passwordAt);
    return encodeControl({ ...packet, authentication: section });
  }
  new DataView(section.buffer).setUint32(4, sequence);
  const bytes = encodeControl({ ...packet, authentication: section });
  bytes.set(hashed(bytes, digest, key), headerLength + digestAt);
  return bytes;
}

/** Over the packet with the key, filled up with zeros, in the place of the digest. */
function hashed(bytes: Uint8Array, { algorithm, length }: Digest, { secret }: Key): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.fill(0, headerLength + digestAt, headerLength + digestAt + length);
  copy.set(secret, headerLength + digestAt);
  return createHash(algorithm).update(copy).digest();
}

export type Rejection = 'type' | 'length' | 'key' | 'sequence' | 'secret';

export type Judgement =
  | { readonly ok: true /** bfd.RcvAuthSeq from now on. */; readonly sequence?: number }
  | { readonly ok: false; readonly why: Rejection };

/**
 * Whether a packet is the peer's. `bytes` are those of the whole packet, `known` is bfd.RcvAuthSeq, undefined while
 * bfd.AuthSeqKnown is 0. In the order of section 6.7; nothing changes by a packet that is refused.
 */
export function judge(
  packet: ControlPacket,
  bytes: Uint8Array,
  authentication: Authentication,
  known: number | undefined,
): Judgement {
  const section = packet.authentication ?? new Uint8Array(0);
  const [code, length, id] = section;
  if (code !== codeOf(authentication.type)) return { ok: false, why: 'type' };
  const keys = [authentication.key, ...authentication.accepted].filter((key) => key.id === id);
  const digest = digestOf(authentication.type);
  if (digest === undefined) return judgePassword(section, keys);
  if (length !== digestAt + digest.length || section.length < length) return { ok: false, why: 'length' };
  if (keys.length === 0) return { ok: false, why: 'key' };
  const sequence = new DataView(section.buffer, section.byteOffset).getUint32(4);
  const isNext = known === undefined || isWithinWindow(sequence, known, packet.multiplier, isMeticulous(authentication.type));
  if (!isNext) return { ok: false, why: 'sequence' };
  const given = section.subarray(digestAt, digestAt + digest.length);
  const isRight = keys.some((key) => timingSafeEqual(hashed(bytes, digest, key), given));
  return isRight ? { ok: true, sequence } : { ok: false, why: 'secret' };
}

function judgePassword(section: Uint8Array, keys: readonly Key[]): Judgement {
  const length = section[1] ?? 0;
  if (length <= passwordAt || length > section.length) return { ok: false, why: 'length' };
  if (keys.length === 0) return { ok: false, why: 'key' };
  const given = section.subarray(passwordAt, length);
  const isRight = keys.some(({ secret }) => secret.length === given.length && timingSafeEqual(secret, given));
  return isRight ? { ok: true } : { ok: false, why: 'secret' };
}

/** Sections 6.7.3 and 6.7.4: at most three times the multiplier ahead, in a circle of 32 bits. */
function isWithinWindow(sequence: number, known: number, multiplier: number, isStrict: boolean): boolean {
  const ahead = (sequence - known) >>> 0;
  return ahead >= (isStrict ? 1 : 0) && ahead <= 3 * multiplier;
}
