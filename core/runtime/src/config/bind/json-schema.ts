/** JSON Schema of the merged configuration, for editors and the reference pages. Used by registry.ts. */
import type { Field, Fields, JsonShape } from '@mainstay/sdk';
import type { Part } from './fields.js';

export interface SchemaBlock {
  readonly keyword: string;
  readonly isNamed: boolean;
  readonly summary: string;
  readonly parts: readonly Part[];
}

/** Draft 2020-12. Keywords that are not built are left out: an editor should not offer them. */
export function schemaOf(blocks: readonly SchemaBlock[], roots: readonly Part[]): object {
  const properties = Object.fromEntries(
    blocks.map(({ keyword, isNamed, summary, parts }) => [keyword, blockSchema(isNamed, summary, parts)]),
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Mainstay configuration',
    ...objectOf(roots, properties),
  };
}

function blockSchema(isNamed: boolean, summary: string, parts: readonly Part[]): JsonShape {
  const one = objectOf(parts);
  return { ...(isNamed ? { type: 'object', additionalProperties: one } : one), ...(summary !== '' && { description: summary }) };
}

function objectOf(parts: readonly Part[], more: Readonly<Record<string, unknown>> = {}): JsonShape {
  const fields: Fields = Object.assign({}, ...parts.map((part) => part.fields));
  const built = Object.entries(fields).filter(([, { shape }]) => shape.kind !== 'notBuilt');
  const required = built
    .filter(([, { facts }]) => !('default' in facts) && facts.isOptional !== true)
    .map(([keyword]) => keyword);
  const properties = { ...more, ...Object.fromEntries(built.map(([keyword, field]) => [keyword, fieldSchema(field)])) };
  return { type: 'object', properties, additionalProperties: false, ...(required.length > 0 && { required }) };
}

function fieldSchema({ shape, facts }: Field<unknown>): JsonShape {
  const facets = {
    ...(facts.summary !== undefined && { description: facts.summary }),
    ...(facts.default !== undefined && !facts.isRepeated && shape.kind === 'value' && { default: facts.default }),
    ...(facts.deprecated !== undefined && { deprecated: true }),
    ...(facts.isSecret === true && { writeOnly: true }),
  };
  if (shape.kind === 'block') return { ...objectOf([{ plugin: '', fields: shape.block.fields }]), ...facets };
  if (shape.kind === 'lines') return { type: 'array', items: shape.item.json, ...facets };
  const value = shape.kind === 'value' ? shape.value.json : {};
  return facts.isRepeated ? { anyOf: [value, { type: 'array', items: value }], ...facets } : { ...value, ...facets };
}
