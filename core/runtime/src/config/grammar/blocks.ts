/**
 * Statements and braces become a tree; every brace error has its place. Where braces do not match, the tree is built once more
 * with indentation as the judge, so that one lost brace is one error and not a hundred. Used by reader.ts.
 */
import type { SourcePosition, Statement } from '@mainstay/sdk';

/** `isFirst`: nothing but blanks stands before it on its line. `enter` and `leave` are the bounds of a file. */
export type Token =
  | { readonly kind: 'statement'; readonly statement: Statement; readonly isFirst: boolean }
  | { readonly kind: 'open' | 'close'; readonly at: SourcePosition; readonly isFirst: boolean }
  | { readonly kind: 'enter' | 'leave' };

export interface BraceError {
  readonly code: string;
  readonly message: string;
  readonly at: SourcePosition;
  readonly hint?: string;
}

export interface Built {
  readonly statements: readonly Statement[];
  readonly errors: readonly BraceError[];
}

/** No configuration nests deeper; whoever walks the tree need not fear for the stack. */
export const mostDepth = 64;

interface Frame {
  /** Absent: the file, or a block without a keyword, whose content is dropped. */
  readonly keyword: string;
  readonly at: SourcePosition;
  readonly isFirst: boolean;
  readonly isFile: boolean;
  readonly statements: Statement[];
  /** The statement that gets the block when it is closed, and its place among those around it. */
  readonly owner?: { readonly statement: Statement; readonly among: Statement[]; readonly index: number };
}

export function buildBlocks(tokens: readonly Token[]): Built {
  const plain = new Builder(false).build(tokens);
  if (plain.errors.length === 0) return plain;
  const judged = new Builder(true).build(tokens);
  return judged.isBalanced && judged.errors.length <= plain.errors.length ? judged : plain;
}

class Builder {
  private readonly errors: BraceError[] = [];
  private readonly stack: Frame[] = [frame('', nowhere, false, true)];
  /** The statement that a `{` may follow, on its own line or on the next. */
  private pending: { readonly statement: Statement; readonly isFirst: boolean } | undefined;
  private isBalanced = true;
  private isTooDeep = false;

  constructor(private readonly judgesIndentation: boolean) {}

  build(tokens: readonly Token[]): Built & { readonly isBalanced: boolean } {
    for (const token of tokens) this.take(token);
    this.flush();
    this.closeFile();
    return { statements: this.top.statements, errors: this.errors, isBalanced: this.isBalanced };
  }

  private get top(): Frame {
    return this.stack.at(-1) ?? frame('', nowhere, false, true);
  }

  private take(token: Token): void {
    switch (token.kind) {
      case 'statement':
        this.flush();
        if (token.isFirst && this.judgesIndentation)
          this.closeWhileIndented(token.statement.keyword.at, (block, here) => block >= here);
        this.pending = token;
        break;
      case 'open':
        this.open(token.at);
        break;
      case 'close':
        this.flush();
        this.close(token.at, token.isFirst);
        break;
      case 'enter':
        this.flush();
        this.stack.push(frame('', nowhere, false, true, this.top.statements));
        break;
      case 'leave':
        this.flush();
        this.closeFile();
        this.pop();
        break;
      default:
        token satisfies never;
    }
  }

  private flush(): void {
    if (this.pending !== undefined) this.top.statements.push(this.pending.statement);
    this.pending = undefined;
  }

  private open(at: SourcePosition): void {
    const { pending } = this;
    this.pending = undefined;
    let owner: Frame['owner'];
    if (pending === undefined) {
      this.error(
        'CONFIG_BRACE_UNEXPECTED',
        'a block begins here, but no keyword stands before it',
        at,
        'what is in it is skipped',
      );
    } else if (this.stack.length > mostDepth + 1) {
      if (!this.isTooDeep) this.error('CONFIG_TOO_DEEP', `blocks are nested more than ${mostDepth} deep`, at);
      this.isTooDeep = true;
    } else {
      const { statement } = pending;
      const { statements: among } = this.top;
      owner = { statement, among, index: among.push(statement) - 1 };
    }
    const keyword = pending?.statement.keyword;
    const block = frame(keyword?.text ?? '', keyword?.at ?? at, pending?.isFirst ?? false, false);
    this.stack.push(owner === undefined ? block : { ...block, owner });
  }

  /** Takes the innermost block off. What it holds is copied, because an array that has grown keeps room for more. */
  private pop(): void {
    const { owner, statements } = this.stack.pop() ?? {};
    if (owner !== undefined) owner.among[owner.index] = withBlock(owner.statement, statements?.slice() ?? []);
  }

  private close(at: SourcePosition, isFirst: boolean): void {
    if (isFirst && this.judgesIndentation) this.closeWhileIndented(at, (block, here) => block > here);
    const { isFile, isFirst: isOnOwnLine, at: opened } = this.top;
    const isMisplaced = this.judgesIndentation && isFirst && isOnOwnLine && opened.column < at.column;
    if (isFile || isMisplaced) {
      this.error('CONFIG_BRACE_SURPLUS', 'there is no open block that this } could close', at, 'remove it');
      if (isFile) this.isBalanced = false;
    } else this.pop();
  }

  /** Where indentation judges: blocks that what stands at `at` cannot belong to are closed before it. */
  private closeWhileIndented(at: SourcePosition, isOver: (blockColumn: number, column: number) => boolean): void {
    for (let { top } = this; !top.isFile && top.isFirst && isOver(top.at.column, at.column); top = this.top) {
      this.notClosed(top, `a } is missing before line ${at.line}`);
      this.pop();
    }
  }

  private closeFile(): void {
    for (let { top } = this; !top.isFile; top = this.top) {
      this.isBalanced = false;
      this.notClosed(top, 'add the missing }');
      this.pop();
    }
  }

  private notClosed({ keyword, at }: Frame, hint: string): void {
    const block = keyword === '' ? 'this block' : `the block of ${keyword}`;
    this.error('CONFIG_BRACE_NOT_CLOSED', `${block} is not closed`, at, hint);
  }

  private error(code: string, message: string, at: SourcePosition, hint?: string): void {
    this.errors.push({ code, message, at, ...(hint !== undefined && { hint }) });
  }
}

function withBlock({ keyword, args, rest, restAt, restJumps }: Statement, block: Statement[]): Statement {
  return restJumps === undefined ? { keyword, args, rest, restAt, block } : { keyword, args, rest, restAt, restJumps, block };
}

const nowhere: SourcePosition = { file: '', line: 0, column: 0 };

function frame(keyword: string, at: SourcePosition, isFirst: boolean, isFile: boolean, statements: Statement[] = []): Frame {
  return { keyword, at, isFirst, isFile, statements };
}
