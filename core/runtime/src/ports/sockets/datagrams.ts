/** A datagram socket with its one peer, as promises. Used by udp.ts and icmp.ts. */
import { type DatagramOptions, DatagramSocket } from '@mainstay/pacemaker';
import { addressBytes, type Endpoint } from '@mainstay/sdk';
import { departureOf } from './departure.js';
import { closed, placeOf, refused, socketError } from './refused.js';

/** Datagrams that wait to be received; what comes beyond that is lost, as in a receive buffer that is full. */
const mostWaiting = 64;

export class Datagrams {
  readonly #socket: DatagramSocket;
  readonly #waiting: Buffer[] = [];
  readonly #onAbort: () => void;
  /** What the kernel or a router said of what was sent; told once. */
  #error: unknown;
  #isOver = false;
  #cause: unknown;
  #receiver: { resolve(datagram: Buffer): void; reject(reason: unknown): void } | undefined;

  /** Throws PortError. */
  constructor(
    private readonly to: Endpoint,
    protocol: DatagramOptions['protocol'],
    private readonly signal: AbortSignal,
  ) {
    try {
      this.#socket = new DatagramSocket({
        ...departureOf(to),
        protocol,
        address: addressBytes(to.address),
        port: to.port,
        onDatagram: (datagram) => this.#take(datagram),
        onError: (errno) => this.#fail(errno),
      });
    } catch (error) {
      throw socketError(`cannot send to ${placeOf(to)}`, error);
    }
    this.#onAbort = () => this.#finish(signal.reason);
    signal.addEventListener('abort', this.#onAbort);
  }

  async send(data: Uint8Array): Promise<void> {
    this.#tellTrouble();
    try {
      this.#socket.send(data);
    } catch (error) {
      throw socketError(`cannot send to ${placeOf(this.to)}`, error);
    }
  }

  async receive(): Promise<Buffer> {
    if (this.#receiver !== undefined) throw new RangeError(`${placeOf(this.to)}: one receive at a time`);
    const datagram = this.#waiting.shift();
    if (datagram !== undefined) return datagram;
    this.#tellTrouble();
    return new Promise((resolve, reject) => {
      this.#receiver = { resolve, reject };
    });
  }

  close(): void {
    this.#finish(undefined);
  }

  #tellTrouble(): void {
    if (this.#isOver) throw this.#reason;
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
  }

  #take(datagram: Buffer): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (receiver !== undefined) receiver.resolve(datagram);
    else if (this.#waiting.length < mostWaiting) this.#waiting.push(datagram);
  }

  #fail(errno: string): void {
    const error = refused(`nothing arrives at ${placeOf(this.to)}`, errno);
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (receiver !== undefined) receiver.reject(error);
    else this.#error = error;
  }

  #finish(cause: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cause = cause;
    this.#waiting.length = 0;
    this.signal.removeEventListener('abort', this.#onAbort);
    this.#socket.close();
    this.#receiver?.reject(this.#reason);
    this.#receiver = undefined;
  }

  get #reason(): unknown {
    return this.#cause ?? closed(`datagrams to ${placeOf(this.to)}`);
  }
}
