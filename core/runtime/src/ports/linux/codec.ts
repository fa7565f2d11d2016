/**
 * The part of the npm package `netlink` that is used: its pure codecs. Its socket is not: a receive overrun aborts the
 * process there. Attributes are read by number, because its object parsers drop those that it does not know (IFA_PROTO)
 * and throw on structures that grew in later kernels.
 */
import type { Family } from '@mainstay/sdk';
import structs from 'netlink/dist/structs.js';
import { addressFamily, scopeNumbers } from './rtnetlink.js';

export type Attributes = ReadonlyMap<number, Buffer>;
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly data: Buffer;
}

export const { readU16, readU32, readS32, readU64 } = {
  readU16: (buffer: Buffer, at = 0): number => structs.readU16.call(buffer, at),
  readU32: (buffer: Buffer, at = 0): number => structs.readU32.call(buffer, at),
  readU64: (buffer: Buffer, at = 0): bigint => structs.readU64.call(buffer, at),
  readS32: (buffer: Buffer, at = 0): number => structs.readS32.call(buffer, at),
};

export function u32(value: number): Buffer {
  return structs.putU32(value);
}

/** The messages of one datagram. Throws where the kernel sent what cannot be. */
export function parseDatagram(datagram: Buffer): readonly Message[] {
  return structs.parseMessages(datagram);
}

export function formatRequest(type: number, flags: number, seq: number, body: Uint8Array): Buffer {
  return Buffer.concat(structs.formatMessage({ type, flags, seq, port: 0, data: body }));
}

/** Attributes behind a message's fixed header, by number. */
export function attributesOf(data: Buffer, headerLength: number): Attributes {
  const found = new Map<number, Buffer>();
  structs.parseAttributes(data.subarray(headerLength), (attribute) => found.set(attribute.type, attribute.data));
  return found;
}

/** A fixed header followed by attributes. */
export function body(header: Uint8Array, attributes: Iterable<readonly [number, Uint8Array]>): Buffer {
  const stream = new structs.AttrStream();
  stream.emit(header);
  for (const [type, data] of attributes) stream.push(type, data);
  const bytes = Buffer.concat(stream.bufs);
  return Buffer.concat([bytes, Buffer.alloc(structs.padding(bytes.length))]);
}

export function numberIn(attributes: Attributes, type: number): number | undefined {
  const data = attributes.get(type);
  return data === undefined || data.length < 4 ? undefined : readU32(data);
}

/** A zero-terminated string. */
export function textIn(attributes: Attributes, type: number): string | undefined {
  const data = attributes.get(type);
  if (data === undefined) return undefined;
  const end = data.indexOf(0);
  return data.toString('utf8', 0, end < 0 ? data.length : end);
}

export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`, 'utf8');
}

export function familyOfNumber(number: number | undefined): Family | undefined {
  if (number === addressFamily.inet) return 4;
  return number === addressFamily.inet6 ? 6 : undefined;
}

export function familyNumber(family: Family): number {
  return family === 4 ? addressFamily.inet : addressFamily.inet6;
}

export function scopeNumber(scope: keyof typeof scopeNumbers | number): number {
  return typeof scope === 'number' ? scope : scopeNumbers[scope];
}

export function scopeOf(number: number): keyof typeof scopeNumbers | number {
  for (const [name, value] of Object.entries(scopeNumbers)) {
    if (value === number) return name as keyof typeof scopeNumbers;
  }
  return number;
}
