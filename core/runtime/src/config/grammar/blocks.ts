/** Logical lines become statements: words, and blocks in braces. Every brace error has its place. Used by reader.ts. */
import type { SourcePosition, Statement, Word } from '@mainstay/sdk';
import type { Line } from './line.js';
import { splitWords } from './words.js';

export type Complain = (code: string, message: string, at: SourcePosition, hint?: string) => void;

interface Open {
  readonly statement: Omit<Statement, 'block'> | undefined;
  readonly at: SourcePosition;
  readonly statements: Statement[];
}

/** Takes lines one by one; `end` answers the statements. */
export class BlockBuilder {
  private readonly stack: Open[] = [];
  private current: Statement[] = [];
  /** The last statement, which a `{` may follow, on its own line or on the next. */
  private pending: Omit<Statement, 'block'> | undefined;

  constructor(private readonly complain: Complain) {}

  add(line: Line): void {
    let start = 0;
    for (const { index, brace } of braces(line)) {
      this.words(line.slice(start, index));
      if (brace === '{') this.open(line.at(index));
      else this.close(line.at(index));
      start = index + 1;
    }
    this.words(line.slice(start));
  }

  end(): readonly Statement[] {
    while (this.stack.length > 0) {
      const { at, statement } = this.stack.at(-1) ?? { at: undefined, statement: undefined };
      const name = statement?.keyword.text ?? 'this block';
      if (at) this.complain('CONFIG_BRACE_NOT_CLOSED', `the block of ${name} is never closed`, at, 'add the missing }');
      this.pop();
    }
    this.flush();
    return this.current;
  }

  private words(part: Line): void {
    const text = part.trim();
    if (text.isBlank) return;
    this.flush();
    const { words, unterminated } = splitWords(text);
    // A command may hold escaped quotes; its own lexer judges those.
    if (unterminated !== undefined && !text.text.includes('\\"'))
      this.complain('CONFIG_QUOTE_NOT_CLOSED', 'the quote is not closed on this line', unterminated);
    const [keyword, ...args] = words;
    if (keyword === undefined) return;
    const rest = text.slice(keyword.end).trim();
    this.pending = { keyword: toWord(keyword), args: args.map(toWord), rest: rest.text, restAt: rest.at(0) };
  }

  private open(at: SourcePosition): void {
    if (this.pending === undefined)
      this.complain('CONFIG_BRACE_UNEXPECTED', 'a block begins here, but no keyword stands before it', at);
    this.stack.push({ statement: this.pending, at, statements: this.current });
    this.pending = undefined;
    this.current = [];
  }

  private close(at: SourcePosition): void {
    if (this.stack.length === 0) this.complain('CONFIG_BRACE_SURPLUS', 'there is no open block that this } could close', at);
    else this.pop();
  }

  private pop(): void {
    this.flush();
    const open = this.stack.pop();
    if (open === undefined) return;
    const block = this.current;
    this.current = open.statements;
    if (open.statement !== undefined) this.current.push({ ...open.statement, block });
  }

  private flush(): void {
    if (this.pending !== undefined) this.current.push(this.pending);
    this.pending = undefined;
  }
}

function toWord({ text, at, quoted }: Word): Word {
  return { text, at, quoted };
}

/** Braces outside double quotes. */
function braces(line: Line): readonly { index: number; brace: '{' | '}' }[] {
  const found: { index: number; brace: '{' | '}' }[] = [];
  let isQuoted = false;
  for (let index = 0; index < line.text.length; index++) {
    const c = line.text[index];
    if (c === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (c === '{' || c === '}')) found.push({ index, brace: c });
  }
  return found;
}
