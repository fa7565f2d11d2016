/** A paced socket on the ports rawIp and linkLayer: hands packets to the watches that want them. Made by index.ts. */
import {
  type Beacon,
  type BeaconOptions,
  type Clock,
  type HeardPacket,
  type LinkLayer,
  type PacedPacket,
  type PacedSocket,
  type PacedSocketOptions,
  PortError,
  type RawIp,
  type Watch,
  type WatchOptions,
} from '@mainstay/sdk';
import { ClockBeacon } from './beacon.js';
import { hasBytes, keyOf } from './matching.js';
import { sparing } from './refusals.js';
import type { Carrier, UdpOverRawIp, WayBack } from './udp.js';
import { ClockWatch } from './watch.js';

export interface Surroundings {
  readonly rawIp: RawIp;
  readonly linkLayer: LinkLayer;
  readonly clock: Clock;
  /** UDP is made of raw IP: Node's own sockets do not tell the hop limit of what they receive. */
  readonly udp: UdpOverRawIp;
  /** 0 to 1, for the jitter of beacons. */
  readonly random: () => number;
}

export class ClockSocket implements PacedSocket {
  readonly beacons = new Set<ClockBeacon>();
  /** By key; the key `undefined` holds those that look at every packet. */
  readonly #watches = new Map<number | undefined, Set<ClockWatch>>();
  readonly #carrier: Carrier;
  #isOpen = true;

  constructor(
    private readonly options: PacedSocketOptions,
    private readonly around: Surroundings,
    private readonly forget: (socket: ClockSocket) => void,
  ) {
    this.#carrier = carrierOf(options, around, (packet) => this.#hear(packet));
  }

  get watchCount(): number {
    return [...this.#watches.values()].reduce((sum, watches) => sum + watches.size, 0);
  }

  /** Here every packet has woken JavaScript already. */
  readonly untold = 0;

  join(group: string): void {
    this.#carrier.join(group);
  }
  leave(group: string): void {
    this.#carrier.leave(group);
  }
  send(packet: PacedPacket): void {
    if (this.#isOpen) this.#carrier.send(packet);
  }

  beacon(options: BeaconOptions): Beacon {
    const { clock, random } = this.around;
    const forget = () => void this.beacons.delete(beacon);
    const beacon: ClockBeacon = new ClockBeacon(options, clock, random, (packet) => this.send(packet), forget);
    this.beacons.add(beacon);
    return beacon;
  }

  watch(options: WatchOptions): Watch {
    const key = this.options.key === undefined ? undefined : options.key;
    const others = this.#watches.get(key) ?? new Set();
    this.#watches.set(key, others);
    const isUdp = this.options.transport.kind === 'udp';
    if (options.returns !== undefined && !isUdp) throw new TypeError('only UDP goes back to where it came from');
    const watch: ClockWatch = new ClockWatch(
      options,
      this.around.clock,
      (packet, back) => this.#sendBack(packet, back),
      () => void others.delete(watch),
    );
    others.add(watch);
    return watch;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const beacon of [...this.beacons]) beacon.close();
    for (const watches of this.#watches.values()) for (const watch of [...watches]) watch.close();
    this.#carrier.close();
    this.forget(this);
  }

  #hear(packet: HeardPacket): void {
    if (!this.#isOpen) return;
    const key = this.options.key && keyOf(packet, this.options.key);
    const keyed = key === undefined ? [] : [...(this.#watches.get(key) ?? [])];
    const takers = [...keyed, ...(this.#watches.get(undefined) ?? [])].filter((watch) => watch.hear(packet));
    if (takers.length === 0 && this.#isOpen) this.options.onPacket?.(packet);
  }

  #sendBack(packet: PacedPacket, back: WayBack | undefined): void {
    if (this.#isOpen) this.#carrier.send(packet, back);
  }
}

function carrierOf(
  options: PacedSocketOptions,
  { rawIp, linkLayer, clock, udp }: Surroundings,
  hear: (packet: HeardPacket) => void,
) {
  const { transport, link } = options;
  const onError = sparing(options.onError, clock);
  switch (transport.kind) {
    case 'ip': {
      const { family, protocol } = transport;
      return rawIp.open({ family, protocol, link, onError, onPacket: (packet) => hear({ ...packet, sourcePort: 0 }) });
    }
    case 'frames': {
      const { etherType, bytes = [] } = transport;
      const nobody = { source: '', destination: '', sourcePort: 0, hopLimit: 0, link };
      const onFrame = (payload: Uint8Array) => {
        if (hasBytes(payload, bytes)) hear({ ...nobody, payload, receivedAt: clock.now() });
      };
      const socket = linkLayer.open({ link, etherType, onFrame, onError });
      return {
        join: () => {
          throw new PortError('frames have no multicast groups to join [EINVAL]', 'EINVAL');
        },
        leave: () => {},
        send: ({ payload }: PacedPacket) => socket.send(payload),
        close: () => socket.close(),
      };
    }
    case 'udp':
      return udp.open(transport, link, { hear, onError });
    default:
      return transport satisfies never;
  }
}
