/** `~SEQ` and `~LST` of keepalived.conf: the rest of a line, once for each value. Used by reader.ts. */

/** The values of the loop's variables, round by round. */
export type Rounds = Iterable<Readonly<Record<string, string>>>;

/** Index behind the loop's own text `~SEQ(...)` at the beginning of a line; a string says what is wrong with it. */
export function loopEnd(text: string): number | string {
  const head = /^~(?:SEQx?|LST)[ \t]*\(/.exec(text);
  if (head === null) return 'a line that begins with ~ must be ~SEQ(...), ~SEQx(...) or ~LST(...)';
  const end = text.indexOf(')');
  return end < 0 ? 'the parenthesis of the loop is not closed' : end + 1;
}

/** The rounds of `~SEQ(...)`, its own definitions substituted; a string says what is wrong. */
export function roundsOf(head: string): Rounds | string {
  const inside = head.slice(head.indexOf('(') + 1, -1);
  if (head.startsWith('~LST')) return list(inside);
  return sequence(inside, head.startsWith('~SEQx'));
}

const name = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `(var, end)`, `(var, start, end)` or `(var, start, step, end)`. */
function sequence(inside: string, isHex: boolean): Rounds | string {
  const [variable = '', ...texts] = inside.split(',').map((part) => part.trim());
  if (!name.test(variable)) return '~SEQ needs the name of a variable first';
  const numbers = texts.map(integer);
  if (numbers.length < 1 || numbers.length > 3 || numbers.some(Number.isNaN))
    return '~SEQ takes a variable and one to three numbers';
  const end = numbers.at(-1) ?? 0;
  const start = numbers.length > 1 ? (numbers[0] ?? 0) : end < 0 ? -1 : 1;
  const step = numbers.length === 3 ? (numbers[1] ?? 0) : end >= start ? 1 : -1;
  if (step === 0) return 'a ~SEQ with step 0 never ends';
  if (end !== start && end > start !== step > 0) return `a ~SEQ from ${start} with step ${step} never comes to ${end}`;
  if (isHex && (start < 0 || end < 0)) return '~SEQx has no negative numbers';
  return numbersFrom(variable, start, step, end, isHex);
}

function* numbersFrom(variable: string, start: number, step: number, end: number, isHex: boolean): Rounds {
  for (let n = start; step > 0 ? n <= end : n >= end; n += step) yield { [variable]: n.toString(isHex ? 16 : 10) };
}

/** Decimal, 0-octal or 0x-hexadecimal, at most 32 bits. */
function integer(text: string): number {
  const [, sign, digits = ''] = /^([-+]?)(0[xX][0-9a-fA-F]+|[0-9]+)$/.exec(text) ?? [];
  const isOctal = /^0[0-7]+$/.test(digits);
  const n = digits === '' ? Number.NaN : isOctal ? Number.parseInt(digits, 8) : Number(digits);
  return n > 0xffff_ffff ? Number.NaN : sign === '-' ? -n : n;
}

/** `(var, v1, v2, ...)` or `({a, b}, {1, 2}, {3, 4})`. */
function list(inside: string): Rounds | string {
  const [variables, ...values] = tuples(inside);
  if (variables === undefined || !variables.every((variable) => name.test(variable)))
    return '~LST needs the names of its variables first';
  if (values.length === 0) return '~LST has no values';
  const odd = values.findIndex((value) => value.length !== variables.length);
  if (odd >= 0) return `~LST has ${variables.length} variables, but ${values[odd]?.length} values in its group ${odd + 1}`;
  return values.map((value) => Object.fromEntries(variables.map((variable, i) => [variable, value[i] ?? ''])));
}

/** Groups in braces, and single values as groups of one. */
function tuples(inside: string): readonly (readonly string[])[] {
  return [...inside.matchAll(/\s*(?:\{([^{}]*)\}|([^,]*))\s*(?:,|$)/g)]
    .filter(({ index, 0: whole }) => whole !== '' || index < inside.length)
    .map(([, group, single = '']) => (group === undefined ? [single] : group.split(',')).map((value) => value.trim()));
}
