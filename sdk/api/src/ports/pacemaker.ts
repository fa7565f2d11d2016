/**
 * The port to the pacemaker: packets that leave when they are due, and silence that is noticed when it begins, whatever
 * JavaScript is doing at that moment. JavaScript says what shall happen from now on and hears only about change.
 *
 * Times are `Clock.now()` in milliseconds; intervals are microseconds, because protocols negotiate them so.
 *
 * After a stall of JavaScript it hears, in this order: which beacons have ended, the packets that came meanwhile, where there is
 * silence. So nobody who was cut off acts on old packets as if nothing had happened, and nobody believes in silence who has not
 * read what has arrived.
 */
import type { Family, NewAddress, OutgoingPacket } from './network.js';

/** How time is kept here, for the operator. */
export interface PacemakerStatus {
  /** `thread`: a native thread keeps time. `javascript`: timers of the event loop do, so that packets wait for JavaScript. */
  readonly by: 'thread' | 'javascript';
  /** Of the thread: `fifo` runs before every ordinary process, `ordinary` competes with them. */
  readonly scheduling?: 'fifo' | 'ordinary';
  /** What keeps it from being `thread` and `fifo`, and what to do about it. Absent when nothing does. */
  readonly why?: string;
  readonly beacons: number;
  readonly watches: number;
  /** Received packets that JavaScript did not take in time and never will. */
  readonly packetsLost: number;
  /** The most that the thread was late since it started, in microseconds. Absent where JavaScript keeps time. */
  readonly latestUs?: number;
}

/** Raw IP of one protocol, as the port `rawIp` has it. */
export interface PacedIp {
  readonly kind: 'ip';
  readonly family: Family;
  /** IP protocol number, 1..255. */
  readonly protocol: number;
}

/** UDP from one local port, with the hop limit of what is received. */
export interface PacedUdp {
  readonly kind: 'udp';
  readonly family: Family;
  /** Local address; absent: any. */
  readonly address?: string;
  /** Local port, 1..65535. */
  readonly port: number;
  /** Of what is sent, 1..255. */
  readonly hopLimit: number;
  /** Of what is sent, 0..255. */
  readonly trafficClass: number;
}

/** Whole Ethernet frames of one type. */
export interface PacedFrames {
  readonly kind: 'frames';
  readonly etherType: number;
  /** Only frames that have these bytes are heard. The kernel sorts the others out: a busy link costs nothing. */
  readonly bytes?: readonly BytesRule[];
}

/** Bytes from `offset` on, equal to `value` where `mask` has ones; what is shorter has no such bytes. */
export interface BytesRule {
  readonly offset: number;
  readonly mask: Uint8Array;
  readonly value: Uint8Array;
}

/** A packet to send. Of UDP only the destination, its port and the payload count; of frames only the payload, the whole frame. */
export interface PacedPacket extends OutgoingPacket {
  /** UDP only. */
  readonly destinationPort?: number;
}

/** A packet as received. */
export interface HeardPacket {
  /** Empty for frames. */
  readonly source: string;
  readonly destination: string;
  /** UDP only; 0 otherwise. */
  readonly sourcePort: number;
  /** TTL or hop limit as received; 0 for frames. */
  readonly hopLimit: number;
  readonly link: number;
  /** What follows the IP or UDP header; of frames, the whole. A private copy. */
  readonly payload: Uint8Array;
  /** When the pacemaker took it from the kernel: where thousands come each second, up to half a millisecond after its arrival. */
  readonly receivedAt: number;
}

export interface PacedSocketOptions {
  readonly transport: PacedIp | PacedUdp | PacedFrames;
  /** Index of the link on which packets come and go. Of UDP also 0: every link, and the routes of the kernel decide. */
  readonly link: number;
  /**
   * What tells watches apart: bytes of the payload, such as the virtual router id, or the last four bytes of the source address. Absent:
   * every watch looks at every packet.
   */
  readonly key?: { readonly offset: number; readonly length: 1 | 2 | 4 } | 'source';
  /** A packet that no watch wants; of a flood, some: see `untold`. Absent: nobody hears of it, and it costs no wake-up. */
  onPacket?(packet: HeardPacket): void;
  /** The kernel refused to send or receive. Repeated refusals of the same kind are told once a second at most. */
  onError(error: Error): void;
}

export interface PacedSocket {
  /** Joins a multicast group on the link; joining twice counts twice. Throws PortError. */
  join(group: string): void;
  leave(group: string): void;
  /** Sends now, in the order of the calls and before any beacon that is changed later. */
  send(packet: PacedPacket): void;
  /** Sends packets again and again. */
  beacon(options: BeaconOptions): Beacon;
  /** Listens for one peer. */
  watch(options: WatchOptions): Watch;
  /**
   * Received packets that were not told because too many came: a flood of strangers must not take the time of JavaScript. Some 1000 a second
   * are told that no watch wants, and where the socket has keys 500 of them of what has come over routers (a hop limit other than 255) and 250
   * of one source; of each watch, 2000 unexpected ones, 1333 of one source. A packet counts once for each 512 bytes. Expected packets are heard
   * in any case.
   */
  readonly untold: number;
  /** Ends its beacons and watches too, silently. */
  close(): void;
}

export interface BeaconOptions {
  /** Sent together at each turn, one for each destination. */
  readonly packets: readonly PacedPacket[];
  /**
   * Between two turns, 1000..2^32. The schedule is absolute: lateness does not add up. From 50 ms on, intervals may be up to a hundredth
   * shorter, by 10 ms in all, until the beacons of one interval send together; `nextAt` tells the real times.
   */
  readonly intervalUs: number;
  /** Shares of the interval between which each turn is drawn anew (RFC 5880 section 6.8.7); default exactly one interval. */
  readonly jitter?: readonly [least: number, most: number];
  /** The first turn. */
  readonly firstAt: number;
  /**
   * The dead-man switch: if the event loop does not turn for this long, `last` is sent once and the beacon ends. Without it the
   * beacon goes on as long as the process lives.
   */
  readonly lease?: { readonly ms: number; readonly last: readonly PacedPacket[] };
  /** A turn that is later than this is not sent: the process was asleep, and the world may have moved on. Default never. */
  readonly latestMs?: number;
  /** The beacon has ended by itself: `lapsed` by its lease, `overslept` by a turn that came too late. Nothing is sent any more. */
  onEnd(end: BeaconEnd): void;
  /** After each turn. Costs a wake-up of JavaScript for each: only for those who want to see every packet. */
  onTurn?(at: number): void;
}

export interface BeaconEnd {
  readonly why: 'lapsed' | 'overslept';
  readonly at: number;
}

export interface Beacon {
  /** Changes all that is named in one step: no turn has the one without the other. A new interval counts from the last turn. */
  set(change: { readonly packets?: readonly PacedPacket[]; readonly intervalUs?: number; readonly nextAt?: number }): void;
  /** Turns that were sent. */
  readonly turns: number;
  /** When the next turn is due. */
  readonly nextAt: number;
  /** Ends it, silently. */
  close(): void;
}

/** Which packets concern a watch. All that is named must hold. */
export interface PacketFilter {
  /** Bounds of the hop limit. */
  readonly hopLimit?: readonly [least: number, most: number];
  /** Bounds of the length of the payload. */
  readonly length?: readonly [least: number, most: number];
  /** Only from this address. */
  readonly source?: string;
  /** Only to this address. */
  readonly destination?: string;
  /** Only by the link with this index. */
  readonly link?: number;
  /** Bytes of the payload from `offset` on, equal to `value` where `mask` has ones. */
  readonly bytes?: readonly BytesRule[];
}

export interface WatchOptions {
  /** The key of its packets, where the socket has keys: the bytes as a number, most significant first. */
  readonly key?: number;
  readonly filter?: PacketFilter;
  /**
   * UDP only. What passes the filter is not told: it goes back to where it came from, from the address that it was sent to, with the hop
   * limit of the socket. So many at a time and one more every so often; what is beyond that is dropped.
   */
  readonly returns?: { readonly everyUs: number; readonly burst: number };
  /** A packet that is not the expected one. */
  onPacket(packet: HeardPacket): void;
  /** The deadline will come after `warnMs` of the terms, unless something is heard. The time for `consent`. */
  onImminent?(deadline: number): void;
  /**
   * The deadline has passed. Told once; a packet that re-arms the watch, or `arm`, makes it ready to tell again. `hasActed`: what
   * was foreseen has been sent and done, or the beacon turned. That is told even where the terms were replaced in that very moment.
   */
  onSilence(at: number, hasActed: boolean): void;
}

/** What a watch waits for. */
export interface WatchTerms {
  /**
   * When silence is told. Time in which the process did not run is no silence: the deadline moves by as much. What has arrived by
   * then is always looked at first.
   */
  readonly deadline: number;
  /** Packets equal to this one (source, destination, hop limit, payload) are not told: they re-arm the deadline. */
  readonly expected?: HeardPacket;
  /** From the arrival of a packet that re-arms to the new deadline. */
  readonly rearmUs?: number;
  /** How long before the deadline `onImminent` is told; absent: never. */
  readonly warnMs?: number;
  /** Which packets re-arm: the expected one only (default), or every one that passes the filter. */
  readonly rearmedBy?: 'expected' | 'any';
}

/**
 * What JavaScript would do at silence, and has prepared because it may be late. Whoever is told of silence does the same again, the
 * packets excepted: addresses and frames are a beginning of which nobody hears how it went, and an implementation may leave them out.
 */
export interface Foreseen {
  /** Sent on the socket of the watch, exactly when silence is noticed. */
  readonly packets: readonly PacedPacket[];
  /** Added to their links right after; an address that is there stays as it is. */
  readonly addresses?: readonly NewAddress[];
  /** Sent when the addresses are there, such as gratuitous ARP. */
  readonly frames?: readonly { readonly link: number; readonly frame: Uint8Array }[];
  /**
   * The packets go on at this distance until the watch is armed, disarmed or foresees anew, and for so long at most: whoever has to
   * take over may be busy with a thousand others.
   */
  readonly repeat?: { readonly everyUs: number; readonly forMs: number };
}

export interface Watch {
  /** Replaces the terms. Silence that was noticed under earlier terms is not told any more. */
  arm(terms: WatchTerms): void;
  /** What to do the moment that silence is noticed, before JavaScript hears of it. Kept until it is done or foreseen otherwise. */
  foresee(foreseen: Foreseen): void;
  /**
   * It shall be done if silence comes under the present terms and nothing passes the filter before. Does nothing where a packet has
   * come already that was not told yet: the consent would be given without it.
   */
  consent(): void;
  /**
   * What a beacon, of this socket or of another one, says from the moment that silence is noticed, before JavaScript hears of it: for what
   * silence means without doubt, so that no consent is needed. Done once, kept until then; undefined takes it back. It is left to JavaScript
   * while a packet of this watch is told and not read: that may mean anything. Where JavaScript keeps time it is left to it in any case.
   */
  turnAtSilence(
    turn: { readonly beacon: Beacon; readonly packets: readonly PacedPacket[]; readonly intervalUs: number } | undefined,
  ): void;
  /** No deadline and no expected packet: everything is told. */
  disarm(): void;
  /** When the expected packet came last under these terms; undefined while it has not. */
  readonly heardAt: number | undefined;
  /** Expected packets that came and were not told, since the watch was made. */
  readonly consumed: number;
  /** When the foreseen packets are sent again; undefined: they are not. */
  readonly repeatsAt: number | undefined;
  /** How often they were sent again, since the watch was made. */
  readonly repeats: number;
  /** Packets that went back to where they came from, since the watch was made. */
  readonly returned: number;
  /** Packets that were too many to go back. */
  readonly withheld: number;
  close(): void;
}

export interface Pacemaker {
  status(): PacemakerStatus;
  /** Throws PortError where the link is missing or the privilege lacks. */
  open(options: PacedSocketOptions): PacedSocket;
}
