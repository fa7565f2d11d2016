/**
 * The two lexers of keepalived.conf: plain words (blanks separate, double quotes hold together, no escapes), and commands
 * (both quotes, adjacent pieces join, escapes as in C). Used by blocks.ts and by the binder.
 */
import type { SourcePosition, Word } from '@mainstay/sdk';
import type { Line } from './line.js';

/** `end`: index behind the word in its line. */
export interface PlacedWord extends Word {
  readonly end: number;
}

export function splitWords(line: Line): { readonly words: readonly PlacedWord[]; readonly unterminated?: SourcePosition } {
  const words: PlacedWord[] = [];
  const { text } = line;
  for (let i = 0; i < text.length; ) {
    if (/\s/.test(text[i] ?? '')) {
      i++;
    } else if (text[i] === '"') {
      const close = text.indexOf('"', i + 1);
      const end = close < 0 ? text.length : close;
      words.push({ text: text.slice(i + 1, end), at: line.at(i), quoted: true, end: Math.min(end + 1, text.length) });
      if (close < 0) return { words, unterminated: line.at(i) };
      i = end + 1;
    } else {
      const rest = /^\S+/.exec(text.slice(i))?.[0] ?? '';
      words.push({ text: rest, at: line.at(i), quoted: false, end: i + rest.length });
      i += rest.length;
    }
  }
  return { words };
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** The words of a command; a string says what is wrong. */
export function splitCommand(rest: string, at: SourcePosition): readonly Word[] | string {
  const words: Word[] = [];
  let word: string | undefined;
  let start = 0;
  let quoted = false;
  let quote = '';
  const finish = () => {
    if (word !== undefined) words.push({ text: word, at: { ...at, column: at.column + start }, quoted });
    word = undefined;
    quoted = false;
  };
  for (let i = 0; i < rest.length; i++) {
    const c = rest[i] ?? '';
    if (quote === '' && /\s/.test(c)) {
      finish();
      continue;
    }
    if (word === undefined) [word, start] = ['', i];
    if (c === quote) quote = '';
    else if (quote === '' && (c === '"' || c === "'")) [quote, quoted] = [c, true];
    else if (c === '\\') {
      const [text, length] = escaped(rest.slice(i + 1));
      word += text;
      i += length;
    } else word += c;
  }
  finish();
  return quote === '' ? words : `the quote ${quote} is not closed`;
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
  return [simpleEscapes[c] ?? c, text === '' ? 0 : 1];
}
