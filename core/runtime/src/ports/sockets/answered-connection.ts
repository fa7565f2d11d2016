/** A connection on which something was sent and received before anybody asked for it. Made by routines.ts. */
import type { Connection, Endpoint } from '@mainstay/sdk';
import { placeOf, socketError } from './refused.js';
import { StreamConnection } from './stream-connection.js';
import { adopt } from './tcp.js';

export interface Answered {
  /** The socket; this object closes it. */
  readonly fd: number;
  readonly to: Endpoint;
  readonly signal: AbortSignal;
  /** What the peer was sent. */
  readonly sent: Uint8Array;
  /** What it sent. */
  readonly answer: Uint8Array;
  /** Why there is no more of it. */
  readonly reason: Error | undefined;
  /** Told when something else is written than was sent. */
  differs(): void;
}

export class AnsweredConnection implements Connection {
  readonly #rest: StreamConnection;
  readonly #reason: Error | undefined;
  readonly #to: Endpoint;
  readonly #differs: () => void;
  /** What the plugin has not written yet of what was sent. */
  #sent: Uint8Array;
  #answer: Uint8Array | undefined;

  constructor({ fd, to, signal, sent, answer, reason, differs }: Answered) {
    const what = (thrown: unknown) => socketError(`connection to ${placeOf(to)}`, thrown);
    this.#rest = new StreamConnection(adopt(fd), to, signal, what);
    this.#to = to;
    this.#differs = differs;
    this.#sent = sent;
    this.#answer = answer.length > 0 ? answer : undefined;
    this.#reason = reason;
    if (signal.aborted) this.#rest.close();
  }

  async write(data: Uint8Array | string): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const known = Math.min(bytes.length, this.#sent.length);
    if (Buffer.compare(bytes.subarray(0, known), this.#sent.subarray(0, known)) !== 0) {
      this.#differs();
      throw new RangeError(`connection to ${placeOf(this.#to)}: the routine of the checker sends something else than its check`);
    }
    this.#sent = this.#sent.subarray(known);
    if (bytes.length > known) await this.#rest.write(bytes.subarray(known));
  }

  async read(): Promise<Uint8Array | undefined> {
    const answer = this.#answer;
    this.#answer = undefined;
    if (answer !== undefined) return answer;
    if (this.#reason !== undefined) throw this.#reason;
    return this.#rest.read();
  }

  end(): void {
    this.#rest.end();
  }

  close(): void {
    this.#answer = undefined;
    this.#rest.close();
  }
}
