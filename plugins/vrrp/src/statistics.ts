/** Counters of one instance, under keepalived's and the MIB's notions (RFC 6527). Kept by instance.ts, shown by report.ts. */
import type { DropCause } from './receive.js';

export interface Statistics {
  advertsReceived: number;
  advertsSent: number;
  priorityZeroReceived: number;
  priorityZeroSent: number;
  becameMaster: number;
  releasedMaster: number;
  /** Accepted advertisements whose addresses differ from ours. */
  addressListMismatches: number;
  readonly dropped: Record<DropCause, number>;
}

export function newStatistics(): Statistics {
  return {
    advertsReceived: 0,
    advertsSent: 0,
    priorityZeroReceived: 0,
    priorityZeroSent: 0,
    becameMaster: 0,
    releasedMaster: 0,
    addressListMismatches: 0,
    dropped: {
      length: 0,
      ttl: 0,
      version: 0,
      type: 0,
      checksum: 0,
      'own-packet': 0,
      source: 0,
      destination: 0,
      'auth-type-invalid': 0,
      'auth-type-mismatch': 0,
      'auth-failure': 0,
      interval: 0,
      owner: 0,
    },
  };
}
