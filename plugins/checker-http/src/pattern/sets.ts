/**
 * Sets of characters as sorted ranges, with those that PCRE names (`\d`, `[:alpha:]`, `\p{Lu}`). Pure; used by the parser of
 * patterns, and by the automaton for its alphabet.
 */

/** First, last, first, last...: sorted, disjoint, not adjacent. */
export type Ranges = readonly number[];

/** Any pairs of first and last, brought into order. */
export function rangesOf(pairs: readonly number[]): Ranges {
  const sorted: [number, number][] = [];
  for (let i = 0; i < pairs.length; i += 2) sorted.push([pairs[i] ?? 0, pairs[i + 1] ?? 0]);
  sorted.sort(([a], [b]) => a - b);
  const result: number[] = [];
  for (const [first, last] of sorted) {
    const end = result.at(-1) ?? -2;
    if (first <= end + 1) result[result.length - 1] = Math.max(end, last);
    else result.push(first, last);
  }
  return result;
}

/** All others up to `max`. */
export function inverted(ranges: Ranges, max: number): Ranges {
  const result: number[] = [];
  let next = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    const first = ranges[i] ?? 0;
    if (first > next) result.push(next, first - 1);
    next = (ranges[i + 1] ?? 0) + 1;
  }
  if (next <= max) result.push(next, max);
  return result;
}

export function upTo(ranges: Ranges, max: number): Ranges {
  const result: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    const [first = 0, last = 0] = [ranges[i], ranges[i + 1]];
    if (first <= max) result.push(first, Math.min(last, max));
  }
  return result;
}

export function has(ranges: Ranges, code: number): boolean {
  let [low, high] = [0, ranges.length / 2 - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (code < (ranges[2 * middle] ?? 0)) high = middle - 1;
    else if (code > (ranges[2 * middle + 1] ?? 0)) low = middle + 1;
    else return true;
  }
  return false;
}

function characters(text: string): Ranges {
  return rangesOf([...text].flatMap((c) => [c.charCodeAt(0), c.charCodeAt(0)]));
}

const upper = [65, 90];
const lower = [97, 122];
const digit = [48, 57];
/** `\s`: also the vertical tab, since PCRE 8.34. */
export const space = rangesOf([9, 13, 32, 32]);
export const horizontal = rangesOf([
  9, 9, 32, 32, 0xa0, 0xa0, 0x1680, 0x1680, 0x180e, 0x180e, 0x2000, 0x200a, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000,
]);
export const vertical = rangesOf([10, 13, 0x85, 0x85, 0x2028, 0x2029]);
export const word = rangesOf([...digit, ...upper, ...lower, 95, 95]);

/** POSIX classes as the C locale has them. */
export const posix: Readonly<Record<string, Ranges>> = {
  alpha: rangesOf([...upper, ...lower]),
  lower: rangesOf(lower),
  upper: rangesOf(upper),
  alnum: rangesOf([...digit, ...upper, ...lower]),
  ascii: [0, 127],
  blank: characters('\t '),
  cntrl: rangesOf([0, 31, 127, 127]),
  digit: rangesOf(digit),
  graph: [33, 126],
  print: [32, 126],
  punct: rangesOf([33, 47, 58, 64, 91, 96, 123, 126]),
  space,
  word,
  xdigit: rangesOf([...digit, 65, 70, 97, 102]),
};

const unicode = new Map<string, Ranges | undefined>();
const lastCode = 0x10ffff;

/** Characters with a Unicode property, named as in JavaScript; undefined where there is no such property. Takes 0.1 s the first time. */
export function property(name: string): Ranges | undefined {
  if (!unicode.has(name)) unicode.set(name, findProperty(name));
  return unicode.get(name);
}

function findProperty(name: string): Ranges | undefined {
  if (name === 'Any') return [0, lastCode];
  const test = propertyTest(name) ?? propertyTest(`Script=${name}`);
  if (test === undefined) return undefined;
  const result: number[] = [];
  for (let code = 0; code <= lastCode; code++) {
    if (!test.test(String.fromCodePoint(code))) continue;
    if (result.at(-1) === code - 1) result[result.length - 1] = code;
    else result.push(code, code);
  }
  return result;
}

function propertyTest(name: string): RegExp | undefined {
  if (!/^[A-Za-z_=]+$/.test(name)) return undefined;
  try {
    return new RegExp(`\\p{${name}}`, 'u');
  } catch {
    return undefined;
  }
}

/** What `\d`, `\w` and `\s` are under the option ucp. */
export const ucp = {
  digit: () => property('Nd') ?? [],
  word: () => rangesOf([...(property('L') ?? []), ...(property('N') ?? []), 95, 95]),
  space: () => rangesOf([...(property('Z') ?? []), ...horizontal, ...vertical]),
};

/** POSIX classes under ucp; those that are not here PCRE defines in a way of its own. */
export const ucpPosix: Readonly<Record<string, () => Ranges>> = {
  alpha: () => property('L') ?? [],
  lower: () => property('Ll') ?? [],
  upper: () => property('Lu') ?? [],
  alnum: () => rangesOf([...(property('L') ?? []), ...(property('N') ?? [])]),
  ascii: () => [0, 127],
  blank: () => horizontal,
  cntrl: () => property('Cc') ?? [],
  digit: ucp.digit,
  space: ucp.space,
  word: ucp.word,
  xdigit: () => posix.xdigit ?? [],
};

const dotlessI = 0x131;

let variants: ReadonlyMap<number, readonly number[]> | undefined;

/** Every character that differs from another by its case only, with all of its forms. */
function caseVariants(): ReadonlyMap<number, readonly number[]> {
  if (variants !== undefined) return variants;
  const groups = new Map<string, number[]>();
  // No letters with two cases lie behind the Adlam script.
  for (let code = 0; code < 0x1e944; code++) {
    const character = String.fromCodePoint(code);
    const upperCase = character.toUpperCase();
    if (upperCase === character && character.toLowerCase() === character) continue;
    // Upper case may be several letters (SS). The dotless i has none of its own, in a case that all languages share.
    const key = ([...upperCase].length === 1 ? upperCase : character).toLowerCase();
    if ([...key].length === 1 && code !== dotlessI) groups.set(key, [...(groups.get(key) ?? []), code]);
  }
  const found = new Map<number, readonly number[]>();
  for (const group of groups.values()) if (group.length > 1) for (const code of group) found.set(code, group);
  variants = found;
  return found;
}

/** With the other cases of its letters: of all scripts, or as the C locale has them. */
export function foldedCase(ranges: Ranges, isUnicode: boolean): Ranges {
  const added: number[] = [...ranges];
  if (isUnicode && ranges.length === 2 && ranges[0] === ranges[1]) {
    for (const one of caseVariants().get(ranges[0] ?? 0) ?? []) added.push(one, one);
  } else if (isUnicode) {
    for (const [code, group] of caseVariants()) if (has(ranges, code)) for (const one of group) added.push(one, one);
  } else {
    for (let code = 65; code <= 90; code++) {
      if (has(ranges, code)) added.push(code + 32, code + 32);
      if (has(ranges, code + 32)) added.push(code, code);
    }
  }
  return rangesOf(added);
}
