/** The counters of a service or destination: 64 bits of each where the kernel has them, 32 of most where it is older. Pure. */
import type { IpvsStatistics } from '@mainstay/sdk';
import type { Attributes } from './attributes.js';
import { statisticsAttribute as attribute } from './numbers.js';

/** `wide` and `narrow` are the numbers of the two nested attributes. */
export function readStatistics(nest: Attributes, wide: number, narrow: number): IpvsStatistics {
  const wideNest = nest.nested(wide);
  const counters = wideNest ?? nest.nested(narrow);
  const big = (type: number): bigint => counters?.u64(type) ?? BigInt(counters?.u32(type) ?? 0);
  const rate = (type: number): number => (wideNest === undefined ? (counters?.u32(type) ?? 0) : Number(wideNest.u64(type) ?? 0));
  return {
    connections: big(attribute.connections),
    inPackets: big(attribute.inPackets),
    outPackets: big(attribute.outPackets),
    inBytes: big(attribute.inBytes),
    outBytes: big(attribute.outBytes),
    connectionRate: rate(attribute.connectionRate),
    inPacketRate: rate(attribute.inPacketRate),
    outPacketRate: rate(attribute.outPacketRate),
    inByteRate: rate(attribute.inByteRate),
    outByteRate: rate(attribute.outByteRate),
  };
}
