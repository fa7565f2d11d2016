/**
 * The two lexers of keepalived.conf: plain words (blanks separate, double quotes hold together, no escapes), and commands
 * (both quotes, adjacent pieces join, escapes as in C). Used by reader.ts and by the binder.
 */
import { commandEscapes, type SourcePosition, type Statement, type Word } from '@mainstay/sdk';
import type { Line } from './line.js';

function isBlank(c: string | undefined): boolean {
  return c === ' ' || c === '\t' || c === '\v' || c === '\f' || c === '\r' || c === '\n';
}

/** Calls `found` for each word: its text is from `start` to `end`, and with its quotes it is from `from` to `behind`. */
function eachWord(
  text: string,
  found: (from: number, start: number, end: number, behind: number, quoted: boolean) => void,
): void {
  for (let i = 0; i < text.length; ) {
    if (isBlank(text[i])) {
      i++;
      continue;
    }
    const quoted = text[i] === '"';
    const start = quoted ? i + 1 : i;
    let end = start;
    while (end < text.length && text[end] !== '"' && (quoted || !isBlank(text[end]))) end++;
    const behind = quoted ? Math.min(end + 1, text.length) : end;
    found(i, start, end, behind, quoted);
    i = behind;
  }
}

/** A quote without its end reaches to the end of the line; the reader has said so. */
export function splitWords(line: Line): readonly Word[] {
  const words: Word[] = [];
  const { text } = line;
  eachWord(text, (from, start, end, _, quoted) => words.push({ text: text.slice(start, end), at: line.at(from), quoted }));
  return words;
}

/** The statement of a line that has words. A large configuration has hundreds of thousands: what is the same is held once. */
export function statementOf(line: Line): Statement | undefined {
  const { text } = line;
  const words: Word[] = [];
  let keywordEnd = 0;
  let firstArg = -1;
  eachWord(text, (from, start, end, behind, quoted) => {
    if (words.length === 0) keywordEnd = behind;
    else if (words.length === 1) firstArg = from;
    words.push({ text: text.slice(start, end), at: line.at(from), quoted });
  });
  const [keyword, first] = words;
  if (keyword === undefined) return undefined;
  const restText = text.slice(keywordEnd);
  const restStart = keywordEnd + restText.length - restText.trimStart().length;
  const rest = restText.trim();
  const restJumps = line.jumps(restStart, restStart + rest.length);
  return {
    keyword,
    // A copy has no room for more, as an array has that has grown.
    args: words.slice(1),
    rest: first !== undefined && first.text === rest ? first.text : rest,
    restAt: first !== undefined && restStart === firstArg ? first.at : line.at(restStart),
    ...(restJumps !== undefined && { restJumps }),
  };
}

/** Where the character at `offset` of a statement's rest stands. */
export function placeInRest({ restAt, restJumps = [] }: Pick<Statement, 'restAt' | 'restJumps'>, offset: number): SourcePosition {
  const [from, column] = restJumps.findLast(([start]) => start <= offset) ?? [0, restAt.column];
  return restAt.line === 0 ? restAt : { ...restAt, column: column + offset - from };
}

export class QuoteNotClosed extends Error {
  constructor(readonly offset: number) {
    super('the quote is not closed on this line');
  }
}

/** A word of a command, with its offset in the text. */
export interface CommandWord {
  readonly text: string;
  readonly offset: number;
  readonly quoted: boolean;
}

/** The words of a command. Throws QuoteNotClosed. */
export function splitCommand(rest: string): readonly CommandWord[] {
  const words: CommandWord[] = [];
  for (let i = 0; i < rest.length; ) {
    if (isBlank(rest[i])) {
      i++;
      continue;
    }
    const { word, end } = commandWord(rest, i);
    words.push(word);
    i = end;
  }
  return words;
}

function commandWord(rest: string, offset: number): { readonly word: CommandWord; readonly end: number } {
  let text = '';
  let quote = '';
  let quoteAt = offset;
  let quoted = false;
  let i = offset;
  for (; i < rest.length && (quote !== '' || !isBlank(rest[i])); i++) {
    const c = rest[i] ?? '';
    if (c === '\\') {
      const [meant, length] = escaped(rest.slice(i + 1, i + 5));
      text += meant;
      i += length;
    } else if (c === quote) quote = '';
    else if (quote === '' && (c === '"' || c === "'")) [quote, quoteAt, quoted] = [c, i, true];
    else text += c;
  }
  if (quote !== '') throw new QuoteNotClosed(quoteAt);
  return { word: { text, offset, quoted }, end: i };
}

/** What follows a backslash: the character it stands for, and how much of the text it took. */
function escaped(text: string): readonly [string, number] {
  const octal = /^[0-7]{1,3}/.exec(text)?.[0];
  if (octal !== undefined) return [String.fromCharCode(Number.parseInt(octal, 8) & 255), octal.length];
  const hex = /^x([0-9a-fA-F]{1,2})/.exec(text);
  if (hex?.[1] !== undefined) return [String.fromCharCode(Number.parseInt(hex[1], 16)), hex[0].length];
  const control = /^c([@-_a-z])/.exec(text)?.[1];
  if (control !== undefined) return [String.fromCharCode(control.toUpperCase().charCodeAt(0) & 31), 2];
  const c = text[0] ?? '\\';
  return [commandEscapes[c] ?? c, text === '' ? 0 : 1];
}
