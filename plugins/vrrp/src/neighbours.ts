/**
 * Sends gratuitous ARP and unsolicited neighbour advertisements for virtual addresses, one socket of each kind for a link,
 * paced for each link. Used by instance.ts through its announcer.
 */
import {
  type Clock,
  isLinkLocal,
  type Link,
  type LinkLayerSocket,
  messageOf,
  type NewAddress,
  type Ports,
  type RawIpSocket,
} from '@mainstay/sdk';
import { allNodesGroup, arpEtherType, gratuitousArp, icmpv6Protocol, unsolicitedNeighbourAdvertisement } from './announce.js';
import { Pacer } from './announcer.js';
import type { AnnounceConfig } from './instance-config.js';

/** RFC 4861 section 7.1.2: a neighbour advertisement with another hop limit is ignored. */
const hopLimit = 255;

interface Speaker {
  readonly arpPacer: Pacer;
  readonly neighbourPacer: Pacer;
  arp?: LinkLayerSocket;
  icmp?: RawIpSocket;
}

export class Neighbours {
  private readonly speakers = new Map<number, Speaker>();

  constructor(
    private readonly ports: Pick<Ports, 'links' | 'addresses' | 'linkLayer' | 'rawIp'>,
    private readonly clock: Clock,
    private readonly onError: (link: string, message: string) => void,
  ) {}

  /**
   * Queues one announcement of an address on its link; `isWanted` is asked again when its turn comes, because a router that
   * has yielded meanwhile must not claim the address. Links without a hardware address have no neighbours to tell.
   */
  announce(address: NewAddress, config: AnnounceConfig, isWanted: () => boolean): void {
    const link = this.ports.links.list().find(({ index }) => index === address.link);
    if (link === undefined || !link.isUp || link.isLoopback || link.mac === '') return;
    const speaker = this.speakerOf(link.index);
    const isIpv4 = address.family === 4;
    const send = () =>
      isIpv4 ? this.sendArp(speaker, link, address.address) : this.sendNeighbour(speaker, link, address.address);
    const pacer = isIpv4 ? speaker.arpPacer : speaker.neighbourPacer;
    pacer.enqueue(() => isWanted() && send(), isIpv4 ? config.arpIntervalMs : config.neighbourIntervalMs);
  }

  /** The link is gone or has another index now: its sockets are of no use. */
  forget(link: number): void {
    const speaker = this.speakers.get(link);
    this.speakers.delete(link);
    speaker?.arpPacer.close();
    speaker?.neighbourPacer.close();
    speaker?.arp?.close();
    speaker?.icmp?.close();
  }

  close(): void {
    for (const link of [...this.speakers.keys()]) this.forget(link);
  }

  private speakerOf(link: number): Speaker {
    const known = this.speakers.get(link);
    if (known !== undefined) return known;
    const speaker: Speaker = { arpPacer: new Pacer(this.clock), neighbourPacer: new Pacer(this.clock) };
    this.speakers.set(link, speaker);
    return speaker;
  }

  private sendArp(speaker: Speaker, link: Link, address: string): void {
    this.guarded(link, () => {
      const onError = (error: Error) => this.onError(link.name, messageOf(error));
      speaker.arp ??= this.ports.linkLayer.open({ link: link.index, etherType: arpEtherType, onError });
      speaker.arp.send(gratuitousArp(address, link.mac));
    });
  }

  private sendNeighbour(speaker: Speaker, link: Link, address: string): void {
    this.guarded(link, () => {
      const onError = (error: Error) => this.onError(link.name, messageOf(error));
      speaker.icmp ??= this.ports.rawIp.open({
        family: 6,
        protocol: icmpv6Protocol,
        link: link.index,
        onPacket: () => undefined,
        onError,
      });
      const own = this.ports.addresses
        .list()
        .find((a) => a.link === link.index && a.family === 6 && isLinkLocal(a.address) && !a.isOurs);
      const source = own?.address ?? address;
      const payload = unsolicitedNeighbourAdvertisement(address, link.mac, source);
      speaker.icmp.send({ source, destination: allNodesGroup, hopLimit, trafficClass: 0, payload });
    });
  }

  private guarded(link: Link, send: () => void): void {
    try {
      send();
    } catch (error) {
      this.onError(link.name, messageOf(error));
    }
  }
}
