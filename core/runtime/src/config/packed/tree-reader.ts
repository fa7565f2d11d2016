/** Statements out of a packed configuration: those of the top level at once, their blocks when asked for. Used by packed-tree.ts. */
import type { SourcePosition, Statement, Word } from '@mainstay/sdk';
import { bits, countAt, countLength, forms, headLength, type PackedTree } from './format.js';

export class TreeReader {
  readonly #texts: readonly string[];
  readonly #bytes: Uint8Array;
  #at = 0;
  /** Of the place before. */
  #line = 0;
  #file = '';

  constructor({ texts, bytes }: Pick<PackedTree, 'texts' | 'bytes'>) {
    this.#texts = texts;
    this.#bytes = bytes;
  }

  /** `places`: where each of them begins in the bytes, and where the last one ends. */
  roots(): { readonly statements: readonly Statement[]; readonly places: Uint32Array } {
    const statements = new Array<Statement>(countAt(this.#bytes, 0));
    const places = new Uint32Array(statements.length + 1);
    this.#at = headLength;
    for (let i = 0; i < statements.length; i++) {
      places[i] = this.#at;
      this.#line = 0;
      this.#file = '';
      const flags = this.#take();
      const bare = this.#bare(flags);
      statements[i] = (flags & bits.block) === 0 ? bare : this.#withLaterBlock(bare);
    }
    places[statements.length] = this.#at;
    return { statements, places };
  }

  #withLaterBlock(bare: Statement): Statement {
    const length = this.#takeCount();
    const from = this.#at;
    const line = this.#line;
    const file = this.#file;
    this.#at += length;
    const read = () => {
      this.#at = from;
      this.#line = line;
      this.#file = file;
      return this.#block();
    };
    return {
      ...bare,
      get block() {
        return read();
      },
    };
  }

  #block(): readonly Statement[] {
    const statements = new Array<Statement>(this.#takeCount());
    for (let i = 0; i < statements.length; i++) {
      const flags = this.#take();
      const bare = this.#bare(flags);
      if ((flags & bits.block) !== 0) {
        this.#at += countLength;
        (bare as { block?: readonly Statement[] }).block = this.#block();
      }
      statements[i] = bare;
    }
    return statements;
  }

  /** Without its block. Most have neither jumps nor a form, and one shape of objects is faster than many. */
  #bare(flags: number): Statement {
    const keyword = this.#word();
    const args = new Array<Word>(this.#take());
    for (let i = 0; i < args.length; i++) args[i] = this.#word();
    const [first] = args;
    const isWords = (flags & bits.restIsWords) !== 0 && first !== undefined;
    const rest = isWords ? joined(args, first) : this.#text(this.#take());
    const restAt = isWords ? first.at : this.#place();
    const statement: { -readonly [K in keyof Statement]: Statement[K] } = { keyword, args, rest, restAt };
    if ((flags & bits.jumps) !== 0) statement.restJumps = this.#jumps();
    const form = forms[flags >> bits.form];
    if (form !== undefined) statement.form = form;
    return statement;
  }

  #jumps(): readonly (readonly [number, number])[] {
    const jumps = new Array<readonly [number, number]>(this.#take());
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
    return this.#texts[index] ?? '';
  }

  #takeCount(): number {
    const count = countAt(this.#bytes, this.#at);
    this.#at += countLength;
    return count;
  }

  #take(): number {
    const first = this.#bytes[this.#at++] ?? 0;
    if (first < 128) return first;
    let number = first & 127;
    for (let scale = 128; ; scale *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      number += (byte & 127) * scale;
      if (byte < 128) return number;
    }
  }
}

function joined(words: readonly Word[], first: Word): string {
  let { text } = first;
  for (let i = 1; i < words.length; i++) text += ` ${words[i]?.text}`;
  return text;
}
