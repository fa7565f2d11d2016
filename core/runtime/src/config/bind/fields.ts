/** Keywords by spelling, over the plugins that contribute to one block. Used by the binder. */
import { closest, type Field, type Fields, type Word } from '@mainstay/sdk';

/** The keywords that one plugin contributes to a block. */
export interface Part {
  readonly plugin: string;
  readonly fields: Fields;
}

export interface Found {
  /** Index of the part. */
  readonly part: number;
  /** Who contributes it. */
  readonly plugin: string;
  /** The keyword's main spelling, under which its value is bound. */
  readonly keyword: string;
  readonly field: Field<unknown>;
}

export type FieldIndex = ReadonlyMap<string, Found>;

export function spellings(keyword: string, field: Field<unknown>): readonly string[] {
  return [keyword, ...(field.facts.aliases ?? [])];
}

/** Indexes by what they are made of: a site may have 65,000 blocks with the same keywords. */
const indexes = new WeakMap<object, { readonly parts: readonly Part[]; readonly index: FieldIndex }>();

export function indexOf(parts: readonly Part[]): FieldIndex {
  const [first] = parts;
  if (first === undefined) return new Map();
  const known = indexes.get(first.fields);
  if (
    known !== undefined &&
    known.parts.length === parts.length &&
    known.parts.every(({ fields, plugin }, i) => fields === parts[i]?.fields && plugin === parts[i]?.plugin)
  )
    return known.index;
  const index = newIndex(parts);
  indexes.set(first.fields, { parts: [...parts], index });
  return index;
}

function newIndex(parts: readonly Part[]): FieldIndex {
  const index = new Map<string, Found>();
  for (const [part, { fields, plugin }] of parts.entries()) {
    for (const [keyword, field] of Object.entries(fields)) {
      for (const spelling of spellings(keyword, field)) index.set(spelling, { part, plugin, keyword, field });
    }
  }
  return index;
}

const nearest = new WeakMap<FieldIndex, Map<string, string | undefined>>();

/** The keyword that was probably meant. A mistake in a loop is made ten thousand times. */
export function nearestIn(index: FieldIndex, word: string): string | undefined {
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

/** What a block holds in which nothing is written. */
export function absentValues(fields: Fields): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).map(([keyword, field]) => [keyword, absentValue(field)?.value]));
}

/** How a field is written, for hints. */
export function syntaxOf({ shape }: Field<unknown>): string {
  return shape.kind === 'value' ? shape.value.syntax : shape.kind === 'notBuilt' ? '' : '{ ... }';
}

/** A statement's words, the keyword among them. */
export function wordsOf({ keyword, args }: { readonly keyword: Word; readonly args: readonly Word[] }): readonly Word[] {
  return keyword.text === '' ? args : [keyword, ...args];
}
