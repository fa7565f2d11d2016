/** The arguments of one statement as a value's parser reads them. Used by block-binder.ts. */
import type { Args, SourcePosition, Word } from '@mainstay/sdk';
import type { Problems } from './problems.js';

/** Ends the parsing of one statement; caught by the binder, which goes on with the next. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly at: SourcePosition,
    readonly hint?: string,
  ) {
    super(message);
  }
}

export class StatementArgs implements Args {
  private index = 0;

  constructor(
    private readonly words: readonly Word[],
    /** Where the keyword stands, for statements without arguments. */
    private readonly keywordAt: SourcePosition,
    private readonly problems: Problems,
  ) {}

  peek(): Word | undefined {
    return this.words[this.index];
  }

  take(): Word | undefined {
    return this.words[this.index++];
  }

  get at(): SourcePosition {
    const next = this.words[this.index];
    if (next !== undefined) return next.at;
    const last = this.words.at(-1);
    return last === undefined
      ? this.keywordAt
      : { ...last.at, column: last.at.column + last.text.length + (last.quoted ? 2 : 0) };
  }

  fail: Args['fail'] = (message, options = {}) => {
    throw new Refusal(options.code ?? 'CONFIG_BAD_VALUE', message, options.at ?? this.at, options.hint);
  };

  warn: Args['warn'] = (message, options = {}) => {
    this.problems.add('warning', options.code ?? 'CONFIG_WARNING', message, options.at ?? this.at, options.hint);
  };
}
