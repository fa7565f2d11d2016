/** Comments of keepalived.conf: from # or ! to the end of the line, outside double quotes; \# and \! are the characters. */
import type { Line } from './line.js';

export function withoutComment(line: Line): Line {
  let result = line;
  let isQuoted = false;
  for (let i = 0; i < result.text.length; i++) {
    const c = result.text[i];
    const next = result.text[i + 1];
    if (c === '"') isQuoted = !isQuoted;
    else if (!isQuoted && c === '\\' && (next === '#' || next === '!')) result = result.replace(i, i + 2, next);
    else if (!isQuoted && (c === '#' || c === '!')) return result.slice(0, i);
  }
  return result;
}
