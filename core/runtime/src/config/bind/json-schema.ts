/**
 * JSON Schema of the merged configuration as data (YAML, JSON, TypeScript), for editors and the reference pages: from the same
 * fields that the binder uses. Used by registry.ts.
 */
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
  return { ...(isNamed ? { type: 'object', additionalProperties: one } : one), ...described(summary) };
}

function objectOf(parts: readonly Part[], more: Readonly<Record<string, unknown>> = {}): JsonShape {
  const fields: Fields = Object.assign({}, ...parts.map((part) => part.fields));
  const built = Object.entries(fields).filter(([, { shape }]) => shape.kind !== 'notBuilt');
  const needed = built.filter(([, { facts }]) => !('default' in facts) && facts.isOptional !== true);
  const properties = Object.fromEntries(built.flatMap(([keyword, field]) => propertiesOf(keyword, field)));
  return {
    type: 'object',
    properties: { ...more, ...properties },
    additionalProperties: false,
    ...(needed.length > 0 && { allOf: needed.map(([keyword, field]) => requirement(keyword, field)) }),
  };
}

/** Any spelling will do. */
function requirement(keyword: string, { facts }: Field<unknown>): JsonShape {
  const spellings = [keyword, ...(facts.aliases ?? [])].map((spelling) => ({ required: [spelling] }));
  return spellings.length === 1 ? (spellings[0] ?? {}) : { anyOf: spellings };
}

function propertiesOf(keyword: string, field: Field<unknown>): readonly (readonly [string, JsonShape])[] {
  const schema = fieldSchema(field);
  const other = { ...schema, description: `Another spelling of ${keyword}.` };
  return [[keyword, schema], ...(field.facts.aliases ?? []).map((alias) => [alias, other] as const)];
}

function fieldSchema(field: Field<unknown>): JsonShape {
  const { shape, facts } = field;
  return {
    ...valueSchema(field),
    ...described(facts.summary ?? ''),
    ...(shape.kind === 'value' && { 'x-syntax': shape.value.syntax }),
    ...(shape.kind === 'value' && facts.isRepeated !== true && isJson(facts.default) && { default: defaultOf(field) }),
    ...(facts.deprecated !== undefined && { deprecated: true }),
    ...(facts.isSecret === true && { writeOnly: true }),
  };
}

function valueSchema({ shape, facts }: Field<unknown>): JsonShape {
  switch (shape.kind) {
    case 'value':
      return facts.isRepeated === true ? severalOf(shape.value.json) : shape.value.json;
    case 'block': {
      const one = objectOf([{ plugin: '', fields: shape.block.fields }]);
      return facts.isRepeated === true ? severalOf(one) : { ...one, ...described(shape.block.summary) };
    }
    case 'lines':
      return severalOf(shape.item.json);
    case 'headed':
    case 'plugged':
    case 'notBuilt':
      return {};
    default:
      return shape satisfies never;
  }
}

function severalOf(one: JsonShape): JsonShape {
  return { anyOf: [one, { type: 'array', items: one }] };
}

function described(summary: string): JsonShape {
  return summary === '' ? {} : { description: summary };
}

/** Defaults are values as plugins use them; times are in milliseconds there and in seconds here. */
function defaultOf({ shape, facts }: Field<unknown>): unknown {
  const isSeconds = shape.kind === 'value' && shape.value.syntax.endsWith(' seconds') && typeof facts.default === 'number';
  return isSeconds ? (facts.default as number) / 1000 : facts.default;
}

function isJson(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
