/**
 * A read configuration as two flat lists, for its way between processes: structured clone of 160,000 statements, each with its places,
 * takes longer than to read them. Used by both ends of each channel that a tree goes over.
 */
import type { SourcePosition, SourceTree, Statement, Word } from '@mainstay/sdk';

export interface PackedTree {
  readonly files: readonly string[];
  /** Every text once. */
  readonly texts: readonly string[];
  /** Statements in the order of reading, a block's behind its own: indexes of texts, and places. */
  readonly numbers: Uint32Array;
}

const forms = [undefined, 'list', 'map', 'off'] as const;
const bits = { block: 1, jumps: 2, restIsFirst: 4, form: 3 } as const;

const packedOf = new WeakMap<SourceTree, PackedTree>();

/** A tree that came packed, or was packed before, is not packed again. */
export function packTree(tree: SourceTree): PackedTree {
  const known = packedOf.get(tree);
  if (known !== undefined) return known;
  const packed = new Packer().tree(tree);
  packedOf.set(tree, packed);
  return packed;
}

/** What `packTree` packed, with equal content. */
export function unpackTree(packed: PackedTree): SourceTree {
  const tree = new Unpacker(packed).tree();
  packedOf.set(tree, packed);
  return tree;
}

class Packer {
  readonly #texts = new Map<string, number>();
  #numbers = new Uint32Array(1 << 16);
  #length = 0;

  tree({ files, statements }: SourceTree): PackedTree {
    this.#block(statements);
    return { files, texts: [...this.#texts.keys()], numbers: this.#numbers.slice(0, this.#length) };
  }

  #block(statements: readonly Statement[]): void {
    this.#put(statements.length);
    for (const statement of statements) this.#statement(statement);
  }

  #statement({ keyword, args, rest, restAt, restJumps, block, form }: Statement): void {
    const [first] = args;
    const isFirst = first !== undefined && first.text === rest && first.at === restAt;
    const flags =
      (block === undefined ? 0 : bits.block) |
      (restJumps === undefined ? 0 : bits.jumps) |
      (isFirst ? bits.restIsFirst : 0) |
      (forms.indexOf(form) << bits.form);
    this.#put(flags);
    this.#word(keyword);
    this.#put(args.length);
    for (const word of args) this.#word(word);
    if (!isFirst) {
      this.#put(this.#text(rest));
      this.#place(restAt);
    }
    if (restJumps !== undefined) {
      this.#put(restJumps.length);
      for (const [offset, column] of restJumps) {
        this.#put(offset);
        this.#put(column);
      }
    }
    if (block !== undefined) this.#block(block);
  }

  #word({ text, at, quoted }: Word): void {
    this.#put(this.#text(text) * 2 + (quoted ? 1 : 0));
    this.#place(at);
  }

  #place({ file, line, column }: SourcePosition): void {
    this.#put(this.#text(file));
    this.#put(line);
    this.#put(column);
  }

  #text(text: string): number {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    this.#texts.set(text, this.#texts.size);
    return this.#texts.size - 1;
  }

  #put(number: number): void {
    if (this.#length === this.#numbers.length) {
      const longer = new Uint32Array(this.#length * 2);
      longer.set(this.#numbers);
      this.#numbers = longer;
    }
    this.#numbers[this.#length++] = number;
  }
}

class Unpacker {
  readonly #packed: PackedTree;
  #at = 0;

  constructor(packed: PackedTree) {
    this.#packed = packed;
  }

  tree(): SourceTree {
    return { files: this.#packed.files, statements: this.#block() };
  }

  #block(): readonly Statement[] {
    const statements = new Array<Statement>(this.#take());
    for (let i = 0; i < statements.length; i++) statements[i] = this.#statement();
    return statements;
  }

  #statement(): Statement {
    const flags = this.#take();
    const keyword = this.#word();
    const args = new Array<Word>(this.#take());
    for (let i = 0; i < args.length; i++) args[i] = this.#word();
    const [first] = args;
    const isFirst = (flags & bits.restIsFirst) !== 0 && first !== undefined;
    const rest = isFirst ? first.text : this.#text(this.#take());
    const restAt = isFirst ? first.at : this.#place();
    const form = forms[flags >> bits.form];
    return {
      keyword,
      args,
      rest,
      restAt,
      ...((flags & bits.jumps) !== 0 && { restJumps: this.#jumps() }),
      ...((flags & bits.block) !== 0 && { block: this.#block() }),
      ...(form !== undefined && { form }),
    };
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
    return this.#packed.texts[index] ?? '';
  }

  #take(): number {
    return this.#packed.numbers[this.#at++] ?? 0;
  }
}
