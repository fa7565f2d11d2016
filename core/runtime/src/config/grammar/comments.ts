/**
 * What double quotes protect in keepalived.conf: comments begin with # or ! outside of them, braces count outside of them. A
 * backslash takes the meaning from the quote or backslash behind it; \# and \! are the characters. Used by reader.ts.
 */
import type { SourcePosition } from '@mainstay/sdk';
import type { Line } from './line.js';

export interface Uncommented {
  readonly line: Line;
  /** Where a double quote is opened that does not end on the line. */
  readonly openQuote?: SourcePosition;
}

/** Most lines have nothing of it. */
const anyMark = /["\\#!]/;

export function withoutComment(line: Line): Uncommented {
  const { text } = line;
  if (!anyMark.test(text)) return { line };
  const escapes: number[] = [];
  let quote = -1;
  let end = text.length;
  for (let i = 0; i < end; i++) {
    const c = text[i];
    const isMark = (at: number) => text[at] === '#' || text[at] === '!';
    if (c === '"') quote = quote < 0 ? i : -1;
    else if (c === '\\' && quote < 0 && isMark(i + 1)) escapes.push(i++);
    else if (c === '\\') i++;
    else if (quote < 0 && isMark(i)) end = i;
  }
  const result = line.slice(0, end).without(escapes);
  return quote < 0 ? { line: result } : { line: result, openQuote: line.at(quote) };
}

/** `${NAME}`, `${NAME words}`, `${A_${B}}`: the braces belong to it, whether or not the name is defined. */
const reference = /\$\{[A-Za-z_](?:\w|\$\{\w+\})*(?:[ \t](?:[^{}"$]|\$\{\w+\})*)?\}/y;

/** Index of the first brace of a block; the length of the text where there is none. */
export function firstBrace(text: string): number {
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\\' && (text[i + 1] === '"' || text[i + 1] === '\\')) i++;
    else if (c === '"') isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (c === '{' || c === '}') return i;
    else if (c === '$' && text[i + 1] === '{') {
      reference.lastIndex = i;
      const match = reference.exec(text);
      if (match !== null) i += match[0].length - 1;
    }
  }
  return text.length;
}
