/** One simulated connection: the client's end as the ports have it, the server's as `Serve` has it. Made by ports/tcp.ts. */
import type { Clock, Connection } from '@mainstay/sdk';
import { refusal } from '../kernel/errno.js';
import { type Caller, ClientGone, type Serve, type ServerPeer } from './peer.js';
import { Pipe } from './pipe.js';

export interface ConnectionEnds {
  /** Of the process that connects. */
  readonly clientClock: Clock;
  readonly serverClock: Clock;
  readonly delayMs: number;
  readonly what: string;
  readonly caller: Caller;
  /** The connection is no more. */
  onClose(): void;
}

const bytesOf = (data: Uint8Array | string) => (typeof data === 'string' ? new TextEncoder().encode(data) : data);

export class SimulatedConnection implements Connection {
  readonly #toServer: Pipe;
  readonly #toClient: Pipe;
  /** Aborted when the server cannot reach the client any more. */
  readonly #gone = new AbortController();
  #isOpen = true;
  #hasEnded = false;

  constructor(private readonly ends: ConnectionEnds) {
    this.#toServer = new Pipe(ends.serverClock, ends.delayMs);
    this.#toClient = new Pipe(ends.clientClock, ends.delayMs);
  }

  /** Has the server do its work on this connection. What it throws beyond `ClientGone` is a mistake of the test: left unhandled. */
  serve(serve: Serve): void {
    const peer = this.#peer();
    const work = async () => {
      try {
        await serve(peer);
        peer.end();
        // Nobody reads any more: what comes now is answered by a reset, as by a kernel.
        if ((await peer.read()) !== undefined) peer.reset();
      } catch (error) {
        if (!(error instanceof ClientGone)) throw error;
      }
    };
    void work();
  }

  async write(data: Uint8Array | string): Promise<void> {
    if (this.#hasEnded && this.#isOpen) throw refusal(this.ends.what, 'EPIPE');
    await this.#toServer.write(bytesOf(data));
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#toClient.read();
  }

  end(): void {
    if (this.#hasEnded || !this.#isOpen) return;
    this.#hasEnded = true;
    this.#toServer.end();
  }

  close(): void {
    this.finish(refusal(this.ends.what, 'EBADF'));
  }

  /** Closes the client's end; whatever waits there rejects with `reason`. The server reads what was sent, and then the end. */
  finish(reason: unknown): void {
    this.#toClient.failReader(reason, true);
    if (!this.#isOpen) return;
    this.end();
    this.#toServer.failWriter(reason);
    this.#over();
  }

  /** The server broke it off: what has arrived can still be read. */
  #broken(): void {
    if (!this.#isOpen) return;
    const reason = refusal(this.ends.what, 'ECONNRESET');
    this.#toClient.failReader(reason, false);
    this.#toServer.failWriter(reason);
    this.#toServer.failReader(new ClientGone(), true);
    this.#over();
  }

  #over(): void {
    this.#isOpen = false;
    this.#gone.abort(new ClientGone());
    this.#toClient.failWriter(this.#gone.signal.reason);
    this.ends.onClose();
  }

  #peer(): ServerPeer {
    const { serverClock, caller, delayMs } = this.ends;
    return {
      caller,
      read: () => this.#toServer.read(),
      write: (data) => this.#toClient.write(bytesOf(data)),
      end: () => this.#toClient.end(),
      reset: () => void serverClock.after(delayMs, () => this.#broken()),
      wait: (ms) => waitOn(serverClock, ms, this.#gone.signal),
    };
  }
}

function waitOn(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const giveUp = () => {
      timer?.cancel();
      reject(signal.reason);
    };
    const goOn = () => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    const timer = Number.isFinite(ms) ? clock.after(ms, goOn) : undefined;
    signal.addEventListener('abort', giveUp);
  });
}
