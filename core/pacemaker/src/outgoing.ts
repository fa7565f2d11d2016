/** Sockets that go out to one peer from a chosen place: interface, firewall mark, source. Used by core's ports to servers. */
import { NativeSocketError } from './errors.js';
import { guarded, type Handle } from './native.js';

/** The most datagrams taken per wake-up. */
const batch = 64;
const none = new Uint8Array(0);

/** Where packets leave from; what is left out is the kernel's choice. */
export interface Departure {
  readonly family: 4 | 6;
  /** Name of the interface; also the zone of link-local addresses. */
  readonly link?: string | undefined;
  readonly mark?: number | undefined;
  /** 4 or 16 bytes. */
  readonly localAddress?: Uint8Array | undefined;
  readonly localPort?: number | undefined;
}

/** @internal As the addon takes it. */
export function departureArguments({ family, link = '', mark = 0, localAddress = none, localPort = 0 }: Departure) {
  return [family, link, mark, localAddress, localPort] as const;
}

/**
 * Descriptor of a TCP socket that is bound and marked, not connected; non-blocking, close on exec. Who asks must close it. Throws
 * NativeSocketError: ENODEV where there is no such interface, EPERM without CAP_NET_ADMIN for a mark, EADDRNOTAVAIL, EADDRINUSE.
 */
export function prepareStream(departure: Departure): number {
  return guarded('outgoing connection', (addon) => addon.streamPrepare(...departureArguments(departure)));
}

export interface DatagramOptions extends Departure {
  /** 17: UDP; 1 and 58: echo requests and their replies, for which the kernel gives identifier and checksum. */
  readonly protocol: 1 | 17 | 58;
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** 0 where the protocol has none. */
  readonly port: number;
  onDatagram(datagram: Buffer): void;
  /** The kernel or a router says that something sent before did not arrive: name of the errno. */
  onError(errno: string): void;
}

/** A datagram socket that hears its one peer. Works until `close`. */
export class DatagramSocket {
  readonly #handle: Handle;
  readonly #what: string;
  #isOpen = true;

  /** Throws NativeSocketError, as `prepareStream`; EACCES where the process may not send echo requests. */
  constructor(private readonly options: DatagramOptions) {
    this.#what = `datagrams of protocol ${options.protocol}`;
    this.#handle = guarded(this.#what, (addon) =>
      addon.datagramOpen(...departureArguments(options), options.protocol, options.address, options.port, (errno) =>
        this.#read(errno),
      ),
    );
  }

  /** Throws NativeSocketError, which may be about what was sent before. */
  send(bytes: Uint8Array): void {
    const errno = guarded(this.#what, (addon) => addon.datagramSend(this.#handle, bytes));
    if (errno !== 0) throw NativeSocketError.fromNumber(this.#what, 'send', errno);
  }

  /** Closing twice does nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    guarded(this.#what, (addon) => addon.socketClose(this.#handle));
  }

  #read(errno: number): void {
    if (!this.#isOpen) return;
    const { datagrams, error } = guarded(this.#what, (addon) => addon.datagramReceive(this.#handle, batch));
    for (const datagram of datagrams) {
      if (!this.#isOpen) return;
      this.options.onDatagram(datagram);
    }
    const refused = errno === 0 ? error : errno;
    if (refused !== 0 && this.#isOpen) this.options.onError(NativeSocketError.fromNumber(this.#what, 'receive', refused).errno);
  }
}
