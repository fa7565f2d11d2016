/**
 * keepalived's second reading of a script value: the quoted text of `notify_master "/path arg 'two words'" user` is itself
 * split into an argument vector (keepalived.conf(5), "Quoted strings"). Called by keywords.ts.
 */

/** What a letter behind a backslash stands for in commands, in keepalived's both readings of them. */
export const commandEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** One piece of a word: an escape, a quoted run, blanks, an unclosed quote, or one plain character. */
const piece = /\\([0-7]{1,3}|x[0-9a-fA-F]+|c.|.)|"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|([ \t]+)|(["'])|(.)/gsu;

/** The argument vector of a command text; undefined where a quote is not closed. */
export function splitCommand(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (const [, code, double, single, blank, unclosed, plain] of text.matchAll(piece)) {
    if (unclosed !== undefined) return undefined;
    if (blank !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    const quoted = double ?? single;
    const part = code !== undefined ? unescapeOne(code) : quoted !== undefined ? unescapeAll(quoted) : (plain ?? '');
    word = (word ?? '') + part;
  }
  if (word !== undefined) words.push(word);
  return words;
}

function unescapeAll(text: string): string {
  return text.replace(/\\([0-7]{1,3}|x[0-9a-fA-F]+|c.|.)/gsu, (_, code: string) => unescapeOne(code));
}

/** What follows the backslash. `\xHH` may have more digits: as in C, the lowest byte counts. */
function unescapeOne(code: string): string {
  if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff);
  if (/^x./.test(code)) return String.fromCharCode(Number.parseInt(code.slice(-2).replace(/^x/, ''), 16));
  if (/^c./.test(code)) return String.fromCharCode(code.charCodeAt(1) & 0x1f);
  return commandEscapes[code] ?? code;
}
