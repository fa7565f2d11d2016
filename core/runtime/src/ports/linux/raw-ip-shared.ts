/** The receiving socket of one (family, protocol, link), shared by everyone who opened that. */
import { RawIpReceiver, type ReceivedIpPacket } from '@mainstay/pacemaker';
import { addressBytes, formatAddress, isMulticast, type RawIpPacket } from '@mainstay/sdk';
import { GroupMembers } from './group-members.js';

/** One who opened the socket. */
export interface PacketListener {
  /** True where it joined that multicast group. */
  wants(group: string): boolean;
  deliver(packet: RawIpPacket): void;
  fail(error: Error): void;
}

interface Place {
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly link: number;
}

export class RawIpShared {
  readonly #receiver: RawIpReceiver;
  readonly #listeners = new Set<PacketListener>();
  readonly #groups = new GroupMembers({
    join: (group) => this.#receiver.join(addressBytes(group)),
    leave: (group) => this.#receiver.leave(addressBytes(group)),
  });

  constructor(
    { family, protocol, link }: Place,
    private readonly now: () => number,
  ) {
    this.#receiver = new RawIpReceiver({
      family,
      protocol,
      interfaceIndex: link,
      onPacket: (packet) => this.#spread(packet),
      onError: (error) => {
        for (const listener of [...this.#listeners]) listener.fail(error);
      },
    });
  }

  get drops(): number {
    return this.#receiver.drops;
  }

  attach(listener: PacketListener): void {
    this.#listeners.add(listener);
  }
  detach(listener: PacketListener): void {
    this.#listeners.delete(listener);
  }

  join(group: string): void {
    this.#groups.join(group);
  }

  leave(group: string): void {
    this.#groups.leave(group);
  }

  close(): void {
    this.#listeners.clear();
    this.#receiver.close();
  }

  #spread(packet: ReceivedIpPacket): void {
    const destination = formatAddress(packet.destination);
    const source = formatAddress(packet.source);
    const receivedAt = this.now();
    const isForGroup = isMulticast(destination);
    for (const listener of [...this.#listeners]) {
      if (isForGroup && !listener.wants(destination)) continue;
      const { hopLimit, interfaceIndex: link } = packet;
      hand(listener, { source, destination, hopLimit, link, payload: new Uint8Array(packet.payload), receivedAt });
    }
  }
}

/** What one listener throws reaches the process, and keeps neither the others nor the next packets from their listeners. */
function hand(listener: PacketListener, packet: RawIpPacket): void {
  try {
    listener.deliver(packet);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
