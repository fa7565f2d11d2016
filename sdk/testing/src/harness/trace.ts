/** A fingerprint of everything observable in a run: frames, events, transitions. Two runs of a seed must have the same. */
import type { Capture } from '../network/segment.js';
import { hashText } from '../random.js';

export class Trace {
  #hash = 0x811c9dc5;
  #entries = 0;
  readonly #lines: string[] | undefined;

  /** `keepLines`: also keeps the text, to show where two runs part. */
  constructor(keepLines = false) {
    this.#lines = keepLines ? [] : undefined;
  }

  get hash(): string {
    return this.#hash.toString(16).padStart(8, '0');
  }
  get entries(): number {
    return this.#entries;
  }
  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  note(at: number, text: string): void {
    const line = `${at} ${text}`;
    this.#hash = hashText(line, this.#hash);
    this.#entries++;
    this.#lines?.push(line);
  }

  frame({ at, from, frame }: Capture): void {
    const { ip } = frame;
    const head = ip === undefined ? `${frame.etherType}` : `${ip.protocol} ${ip.source} > ${ip.destination} ttl ${ip.hopLimit}`;
    const body = ip === undefined ? frame.payload : ip.payload;
    this.note(at, `${from} ${frame.source} > ${frame.destination} ${head} ${body.join(' ')}`);
  }
}
