/** A socket of the pacemaker thread on one interface: beacons send on it, watches listen on it. Made by PacemakerThread. */
import { NativeSocketError } from './errors.js';
import { guarded, type Handle } from './native.js';
import { mailKind, type NativeMail, type NativePacket } from './native-pacemaker.js';
import { type BeaconOptions, type IpSend, PacemakerBeacon, type Send, type UdpSend } from './pacemaker-beacon.js';
import type { PacemakerThread } from './pacemaker-thread.js';
import { type BytesRule, type HeardPacket, heardFrom, PacemakerWatch, packRules, type WatchOptions } from './pacemaker-watch.js';

export type Transport =
  /** Raw IP of one protocol (1..255). Sends IpSend. */
  | { readonly kind: 'ip'; readonly family: 4 | 6; readonly protocol: number }
  /** UDP from one local port. `hopLimit` and `trafficClass` are of what is sent. Sends UdpSend. */
  | {
      readonly kind: 'udp';
      readonly family: 4 | 6;
      /** 4 or 16 bytes; absent: any. */
      readonly address?: Uint8Array;
      readonly port: number;
      readonly hopLimit: number;
      readonly trafficClass: number;
    }
  /** Ethernet frames of one type; the kernel drops those without the bytes. Sends whole frames. */
  | { readonly kind: 'frames'; readonly etherType: number; readonly bytes?: readonly BytesRule[] };

export interface LineOptions {
  readonly transport: Transport;
  /** 0, of UDP only: every interface. */
  readonly interfaceIndex: number;
  /** What tells watches apart: bytes of the payload, or the last four of the source address. */
  readonly key?: { readonly offset: number; readonly length: 1 | 2 | 4 } | 'source';
  /** A packet that no watch wants; of a flood, some: see `untold`. Absent: it is not told. */
  onPacket?(packet: HeardPacket): void;
  /** The kernel refused to send or receive: once a second at most for each errno. */
  onError(error: Error): void;
}

const none = new Uint8Array(0);
const transports = { ip: 0, udp: 1, frames: 2 } as const;
const keyOfSource = { offset: 65_536, length: 4 } as const;

export class PacemakerLine {
  /** @internal */
  readonly handle: Handle;
  readonly what: string;
  readonly #id: number;
  readonly #children = new Set<{ close(): void }>();
  #isOpen = true;

  /** @internal */
  constructor(
    readonly thread: PacemakerThread,
    pacer: Handle,
    private readonly options: LineOptions,
  ) {
    const { transport, interfaceIndex } = options;
    const key = options.key === 'source' ? keyOfSource : options.key;
    this.what = describe(transport, interfaceIndex);
    const udp = transport.kind === 'udp' ? transport : undefined;
    this.#id = thread.mail.add(this);
    try {
      this.handle = guarded(this.what, (addon) =>
        addon.lineOpen(
          pacer,
          this.#id,
          transports[transport.kind],
          transport.kind === 'frames' ? 4 : transport.family,
          numberOf(transport),
          interfaceIndex,
          udp?.hopLimit ?? 1,
          udp?.trafficClass ?? 0,
          key?.offset ?? 0,
          key?.length ?? 0,
          options.onPacket === undefined ? 0 : 1,
          udp?.address ?? none,
          transport.kind === 'frames' ? packRules(transport.bytes ?? []) : none,
        ),
      );
    } catch (error) {
      thread.mail.remove(this.#id);
      throw error;
    }
    thread.countLine(1);
    thread.given();
  }

  /** Joins a group given by its 4 or 16 bytes; of frames the 6 bytes of a hardware address. */
  join(group: Uint8Array): void {
    guarded(this.what, (addon) => addon.lineMembership(this.handle, true, group));
  }

  leave(group: Uint8Array): void {
    guarded(this.what, (addon) => addon.lineMembership(this.handle, false, group));
  }

  /** Sends now, in the order of the calls and before any beacon that is changed later. Refusals come to onError. */
  send(...packets: readonly Send[]): void {
    guarded(this.what, (addon) => addon.lineSend(this.handle, this.pack(packets)));
    this.thread.given();
  }

  beacon(options: BeaconOptions): PacemakerBeacon {
    const beacon: PacemakerBeacon = new PacemakerBeacon(this, options, () => this.#children.delete(beacon));
    this.#children.add(beacon);
    return beacon;
  }

  watch(options: WatchOptions): PacemakerWatch {
    const watch: PacemakerWatch = new PacemakerWatch(this, options, () => this.#children.delete(watch));
    this.#children.add(watch);
    return watch;
  }

  /** Packets lost before delivery: by the kernel for want of buffer, or because their header contradicts itself. */
  get drops(): number {
    return guarded(this.what, (addon) => addon.lineDrops(this.handle));
  }

  /**
   * Packets that were not told because too many came: of packets that no watch wants, 1000 a second are told, and where there are keys 500 of
   * what has come over routers and 250 of one source; of unexpected ones of one watch, 2000, and where there are keys 1333 of one source.
   * A packet counts once for each 512 bytes. What no watch wants is not told either while half of the mailbox is unread.
   * A watch that left one untold neither speaks nor turns at silence, until the expected packet comes again: the user decides.
   */
  get untold(): number {
    return guarded(this.what, (addon) => addon.lineUntold(this.handle));
  }

  /** Ends its beacons and watches too, silently. Closing twice does nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    guarded(this.what, (addon) => addon.objectClose(this.handle));
    for (const child of [...this.#children]) child.close();
    this.thread.mail.remove(this.#id);
    this.thread.countLine(-1);
    this.thread.given();
  }

  /** @internal */
  pack(packets: readonly Send[]): NativePacket[] {
    const { kind } = this.options.transport;
    return packets.map((packet) => {
      if (kind === 'frames') return [packet as Uint8Array, none, 0];
      if (kind === 'udp') return udpPacket(packet as UdpSend);
      const { bytes, destination } = packet as IpSend;
      return [bytes, destination, 0];
    });
  }

  /** @internal */
  receive(mail: NativeMail): void {
    if (mail.kind === mailKind.packet) this.options.onPacket?.(heardFrom(mail));
    else if (mail.kind === mailKind.trouble) this.options.onError(refusal(this.what, mail));
  }
}

function udpPacket({ payload, destination, port }: UdpSend): NativePacket {
  return [payload, destination, port];
}

function refusal(what: string, { errno, count, isReceiving }: NativeMail & { kind: typeof mailKind.trouble }): Error {
  const times = count === 1 ? '' : `, ${count} times`;
  return NativeSocketError.fromNumber(`${what}${times}`, isReceiving ? 'recvmmsg' : 'sendmmsg', errno);
}

function numberOf(transport: Transport): number {
  if (transport.kind === 'ip') return transport.protocol;
  return transport.kind === 'udp' ? transport.port : transport.etherType;
}

function describe(transport: Transport, interfaceIndex: number): string {
  const on = interfaceIndex === 0 ? 'on every interface' : `on interface ${interfaceIndex}`;
  if (transport.kind === 'ip') return `raw IPv${transport.family} protocol ${transport.protocol} ${on}`;
  if (transport.kind === 'udp') return `UDP over IPv${transport.family} port ${transport.port} ${on}`;
  return `frames of type 0x${transport.etherType.toString(16).padStart(4, '0')} ${on}`;
}
