/**
 * The paced sockets of VRRP: one for each link and family, shared by every instance there and opened while one needs it. Each
 * instance watches its virtual router id; packets of others are counted. Used by instance.ts through pulse.ts.
 */
import {
  type Beacon,
  type BeaconOptions,
  type Family,
  type HeardPacket,
  messageOf,
  type PacedPacket,
  type PacedSocket,
  type Ports,
  type Watch,
} from '@mainstay/sdk';
import { vrrpProtocol } from './packet.js';

/** What an instance hears on a wire. */
export interface Receiver {
  readonly virtualRouterId: number;
  /** Multicast group to be in; absent for unicast. */
  readonly group?: string;
  /** Bounds of the TTL or hop limit; what is beyond them is for `onPacket` all the same, as far as the pacemaker tells of it at all. */
  readonly hopLimit?: readonly [least: number, most: number];
  onPacket(packet: HeardPacket): void;
  onImminent(deadline: number): void;
  onSilence(at: number, hasActed: boolean): void;
}

/** Packets that belong to no instance. */
export interface StrayCounters {
  /** Too short to carry a virtual router id. */
  truncated: number;
  unknownVrid: number;
  /** Of a flood, those that nobody has looked at, whoever they were for. */
  untold: number;
}

export interface WireLog {
  /** A socket failed on a link: said by the caller with its rate limit. */
  onError(link: number, message: string): void;
  onUnknownVrid(link: number, virtualRouterId: number, source: string): void;
}

/** Second byte of an advertisement (RFC 9568 section 5.2). */
const virtualRouterIdAt = { offset: 1, length: 1 } as const;

class Wire {
  private readonly receivers = new Set<Receiver>();
  private readonly socket: PacedSocket;

  constructor(
    pacemaker: Ports['pacemaker'],
    private readonly link: number,
    family: Family,
    private readonly strays: Omit<StrayCounters, 'untold'>,
    private readonly log: WireLog,
  ) {
    this.socket = pacemaker.open({
      transport: { kind: 'ip', family, protocol: vrrpProtocol },
      link,
      key: virtualRouterIdAt,
      onPacket: (packet) => this.stray(packet),
      onError: (error) => log.onError(link, messageOf(error)),
    });
  }

  get isUnused(): boolean {
    return this.receivers.size === 0;
  }
  get untold(): number {
    return this.socket.untold;
  }

  attach(receiver: Receiver): Watch {
    if (receiver.group !== undefined) this.socket.join(receiver.group);
    this.receivers.add(receiver);
    const { virtualRouterId: key, hopLimit, onPacket, onImminent, onSilence } = receiver;
    return this.socket.watch({ key, ...(hopLimit && { filter: { hopLimit } }), onPacket, onImminent, onSilence });
  }

  detach(receiver: Receiver): void {
    if (!this.receivers.delete(receiver) || receiver.group === undefined) return;
    try {
      this.socket.leave(receiver.group);
    } catch (error) {
      this.log.onError(this.link, messageOf(error));
    }
  }

  send(packet: PacedPacket): void {
    this.socket.send(packet);
  }

  beacon(options: BeaconOptions): Beacon {
    return this.socket.beacon(options);
  }

  close(): void {
    this.socket.close();
  }

  private stray(packet: HeardPacket): void {
    const virtualRouterId = packet.payload[virtualRouterIdAt.offset];
    if (virtualRouterId === undefined) {
      this.strays.truncated++;
      return;
    }
    const refusing = [...this.receivers].filter((receiver) => receiver.virtualRouterId === virtualRouterId);
    for (const { onPacket } of refusing) onPacket(packet);
    if (refusing.length > 0) return;
    this.strays.unknownVrid++;
    this.log.onUnknownVrid(this.link, virtualRouterId, packet.source);
  }
}

/** An instance's hold on a wire. */
export interface Attachment {
  readonly link: number;
  /** Hears what has the virtual router id. */
  readonly watch: Watch;
  send(packet: PacedPacket): void;
  beacon(options: BeaconOptions): Beacon;
  detach(): void;
}

export class Wires {
  private readonly wires = new Map<string, Wire>();
  private readonly counted = { truncated: 0, unknownVrid: 0 };
  private untoldBefore = 0;

  constructor(
    private readonly pacemaker: Ports['pacemaker'],
    private readonly log: WireLog,
  ) {}

  get strays(): StrayCounters {
    const untold = [...this.wires.values()].reduce((sum, wire) => sum + wire.untold, this.untoldBefore);
    return { ...this.counted, untold };
  }

  /** Throws PortError where the socket cannot be opened or the group not joined. */
  attach(link: number, family: Family, receiver: Receiver): Attachment {
    const key = `${link}/${family}`;
    const wire = this.wires.get(key) ?? new Wire(this.pacemaker, link, family, this.counted, this.log);
    this.wires.set(key, wire);
    let watch: Watch;
    try {
      watch = wire.attach(receiver);
    } catch (error) {
      this.dropUnused(key, wire);
      throw error;
    }
    return {
      link,
      watch,
      send: (packet) => wire.send(packet),
      beacon: (options) => wire.beacon(options),
      detach: () => {
        watch.close();
        wire.detach(receiver);
        this.dropUnused(key, wire);
      },
    };
  }

  private dropUnused(key: string, wire: Wire): void {
    if (!wire.isUnused || this.wires.get(key) !== wire) return;
    this.wires.delete(key);
    this.untoldBefore += wire.untold;
    wire.close();
  }
}
