/** A file that a helper writes lines to, read as it grows. Used by watch.ts and bfd-neighbours.ts. */
import { closeSync, openSync, readSync } from 'node:fs';

export class GrowingLines {
  readonly #file: number;
  #rest = '';
  #position = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  /** The whole lines that came since the last time. */
  *read(): Generator<string> {
    const chunk = Buffer.alloc(1 << 20);
    for (;;) {
      const length = readSync(this.#file, chunk, 0, chunk.length, this.#position);
      if (length === 0) return;
      this.#position += length;
      const lines = (this.#rest + chunk.toString('latin1', 0, length)).split('\n');
      this.#rest = lines.pop() ?? '';
      yield* lines;
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
