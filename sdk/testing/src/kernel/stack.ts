/**
 * The IP stack of one simulated kernel: what it does with frames that arrive and packets that leave. Knows ARP, neighbour
 * discovery and echo; forwards nothing.
 */
import type { Clock } from '@mainstay/sdk';
import { isMulticast } from '@mainstay/sdk';
import { decodeArp, encodeArp } from '../network/arp.js';
import { etherTypes, Frame } from '../network/frame.js';
import type { IpPacket } from '../network/ip-packet.js';
import { broadcastMac, isGroupMac } from '../network/mac.js';
import { decodeNdp, encodeNdp, icmp6 } from '../network/ndp.js';
import { groupMac, solicitedNode } from '../network/prefix.js';
import { answerEcho, type EchoReply, readEchoReply } from './echo.js';
import type { Errno } from './errno.js';
import { isRunning, type KernelLink } from './link-table.js';
import { NeighbourCache } from './neighbour-cache.js';
import { Sockets } from './sockets.js';

/** What the stack asks of its kernel. */
export interface StackHost {
  readonly clock: Clock;
  link(index: number): KernelLink | undefined;
  /** True when the address is this host's own, on a link that is enabled. */
  isLocal(address: string): boolean;
  /** True when the packet filter drops what arrives on the link for this address of our own. */
  refuses(address: string, link: KernelLink): boolean;
  /** The own address to speak from on a link. */
  sourceFor(link: number, destination: string): string | undefined;
  /** Where a unicast packet goes first; the destination itself where it is a neighbour. */
  nextHop(link: number, destination: string): string;
}

const allNodes = 'ff02::1';
const unspecified = '::';

export class Stack {
  readonly sockets = new Sockets();
  readonly neighbours: NeighbourCache;
  /** Told of each echo reply. */
  onEcho: ((reply: EchoReply) => void) | undefined;

  constructor(
    private readonly host: StackHost,
    neighbourLifetimeMs: number,
  ) {
    this.neighbours = new NeighbourCache(host.clock, { lifetimeMs: neighbourLifetimeMs }, (link, address) =>
      this.#askFor(link, address),
    );
  }

  /** A packet on its way out of a link. Answers the refusal of the kernel, where it refuses at once. */
  send(index: number, packet: IpPacket): Errno | undefined {
    const link = this.host.link(index);
    if (link === undefined) return 'ENODEV';
    if (!link.isEnabled) return 'ENETDOWN';
    const headerLength = packet.family === 4 ? 20 : 40;
    if (packet.payload.length + headerLength > link.mtu) return 'EMSGSIZE';
    if (isMulticast(packet.destination)) this.transmit(link, Frame.ofIp(groupMac(packet.destination), link.mac, packet));
    else if (this.host.isLocal(packet.destination)) this.host.clock.after(0, () => this.#loopBack(packet));
    else {
      const hop = this.host.nextHop(index, packet.destination);
      this.neighbours.resolve(index, hop, (mac) => {
        if (mac !== undefined) this.transmit(link, Frame.ofIp(mac, link.mac, packet));
      });
    }
    return undefined;
  }

  /** A link that is not running loses what is put on it, as a queue without carrier does. */
  transmit(link: KernelLink, frame: Frame): void {
    if (isRunning(link)) link.transmit?.(frame);
  }

  receive(link: KernelLink, frame: Frame): void {
    if (!isRunning(link)) return;
    if (frame.destination !== link.mac && !isGroupMac(frame.destination)) return;
    this.sockets.deliverFrame(link.index, frame);
    if (frame.etherType === etherTypes.arp) this.#receiveArp(link, frame);
    else if (frame.ip !== undefined) this.#receiveIp(link, frame.ip, frame);
  }

  #receiveIp(link: KernelLink, packet: IpPacket, frame: Frame): void {
    // An IPv4 packet from one of our own addresses is a martian: Linux drops it (accept_local=0) before any socket sees it.
    if (packet.family === 4 && this.host.isLocal(packet.source)) return;
    const isForUs = isMulticast(packet.destination) || this.host.isLocal(packet.destination);
    if (!isForUs) return;
    const isNdp = packet.protocol === icmp6 && packet.family === 6 && decodeNdp(packet) !== undefined;
    if (!isNdp && this.host.refuses(packet.destination, link)) return;
    if (isNdp) this.#receiveNdp(link, packet);
    this.sockets.deliverPacket(link.index, packet);
    const reply = readEchoReply(packet);
    if (reply !== undefined) this.onEcho?.({ ...reply, mac: frame.source });
    this.#answerEcho(link, packet);
  }

  #loopBack(packet: IpPacket): void {
    const loopback = this.host.link(1);
    if (loopback !== undefined && this.host.refuses(packet.destination, loopback)) return;
    this.sockets.deliverPacket(1, packet);
    const answer = answerEcho(packet);
    if (answer !== undefined) this.#loopBack(answer);
    const reply = readEchoReply(packet);
    if (reply !== undefined) this.onEcho?.({ ...reply, mac: '' });
  }

  #answerEcho(link: KernelLink, packet: IpPacket): void {
    const answer = isMulticast(packet.destination) ? undefined : answerEcho(packet);
    if (answer !== undefined) this.send(link.index, answer);
  }

  #receiveArp(link: KernelLink, frame: Frame): void {
    const arp = decodeArp(frame.payload);
    if (arp === undefined || this.host.isLocal(arp.senderAddress)) return;
    const isForUs = arp.operation === 'request' && this.host.isLocal(arp.targetAddress);
    this.neighbours.learn(link.index, arp.senderAddress, arp.senderMac, isForUs && arp.senderAddress !== '0.0.0.0');
    if (!isForUs) return;
    const reply = encodeArp({
      operation: 'reply',
      senderMac: link.mac,
      senderAddress: arp.targetAddress,
      targetMac: arp.senderMac,
      targetAddress: arp.senderAddress,
    });
    this.transmit(link, Frame.of(arp.senderMac, link.mac, etherTypes.arp, reply));
  }

  #receiveNdp(link: KernelLink, packet: IpPacket): void {
    const message = decodeNdp(packet);
    if (message === undefined) return;
    if (message.kind === 'advertisement') {
      if (message.mac !== undefined && !this.host.isLocal(message.target)) this.#learnFromAdvertisement(link, message);
      return;
    }
    if (!this.host.isLocal(message.target)) return;
    const isFromNobody = packet.source === unspecified;
    if (message.mac !== undefined && !isFromNobody) this.neighbours.learn(link.index, packet.source, message.mac, true);
    const answer = {
      kind: 'advertisement',
      target: message.target,
      mac: link.mac,
      isSolicited: !isFromNobody,
      isOverride: true,
    } as const;
    this.send(link.index, encodeNdp(message.target, isFromNobody ? allNodes : packet.source, answer));
  }

  /** RFC 4861 section 7.2.5: without the override flag only an entry without an address learns. */
  #learnFromAdvertisement(link: KernelLink, message: { target: string; mac: string | undefined; isOverride: boolean }): void {
    const known = this.neighbours.get(link.index, message.target);
    if (known !== undefined && known !== message.mac && !message.isOverride) return;
    if (message.mac !== undefined) this.neighbours.learn(link.index, message.target, message.mac, false);
  }

  #askFor(index: number, address: string): void {
    const link = this.host.link(index);
    const source = this.host.sourceFor(index, address);
    if (link === undefined || source === undefined) return;
    if (address.includes(':')) {
      const question = { kind: 'solicitation', target: address, mac: link.mac, isSolicited: false, isOverride: false } as const;
      this.send(index, encodeNdp(source, solicitedNode(address), question));
      return;
    }
    const request = { senderMac: link.mac, senderAddress: source, targetMac: '00:00:00:00:00:00', targetAddress: address };
    this.transmit(link, Frame.of(broadcastMac, link.mac, etherTypes.arp, encodeArp({ operation: 'request', ...request })));
  }
}
