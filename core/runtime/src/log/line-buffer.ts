/**
 * A bounded buffer in front of something that may stall (a pipe, a terminal, a disk): lines are taken at once or counted as
 * dropped, and written when the descriptor takes them. Used by every sink of logger.ts.
 */

/** Tries to write; answers how many bytes were taken, 0 when the other side takes none now. Throws when it is broken. */
export type TryWrite = (bytes: Uint8Array) => number;

export interface LineBufferOptions {
  readonly tryWrite: TryWrite;
  /** Calls `again` a little later; used while the other side takes nothing. */
  readonly later: (again: () => void) => void;
  /** Bytes held at most while the other side stalls. Default 1 MiB. */
  readonly limit?: number;
}

export class LineBuffer {
  readonly #options: LineBufferOptions;
  readonly #limit: number;
  #pending: Uint8Array[] = [];
  #size = 0;
  #isWaiting = false;
  #unreported = 0;
  /** Lines lost since the start. */
  dropped = 0;

  constructor(options: LineBufferOptions) {
    this.#options = options;
    this.#limit = options.limit ?? 1 << 20;
  }

  /** Never blocks, never throws. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#size + bytes.length > this.#limit) {
      this.dropped++;
      this.#unreported++;
      return;
    }
    this.#pending.push(bytes);
    this.#size += bytes.length;
    if (!this.#isWaiting) this.flush();
  }

  /** Lines lost since this was last asked; the logger says so once writing goes on. */
  takeDropCount(): number {
    const count = this.#unreported;
    this.#unreported = 0;
    return count;
  }

  /** True when nothing waits. */
  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Writes what the other side takes now. */
  flush(): void {
    this.#isWaiting = false;
    try {
      while (this.#pending.length > 0) {
        const bytes = this.#pending.length === 1 ? (this.#pending[0] ?? new Uint8Array()) : Buffer.concat(this.#pending);
        const written = this.#options.tryWrite(bytes);
        this.#size -= written;
        this.#pending = written < bytes.length ? [bytes.subarray(written)] : [];
        if (written < bytes.length) {
          this.#wait();
          return;
        }
      }
    } catch {
      // The other side is gone for good (closed pipe, full disk): what waits is lost, later lines may get through.
      this.dropped += this.#pending.length;
      this.#unreported += this.#pending.length;
      this.#pending = [];
      this.#size = 0;
    }
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#options.later(() => this.flush());
  }
}
