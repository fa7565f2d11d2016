/** One statement with its field: the value, or a Refusal that says what is wrong and where. Used by block-binder.ts. */
import { messageOf, type Statement, type ValueSpec, type Word } from '@mainstay/sdk';
import { placeInRest, QuoteNotClosed, splitCommand } from '../grammar/words.js';
import { Refusal, StatementArgs } from './args.js';
import { frozen } from './freeze.js';
import type { FieldIndex } from './layout.js';
import type { Problems } from './problems.js';

interface Context {
  readonly problems: Problems;
}

export const notBuiltHint = 'take it out, or stay with keepalived on this host for now';

export function notBuilt(feature: string, { at }: Word): Refusal {
  return new Refusal('CONFIG_NOT_BUILT', `${feature} is not built yet`, at, notBuiltHint);
}

/** `plugin`: whose keyword it is; `siblings`: the keywords of the block, for hints. */
export function parseValue(
  statement: Statement,
  spec: ValueSpec<unknown>,
  plugin: string,
  context: Context,
  siblings?: FieldIndex,
): unknown {
  const { keyword, block } = statement;
  if (block !== undefined) {
    throw new Refusal('CONFIG_BLOCK_UNEXPECTED', `${keyword.text} takes a value, not a block in braces`, keyword.at);
  }
  return parseWords(
    spec.lexer === 'command' ? commandWords(statement) : plainWords(statement),
    statement,
    spec,
    plugin,
    context,
    siblings,
  );
}

export interface Header {
  /** Its words with a blank between. */
  readonly name: string;
  /** The block's keyword and the words, as messages call it. */
  readonly title: string;
  readonly value: unknown;
  readonly isSound: boolean;
}

/** Every message about the block has its name. */
const longestName = 100;

/** The words in front of a block's brace. A mistake in them is said, and hides none in the block. */
export function readHeader(statement: Statement, spec: ValueSpec<unknown>, plugin: string, context: Context): Header {
  const name = statement.args.map(({ text }) => text).join(' ');
  const short = name.length > longestName ? `${name.slice(0, longestName)}...` : name;
  const title = `${statement.keyword.text} ${short}`.trim();
  try {
    return { name, title, value: parseWords(plainWords(statement), statement, spec, plugin, context), isSound: true };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    context.problems.error(error.code, error.message, error.at, error.hint);
    return { name, title, value: undefined, isSound: false };
  }
}

function parseWords(
  words: readonly Word[],
  statement: Statement,
  spec: ValueSpec<unknown>,
  plugin: string,
  context: Context,
  siblings?: FieldIndex,
): unknown {
  const { keyword } = statement;
  const args = new StatementArgs(words, statement, context.problems);
  const value = parsed(spec, args, statement, plugin);
  const extra = args.peek();
  if (extra === undefined) return value;
  // The word is not quoted: it may be a secret that slipped onto the wrong line.
  const isKeyword = siblings?.has(extra.text) === true;
  const hint = isKeyword ? `${extra.text} is a keyword of its own: put it on the next line` : expected(keyword.text, spec.syntax);
  throw new Refusal('CONFIG_EXTRA_WORD', `there is one word too many after ${keyword.text}`, extra.at, hint);
}

/** A parser that fails on its own account is not the operator's mistake, but the value is lost all the same. */
function parsed(spec: ValueSpec<unknown>, args: StatementArgs, { keyword }: Statement, plugin: string): unknown {
  try {
    return frozen(spec.parse(args));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const message = `plugin ${plugin} failed to read ${keyword.text}: ${messageOf(error)}`;
    throw new Refusal('CONFIG_PARSER_FAILED', message, keyword.at, 'this is a fault of the plugin; please report it');
  }
}

function expected(keyword: string, syntax: string): string {
  return syntax === '' ? `${keyword} stands alone` : `expected: ${keyword} ${syntax}`;
}

/** In plain words a backslash does not escape a quote, so that it may be one quote too few. */
function plainWords({ args, rest }: Statement): readonly Word[] {
  const last = args.at(-1);
  const hasOpenQuote = rest.includes('\\"') && rest.split('"').length % 2 === 0;
  if (last === undefined || !hasOpenQuote) return args;
  const hint = 'a quote cannot be escaped here';
  throw new Refusal('CONFIG_QUOTE_NOT_CLOSED', 'the quote is not closed on this line', last.at, hint);
}

function commandWords(statement: Statement): readonly Word[] {
  try {
    return splitCommand(statement.rest).map(({ text, offset, quoted }) => ({ text, quoted, at: placeInRest(statement, offset) }));
  } catch (error) {
    if (!(error instanceof QuoteNotClosed)) throw error;
    throw new Refusal('CONFIG_QUOTE_NOT_CLOSED', error.message, placeInRest(statement, error.offset), 'add the closing quote');
  }
}
