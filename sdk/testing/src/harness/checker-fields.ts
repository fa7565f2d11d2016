/** What the fields of a checker say of themselves: which have no documentation, and which values are secret. For checkerContract. */
import type { Field, Fields } from '@mainstay/sdk';

/** Keywords without a sentence for the reference pages; those in blocks with the path to them. */
export function undocumented(fields: Fields, path = ''): readonly string[] {
  return Object.entries(fields).flatMap(([keyword, field]) => {
    const name = `${path}${keyword}`;
    const { shape, facts } = field;
    if (shape.kind === 'notBuilt') return [];
    const inner = innerOf(field);
    const own = facts.summary || (inner !== undefined && inner.summary !== '') ? [] : [name];
    return inner === undefined ? own : [...own, ...undocumented(inner.fields, `${name} `)];
  });
}

function innerOf({ shape }: Field<unknown>) {
  return shape.kind === 'block' || shape.kind === 'headed' ? shape.block : undefined;
}

/** The texts of secret keywords in a bound block. */
export function secretsOf(fields: Fields, bound: unknown): readonly string[] {
  return Object.entries(fields).flatMap(([keyword, field]) => {
    const value = (bound as Readonly<Record<string, unknown>> | undefined)?.[keyword];
    if (field.facts.isSecret === true) return textsIn(value);
    const inner = innerOf(field);
    return inner === undefined ? [] : [value].flat().flatMap((one) => secretsOf(inner.fields, one));
  });
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (typeof value === 'number') return [String(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
