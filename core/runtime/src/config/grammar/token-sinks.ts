/**
 * Where the reader's statements and braces go: straight into a packed tree, as long as every brace has its counterpart, so that no
 * statement of a large configuration is kept as an object; or into a list, for a file whose braces must be judged. Used by reader.ts.
 */
import { TreeWriter } from '../packed/tree-writer.js';
import { mostDepth, type Token } from './blocks.js';
import type { PlainLine } from './plain-line.js';

export interface TokenSink {
  put(token: Token): void;
  /** Takes a line of plain words; false where the sink wants tokens. */
  takeLine(line: PlainLine, file: string, number: number): boolean;
}

export class PackingSink implements TokenSink {
  readonly writer = new TreeWriter();
  /** Depth at the beginning of each file that is being read. */
  readonly #files: number[] = [];
  /** A `{` may follow, on the same line or on the next. */
  #mayOpen = false;
  #isSound = true;

  put(token: Token): void {
    if (!this.#isSound) return;
    const { depth } = this.writer;
    const mayOpen = this.#mayOpen;
    this.#mayOpen = false;
    switch (token.kind) {
      case 'statement':
        this.writer.add(token.statement);
        this.#mayOpen = true;
        break;
      case 'open':
        this.#open(mayOpen);
        break;
      case 'close':
        this.#close();
        break;
      case 'enter':
        this.#files.push(depth);
        break;
      case 'leave':
        this.#isSound = this.#files.pop() === depth;
        break;
      default:
        token satisfies never;
    }
  }

  takeLine(line: PlainLine, file: string, number: number): boolean {
    if (!this.#isSound) return true;
    // Between a keyword and its brace there may be empty lines.
    if (line.count === 0 && line.brace === undefined) return true;
    if (line.count > 0) this.writer.addLine(line, file, number);
    this.#mayOpen = line.count > 0 && line.brace === undefined;
    if (line.brace === 'open') this.#open(true);
    else if (line.brace === 'close') this.#close();
    return true;
  }

  #open(mayOpen: boolean): void {
    this.#isSound = mayOpen && this.writer.depth < mostDepth;
    if (this.#isSound) this.writer.open();
  }

  #close(): void {
    this.#isSound = this.writer.depth > (this.#files.at(-1) ?? 0);
    if (this.#isSound) this.writer.close();
  }

  /** Every block was closed in the file in which it was opened, and none stands without a keyword. */
  get isSound(): boolean {
    return this.#isSound && this.writer.depth === 0;
  }
}

export class TokenList implements TokenSink {
  readonly tokens: Token[] = [];

  put(token: Token): void {
    this.tokens.push(token);
  }

  takeLine(): boolean {
    return false;
  }
}
