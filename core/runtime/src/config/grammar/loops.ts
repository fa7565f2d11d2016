/** `~SEQ` and `~LST` of keepalived.conf: the rest of a line, once for each value. Used by reader.ts. */

/** Values for the variables of a loop, one record for each round. */
export type Rounds = readonly Readonly<Record<string, string>>[];

export interface Loop {
  readonly rounds: Rounds;
  /** Length of the loop's own text at the beginning of the line. */
  readonly length: number;
}

/** More rounds than any host has addresses: a slip of the pen, not a wish. */
const mostRounds = 1_000_000;

/** The loop at the beginning of a line; a string says what is wrong with it; undefined: there is none. */
export function parseLoop(text: string): Loop | string | undefined {
  const head = /^~(SEQx?|LST)\(/.exec(text);
  if (head === null)
    return text.startsWith('~') ? 'a line beginning with ~ must be ~SEQ(...), ~SEQx(...) or ~LST(...)' : undefined;
  const end = text.indexOf(')');
  if (end < 0) return `the parenthesis of ~${head[1]} is not closed`;
  const inside = text.slice(head[0].length, end);
  const rounds = head[1] === 'LST' ? list(inside) : sequence(inside, head[1] === 'SEQx');
  return typeof rounds === 'string' ? rounds : { rounds, length: end + 1 };
}

const name = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `(var, end)`, `(var, start, end)` or `(var, start, step, end)`. */
function sequence(inside: string, isHex: boolean): Rounds | string {
  const [variable = '', ...texts] = inside.split(',').map((part) => part.trim());
  if (!name.test(variable)) return `"${variable}" is not a name for the variable of ~SEQ`;
  const numbers = texts.map((text) => (/^[-+]?(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(text) ? signed(text) : Number.NaN));
  if (numbers.length < 1 || numbers.length > 3 || numbers.some(Number.isNaN))
    return '~SEQ takes a variable and one to three numbers';
  const end = numbers.at(-1) ?? 0;
  const start = numbers.length > 1 ? (numbers[0] ?? 0) : end > 0 ? 1 : -1;
  const step = numbers.length === 3 ? (numbers[1] ?? 0) : end >= start ? 1 : -1;
  if (step === 0 || Math.sign(end - start) === -Math.sign(step))
    return `~SEQ never gets from ${start} to ${end} in steps of ${step}`;
  const count = Math.floor((end - start) / step) + 1;
  if (count > mostRounds) return `~SEQ with ${count} rounds is more than ${mostRounds}`;
  if (isHex && Math.min(start, end) < 0) return '~SEQx has no negative numbers';
  return Array.from({ length: count }, (_, i) => ({ [variable]: (start + i * step).toString(isHex ? 16 : 10) }));
}

function signed(text: string): number {
  return text.startsWith('-') ? -Number(text.slice(1)) : Number(text.replace(/^\+/, ''));
}

/** `(var, v1, v2)` or `({a, b}, {1, 2}, {3, 4})`. */
function list(inside: string): Rounds | string {
  const groups = [...inside.matchAll(/\{([^{}]*)\}|([^,{}]+)/g)]
    .map((m) => m[1] ?? m[2] ?? '')
    .filter((group) => group.trim() !== '');
  const [names = '', ...values] = groups;
  const variables = names.split(',').map((part) => part.trim());
  const bad = variables.find((variable) => !name.test(variable));
  if (bad !== undefined) return `"${bad}" is not a name for a variable of ~LST`;
  if (values.length === 0) return '~LST has no values';
  const rows = values.map((value) => value.split(',').map((part) => part.trim()));
  const short = rows.findIndex((row) => row.length !== variables.length);
  if (short >= 0) return `value ${short + 1} of ~LST has ${rows[short]?.length} parts for ${variables.length} variables`;
  return rows.map((row) => Object.fromEntries(variables.map((variable, i) => [variable, row[i] ?? ''])));
}
