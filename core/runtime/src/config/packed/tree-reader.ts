/** Statements out of a packed configuration: those of the top level at once, their blocks when asked for. Used by packed-tree.ts. */
import type { SourcePosition, Statement, Word } from '@mainstay/sdk';
import { bits, countAt, countLength, deepest, forms, least, type PackedTree, PackedTreeError } from './format.js';

/** What is not as it must be ends in a PackedTreeError, where it is read: for blocks that is when somebody looks at them. */
export class TreeReader {
  readonly #texts: readonly string[];
  readonly #bytes: Uint8Array;
  #at = 0;
  /** Where the bytes end that are read now: those of a block, or of all. */
  #end: number;
  #depth = 0;
  /** Of the place before. */
  #line = 0;
  #file = '';

  constructor({ texts, bytes }: Pick<PackedTree, 'texts' | 'bytes'>) {
    this.#texts = texts;
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** `places`: where each of them begins in the bytes, and where the last one ends. */
  roots(): { readonly statements: readonly Statement[]; readonly places: Uint32Array } {
    const statements = new Array<Statement>(this.#takeCount(least.statement));
    const places = new Uint32Array(statements.length + 1);
    for (let i = 0; i < statements.length; i++) {
      places[i] = this.#at;
      this.#line = 0;
      this.#file = '';
      const flags = this.#take();
      const bare = this.#bare(flags);
      statements[i] = (flags & bits.block) === 0 ? bare : this.#withLaterBlock(bare);
    }
    places[statements.length] = this.#at;
    this.#mustBeAt(this.#bytes.length);
    return { statements, places };
  }

  #withLaterBlock(bare: Statement): Statement {
    const to = this.#takeLength();
    const from = this.#at;
    const line = this.#line;
    const file = this.#file;
    this.#at = to;
    const read = () => {
      this.#at = from;
      this.#end = to;
      this.#line = line;
      this.#file = file;
      this.#depth = 0;
      return this.#block(to);
    };
    return {
      ...bare,
      get block() {
        return read();
      },
    };
  }

  #block(to: number): readonly Statement[] {
    if (++this.#depth > deepest) throw new PackedTreeError(this.#at, `a block is more than ${deepest} deep`);
    const statements = new Array<Statement>(this.#takeCount(least.statement));
    for (let i = 0; i < statements.length; i++) {
      const flags = this.#take();
      const bare = this.#bare(flags);
      if ((flags & bits.block) !== 0) {
        (bare as { block?: readonly Statement[] }).block = this.#block(this.#takeLength());
      }
      statements[i] = bare;
    }
    this.#depth--;
    this.#mustBeAt(to);
    return statements;
  }

  /** Without its block. Most have neither jumps nor a form, and one shape of objects is faster than many. */
  #bare(flags: number): Statement {
    const keyword = this.#word();
    const args = new Array<Word>(this.#fits(this.#take(), least.word));
    for (let i = 0; i < args.length; i++) args[i] = this.#word();
    const [first] = args;
    const isWords = (flags & bits.restIsWords) !== 0 && first !== undefined;
    const rest = isWords ? joined(args, first) : this.#text(this.#take());
    const restAt = isWords ? first.at : this.#place();
    const statement: { -readonly [K in keyof Statement]: Statement[K] } = { keyword, args, rest, restAt };
    if ((flags & bits.jumps) !== 0) statement.restJumps = this.#jumps();
    if (flags >> bits.form >= forms.length) throw new PackedTreeError(this.#at, `a statement has the flags ${flags}`);
    const form = forms[flags >> bits.form];
    if (form !== undefined) statement.form = form;
    return statement;
  }

  #jumps(): readonly (readonly [number, number])[] {
    const jumps = new Array<readonly [number, number]>(this.#fits(this.#take(), least.jump));
    for (let i = 0; i < jumps.length; i++) jumps[i] = [this.#take(), this.#take()];
    return jumps;
  }

  #word(): Word {
    const number = this.#take();
    const isQuoted = number % 2 === 1;
    return { text: this.#text((number - (isQuoted ? 1 : 0)) / 2), at: this.#place(), quoted: isQuoted };
  }

  #place(): SourcePosition {
    const number = this.#take();
    const isElsewhere = number % 2 === 1;
    const difference = (number - (isElsewhere ? 1 : 0)) / 2;
    this.#line += difference % 2 === 0 ? difference / 2 : -(difference + 1) / 2;
    if (isElsewhere) this.#file = this.#text(this.#take());
    return { file: this.#file, line: this.#line, column: this.#take() };
  }

  #text(index: number): string {
    const text = this.#texts[index];
    if (text === undefined) throw new PackedTreeError(this.#at, `stands the text ${index} of ${this.#texts.length}`);
    return text;
  }

  /** A number of things of which each has so many bytes. */
  #takeCount(leastBytes: number): number {
    if (this.#at + countLength > this.#end) throw this.#tooShort();
    const count = countAt(this.#bytes, this.#at);
    this.#at += countLength;
    return this.#fits(count, leastBytes);
  }

  /** Answers where what follows ends. */
  #takeLength(): number {
    return this.#takeCount(1) + this.#at;
  }

  #fits(count: number, leastBytes: number): number {
    if (count * leastBytes <= this.#end - this.#at) return count;
    throw new PackedTreeError(this.#at, `${count} things begin, for which ${this.#end - this.#at} bytes are too few`);
  }

  #mustBeAt(end: number): void {
    if (this.#at !== end) throw new PackedTreeError(this.#at, `ends what should end at ${end}`);
  }

  #tooShort(): PackedTreeError {
    return new PackedTreeError(this.#end, 'it ends in the middle of something');
  }

  #take(): number {
    if (this.#at >= this.#end) throw this.#tooShort();
    const first = this.#bytes[this.#at++] as number;
    if (first < 128) return first;
    let number = first & 127;
    for (let scale = 128; this.#at < this.#end; scale *= 128) {
      const byte = this.#bytes[this.#at++] as number;
      number += (byte & 127) * scale;
      if (number > Number.MAX_SAFE_INTEGER) throw new PackedTreeError(this.#at, 'a number has no end');
      if (byte < 128) return number;
    }
    throw this.#tooShort();
  }
}

function joined(words: readonly Word[], first: Word): string {
  let { text } = first;
  for (let i = 1; i < words.length; i++) text += ` ${words[i]?.text}`;
  return text;
}
