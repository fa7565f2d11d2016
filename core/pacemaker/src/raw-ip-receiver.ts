/** Receives raw IP of one protocol on one interface, with the hop limit and destination of each packet. Never sends. */
import { NativeSocketError } from './errors.js';
import { guarded, type Handle, type ReceivedIpPacket } from './native.js';

/** The most packets taken per wake-up, so that a flood leaves time for everything else. */
const batch = 64;
const receiveBufferBytes = 1 << 20;

export interface RawIpReceiverOptions {
  readonly family: 4 | 6;
  /** IP protocol number, 1..255. */
  readonly protocol: number;
  readonly interfaceIndex: number;
  onPacket(packet: ReceivedIpPacket): void;
  onError(error: Error): void;
}

export class RawIpReceiver {
  readonly #handle: Handle;
  readonly #what: string;
  #isOpen = true;
  #discarded = 0;

  /** Throws NativeSocketError: ENODEV where the interface is missing, EPERM without CAP_NET_RAW. */
  constructor(private readonly options: RawIpReceiverOptions) {
    const { family, protocol, interfaceIndex } = options;
    this.#what = `raw IPv${family} protocol ${protocol} on interface ${interfaceIndex}`;
    this.#handle = guarded(this.#what, (addon) =>
      addon.rawIpOpen(family, protocol, interfaceIndex, receiveBufferBytes, (errno) => this.#read(errno)),
    );
  }

  /** Joins a group given by its 4 or 16 bytes. */
  join(group: Uint8Array): void {
    guarded(this.#what, (addon) => addon.rawIpMembership(this.#handle, true, group));
  }

  leave(group: Uint8Array): void {
    guarded(this.#what, (addon) => addon.rawIpMembership(this.#handle, false, group));
  }

  /** Packets lost before delivery: by the kernel for want of buffer, or here because their header contradicts itself. */
  get drops(): number {
    return this.#discarded + guarded(this.#what, (addon) => addon.socketDrops(this.#handle));
  }

  close(): void {
    this.#isOpen = false;
    guarded(this.#what, (addon) => addon.socketClose(this.#handle));
  }

  #read(errno: number): void {
    if (errno !== 0) this.options.onError(NativeSocketError.fromNumber(this.#what, 'poll', errno));
    if (!this.#isOpen) return;
    const { packets, discarded, error } = guarded(this.#what, (addon) => addon.rawIpReceive(this.#handle, batch));
    this.#discarded += discarded;
    for (const packet of packets) {
      if (!this.#isOpen) return;
      this.options.onPacket(packet);
    }
    if (error !== 0) this.options.onError(NativeSocketError.fromNumber(this.#what, 'recvmsg', error));
  }
}
