/**
 * JSON Schema of the merged configuration as data (YAML, JSON, TypeScript), for editors and the reference pages: from the same
 * fields that the binder uses. Used by registry.ts.
 */
import type { Field, JsonShape } from '@mainstay/sdk';
import type { RootBlock, Schema } from './contributions.js';
import type { Found, Layout, Plug } from './layout.js';

/** Draft 2020-12. Keywords that are not built are left out: an editor should not offer them. */
export function jsonSchemaOf(schema: Schema): object {
  const writer = new SchemaWriter(schema.plugged);
  const blocks = Object.fromEntries([...schema.blocks].map(([keyword, root]) => [keyword, writer.root(root)]));
  const roots = writer.objectOf(schema.roots, blocks);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Mainstay configuration',
    ...roots,
    ...(Object.keys(writer.definitions).length > 0 && { $defs: writer.definitions }),
  };
}

class SchemaWriter {
  /** Of plugged blocks: each stands in several places, maybe in itself. */
  readonly definitions: Record<string, JsonShape> = {};

  constructor(private readonly plugged: ReadonlyMap<Plug, Layout>) {}

  root(root: RootBlock): JsonShape {
    const one = this.objectOf(root.layout);
    const shape = root.kind === 'single' ? one : { type: 'object', additionalProperties: one };
    return { ...shape, ...(root.kind === 'headed' && { 'x-syntax': root.header.syntax }), ...described(root.summary) };
  }

  objectOf({ index }: Layout, more: Readonly<Record<string, unknown>> = {}): JsonShape {
    const lines = index.get('');
    if (lines !== undefined) return this.fieldSchema(lines);
    const built = [...index].filter(([, { field }]) => field.shape.kind !== 'notBuilt');
    const needed = built.filter(([spelling, { keyword, field }]) => spelling === keyword && isRequired(field));
    const properties = Object.fromEntries(built.map(([spelling, found]) => [spelling, this.property(spelling, found)]));
    return {
      type: 'object',
      properties: { ...more, ...properties },
      additionalProperties: false,
      ...(needed.length > 0 && { allOf: needed.map(([keyword, { field }]) => requirement(keyword, field)) }),
    };
  }

  private property(spelling: string, found: Found): JsonShape {
    const { keyword, plug } = found;
    if (plug !== undefined) return severalOf(this.reference(plug));
    const schema = this.fieldSchema(found);
    return spelling === keyword ? schema : { ...schema, description: `Another spelling of ${keyword}.` };
  }

  private reference(plug: Plug): JsonShape {
    const name = `${plug.group}.${plug.keyword}`;
    const layout = this.plugged.get(plug);
    if (layout !== undefined && !Object.hasOwn(this.definitions, name)) {
      this.definitions[name] = {};
      this.definitions[name] = { ...this.objectOf(layout), ...described(plug.block.summary) };
    }
    return { $ref: `#/$defs/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` };
  }

  private fieldSchema(found: Found): JsonShape {
    const { shape, facts } = found.field;
    return {
      ...this.valueSchema(found),
      ...described(facts.summary ?? ''),
      ...(shape.kind === 'value' && { 'x-syntax': shape.value.syntax }),
      ...(shape.kind === 'headed' && { 'x-syntax': shape.header.syntax }),
      ...(shape.kind === 'value' && facts.isRepeated !== true && isJson(facts.default) && { default: defaultOf(found.field) }),
      ...(facts.deprecated !== undefined && { deprecated: true }),
      ...(facts.isSecret === true && { writeOnly: true }),
    };
  }

  private valueSchema({ field: { shape, facts }, inner }: Found): JsonShape {
    const one = inner === undefined ? {} : this.objectOf(inner);
    switch (shape.kind) {
      case 'value':
        return facts.isRepeated === true ? severalOf(shape.value.json) : shape.value.json;
      case 'block':
        return facts.isRepeated === true ? severalOf(one) : { ...one, ...described(shape.block.summary) };
      case 'headed':
        return { type: 'object', additionalProperties: one, ...described(shape.block.summary) };
      case 'lines':
        return severalOf(shape.item.json);
      case 'plugged':
      case 'notBuilt':
        return {};
      default:
        return shape satisfies never;
    }
  }
}

function isRequired({ facts }: Field<unknown>): boolean {
  return !('default' in facts) && facts.isOptional !== true;
}

/** Any spelling will do. */
function requirement(keyword: string, { facts }: Field<unknown>): JsonShape {
  const spellings = [keyword, ...(facts.aliases ?? [])].map((spelling) => ({ required: [spelling] }));
  return spellings.length === 1 ? (spellings[0] ?? {}) : { anyOf: spellings };
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
