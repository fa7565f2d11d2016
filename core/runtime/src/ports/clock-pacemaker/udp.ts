/**
 * UDP on raw IP sockets, for the pacemaker of timers: with the hop limit of what is received, which Node's own sockets do not tell.
 * Ports are taken among the sockets of one pacemaker. Used by socket.ts.
 */
import {
  type Family,
  familyOf,
  type HeardPacket,
  type InterfaceAddress,
  isMulticast,
  type Links,
  type PacedPacket,
  type PacedUdp,
  PortError,
  type RawIp,
  type RawIpSocket,
} from '@mainstay/sdk';
import { decodeUdp, encodeUdp, isWithin, udpProtocol } from './udp-packet.js';

/** How a packet goes back to where one came from: by its link, from the own address that it was sent to. */
export interface WayBack {
  readonly from: string;
  readonly link: number;
}

/** What the socket of any transport is carried by. */
export interface Carrier extends Pick<RawIpSocket, 'join' | 'leave' | 'close'> {
  /** `back` is of UDP only. */
  send(packet: PacedPacket, back?: WayBack): void;
}

/** The links and addresses of the host. */
export interface Places {
  readonly links: Pick<Links, 'list' | 'watch'>;
  readonly addresses: { list(): readonly InterfaceAddress[] };
}

interface Listener {
  hear(packet: HeardPacket): void;
  onError(error: Error): void;
}

interface Taken {
  readonly transport: PacedUdp;
  readonly link: number;
}

export class UdpOverRawIp {
  readonly #taken = new Set<Taken>();

  constructor(
    private readonly rawIp: RawIp,
    private readonly places: Places,
  ) {}

  open(transport: PacedUdp, link: number, listener: Listener): Carrier {
    const { address, port } = transport;
    const what = `cannot open UDP port ${port}`;
    if (address !== undefined && !this.places.addresses.list().some((one) => one.address === address)) {
      throw new PortError(`${what}: ${address} is no address of this host [EADDRNOTAVAIL]`, 'EADDRNOTAVAIL');
    }
    const taken = { transport, link };
    if ([...this.#taken].some((other) => isConflict(other, taken))) {
      throw new PortError(`${what}: it is taken [EADDRINUSE]`, 'EADDRINUSE');
    }
    const carrier = new UdpCarrier(this.rawIp, this.places, taken, listener, () => void this.#taken.delete(taken));
    this.#taken.add(taken);
    return carrier;
  }
}

function isConflict(a: Taken, b: Taken): boolean {
  const [left, right] = [a.transport, b.transport];
  if (left.family !== right.family || left.port !== right.port) return false;
  const isSameLink = a.link === b.link || a.link === 0 || b.link === 0;
  return isSameLink && (left.address === right.address || left.address === undefined || right.address === undefined);
}

class UdpCarrier implements Carrier {
  readonly #sockets = new Map<number, RawIpSocket>();
  readonly #unwatch: () => void;

  constructor(
    private readonly rawIp: RawIp,
    private readonly places: Places,
    private readonly place: Taken,
    private readonly listener: Listener,
    private readonly forget: () => void,
  ) {
    const { links } = places;
    if (place.link !== 0) {
      this.#add(place.link);
      this.#unwatch = () => {};
      return;
    }
    for (const { index } of links.list()) this.#add(index);
    this.#unwatch = links.watch(({ kind, link }) => {
      if (kind === 'removed') this.#remove(link.index);
      else if (!this.#sockets.has(link.index)) this.#tryToAdd(link.index);
    });
  }

  join(group: string): void {
    for (const socket of this.#sockets.values()) socket.join(group);
  }
  leave(group: string): void {
    for (const socket of this.#sockets.values()) socket.leave(group);
  }

  send({ destination, destinationPort = 0, payload }: PacedPacket, back?: WayBack): void {
    const { port, address, hopLimit, trafficClass, family } = this.place.transport;
    const way = back
      ? { link: back.link, source: back.from }
      : wayTo(destination, family, this.place, this.places.addresses.list());
    const source = address ?? way?.source;
    const socket = way === undefined ? undefined : this.#sockets.get(way.link);
    if (socket === undefined || source === undefined) {
      this.listener.onError(new PortError(`there is no way to ${destination} [ENETUNREACH]`, 'ENETUNREACH'));
      return;
    }
    const bytes = encodeUdp({ source, destination, sourcePort: port, destinationPort, payload });
    socket.send({ source, destination, hopLimit, trafficClass, payload: bytes });
  }

  close(): void {
    this.#unwatch();
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    this.forget();
  }

  #tryToAdd(link: number): void {
    try {
      this.#add(link);
    } catch (error) {
      this.listener.onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #add(link: number): void {
    const { transport } = this.place;
    const socket = this.rawIp.open({
      family: transport.family,
      protocol: udpProtocol,
      link,
      onError: (error) => this.listener.onError(error),
      onPacket: (packet) => {
        if (transport.address !== undefined && packet.destination !== transport.address && !isMulticast(packet.destination))
          return;
        const decoded = decodeUdp(packet);
        if (decoded?.destinationPort !== transport.port) return;
        this.listener.hear({ ...packet, sourcePort: decoded.sourcePort, payload: decoded.payload });
      },
    });
    this.#sockets.set(link, socket);
  }

  #remove(link: number): void {
    this.#sockets.get(link)?.close();
    this.#sockets.delete(link);
  }
}

/**
 * The link on which a packet leaves, and the address from which. A simpler host than Linux: the link that is bound, else the one with
 * the longest prefix around the destination, else that of the source address, else the first.
 */
function wayTo(
  destination: string,
  family: Family,
  { link, transport: { address } }: Taken,
  all: readonly InterfaceAddress[],
): { readonly link: number; readonly source: string } | undefined {
  const usable = all.filter((one) => one.family === family && (link === 0 || one.link === link) && one.isTentative !== true);
  const near = usable
    .filter((one) => familyOf(destination) === family && isWithin(destination, one.address, one.prefixLength))
    .sort((a, b) => b.prefixLength - a.prefixLength);
  const own = usable.find((one) => one.address === address);
  const far = usable.find(({ scope }) => scope !== 'host');
  const way = near[0] ?? own ?? far;
  return way && { link: way.link, source: way.address };
}
