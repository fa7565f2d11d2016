/**
 * The terms under which a watch tells of silence, as they were given last: the same terms are not given again. Used by pulse.ts and
 * echo-pulse.ts.
 */
import type { HeardPacket, Watch } from '@mainstay/sdk';
import { grainMs } from './timing.js';

export interface Terms {
  readonly deadline: number;
  /** This packet, heard again, puts the deadline off without a word. */
  readonly expected: HeardPacket | undefined;
  /** To so much after it was heard, milliseconds. */
  readonly rearmMs: number;
}

export class Alarm {
  private terms: Terms | undefined;
  /** The watch has terms, be it of silence that it has told: it would go on hearing an expected packet in the machine's name. */
  private isListening = false;

  /** What the watch hears, it hears in the machine's name. */
  get isExpecting(): boolean {
    return this.terms?.expected !== undefined;
  }

  set(watch: Watch, terms: Terms | undefined): void {
    if (terms === undefined) {
      if (this.isListening) watch.disarm();
      this.forget();
      return;
    }
    if (this.terms !== undefined && isSame(this.terms, terms)) return;
    const { deadline, expected, rearmMs } = terms;
    watch.arm({ deadline, ...(expected && { expected, rearmUs: rearmMs * 1000 }) });
    this.isListening = true;
    this.terms = terms;
  }

  /** It has gone off: the watch tells again only under new terms. */
  wentOff(): void {
    this.terms = undefined;
  }

  /** The watch is another, or gone. */
  forget(): void {
    this.terms = undefined;
    this.isListening = false;
  }
}

function isSame(a: Terms, b: Terms): boolean {
  return Math.abs(a.deadline - b.deadline) <= grainMs && a.expected === b.expected && Math.abs(a.rearmMs - b.rearmMs) <= grainMs;
}
