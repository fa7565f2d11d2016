/**
 * Sends gratuitous ARP and unsolicited neighbour advertisements for virtual addresses, one socket of each kind for a link,
 * paced for each link. Used by instance.ts through its announcer.
 */
import {
  type Clock,
  type Foreseen,
  isLinkLocal,
  type Link,
  type LinkLayerSocket,
  messageOf,
  type NewAddress,
  type OutgoingPacket,
  type Ports,
  type RawIpSocket,
} from '@mainstay/sdk';
import {
  allNodesGroup,
  arpEtherType,
  arpTemplate,
  gratuitousArp,
  icmpv6Protocol,
  unsolicitedNeighbourAdvertisement,
} from './announce.js';
import { Pacer } from './announcer.js';
import type { AnnounceConfig } from './instance-config.js';

/** RFC 4861 section 7.1.2: a neighbour advertisement with another hop limit is ignored. */
const hopLimit = 255;

interface Speaker {
  readonly arpPacer: Pacer<Uint8Array>;
  readonly neighbourPacer: Pacer<OutgoingPacket>;
  /** Of the hardware address that the link has now. */
  template: Uint8Array;
  templateMac: string;
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
   * Queues announcements of an address on its link; `isWanted` is asked again when the turn of each comes. Links without a
   * hardware address have no neighbours to tell.
   */
  announce(address: NewAddress, config: AnnounceConfig, times: number, isWanted: () => boolean): void {
    const link = this.ports.links.byIndex(address.link);
    if (link === undefined || !hasNeighbours(link)) return;
    const speaker = this.speakerOf(link);
    if (address.family === 4) {
      const item = gratuitousArp(address.address, speaker.template);
      speaker.arpPacer.enqueue({ item, isWanted }, times, config.arpIntervalMs);
    } else {
      const item = this.neighbourAdvertisement(address.address, link);
      speaker.neighbourPacer.enqueue({ item, isWanted }, times, config.neighbourIntervalMs);
    }
  }

  /** Addresses to take over, and the first gratuitous ARP for each where there is anybody to tell. */
  beginningWith(addresses: readonly NewAddress[]): Required<Pick<Foreseen, 'addresses' | 'frames'>> {
    const frames = addresses.flatMap(({ link: index, family, address }) => {
      const link = this.ports.links.byIndex(index);
      if (family !== 4 || link === undefined || !hasNeighbours(link)) return [];
      return [{ link: index, frame: gratuitousArp(address, this.speakerOf(link).template) }];
    });
    return { addresses, frames };
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

  private speakerOf(link: Link): Speaker {
    const speaker = this.speakers.get(link.index) ?? this.newSpeaker(link.index);
    if (speaker.templateMac !== link.mac) {
      speaker.template = arpTemplate(link.mac);
      speaker.templateMac = link.mac;
    }
    return speaker;
  }

  private newSpeaker(link: number): Speaker {
    const speaker: Speaker = {
      arpPacer: new Pacer(this.clock, (frames) => this.sendFrames(speaker, link, frames)),
      neighbourPacer: new Pacer(this.clock, (packets) => this.sendPackets(speaker, link, packets)),
      template: new Uint8Array(),
      templateMac: '',
    };
    this.speakers.set(link, speaker);
    return speaker;
  }

  private neighbourAdvertisement(address: string, { index, mac }: Link): OutgoingPacket {
    const own = this.ports.addresses.onLink(index).find((a) => a.family === 6 && !a.isOurs && isLinkLocal(a.address));
    const source = own?.address ?? address;
    const payload = unsolicitedNeighbourAdvertisement(address, mac, source);
    return { source, destination: allNodesGroup, hopLimit, trafficClass: 0, payload };
  }

  private sendFrames(speaker: Speaker, link: number, frames: readonly Uint8Array[]): void {
    this.guarded(link, () => {
      const onError = (error: Error) => this.complain(link, error);
      speaker.arp ??= this.ports.linkLayer.open({ link, etherType: arpEtherType, onError });
      speaker.arp.sendAll(frames);
    });
  }

  private sendPackets(speaker: Speaker, link: number, packets: readonly OutgoingPacket[]): void {
    this.guarded(link, () => {
      const onPacket = () => undefined;
      const onError = (error: Error) => this.complain(link, error);
      speaker.icmp ??= this.ports.rawIp.open({ family: 6, protocol: icmpv6Protocol, link, onPacket, onError });
      for (const packet of packets) speaker.icmp.send(packet);
    });
  }

  private guarded(link: number, send: () => void): void {
    try {
      send();
    } catch (error) {
      this.complain(link, error);
    }
  }

  private complain(link: number, error: unknown): void {
    this.onError(this.ports.links.byIndex(link)?.name ?? `link ${link}`, messageOf(error));
  }
}

function hasNeighbours({ isUp, isLoopback, mac }: Link): boolean {
  return isUp && !isLoopback && mac !== '';
}
