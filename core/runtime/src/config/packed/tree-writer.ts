/** Writes statements one after another into the bytes of a packed configuration. Used by packed-tree.ts and by the reader of keepalived.conf. */
import type { SourcePosition, Statement, Word } from '@mainstay/sdk';
import type { PlainLine } from '../grammar/plain-line.js';
import { bits, countAt, countLength, forms, headLength, type PackedTree, putCount } from './format.js';

export class TreeWriter {
  readonly #texts = new Map<string, number>();
  #bytes = new Uint8Array(1 << 12);
  #length = headLength;
  /** Where each open block, and the top level, counts its statements. */
  readonly #counts: number[] = [0];
  /** Where the last statement begins. */
  #last = 0;
  /** Of the place before. */
  #line = 0;
  #file: string | undefined;

  /** Blocks that are open. */
  get depth(): number {
    return this.#counts.length - 1;
  }

  /** A statement without its block. */
  add({ keyword, args, rest, restAt, restJumps, form }: Statement): void {
    const isWords = args[0]?.at === restAt && isJoined(args, rest);
    this.#begin(
      (restJumps === undefined ? 0 : bits.jumps) | (isWords ? bits.restIsWords : 0) | (forms.indexOf(form) << bits.form),
    );
    this.#word(keyword);
    this.#put(args.length);
    for (const word of args) this.#word(word);
    if (!isWords) {
      this.#put(this.#text(rest));
      this.#place(restAt);
    }
    if (restJumps === undefined) return;
    this.#put(restJumps.length);
    for (const [offset, column] of restJumps) {
      this.#put(offset);
      this.#put(column);
    }
  }

  /** The statement of a line of plain words. */
  addLine({ text, count, starts, ends, brace, braceAt }: PlainLine, file: string, line: number): void {
    const from = starts[1] ?? 0;
    const to = ends[count - 1] ?? 0;
    // With one blank between its words it is told by them.
    let isWords = count > 1;
    for (let i = 2; i < count; i++) {
      const before = ends[i - 1] ?? 0;
      isWords &&= starts[i] === before + 1 && text[before] === ' ';
    }
    this.#begin(isWords ? bits.restIsWords : 0);
    for (let i = 0; i < count; i++) {
      if (i === 1) this.#put(count - 1);
      this.#put(this.#text(text.slice(starts[i], ends[i])) * 2);
      this.#putPlace(file, line, (starts[i] ?? 0) + 1);
    }
    if (count === 1) this.#put(0);
    if (isWords) return;
    this.#put(this.#text(count === 1 ? '' : text.slice(from, to)));
    const restAt = count > 1 ? from : brace === undefined ? to : braceAt;
    this.#putPlace(file, line, restAt + 1);
  }

  /** The statement that was added last has a block: what is added from now on is in it. */
  open(): void {
    this.#bytes[this.#last] = (this.#bytes[this.#last] ?? 0) | bits.block;
    this.#putCount();
    this.#counts.push(this.#length);
    this.#putCount();
  }

  close(): void {
    const from = this.#counts.pop() ?? 0;
    putCount(this.#bytes, from - countLength, this.#length - from);
  }

  tree(files: readonly string[]): PackedTree {
    return { files, texts: [...this.#texts.keys()], bytes: this.#bytes.slice(0, this.#length) };
  }

  #begin(flags: number): void {
    const count = this.#counts.at(-1) ?? 0;
    putCount(this.#bytes, count, countAt(this.#bytes, count) + 1);
    if (this.depth === 0) {
      this.#line = 0;
      this.#file = undefined;
    }
    this.#last = this.#length;
    this.#put(flags);
  }

  #word({ text, at, quoted }: Word): void {
    this.#put(this.#text(text) * 2 + (quoted ? 1 : 0));
    this.#place(at);
  }

  #place({ file, line, column }: SourcePosition): void {
    this.#putPlace(file, line, column);
  }

  #putPlace(file: string, line: number, column: number): void {
    const ahead = line - this.#line;
    // Forward is even, back is odd.
    const difference = ahead < 0 ? -ahead * 2 - 1 : ahead * 2;
    this.#line = line;
    if (file === this.#file) this.#put(difference * 2);
    else {
      this.#file = file;
      this.#put(difference * 2 + 1);
      this.#put(this.#text(file));
    }
    this.#put(column);
  }

  #text(text: string): number {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    this.#texts.set(text, this.#texts.size);
    return this.#texts.size - 1;
  }

  #putCount(): void {
    this.#room();
    putCount(this.#bytes, this.#length, 0);
    this.#length += countLength;
  }

  #put(number: number): void {
    this.#room();
    let left = number;
    for (; left > 0x7fffffff; left = Math.floor(left / 128)) this.#bytes[this.#length++] = (left % 128) | 128;
    for (; left > 127; left >>>= 7) this.#bytes[this.#length++] = (left & 127) | 128;
    this.#bytes[this.#length++] = left;
  }

  /** For the longest number. */
  #room(): void {
    if (this.#length + 16 <= this.#bytes.length) return;
    const longer = new Uint8Array(this.#bytes.length * 2);
    longer.set(this.#bytes);
    this.#bytes = longer;
  }
}

function isJoined(words: readonly Word[], text: string): boolean {
  const [first] = words;
  return words.length === 1 ? first?.text === text : words.map((word) => word.text).join(' ') === text;
}
