/**
 * A text as the automaton takes it: of each character its symbol, and whether a match may begin before it. Knows UTF-8, the newline that
 * ends the text, and the window in which matches begin. Used by pattern.ts.
 */
import { TextDecoder } from 'node:util';
import type { Alphabet } from './alphabet.js';
import type { PatternOptions } from './syntax.js';

/** The answer is no UTF-8, and the option utf says that it must be. */
export class NotUtf8 extends Error {}

export interface SearchWindow {
  /** Octets of the text before the first at which a match may begin. */
  readonly from: number;
  /** The last at which one may begin; absent: anywhere. */
  readonly until?: number;
}

/** Octets that are read at once. */
export const longestBlock = 4096;

/** Of one block at a time, for all texts: a newline and a character may have been held back from the block before. */
const shared = new Int32Array(longestBlock + 8);

export class Transitions {
  /** Those of the last block; the first `count`. Valid until another block is read, also of another text. */
  readonly all = shared;
  count = 0;
  private offset = 0;
  private isBehindFirstLine = false;
  /** A newline is held back until it is known whether it ends the text. */
  private holdsNewline = false;
  private readonly until: number;
  private readonly width: number;
  private readonly decoder: TextDecoder | undefined;

  constructor(
    private readonly alphabet: Alphabet,
    private readonly options: PatternOptions,
    private readonly window: SearchWindow,
  ) {
    this.width = alphabet.end + 1;
    this.until = window.until ?? Number.POSITIVE_INFINITY;
    this.decoder = options.utf ? new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }) : undefined;
  }

  /** No match can begin at what comes. */
  get isPast(): boolean {
    return this.offset > 0 && (this.isBehindFirstLine || this.offset > this.until);
  }

  /** The next octets, `longestBlock` at most. Throws NotUtf8. */
  read(bytes: Uint8Array): void {
    this.count = 0;
    if (this.decoder !== undefined) this.characters(this.decoded(bytes));
    else for (let i = 0; i < bytes.length; i++) this.take(bytes[i] as number);
  }

  /** The text is complete. Throws NotUtf8. */
  readEnd(): void {
    this.count = 0;
    if (this.decoder !== undefined) this.characters(this.decoded());
    if (this.holdsNewline) this.put(this.alphabet.lastNewline, 1);
    this.put(this.alphabet.end, 0);
  }

  private decoded(bytes?: Uint8Array): string {
    try {
      return this.decoder?.decode(bytes, { stream: bytes !== undefined }) ?? '';
    } catch {
      throw new NotUtf8();
    }
  }

  private characters(text: string): void {
    for (const character of text) this.take(character.codePointAt(0) ?? 0);
  }

  private take(code: number): void {
    if (this.holdsNewline) this.put(this.alphabet.newline, 1);
    this.holdsNewline = code === 10;
    if (!this.holdsNewline) this.put(this.alphabet.symbolOf(code), code < 0x80 ? 1 : this.lengthOf(code));
  }

  private lengthOf(code: number): number {
    return this.decoder === undefined ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }

  private put(symbol: number, length: number): void {
    const { offset, window } = this;
    const begins = offset >= window.from && offset <= this.until && !this.isBehindFirstLine;
    this.all[this.count++] = begins ? symbol + this.width : symbol;
    const isNewline = symbol === this.alphabet.newline || symbol === this.alphabet.lastNewline;
    if (isNewline && this.options.firstline && offset >= window.from) this.isBehindFirstLine = true;
    this.offset += length;
  }
}
