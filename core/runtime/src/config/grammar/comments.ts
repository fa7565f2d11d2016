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

export function withoutComment(line: Line): Uncommented {
  let result = line;
  let quote = -1;
  for (let i = 0; i < result.text.length; i++) {
    const c = result.text[i];
    const next = result.text[i + 1];
    if (c === '"') quote = quote < 0 ? i : -1;
    else if (c === '\\' && quote < 0 && (next === '#' || next === '!')) result = result.replace(i, i + 2, next);
    else if (c === '\\') i++;
    else if (quote < 0 && (c === '#' || c === '!')) return { line: result.slice(0, i) };
  }
  return quote < 0 ? { line: result } : { line: result, openQuote: result.at(quote) };
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
