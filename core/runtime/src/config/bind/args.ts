/** The arguments of one statement as a value's parser reads them. Used by field-value.ts. */
import type { Args, SourcePosition, Statement, Word } from '@mainstay/sdk';
import { placeInRest } from '../grammar/words.js';
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

type Told = NonNullable<Parameters<Args['fail']>[1]>;

export class StatementArgs implements Args {
  private index = 0;

  constructor(
    private readonly words: readonly Word[],
    private readonly statement: Statement,
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
    const { rest, keyword } = this.statement;
    return this.words.length === 0 ? keyword.at : placeInRest(this.statement, rest.length);
  }

  fail(message: string, options: Told = {}): never {
    throw new Refusal(options.code ?? 'CONFIG_BAD_VALUE', message, options.at ?? this.at, options.hint);
  }

  warn(message: string, options: Told = {}): void {
    this.problems.add('warning', options.code ?? 'CONFIG_WARNING', message, options.at ?? this.at, options.hint);
  }
}
