/** What a packed configuration is, and statements out of it: those of the top level at once, their blocks when asked for. Used by packed-tree.ts. */
import type { SourcePosition, SourceTree, Statement, Word } from '@mainstay/sdk';

export interface PackedTree {
  readonly files: readonly string[];
  /** Every text once. */
  readonly texts: readonly string[];
  /** Statements in the order of reading, a block's behind its own and after their length: indexes of texts, and places. */
  readonly numbers: Uint32Array;
}

export const forms = [undefined, 'list', 'map', 'off'] as const;
/** Of the flags of a statement. `restIsWords`: its rest is its arguments with a blank between. `form`: where the index of the form begins. */
export const bits = { block: 1, jumps: 2, restIsWords: 4, form: 3 } as const;

export class TreeReader {
  readonly #texts: readonly string[];
  readonly #numbers: Uint32Array;
  #at = 0;

  constructor({ texts, numbers }: Pick<PackedTree, 'texts' | 'numbers'>) {
    this.#texts = texts;
    this.#numbers = numbers;
  }

  /** `found`: each of them, with where it begins and ends in the numbers. */
  roots(found: (statement: Statement, from: number, to: number) => void): SourceTree['statements'] {
    const statements = new Array<Statement>(this.#take());
    for (let i = 0; i < statements.length; i++) {
      const from = this.#at;
      const flags = this.#take();
      const bare = this.#bare(flags);
      const statement = (flags & bits.block) === 0 ? bare : this.#withLaterBlock(bare);
      statements[i] = statement;
      found(statement, from, this.#at);
    }
    return statements;
  }

  #withLaterBlock(bare: Statement): Statement {
    const length = this.#take();
    const from = this.#at;
    this.#at += length;
    const read = () => this.#blockAt(from);
    return {
      ...bare,
      get block() {
        return read();
      },
    };
  }

  #blockAt(from: number): readonly Statement[] {
    this.#at = from;
    return this.#block();
  }

  #block(): readonly Statement[] {
    const statements = new Array<Statement>(this.#take());
    for (let i = 0; i < statements.length; i++) {
      const flags = this.#take();
      const bare = this.#bare(flags);
      if ((flags & bits.block) !== 0) {
        this.#at++;
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
    if ((flags & bits.jumps) === 0 && flags >> bits.form === 0) return { keyword, args, rest, restAt };
    const restJumps = (flags & bits.jumps) === 0 ? undefined : this.#jumps();
    const form = forms[flags >> bits.form];
    return { keyword, args, rest, restAt, ...(restJumps && { restJumps }), ...(form && { form }) };
  }

  #jumps(): readonly (readonly [number, number])[] {
    return Array.from({ length: this.#take() }, () => [this.#take(), this.#take()] as const);
  }

  #word(): Word {
    const number = this.#take();
    return { text: this.#text(number >>> 1), at: this.#place(), quoted: (number & 1) === 1 };
  }

  #place(): SourcePosition {
    return { file: this.#text(this.#take()), line: this.#take(), column: this.#take() };
  }

  #text(index: number): string {
    return this.#texts[index] ?? '';
  }

  #take(): number {
    return this.#numbers[this.#at++] ?? 0;
  }
}

function joined(words: readonly Word[], first: Word): string {
  let { text } = first;
  for (let i = 1; i < words.length; i++) text += ` ${words[i]?.text}`;
  return text;
}
