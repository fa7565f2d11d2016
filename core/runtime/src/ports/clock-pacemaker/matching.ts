/** Which packets a watch takes, and which of them are the expected one. Pure; used by watch.ts. */
import { addressBytes, type BytesRule, type HeardPacket, type PacedSocketOptions, type PacketFilter } from '@mainstay/sdk';

function isWithin(value: number, bounds: readonly [number, number] | undefined): boolean {
  return bounds === undefined || (value >= bounds[0] && value <= bounds[1]);
}

export function passes({ hopLimit, payload, source, destination, link }: HeardPacket, filter: PacketFilter): boolean {
  if (!isWithin(hopLimit, filter.hopLimit) || !isWithin(payload.length, filter.length)) return false;
  if (filter.source !== undefined && filter.source !== source) return false;
  if (filter.destination !== undefined && filter.destination !== destination) return false;
  if (filter.link !== undefined && filter.link !== link) return false;
  return hasBytes(payload, filter.bytes ?? []);
}

export function hasBytes(payload: Uint8Array, rules: readonly BytesRule[]): boolean {
  return rules.every(({ offset, mask, value }) =>
    mask.every((bits, i) => ((payload[offset + i] ?? 0) & bits) === ((value[i] ?? 0) & bits) && offset + i < payload.length),
  );
}

/** The same packet again: whoever believed the one may believe the other. */
export function isSamePacket(a: HeardPacket, b: HeardPacket): boolean {
  return (
    a.source === b.source &&
    a.destination === b.destination &&
    a.sourcePort === b.sourcePort &&
    a.hopLimit === b.hopLimit &&
    a.payload.length === b.payload.length &&
    a.payload.every((byte, i) => byte === b.payload[i])
  );
}

/** The key of a packet as a number; undefined where it is too short to have one. */
export function keyOf({ payload, source }: HeardPacket, key: NonNullable<PacedSocketOptions['key']>): number | undefined {
  const number = (bytes: Uint8Array) => bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  if (key === 'source') return source === '' ? undefined : number(addressBytes(source).slice(-4));
  const { offset, length } = key;
  return payload.length < offset + length ? undefined : number(payload.subarray(offset, offset + length));
}
