/** Binds the statements of one block: each keyword to the value its field describes, each mistake to its place. Used by registry.ts. */
import { closest, type Field, type SourcePosition, type Statement, type Word } from '@mainstay/sdk';
import { splitCommand } from '../grammar/words.js';
import { Refusal, StatementArgs } from './args.js';
import { absentValue, type Found, indexOf, type Part } from './fields.js';
import type { Problems } from './problems.js';

export interface BindContext {
  readonly problems: Problems;
  readonly unknownKeywords: 'error' | 'warning';
  /** Where else a keyword is known: the blocks that have it. */
  blocksWith(keyword: string): readonly string[];
}

export interface BoundBlock {
  /** One record of values for each part, in order. */
  readonly values: readonly Record<string, unknown>[];
  /** Place of each keyword that was written. */
  readonly where: ReadonlyMap<string, SourcePosition>;
}

/** `name`: how messages call the block; `at`: its place, for keywords that are missing. */
export function bindBlock(
  name: string,
  at: SourcePosition,
  statements: readonly Statement[],
  parts: readonly Part[],
  context: BindContext,
): BoundBlock {
  const index = indexOf(parts);
  const values = parts.map((): Record<string, unknown> => ({}));
  const where = new Map<string, SourcePosition>();
  /** Keywords that a misspelt one was meant to be: not missing as well. */
  const attempted = new Set<string | undefined>();
  for (const statement of statements) {
    const found = index.get(statement.keyword.text);
    if (found === undefined) attempted.add(unknown(statement, name, index, context));
    else bindStatement(statement, found, values[found.part] ?? {}, where, context);
  }
  for (const [i, part] of parts.entries()) {
    const value = values[i] ?? {};
    for (const [keyword, field] of Object.entries(part.fields)) {
      if (keyword in value) continue;
      const absent = absentValue(field);
      value[keyword] = absent?.value;
      if (absent !== undefined || where.has(keyword) || attempted.has(keyword)) continue;
      context.problems.error(
        'CONFIG_MISSING_KEYWORD',
        `${name} lacks ${keyword}, which it needs`,
        at,
        `add: ${keyword} ${syntaxOf(field)}`.trim(),
      );
    }
  }
  return { values, where };
}

function syntaxOf({ shape }: Field<unknown>): string {
  return shape.kind === 'value' ? shape.value.syntax : '{ ... }';
}

/** Says that a keyword is not known here; answers the one that was probably meant. */
function unknown(
  statement: Statement,
  name: string,
  index: ReadonlyMap<string, Found>,
  context: BindContext,
): string | undefined {
  const { text, at } = statement.keyword;
  const elsewhere = context.blocksWith(text);
  const near = closest(text, index.keys());
  const hint = elsewhere.length > 0 ? `it belongs into ${elsewhere.join(' or ')}` : near && `did you mean "${near}"?`;
  const consequence = context.unknownKeywords === 'warning' ? ' and is ignored' : '';
  const message = `"${text}" is not a keyword of ${name}${consequence}`;
  context.problems.add(context.unknownKeywords, 'CONFIG_UNKNOWN_KEYWORD', message, at, hint);
  return near;
}

function bindStatement(
  statement: Statement,
  found: Found,
  values: Record<string, unknown>,
  where: Map<string, SourcePosition>,
  context: BindContext,
): void {
  const { keyword, field } = found;
  const { at, text } = statement.keyword;
  const { problems } = context;
  const { isRepeated = false, deprecated } = field.facts;
  if (deprecated !== undefined) problems.add('warning', 'CONFIG_DEPRECATED', `${text} is deprecated`, at, `write ${deprecated}`);
  const before = where.get(keyword);
  if (before !== undefined && !isRepeated && field.shape.kind !== 'lines') {
    problems.add(
      'warning',
      'CONFIG_DUPLICATE_KEYWORD',
      `${text} stands here for the second time: this one counts, not that of line ${before.line}`,
      at,
    );
  }
  where.set(keyword, at);
  try {
    const occurrences = occurrencesOf(statement, field).map((one) => fieldValue(one, field, context));
    if (occurrences.length === 0) return;
    if (isRepeated) values[keyword] = [...asList(values[keyword]), ...occurrences];
    else if (field.shape.kind === 'lines')
      values[keyword] = [...asList(values[keyword]), ...(occurrences[0] as readonly unknown[])];
    else values[keyword] = occurrences.at(-1);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (field.facts.isSecret === true) problems.error(error.code, `the value of ${keyword} is not valid`, at);
    else problems.error(error.code, error.message, error.at, error.hint);
  }
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A list of data (YAML) for a keyword with one value: one statement for each line. */
function occurrencesOf(statement: Statement, field: Field<unknown>): readonly Statement[] {
  if (field.shape.kind !== 'value' || statement.block === undefined || field.facts.isRepeated !== true) return [statement];
  return statement.block.map((line) => ({
    keyword: statement.keyword,
    args: [line.keyword, ...line.args],
    rest: lineText(line),
    restAt: line.keyword.at,
  }));
}

function lineText({ keyword, rest }: Statement): string {
  const first = keyword.quoted ? `"${keyword.text}"` : keyword.text;
  return rest === '' ? first : `${first} ${rest}`;
}

function fieldValue(statement: Statement, field: Field<unknown>, context: BindContext): unknown {
  const { shape } = field;
  const { keyword } = statement;
  switch (shape.kind) {
    case 'notBuilt':
      throw new Refusal(
        'CONFIG_NOT_BUILT',
        `${shape.feature} is not built yet`,
        keyword.at,
        'remove the line, or stay with keepalived on this host for now',
      );
    case 'block':
      if (statement.block === undefined)
        throw new Refusal('CONFIG_BLOCK_MISSING', `${keyword.text} needs a block in braces`, keyword.at);
      return bindBlock(keyword.text, keyword.at, statement.block, [{ plugin: '', fields: shape.block.fields }], context)
        .values[0];
    case 'lines':
      return linesOf(statement).map((words) => parse(words, keyword, shape.item.parse.bind(shape.item), context));
    case 'value': {
      if (statement.block !== undefined)
        throw new Refusal('CONFIG_BLOCK_UNEXPECTED', `${keyword.text} takes a value, not a block`, keyword.at);
      const words = shape.value.lexer === 'command' ? commandWords(statement) : statement.args;
      return parse(words, keyword, shape.value.parse.bind(shape.value), context);
    }
    default:
      return shape satisfies never;
  }
}

function commandWords({ rest, restAt }: Statement): readonly Word[] {
  const words = splitCommand(rest, restAt);
  if (typeof words === 'string') throw new Refusal('CONFIG_QUOTE_NOT_CLOSED', words, restAt);
  return words;
}

/** Each line of the block; words on the keyword's own line are a line, too. */
function linesOf({ args, block = [] }: Statement): readonly (readonly Word[])[] {
  const lines = block.map((line) => [line.keyword, ...line.args]);
  return args.length > 0 ? [args, ...lines] : lines;
}

function parse(
  words: readonly Word[],
  keyword: Word,
  parser: (args: StatementArgs) => unknown,
  { problems }: BindContext,
): unknown {
  const args = new StatementArgs(words, keyword.at, problems);
  const value = parser(args);
  const extra = args.peek();
  if (extra === undefined) return value;
  throw new Refusal('CONFIG_EXTRA_WORD', `"${extra.text}" is one word too many after ${keyword.text}`, extra.at);
}
