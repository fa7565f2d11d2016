/**
 * Ports to the network as the kernel has it: links, addresses, routes, raw IP and link-layer frames. Each has a Linux and a
 * simulated implementation, and one contract test that both pass.
 */

export type Family = 4 | 6;

/** A network interface. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Administratively up and with carrier: can send and receive. */
  readonly isUp: boolean;
  /** Hardware address, `aa:bb:cc:dd:ee:ff`; empty where the link has none. */
  readonly mac: string;
  readonly mtu: number;
  readonly isLoopback: boolean;
}

export type LinkEvent = { readonly kind: 'added' | 'changed' | 'removed'; readonly link: Link };

export interface Links {
  /** Every link, from a copy that follows the kernel. */
  list(): readonly Link[];
  get(name: string): Link | undefined;
  byIndex(index: number): Link | undefined;
  /** Calls `listener` after each change; answers a function that ends it. */
  watch(listener: (event: LinkEvent) => void): () => void;
}

export type AddressScope = 'global' | 'site' | 'link' | 'host';

/** An address on an interface. Identity: link, address, prefix length. */
export interface InterfaceAddress {
  readonly link: number;
  readonly family: Family;
  /** Canonical text: dotted IPv4, or RFC 5952 IPv6. */
  readonly address: string;
  readonly prefixLength: number;
  readonly peer?: string;
  readonly broadcast?: string;
  readonly label?: string;
  readonly scope: AddressScope | number;
  /** No duplicate address detection (IPv6). */
  readonly noDad?: boolean;
  readonly home?: boolean;
  readonly manageTemporary?: boolean;
  readonly noPrefixRoute?: boolean;
  readonly autoJoin?: boolean;
  /** Preferred lifetime in seconds; absent: forever; 0: deprecated, never chosen as a source. */
  readonly preferredLifetime?: number;
  /** Valid lifetime in seconds; absent: for ever. Kernel-reported, ignored when adding. */
  readonly validLifetime?: number;
  /** True when this daemon's mark (IFA_PROTO) is on it: added by us, in this life or an earlier one. */
  readonly isOurs: boolean;
  /** True while IPv6 duplicate address detection has not ended (tentative). */
  readonly isTentative?: boolean;
}

/** An address to add: without what only the kernel knows. */
export type NewAddress = Omit<InterfaceAddress, 'isOurs' | 'isTentative' | 'validLifetime'>;
/** The identity of an address. */
export type AddressKey = Pick<InterfaceAddress, 'link' | 'family' | 'address' | 'prefixLength'>;

/** What became of one request: `done`, `unchanged` (it was there already, or already gone), or the kernel's refusal. */
export type ChangeResult = { readonly outcome: 'done' | 'unchanged' } | { readonly outcome: 'failed'; readonly error: string };

export type AddressEvent = { readonly kind: 'added' | 'changed' | 'removed'; readonly address: InterfaceAddress };

export interface Addresses {
  /**
   * Every address, from a copy that follows the kernel. What `add` or `remove` answered is in it, save for the milliseconds in
   * which the copy is read again.
   */
  list(): readonly InterfaceAddress[];
  /** One of these, without a walk over all. */
  get(key: AddressKey): InterfaceAddress | undefined;
  /** Those of one link, in the order of `list`. */
  onLink(link: number): readonly InterfaceAddress[];
  /** Adds in order; one result for each. Requests of add and remove reach the kernel in the order of the calls. */
  add(addresses: readonly NewAddress[]): Promise<readonly ChangeResult[]>;
  remove(addresses: readonly AddressKey[]): Promise<readonly ChangeResult[]>;
  /** Our own changes are reported like anybody's. */
  watch(listener: (event: AddressEvent) => void): () => void;
}

/** A route in a table. Identity: family, destination, table, metric, output link. */
export interface Route {
  readonly family: Family;
  /** `ADDRESS/LEN`; the default route is `0.0.0.0/0` or `::/0`. */
  readonly destination: string;
  readonly gateway?: string;
  readonly link?: number;
  readonly source?: string;
  /** Routing table, 1..2^32-1; main is 254. */
  readonly table: number;
  readonly metric?: number;
  readonly scope?: AddressScope | number;
  readonly type: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit';
  /** True when this daemon's routing protocol number is on it. */
  readonly isOurs: boolean;
}

export type NewRoute = Omit<Route, 'isOurs'>;
export type RouteEvent = { readonly kind: 'added' | 'removed'; readonly route: Route };

export interface Routes {
  list(): readonly Route[];
  add(routes: readonly NewRoute[]): Promise<readonly ChangeResult[]>;
  remove(routes: readonly NewRoute[]): Promise<readonly ChangeResult[]>;
  watch(listener: (event: RouteEvent) => void): () => void;
}

/** An IP packet received on a raw socket. The payload is a private copy. */
export interface RawIpPacket {
  readonly source: string;
  /** Destination address of the IP header. */
  readonly destination: string;
  /** TTL or hop limit as received. */
  readonly hopLimit: number;
  readonly link: number;
  /** What follows the IP header, as long as the IP header says (never Ethernet padding). */
  readonly payload: Uint8Array;
  /** `Clock.now()` at reception. */
  readonly receivedAt: number;
}

export interface OutgoingPacket {
  readonly source: string;
  readonly destination: string;
  /** 1..255. */
  readonly hopLimit: number;
  /** IPv4 type of service or IPv6 traffic class, 0..255. */
  readonly trafficClass: number;
  readonly payload: Uint8Array;
}

export interface RawIpCounters {
  readonly sent: number;
  readonly sendFailures: number;
  readonly received: number;
  /** Packets the kernel or the port had to drop before delivery. */
  readonly receiveDrops: number;
}

/** A raw socket on one link for one protocol. Not routed: packets leave on that link. */
export interface RawIpSocket {
  /** Joins a multicast group on the link; joining twice counts twice. Throws PortError where the kernel refuses. */
  join(group: string): void;
  leave(group: string): void;
  /** Hands the packet to the kernel. Failures go to `onError`, never to the caller. */
  send(packet: OutgoingPacket): void;
  readonly counters: RawIpCounters;
  close(): void;
}

export interface RawIpOptions {
  readonly family: Family;
  /** IP protocol number. */
  readonly protocol: number;
  /** Index of the link. */
  readonly link: number;
  onPacket(packet: RawIpPacket): void;
  onError(error: Error): void;
}

export interface RawIp {
  /** Throws PortError where the link is missing or the privilege lacks. Sharing one link and protocol is cheap. */
  open(options: RawIpOptions): RawIpSocket;
}

/** Sends and receives whole Ethernet frames of one type on one link. */
export interface LinkLayerSocket {
  /** A frame from destination MAC on. Failures go to `onError`. */
  send(frame: Uint8Array): void;
  /** Many frames, in order, for less than so many calls. One that fails keeps none of the others; the failures of a call may be told together. */
  sendAll(frames: readonly Uint8Array[]): void;
  close(): void;
}

export interface LinkLayerOptions {
  readonly link: number;
  readonly etherType: number;
  /** Absent: nothing is received. */
  onFrame?(frame: Uint8Array): void;
  onError(error: Error): void;
}

export interface LinkLayer {
  open(options: LinkLayerOptions): LinkLayerSocket;
}
