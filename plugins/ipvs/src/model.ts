/**
 * What the configuration asks for, ready for work: defaults filled in, inherited and corrected. Made by virtual-server.ts;
 * plain data, so that two of them can be compared at a reload.
 */
import type { CheckRequest, Family, IpvsMethod, IpvsService, IpvsTunnel } from '@mainstay/sdk';

export interface Forwarding {
  readonly method: IpvsMethod;
  readonly tunnel?: IpvsTunnel;
}

/** Where clients are sent to. */
export interface Server {
  /** Identity within its virtual server. */
  readonly key: string;
  /** In the words of the configuration. */
  readonly name: string;
  readonly family: Family;
  readonly address: string;
  readonly port: number;
  readonly forwarding: Forwarding;
  /** Weight 0 instead of removal. */
  readonly isInhibited: boolean;
}

/** A check of a real server, without what depends on the moment. */
export type PlannedCheck = Omit<CheckRequest, 'isSuspended'>;

export interface RealServer extends Server {
  /** Unique name of its block, for those who extend it. */
  readonly block: string;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly checks: readonly PlannedCheck[];
}

export interface VirtualServer {
  /** What makes it the same one at a reload. */
  readonly key: string;
  /** In the words of the configuration; with its protocol where another has the same. */
  readonly name: string;
  /** Unique name of its block, for those who extend it. */
  readonly block: string;
  /** A group has many. All of them have the same servers. */
  readonly services: readonly IpvsService[];
  readonly servers: readonly RealServer[];
  readonly sorry?: Server;
  readonly quorum: number;
  readonly hysteresis: number;
  /** Tells of what goes down when the daemon stops. */
  readonly hasOmega: boolean;
  /** `ha_suspend`: no probes while this address is not on this host. */
  readonly probesOnlyWith?: string;
}
