/** What data formats leave open, decided with the schema: lists, objects and false. Text in keepalived's grammar passes as it is. */
import type { Field, Statement, Word } from '@mainstay/sdk';
import { isFlag, wordsOf } from './fields.js';

/** `router: { R1: {...} }` is a block for each name. */
export function namedBlocks(statement: Statement): readonly Statement[] {
  const { args, block = [], form, keyword } = statement;
  if (form !== 'map' || args.length > 0) return [statement];
  return block.map((one) => ({ ...one, keyword: { ...keyword, at: one.keyword.at }, args: [one.keyword, ...one.args] }));
}

/** The same, with the words of `virtual_server: { 192.0.2.1 80: {...} }` apart. */
export function headedBlocks(statement: Statement): readonly Statement[] {
  if (statement.form === undefined) return [statement];
  return namedBlocks(statement).map((one) => ({ ...one, args: one.args.flatMap(wordsWithin) }));
}

function wordsWithin(word: Word): readonly Word[] {
  const texts = word.quoted ? [word.text] : word.text.split(/\s+/).filter((text) => text !== '');
  return texts.length === 1 ? [word] : texts.map((text) => ({ ...word, text }));
}

/** Back from that where the block has no name. */
export function unnamedBlock(statement: Statement): Statement {
  const [name, ...more] = statement.args;
  if (statement.form !== 'map' || name === undefined) return statement;
  return { ...statement, args: [], block: [{ ...statement, keyword: name, args: more }] };
}

/** The statements that one statement of data stands for, with this field. */
export function occurrences(statement: Statement, field: Field<unknown>): readonly Statement[] {
  const { block = [], form, keyword } = statement;
  if (form === undefined) return [statement];
  if (form === 'off' && isFlag(field)) return [];
  const { kind } = field.shape;
  if (kind === 'headed') return headedBlocks(statement);
  const isList = form === 'list' && (kind === 'value' || kind === 'block' || kind === 'plugged');
  return isList ? block.map((item) => ({ ...item, keyword: { ...keyword, at: item.keyword.at }, ...textOf(item) })) : [statement];
}

/** The words of a list's item as the arguments of a statement. */
function textOf(item: Statement): Pick<Statement, 'args' | 'rest' | 'restAt'> {
  const first = item.keyword.quoted ? `"${item.keyword.text}"` : item.keyword.text;
  return { args: wordsOf(item), rest: [first, item.rest].filter(Boolean).join(' '), restAt: item.keyword.at };
}

/** In a block of lines without keywords: the whole statement as the words of one. */
export function asLine(statement: Statement): Statement {
  return { ...statement, ...textOf(statement) };
}

/** Each line of a block of lines; words on the keyword's own line are a line, too. */
export function linesOf(statement: Statement): readonly Statement[] {
  const { args, block = [], keyword, rest, restAt, restJumps } = statement;
  const items = block.flatMap((item) => (item.keyword.text === '' && item.form === 'map' ? (item.block ?? []) : [item]));
  const lines = items.map((item) => ({ ...item, ...textOf(item) }));
  return args.length === 0 ? lines : [{ keyword, args, rest, restAt, ...(restJumps && { restJumps }) }, ...lines];
}
