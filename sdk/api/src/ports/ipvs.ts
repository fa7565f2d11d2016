/**
 * Port to IPVS, the load balancer in the kernel (linux/ip_vs.h, generic netlink family `IPVS`). Words are those of ipvsadm(8) and
 * keepalived.conf(5). Has a Linux and a simulated implementation, and one contract test that both pass.
 */
import type { Family } from './network.js';

export type IpvsProtocol = 'tcp' | 'udp' | 'sctp';

/** Identity of a service: an address and port, or a firewall mark. */
export type IpvsServiceId =
  | { readonly family: Family; readonly protocol: IpvsProtocol; readonly address: string; readonly port: number }
  | { readonly family: Family; readonly fwmark: number };

export interface IpvsService {
  readonly id: IpvsServiceId;
  /**
   * Kernel name, at most 15 octets: `rr`, `wlc`. `none`: the service has none and takes no new connections, as after a change of the scheduler
   * that many kernels let go of before they refuse the new one (ENOMEM, EINVAL).
   */
  readonly scheduler: string;
  /** Seconds that a client stays with its server; absent: not persistent. */
  readonly persistence?: number;
  /** Prefix length by which clients are the same client; absent: the whole address. */
  readonly persistencePrefix?: number;
  /** In its place: an IPv4 mask with holes, such as 255.255.0.255. One without is told as a prefix. */
  readonly persistenceMask?: string;
  /** Persistence engine, such as `sip`. */
  readonly persistenceEngine?: string;
  /** One-packet scheduling (UDP). */
  readonly isOnePacket?: boolean;
  /** Scheduler flags 1, 2 and 3; for sh and mh: 1 fallback, 2 port. */
  readonly schedulerFlags?: readonly (1 | 2 | 3)[];
}

export type IpvsMethod = 'nat' | 'dr' | 'tun' | 'local' | 'bypass';

export interface IpvsTunnel {
  readonly type: 'ipip' | 'gue' | 'gre';
  /** Of GUE. */
  readonly port?: number;
  readonly checksum?: 'none' | 'csum' | 'remcsum';
}

/** Identity of a destination within its service. Its family may differ from the service's for tunnels. */
export interface IpvsDestinationId {
  readonly family: Family;
  readonly address: string;
  readonly port: number;
}

export interface IpvsDestination extends IpvsDestinationId {
  readonly method: IpvsMethod;
  /** Of method `tun`; absent: ipip. */
  readonly tunnel?: IpvsTunnel;
  /** 0..2^31-1; 0: no new connections. */
  readonly weight: number;
  /** Connections at which it gets no more, and below which it gets some again; 0: no limit. */
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

/** Counters since the service or destination was added; rates are the kernel's estimates per second. */
export interface IpvsStatistics {
  readonly connections: bigint;
  readonly inPackets: bigint;
  readonly outPackets: bigint;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
  readonly connectionRate: number;
  readonly inPacketRate: number;
  readonly outPacketRate: number;
  readonly inByteRate: number;
  readonly outByteRate: number;
}

export interface KnownIpvsDestination extends IpvsDestination {
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
  readonly statistics: IpvsStatistics;
}

export interface KnownIpvsService extends IpvsService {
  readonly statistics: IpvsStatistics;
  readonly destinations: readonly KnownIpvsDestination[];
}

export type IpvsEdit =
  | { readonly do: 'addService' | 'editService'; readonly service: IpvsService }
  | { readonly do: 'deleteService'; readonly service: IpvsServiceId }
  | { readonly do: 'addDestination' | 'editDestination'; readonly service: IpvsServiceId; readonly destination: IpvsDestination }
  | { readonly do: 'deleteDestination'; readonly service: IpvsServiceId; readonly destination: IpvsDestinationId };

/**
 * What became of one edit. `unchanged`: an addition of what is there (EEXIST), a deletion of what is not (ESRCH, ENOENT). An edit of
 * what is not there fails with ESRCH or ENOENT; it never adds.
 */
export type IpvsResult =
  | { readonly outcome: 'done' | 'unchanged' }
  | { readonly outcome: 'failed'; readonly code: string; readonly error: string };

/** The longest of each, seconds: 31 days, as keepalived and ipvsadm have it. A kernel of 1000 ticks a second takes 2,147,483 at most. */
export const longestIpvsTimeout = 31 * 86_400;

/** Seconds, to `longestIpvsTimeout`; 0 or absent in a change: as it is. */
export interface IpvsTimeouts {
  readonly tcp: number;
  readonly tcpFin: number;
  readonly udp: number;
}

export interface IpvsSyncDaemon {
  readonly role: 'master' | 'backup';
  readonly link: string;
  /** 0..255 */
  readonly syncId: number;
  readonly maxLength?: number;
  readonly group?: string;
  readonly port?: number;
  readonly ttl?: number;
}

/** Edits that follow each other and are done together: see `apply`. */
export const ipvsTogether = 256;

export interface Ipvs {
  /**
   * The whole table, but for services of protocols that IpvsProtocol does not name. In canonical form: addresses as RFC 5952 writes
   * them, nothing that is as if absent (an empty list of flags, `false`, a prefix of the whole address, a tunnel of type `ipip`
   * without port and checksum, port 0 and checksum `none` of a tunnel). The order is the kernel's. Rejects with PortError: `EPROTONOSUPPORT`
   * where the kernel has no IPVS and it cannot be loaded.
   */
  read(): Promise<readonly KnownIpvsService[]>;
  /**
   * Carries out in order, batched; one result for each, and one failure keeps none of the others back. Never rejects: a kernel
   * without IPVS fails every edit with `EPROTONOSUPPORT`, and so do the other changes below.
   *
   * Where the process is killed meanwhile, an addition of a service and the additions of its destinations that follow it are done all or not
   * at all; where they are more than `ipvsTogether`, so are the first of that many, and each as many after them.
   */
  apply(edits: readonly IpvsEdit[]): Promise<readonly IpvsResult[]>;
  /** Empties the whole table. */
  flush(): Promise<IpvsResult>;
  /** Sets counters to zero; without a service: all of them. */
  zero(service?: IpvsServiceId): Promise<IpvsResult>;
  timeouts(): Promise<IpvsTimeouts>;
  setTimeouts(timeouts: Partial<IpvsTimeouts>): Promise<IpvsResult>;
  syncDaemons(): Promise<readonly IpvsSyncDaemon[]>;
  startSyncDaemon(daemon: IpvsSyncDaemon): Promise<IpvsResult>;
  stopSyncDaemon(role: 'master' | 'backup'): Promise<IpvsResult>;
}
