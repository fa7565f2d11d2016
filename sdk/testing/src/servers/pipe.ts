/** One direction of a simulated connection: bytes that take a while, and a writer who waits for a reader. Used by connection.ts. */
import type { Clock } from '@mainstay/sdk';

/** Bytes under way or unread before a writer has to wait, as in the buffers of a real connection. */
const capacity = 64 * 1024;

interface Waiting<Value> {
  resolve(value: Value): void;
  reject(reason: unknown): void;
}

export class Pipe {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #hasEnded = false;
  #readFailure: { readonly reason: unknown } | undefined;
  #writeFailure: { readonly reason: unknown } | undefined;
  #reader: Waiting<Uint8Array | undefined> | undefined;
  readonly #writers: Waiting<void>[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly delayMs: number,
  ) {}

  /** Resolves when there is room for more. */
  write(data: Uint8Array): Promise<void> {
    if (this.#writeFailure !== undefined) return Promise.reject(this.#writeFailure.reason);
    const chunk = data.slice();
    this.#bytes += chunk.length;
    if (chunk.length > 0) this.clock.after(this.delayMs, () => this.#arrive(chunk));
    if (this.#bytes < capacity) return Promise.resolve();
    return new Promise((resolve, reject) => this.#writers.push({ resolve, reject }));
  }

  end(): void {
    this.clock.after(this.delayMs, () => {
      this.#hasEnded = true;
      this.#reader?.resolve(undefined);
      this.#reader = undefined;
    });
  }

  failWriter(reason: unknown): void {
    this.#writeFailure ??= { reason };
    for (const writer of this.#writers.splice(0)) writer.reject(reason);
  }

  /** What has arrived can still be read, unless `discards`. */
  failReader(reason: unknown, discards: boolean): void {
    if (discards) this.#chunks.length = 0;
    this.#readFailure ??= { reason };
    this.#reader?.reject(reason);
    this.#reader = undefined;
  }

  read(): Promise<Uint8Array | undefined> {
    if (this.#reader !== undefined) return Promise.reject(new RangeError('one read at a time'));
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#bytes -= chunk.length;
      if (this.#bytes < capacity) for (const writer of this.#writers.splice(0)) writer.resolve();
      return Promise.resolve(chunk);
    }
    if (this.#readFailure !== undefined) return Promise.reject(this.#readFailure.reason);
    if (this.#hasEnded) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  #arrive(chunk: Uint8Array): void {
    if (this.#readFailure !== undefined) return;
    this.#chunks.push(chunk);
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader !== undefined) this.read().then(reader.resolve, reader.reject);
  }
}
