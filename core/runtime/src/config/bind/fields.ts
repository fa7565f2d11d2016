/** Keywords by spelling, over the plugins that contribute to one block. Used by block-binder.ts and registry.ts. */
import type { Field, Fields } from '@mainstay/sdk';

/** The keywords that one plugin contributes to a block. */
export interface Part {
  readonly plugin: string;
  readonly fields: Fields;
}

export interface Found {
  /** Index of the part. */
  readonly part: number;
  /** The keyword's main spelling, under which its value is bound. */
  readonly keyword: string;
  readonly field: Field<unknown>;
}

export function spellings(keyword: string, field: Field<unknown>): readonly string[] {
  return [keyword, ...(field.facts.aliases ?? [])];
}

export function indexOf(parts: readonly Part[]): ReadonlyMap<string, Found> {
  const index = new Map<string, Found>();
  for (const [part, { fields }] of parts.entries()) {
    for (const [keyword, field] of Object.entries(fields)) {
      for (const spelling of spellings(keyword, field)) index.set(spelling, { part, keyword, field });
    }
  }
  return index;
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
