/** One paced socket on the native thread: addresses as text and times of this process, in front of bytes and kernel time. */
import type {
  BeaconChange,
  PacemakerBeacon,
  PacemakerLine,
  PacemakerThread,
  PacemakerWatch,
  Send,
  Transport,
} from '@mainstay/pacemaker';
import {
  addressBytes,
  type Beacon,
  type BeaconOptions,
  canonicalAddress,
  type Foreseen,
  familyOf,
  formatAddress,
  type HeardPacket,
  isMulticast,
  type PacedPacket,
  type PacedSocket,
  type PacedSocketOptions,
  type PacketFilter,
  PortError,
  type Watch,
  type WatchOptions,
  type WatchTerms,
} from '@mainstay/sdk';
import { additionOf } from './address-format.js';
import { formatRequest } from './codec.js';
import { GroupMembers } from './group-members.js';
import { ipv4Packet, ipv6Packet } from './ip-header.js';
import { fromKernel, toKernel } from './paced-time.js';
import { portError, refusalText } from './refusal.js';
import { flag, messageType } from './rtnetlink.js';

/** As LinuxAddresses adds: never over what is there. The answers are nobody's. */
const addFlags = flag.request | flag.ack | flag.create | flag.exclusive;

/** As much as the thread takes to do at silence; who hears of silence does the rest. */
const mostRequestBytes = 65_536;
const mostFrames = 1024;

type NativePacket = Parameters<NonNullable<ConstructorParameters<typeof PacemakerLine>[2]['onPacket']>>[0];

/** What the port hears of its line. */
export interface LineOwner {
  closed(): void;
  /** A beacon with a lease of so many milliseconds begins. */
  leased(ms: number): void;
}

export class PacedLine implements PacedSocket {
  readonly #line: PacemakerLine;
  readonly #groups: GroupMembers;
  /** Packets are sent again and again: their bytes are made once. */
  readonly #made = new WeakMap<PacedPacket, Send>();
  #isOpen = true;
  #untold = 0;

  constructor(
    thread: PacemakerThread,
    private readonly options: PacedSocketOptions,
    private readonly linkName: string,
    private readonly owner: LineOwner,
  ) {
    const { transport, link, key, onPacket } = options;
    this.#line = thread.openLine({
      transport: nativeTransport(transport),
      interfaceIndex: link,
      ...(key !== undefined && { key }),
      ...(onPacket !== undefined && { onPacket: (packet: NativePacket) => this.#tell(packet, onPacket) }),
      onError: (error) => {
        if (this.#isOpen) options.onError(portError(`paced socket on ${linkName}`, error));
      },
    });
    this.#groups = new GroupMembers({
      join: (group) => this.#line.join(addressBytes(group)),
      leave: (group) => this.#line.leave(addressBytes(group)),
    });
  }

  join(group: string): void {
    const what = `cannot join group ${group} on ${this.linkName}`;
    const canonical = canonicalAddress(group);
    const { transport } = this.options;
    const isRight =
      transport.kind !== 'frames' &&
      canonical !== undefined &&
      isMulticast(canonical) &&
      familyOf(canonical) === transport.family;
    if (!isRight) throw new PortError(`${what}: ${refusalText('EINVAL', 'it is no multicast group of this socket')}`, 'EINVAL');
    try {
      this.#groups.join(canonical);
    } catch (error) {
      throw portError(what, error);
    }
  }

  /** A link that vanished took its memberships along: no error to report. */
  leave(group: string): void {
    try {
      this.#groups.leave(canonicalAddress(group) ?? group);
    } catch {}
  }

  send(packet: PacedPacket): void {
    if (this.#isOpen) this.#line.send(this.#native(packet));
  }

  beacon(options: BeaconOptions): Beacon {
    const { packets, intervalUs, jitter, firstAt, lease, latestMs, onEnd, onTurn } = options;
    if (lease !== undefined) this.owner.leased(lease.ms);
    const beacon = this.#line.beacon({
      packets: packets.map((packet) => this.#native(packet)),
      intervalUs,
      ...(jitter && { jitter }),
      firstAt: toKernel(firstAt),
      ...(lease && { lease: { us: lease.ms * 1000, last: lease.last.map((packet) => this.#native(packet)) } }),
      ...(latestMs !== undefined && { latestUs: latestMs * 1000 }),
      onEnd: ({ why, at }) => onEnd({ why, at: fromKernel(at) }),
      ...(onTurn && { onTurn: (at: number) => onTurn(fromKernel(at)) }),
    });
    return new PacedBeacon(
      beacon,
      () => this.#isOpen,
      (packet) => this.#native(packet),
    );
  }

  watch({ key, filter, returns, onPacket, onImminent, onSilence }: WatchOptions): Watch {
    const watch = this.#line.watch({
      ...(key !== undefined && { key }),
      ...(filter && { filter: nativeFilter(filter) }),
      ...(returns && { returns }),
      onPacket: (packet) => this.#tell(packet, onPacket),
      ...(onImminent && { onImminent: (deadline: number) => onImminent(fromKernel(deadline)) }),
      onSilence: (at, hasActed) => onSilence(fromKernel(at), hasActed),
    });
    return new PacedWatch(
      watch,
      () => this.#isOpen,
      (packet) => this.#native(packet),
    );
  }

  get untold(): number {
    if (this.#isOpen) this.#untold = this.#line.untold;
    return this.#untold;
  }

  close(): void {
    if (!this.#isOpen) return;
    void this.untold;
    this.#isOpen = false;
    this.#line.close();
    this.owner.closed();
  }

  /** Linux hands a raw IPv6 socket the groups of its neighbours on the host, too. */
  #tell(packet: NativePacket, hear: (packet: HeardPacket) => void): void {
    const told = heard(packet);
    const { destination } = told;
    if (destination === '' || !isMulticast(destination) || this.#groups.has(destination)) hear(told);
  }

  #native(packet: PacedPacket): Send {
    const known = this.#made.get(packet);
    if (known !== undefined) return known;
    const made = this.#encode(packet);
    this.#made.set(packet, made);
    return made;
  }

  #encode(packet: PacedPacket): Send {
    const { transport } = this.options;
    if (transport.kind === 'frames') return packet.payload;
    const destination = addressBytes(packet.destination);
    if (transport.kind === 'udp') return { payload: packet.payload, destination, port: packet.destinationPort ?? 0 };
    const bytes = transport.family === 4 ? ipv4Packet(transport.protocol, packet) : ipv6Packet(transport.protocol, packet);
    return { bytes, destination };
  }
}

class PacedBeacon implements Beacon {
  #isOpen = true;

  constructor(
    private readonly beacon: PacemakerBeacon,
    private readonly isLineOpen: () => boolean,
    private readonly native: (packet: PacedPacket) => Send,
  ) {}

  /** As a watch of the thread turns it. */
  turned(packets: readonly PacedPacket[], intervalUs: number) {
    return this.isLineOpen() ? { beacon: this.beacon, packets: packets.map(this.native), intervalUs } : undefined;
  }
  get turns(): number {
    return this.beacon.turns;
  }
  get nextAt(): number {
    return fromKernel(this.beacon.nextAt);
  }

  /** To what has been closed nothing is said: its user may hear of that later than it is told. */
  set({ packets, intervalUs, nextAt }: Parameters<Beacon['set']>[0]): void {
    if (!this.#isOpen || !this.isLineOpen()) return;
    const change: BeaconChange = {
      ...(packets && { packets: packets.map(this.native) }),
      ...(intervalUs !== undefined && { intervalUs }),
      ...(nextAt !== undefined && { nextAt: toKernel(nextAt) }),
    };
    this.beacon.set(change);
  }

  close(): void {
    this.#isOpen = false;
    this.beacon.close();
  }
}

class PacedWatch implements Watch {
  #isOpen = true;

  constructor(
    private readonly watch: PacemakerWatch,
    private readonly isLineOpen: () => boolean,
    private readonly native: (packet: PacedPacket) => Send,
  ) {}

  get heardAt(): number | undefined {
    const { heardAt } = this.watch;
    return heardAt === undefined ? undefined : fromKernel(heardAt);
  }
  get consumed(): number {
    return this.watch.consumed;
  }
  get repeatsAt(): number | undefined {
    const { repeatsAt } = this.watch;
    return repeatsAt === undefined ? undefined : fromKernel(repeatsAt);
  }
  get repeats(): number {
    return this.watch.repeats;
  }
  get returned(): number {
    return this.watch.returned;
  }
  get withheld(): number {
    return this.watch.withheld;
  }

  arm({ deadline, expected, rearmUs, rearmedBy, warnMs }: WatchTerms): void {
    if (!this.#isOpen || !this.isLineOpen()) return;
    this.watch.arm({
      deadline: toKernel(deadline),
      ...(expected && { expected: bytesOf(expected) }),
      ...(rearmUs !== undefined && { rearmUs }),
      ...(rearmedBy && { rearmedBy }),
      ...(warnMs !== undefined && { warnUs: warnMs * 1000 }),
    });
  }
  foresee({ packets, addresses = [], frames = [], repeat }: Foreseen): void {
    if (!this.#isOpen || !this.isLineOpen()) return;
    const requests = addresses.map((address) => formatRequest(messageType.newAddress, addFlags, 0, additionOf(address)));
    let bytes = 0;
    const first = requests.filter(({ length }) => {
      bytes += length;
      return bytes <= mostRequestBytes;
    });
    this.watch.foresee({
      packets: packets.map(this.native),
      requests: Buffer.concat(first),
      frames: frames.slice(0, mostFrames).map(({ link, frame }) => [link, frame] as const),
      ...(repeat && { repeat: { everyUs: Math.round(repeat.everyUs), forUs: Math.round(repeat.forMs * 1000) } }),
    });
  }
  turnAtSilence(turn: Parameters<Watch['turnAtSilence']>[0]): void {
    if (!this.#isOpen || !this.isLineOpen()) return;
    const { beacon, packets = [], intervalUs = 0 } = turn ?? {};
    this.watch.turnAtSilence(beacon instanceof PacedBeacon ? beacon.turned(packets, intervalUs) : undefined);
  }
  consent(): void {
    if (this.#isOpen && this.isLineOpen()) this.watch.consent();
  }
  disarm(): void {
    if (this.#isOpen && this.isLineOpen()) this.watch.disarm();
  }
  close(): void {
    this.#isOpen = false;
    this.watch.close();
  }
}

function nativeTransport(transport: PacedSocketOptions['transport']): Transport {
  if (transport.kind !== 'udp') return transport;
  const { address, ...rest } = transport;
  return address === undefined ? rest : { ...rest, address: addressBytes(address) };
}

function heard(packet: NativePacket): HeardPacket {
  const { source, destination, sourcePort, hopLimit, interfaceIndex: link, payload, receivedAt } = packet;
  return {
    source: source.length === 0 ? '' : formatAddress(source),
    destination: destination.length === 0 ? '' : formatAddress(destination),
    sourcePort,
    hopLimit,
    link,
    payload: new Uint8Array(payload),
    receivedAt: fromKernel(receivedAt),
  };
}

function bytesOf({ source, destination, sourcePort, hopLimit, payload }: HeardPacket) {
  const address = (text: string) => (text === '' ? new Uint8Array(0) : addressBytes(text));
  const buffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    source: buffer(address(source)),
    destination: buffer(address(destination)),
    sourcePort,
    hopLimit,
    payload: buffer(payload),
  };
}

function nativeFilter({ source, destination, ...rest }: PacketFilter) {
  return {
    ...rest,
    ...(source !== undefined && { source: addressBytes(source) }),
    ...(destination !== undefined && { destination: addressBytes(destination) }),
  };
}
