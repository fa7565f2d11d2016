/** Binds a whole tree to the merged schema: which statement belongs to whom, block by block. One for each bind. Used by registry.ts. */
import { type ConfigEntry, formatPosition, type SourcePosition, type SourceTree, type Statement } from '@mainstay/sdk';
import { type BindContext, bindBlock } from './block-binder.js';
import type { Contribution, Contributions, RootBlock } from './contributions.js';
import { notBuilt } from './field-value.js';
import { indexOf, type Part } from './fields.js';
import { namedBlocks, unnamedBlock } from './forms.js';
import type { Handle } from './handle.js';
import type { Problems } from './problems.js';

export interface BindOptions {
  /** `warning`: as keepalived, an unknown keyword loses only itself and its block. */
  readonly unknownKeywords: 'error' | 'warning';
}

/** An entry, and whether everything in its block is right. */
export interface BoundEntry {
  readonly entry: ConfigEntry<unknown>;
  readonly isSound: boolean;
}

export class TreeBinder {
  readonly bound = new Map<Handle, BoundEntry[]>();
  private readonly context: BindContext;
  private readonly places = new Map<string, readonly string[]>();

  constructor(
    private readonly schema: Contributions,
    private readonly reserved: ReadonlyMap<string, string>,
    private readonly problems: Problems,
    { unknownKeywords }: BindOptions,
  ) {
    this.context = { problems, unknownKeywords, placesOf: (keyword) => this.placesOf(keyword) };
  }

  bind(tree: SourceTree): void {
    const roots = indexOf(this.schema.roots);
    const rest: Statement[] = [];
    const written = new Map<string, Statement[]>();
    for (const statement of tree.statements) {
      const { text } = statement.keyword;
      const feature = this.reserved.get(text);
      const list = written.get(text);
      if (list !== undefined) list.push(statement);
      else if (this.schema.blocks.has(text)) written.set(text, [statement]);
      else if (feature === undefined || roots.has(text)) rest.push(statement);
      else this.refuse(notBuilt(`${text}: ${feature}`, statement.keyword));
    }
    for (const [keyword, root] of this.schema.blocks) {
      for (const { handle } of root.parts) this.bound.set(handle, []);
      const statements = written.get(keyword) ?? [];
      if (root.isNamed) this.named(keyword, root, statements.flatMap(namedBlocks));
      else this.single(keyword, root, statements.map(unnamedBlock));
    }
    const top: SourcePosition = { file: tree.files[0] ?? '', line: 0, column: 0 };
    const others = [...this.schema.blocks.keys(), ...this.reserved.keys()];
    this.entries({ name: '', title: 'the top level', at: top, isSound: true }, rest, this.schema.roots, others);
  }

  private named(keyword: string, { parts }: RootBlock, statements: readonly Statement[]): void {
    const first = new Map<string, SourcePosition>();
    for (const { args, block, keyword: word } of statements) {
      const [name, extra] = args;
      const title = name === undefined ? keyword : `${keyword} ${name.text}`;
      const { at } = word;
      const before = this.problems.errors;
      if (name === undefined)
        this.problems.error('CONFIG_NAME_MISSING', `${keyword} needs a name`, at, `write: ${keyword} NAME { ... }`);
      if (extra !== undefined) this.tooMany(title, extra.at);
      const twin = first.get(name?.text ?? '');
      if (name !== undefined && twin !== undefined) {
        const message = `there are two ${title}: the first is at ${formatPosition(twin)}`;
        this.problems.error('CONFIG_DUPLICATE_NAME', message, name.at, 'give one of them another name');
      } else if (name !== undefined) first.set(name.text, name.at);
      if (block === undefined) {
        this.problems.error('CONFIG_BLOCK_MISSING', `${title} needs a block in braces`, at, `write: ${title} { ... }`);
      } else this.entries({ name: name?.text ?? '', title, at, isSound: before === this.problems.errors }, block, parts);
    }
  }

  /** Blocks without a name add up, as keepalived's do. */
  private single(keyword: string, { parts }: RootBlock, statements: readonly Statement[]): void {
    const [first] = statements;
    if (first === undefined) return;
    const before = this.problems.errors;
    for (const { args, block, keyword: word } of statements) {
      if (block === undefined) {
        this.problems.error('CONFIG_BLOCK_MISSING', `${keyword} needs a block in braces`, word.at, `write: ${keyword} { ... }`);
      }
      if (args[0] !== undefined) this.tooMany(keyword, args[0].at);
    }
    const content = statements.flatMap(({ block = [] }) => block);
    const isSound = before === this.problems.errors;
    this.entries({ name: '', title: keyword, at: first.keyword.at, isSound }, content, parts);
  }

  private entries(
    { name, title, at, isSound }: { name: string; title: string; at: SourcePosition; isSound: boolean },
    statements: readonly Statement[],
    parts: readonly Contribution[],
    others?: readonly string[],
  ): void {
    const { values, where, broken } = bindBlock(title, at, statements, parts, this.context, others);
    const report = (place?: string | SourcePosition) =>
      this.problems.reporterAt((typeof place === 'string' ? where.get(place) : place) ?? at);
    for (const [i, { handle }] of parts.entries()) {
      const list = this.bound.get(handle) ?? [];
      list.push({ entry: Object.freeze({ name, value: values[i], at, report }), isSound: isSound && !broken.has(i) });
      this.bound.set(handle, list);
    }
  }

  private tooMany(title: string, at: SourcePosition): void {
    this.problems.error('CONFIG_EXTRA_WORD', `there is one word too many after ${title}`, at);
  }

  private refuse({ code, message, at, hint }: ReturnType<typeof notBuilt>): void {
    this.problems.error(code, message, at, hint);
  }

  /** The same mistake may stand in ten thousand blocks. */
  private placesOf(keyword: string): readonly string[] {
    const known = this.places.get(keyword) ?? this.findPlaces(keyword);
    this.places.set(keyword, known);
    return known;
  }

  private findPlaces(keyword: string): readonly string[] {
    const { blocks, roots } = this.schema;
    if (blocks.has(keyword) || this.reserved.has(keyword) || indexOf(roots).has(keyword))
      return ['at the top level, outside of every block'];
    return [...blocks].flatMap(([name, { parts }]) => placesWithin(keyword, name, parts));
  }
}

/** `into router`, or `into authentication in router`. */
function placesWithin(keyword: string, path: string, parts: readonly Part[]): readonly string[] {
  const index = indexOf(parts);
  const here = index.has(keyword) ? [`into ${path}`] : [];
  const deeper = [...index.values()].flatMap(({ keyword: inner, plugin, field: { shape } }) => {
    const within = shape.kind === 'block' && [{ plugin, fields: shape.block.fields }];
    return within ? placesWithin(keyword, `${inner} in ${path}`, within) : [];
  });
  return [...here, ...new Set(deeper)];
}
