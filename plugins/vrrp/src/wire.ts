/**
 * The raw sockets of VRRP: one for each link and family, shared by every instance there and opened while one needs it.
 * Received packets go to the instances of their virtual router id; the rest is counted. Used by instance.ts.
 */
import { type Family, messageOf, type OutgoingPacket, type Ports, type RawIpPacket, type RawIpSocket } from '@mainstay/sdk';
import { vrrpProtocol } from './packet.js';

/** What an instance hears on a wire. */
export interface Receiver {
  readonly virtualRouterId: number;
  /** Multicast group to be in; absent for unicast. */
  readonly group?: string;
  onPacket(packet: RawIpPacket): void;
}

/** Packets that belong to no instance. */
export interface StrayCounters {
  /** Too short to carry a virtual router id. */
  truncated: number;
  unknownVrid: number;
}

export interface WireLog {
  /** A socket failed on a link: said by the caller with its rate limit. */
  onError(link: number, message: string): void;
  onUnknownVrid(link: number, virtualRouterId: number, source: string): void;
}

class Wire {
  private readonly receivers = new Set<Receiver>();
  private readonly socket: RawIpSocket;

  constructor(
    rawIp: Ports['rawIp'],
    private readonly link: number,
    family: Family,
    private readonly strays: StrayCounters,
    private readonly log: WireLog,
  ) {
    this.socket = rawIp.open({
      family,
      protocol: vrrpProtocol,
      link,
      onPacket: (packet) => this.dispatch(packet),
      onError: (error) => log.onError(link, messageOf(error)),
    });
  }

  get isUnused(): boolean {
    return this.receivers.size === 0;
  }

  attach(receiver: Receiver): void {
    if (receiver.group !== undefined) this.socket.join(receiver.group);
    this.receivers.add(receiver);
  }

  detach(receiver: Receiver): void {
    if (!this.receivers.delete(receiver) || receiver.group === undefined) return;
    try {
      this.socket.leave(receiver.group);
    } catch (error) {
      this.log.onError(this.link, messageOf(error));
    }
  }

  send(packet: OutgoingPacket): void {
    this.socket.send(packet);
  }

  close(): void {
    this.socket.close();
  }

  private dispatch(packet: RawIpPacket): void {
    const virtualRouterId = packet.payload[1];
    if (virtualRouterId === undefined) {
      this.strays.truncated++;
      return;
    }
    let isKnown = false;
    for (const receiver of this.receivers) {
      if (receiver.virtualRouterId !== virtualRouterId) continue;
      isKnown = true;
      receiver.onPacket(packet);
    }
    if (isKnown) return;
    this.strays.unknownVrid++;
    this.log.onUnknownVrid(this.link, virtualRouterId, packet.source);
  }
}

/** An instance's hold on a wire. */
export interface Attachment {
  readonly link: number;
  send(packet: OutgoingPacket): void;
  detach(): void;
}

export class Wires {
  private readonly wires = new Map<string, Wire>();
  readonly strays: StrayCounters = { truncated: 0, unknownVrid: 0 };

  constructor(
    private readonly rawIp: Ports['rawIp'],
    private readonly log: WireLog,
  ) {}

  /** Throws PortError where the socket cannot be opened or the group not joined. */
  attach(link: number, family: Family, receiver: Receiver): Attachment {
    const key = `${link}/${family}`;
    const wire = this.wires.get(key) ?? new Wire(this.rawIp, link, family, this.strays, this.log);
    this.wires.set(key, wire);
    try {
      wire.attach(receiver);
    } catch (error) {
      this.dropUnused(key, wire);
      throw error;
    }
    return {
      link,
      send: (packet) => wire.send(packet),
      detach: () => {
        wire.detach(receiver);
        this.dropUnused(key, wire);
      },
    };
  }

  private dropUnused(key: string, wire: Wire): void {
    if (!wire.isUnused || this.wires.get(key) !== wire) return;
    this.wires.delete(key);
    wire.close();
  }
}
