/** Raw IP and link-layer sockets as the simulated kernel knows them: who gets which packet. Opened through the ports. */
import type { Family } from '@mainstay/sdk';
import { isMulticast } from '@mainstay/sdk';
import type { Frame } from '../network/frame.js';
import type { IpPacket } from '../network/ip-packet.js';

export interface RawSocket {
  readonly family: Family;
  readonly protocol: number;
  readonly link: number;
  /** Groups joined, with how often. */
  readonly groups: ReadonlyMap<string, number>;
  receive(packet: IpPacket, link: number): void;
}

export interface FrameSocket {
  readonly link: number;
  readonly etherType: number;
  receive(frame: Frame): void;
}

export class Sockets {
  readonly #raw = new Set<RawSocket>();
  readonly #frame = new Set<FrameSocket>();

  addRaw(socket: RawSocket): () => void {
    this.#raw.add(socket);
    return () => this.#raw.delete(socket);
  }

  addFrame(socket: FrameSocket): () => void {
    this.#frame.add(socket);
    return () => this.#frame.delete(socket);
  }

  /** Groups that some socket of the link has joined. */
  hasGroup(link: number, group: string): boolean {
    for (const socket of this.#raw) if (socket.link === link && socket.groups.has(group)) return true;
    return false;
  }

  deliverPacket(link: number, packet: IpPacket): void {
    const needsGroup = isMulticast(packet.destination);
    for (const socket of this.#raw) {
      if (socket.link !== link || socket.protocol !== packet.protocol || socket.family !== packet.family) continue;
      if (!needsGroup || socket.groups.has(packet.destination)) socket.receive(packet, link);
    }
  }

  deliverFrame(link: number, frame: Frame): void {
    for (const socket of this.#frame) {
      if (socket.link === link && socket.etherType === frame.etherType) socket.receive(frame);
    }
  }
}
