/**
 * One connected stream on a socket of Node's, from the first packet to its end. Made by tcp.ts and tls.ts. Probes are many and
 * short: a connection that is opened and closed pays for nothing else, so reading is set up when something is first read or written.
 */
import type { Socket } from 'node:net';
import type { Connection, Endpoint, MainstayError } from '@mainstay/sdk';
import { closed, placeOf, refused, socketError } from './refused.js';

/** Of bytes that wait for `read`; the kernel holds what comes beyond that. */
const mostWaiting = 64 * 1024;

interface Waiting<Value> {
  resolve(value: Value): void;
  reject(reason: unknown): void;
}

export class StreamConnection implements Connection {
  #isOver = false;
  /** Why nothing goes any more; undefined where it was closed here. */
  #cause: unknown;
  #isReading = false;
  #hasEnded = false;
  #hasSentEnd = false;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #reader: Waiting<Uint8Array | undefined> | undefined;
  #opener: Waiting<this> | undefined;
  readonly #onAbort: () => void;

  /** `translate` says what an error means before it is open. */
  constructor(
    private readonly socket: Socket,
    private readonly peer: Pick<Endpoint, 'address' | 'port'>,
    private readonly signal: AbortSignal,
    translate: (thrown: unknown) => MainstayError,
  ) {
    this.#onAbort = () => this.#finish(signal.reason);
    signal.addEventListener('abort', this.#onAbort);
    socket.on('error', (error) => {
      if (this.#opener === undefined) this.#finish(socketError(this.#what, error));
      else if (isAfterConnect(error)) this.#brokenOff();
      else this.#finish(translate(error));
    });
  }

  /** Settles with the event that says that it is open, or with why it is not. Asked once, before anything else. */
  opened(event: 'connect' | 'secureConnect'): Promise<this> {
    if (event === 'secureConnect') this.#setUpReading();
    return new Promise((resolve, reject) => {
      this.#opener = { resolve, reject };
      this.socket.on(event, () => {
        this.#opener = undefined;
        resolve(this);
      });
    });
  }

  /** Made where it is needed: most connections never have an error. */
  get #what(): string {
    return `connection to ${placeOf(this.peer)}`;
  }

  /** Why it is over although nobody closed it, where it is. */
  get failure(): unknown {
    return this.#isOver ? this.#reason : undefined;
  }

  write(data: Uint8Array | string): Promise<void> {
    if (this.#isOver) return Promise.reject(this.#reason);
    if (this.#hasSentEnd) return Promise.reject(refused(this.#what, 'EPIPE'));
    this.#setUpReading();
    return new Promise((resolve, reject) => {
      this.socket.write(data, (error) => {
        // Node 20 gives no error to a write that was under way when the socket was closed.
        if (this.#isOver) reject(this.#reason);
        else if (error == null) resolve();
        else reject(socketError(this.#what, error));
      });
    });
  }

  read(): Promise<Uint8Array | undefined> {
    if (this.#reader !== undefined) return Promise.reject(new RangeError(`${this.#what}: one read at a time`));
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#bytes -= chunk.length;
      if (this.#bytes < mostWaiting && this.socket.isPaused()) this.socket.resume();
      return Promise.resolve(chunk);
    }
    if (!this.#isOver) this.#setUpReading();
    if (this.#hasEnded) return Promise.resolve(undefined);
    if (this.#isOver) return Promise.reject(this.#reason);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  end(): void {
    if (this.#isOver) return;
    // Else nobody would notice that the peer ends too, and the socket would stay.
    this.#setUpReading();
    this.#hasSentEnd = true;
    this.socket.end();
  }

  close(): void {
    this.#chunks = [];
    this.#bytes = 0;
    this.#hasEnded = false;
    this.#finish(undefined);
  }

  /** As events and not by `socket.read()`: what came before a reset would be lost with the stream's own buffer. */
  #setUpReading(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.socket.on('close', () => this.#finish(this.#hasSentEnd ? refused(this.#what, 'EPIPE') : undefined));
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.socket.on('end', () => this.#endOfStream());
    // Told already, to nobody.
    if (this.socket.readableEnded) this.#endOfStream();
  }

  /** libuv tells a reset that follows bytes as an end; only that such a socket has no peer any more gives it away. */
  #endOfStream(): void {
    if (!this.#hasSentEnd && this.socket.remoteAddress === undefined) {
      this.#finish(refused(this.#what, 'ECONNRESET'));
      return;
    }
    this.#hasEnded = true;
    this.#reader?.resolve(undefined);
    this.#reader = undefined;
  }

  #take(chunk: Buffer): void {
    if (this.#reader !== undefined) {
      this.#reader.resolve(chunk);
      this.#reader = undefined;
      return;
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= mostWaiting) this.socket.pause();
  }

  /** Bytes that came stay to be read; everything else is over. */
  #finish(cause: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cause = cause;
    if (this.signal.aborted) this.#chunks = [];
    else if (this.#opener === undefined && cause !== undefined) this.#salvage();
    this.signal.removeEventListener('abort', this.#onAbort);
    this.socket.destroy();
    const waiting = this.#opener ?? this.#reader;
    this.#opener = undefined;
    this.#reader = undefined;
    waiting?.reject(this.#reason);
  }

  /** It was open, and is not any more: that it was is known, though nobody saw it. */
  #brokenOff(): void {
    const opener = this.#opener;
    this.#opener = undefined;
    this.#finish(refused(this.#what, 'ECONNRESET'));
    opener?.resolve(this);
  }

  /** The stream's own buffer, of a connection that broke off before anybody read or while a reader was slow. */
  #salvage(): void {
    const left: Buffer | null = this.socket.read();
    if (left !== null) this.#chunks.push(left);
  }

  get #reason(): unknown {
    return this.#cause ?? closed(this.#what);
  }
}

/**
 * A peer that breaks off may do so before this process looks whether it is connected. Linux then tells the reset for an answer; to a
 * connection that never came about it would be ECONNREFUSED (a reset in SYN-SENT, RFC 9293 section 3.10.7.3). EPIPE: behind an end.
 */
function isAfterConnect({ code, syscall }: NodeJS.ErrnoException): boolean {
  return syscall === 'connect' && (code === 'ECONNRESET' || code === 'EPIPE');
}
