/** Which packets a watch takes, and which of them are the expected one. Pure; used by watch.ts. */
import type { HeardPacket, PacketFilter } from '@mainstay/sdk';

function isWithin(value: number, bounds: readonly [number, number] | undefined): boolean {
  return bounds === undefined || (value >= bounds[0] && value <= bounds[1]);
}

export function passes({ hopLimit, payload, source }: HeardPacket, filter: PacketFilter): boolean {
  if (!isWithin(hopLimit, filter.hopLimit) || !isWithin(payload.length, filter.length)) return false;
  if (filter.source !== undefined && filter.source !== source) return false;
  return (filter.bytes ?? []).every(({ offset, mask, value }) =>
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
export function keyOf(payload: Uint8Array, { offset, length }: { readonly offset: number; readonly length: number }) {
  if (payload.length < offset + length) return undefined;
  return payload.subarray(offset, offset + length).reduce((key, byte) => key * 256 + byte, 0);
}
