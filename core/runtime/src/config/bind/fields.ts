/** Fields and their keywords: spellings, what they hold when they are not written, how they are written. Used by the binder. */
import { closest, type Field, type Fields, type Word } from '@mainstay/sdk';
import { frozen } from './freeze.js';

/** The keywords that one plugin contributes to a block. */
export interface Part {
  readonly plugin: string;
  readonly fields: Fields;
}

/** How a field is written. The name of a place for the blocks of others is no keyword. */
export function spellings(keyword: string, { facts, shape }: Field<unknown>): readonly string[] {
  return shape.kind === 'plugged' ? [] : [keyword, ...(facts.aliases ?? [])];
}

/** Any map with keywords as its keys. */
type Keywords = ReadonlyMap<string, unknown>;

const nearest = new WeakMap<Keywords, Map<string, string | undefined>>();

/** The keyword that was probably meant. A mistake in a loop is made ten thousand times. */
export function nearestIn(index: Keywords, word: string): string | undefined {
  const known = nearest.get(index) ?? new Map<string, string | undefined>();
  nearest.set(index, known);
  if (!known.has(word)) known.set(word, closest(word, index.keys()));
  return known.get(word);
}

/** Without the fields that have one of these spellings. */
export function without(fields: Fields, keywords: ReadonlySet<string>): Fields {
  return Object.fromEntries(
    Object.entries(fields).filter(([keyword, field]) => !spellings(keyword, field).some((spelling) => keywords.has(spelling))),
  );
}

/** True for `s.flag()`: a keyword whose presence is its value. */
export function isFlag({ shape }: Field<unknown>): boolean {
  return shape.kind === 'value' && shape.value.syntax === '' && shape.value.json.type === 'boolean';
}

/** The value of a keyword that is not written. Required keywords have none. */
export function absentValue(field: Field<unknown>): { readonly value: unknown } | undefined {
  const { facts, shape } = field;
  if ('default' in facts) return { value: facts.default };
  if (facts.isOptional === true || shape.kind === 'notBuilt') return { value: undefined };
  return undefined;
}

/** What a block holds in which nothing is written. All such blocks share it. */
export function absentValues(fields: Fields): Readonly<Record<string, unknown>> {
  return frozen(Object.fromEntries(Object.entries(fields).map(([keyword, field]) => [keyword, absentValue(field)?.value])));
}

/** How a field is written, for hints. */
export function syntaxOf({ shape }: Field<unknown>): string {
  if (shape.kind === 'headed') return `${shape.header.syntax} { ... }`;
  return shape.kind === 'value' ? shape.value.syntax : shape.kind === 'notBuilt' ? '' : '{ ... }';
}

/** A statement's words, the keyword among them. */
export function wordsOf({ keyword, args }: { readonly keyword: Word; readonly args: readonly Word[] }): readonly Word[] {
  return keyword.text === '' ? args : [keyword, ...args];
}
