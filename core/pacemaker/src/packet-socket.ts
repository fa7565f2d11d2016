/** AF_PACKET: whole Ethernet frames of one type on one interface. */
import { NativeSocketError } from './errors.js';
import { guarded, type Handle } from './native.js';

const batch = 64;

export interface PacketSocketOptions {
  readonly interfaceIndex: number;
  /** 1..65535, such as 0x0806 for ARP. */
  readonly etherType: number;
  /** Absent: nothing is received. */
  onFrame?(frame: Buffer): void;
  onError(error: Error): void;
}

export class PacketSocket {
  readonly #handle: Handle;
  readonly #what: string;
  #isOpen = true;

  /** Throws NativeSocketError: ENODEV where the interface is missing, EPERM without CAP_NET_RAW. */
  constructor(private readonly options: PacketSocketOptions) {
    const { interfaceIndex, etherType } = options;
    this.#what = `frames of type 0x${etherType.toString(16).padStart(4, '0')} on interface ${interfaceIndex}`;
    this.#handle = guarded(this.#what, (addon) =>
      addon.packetOpen(interfaceIndex, etherType, options.onFrame !== undefined, (errno) => this.#read(errno)),
    );
  }

  /** Hands a frame, destination address first, to the kernel. Throws NativeSocketError. */
  send(frame: Uint8Array): void {
    guarded(this.#what, (addon) => addon.packetSend(this.#handle, frame));
  }

  /**
   * Hands over many frames in order, for a fraction of what as many sends cost. Throws NativeSocketError when all were tried
   * and the kernel refused some.
   */
  sendAll(frames: readonly Uint8Array[]): void {
    const { refused, error } = guarded(this.#what, (addon) => addon.packetSendAll(this.#handle, frames));
    if (refused > 0) throw NativeSocketError.fromNumber(this.#what, 'sendmmsg', error);
  }

  close(): void {
    this.#isOpen = false;
    guarded(this.#what, (addon) => addon.socketClose(this.#handle));
  }

  #read(errno: number): void {
    if (errno !== 0) this.options.onError(NativeSocketError.fromNumber(this.#what, 'poll', errno));
    if (!this.#isOpen) return;
    const { frames, error } = guarded(this.#what, (addon) => addon.packetReceive(this.#handle, batch));
    for (const frame of frames) {
      if (!this.#isOpen) return;
      this.options.onFrame?.(frame);
    }
    if (error !== 0) this.options.onError(NativeSocketError.fromNumber(this.#what, 'recvfrom', error));
  }
}
