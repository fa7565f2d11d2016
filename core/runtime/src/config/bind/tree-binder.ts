/** Binds a whole tree to the merged schema: which statement belongs to whom, block by block. One for each bind. Used by registry.ts. */
import { type ConfigEntry, formatPosition, type SourcePosition, type SourceTree, type Statement } from '@mainstay/sdk';
import { type BindContext, type BlockPlace, bindBlock } from './block-binder.js';
import type { RootBlock, Schema } from './contributions.js';
import { notBuilt, readHeader } from './field-value.js';
import { headedBlocks, namedBlocks, unnamedBlock } from './forms.js';
import type { Handle } from './handle.js';
import { placesOf } from './hints.js';
import { type Layout, topLevel } from './layout.js';
import { Written } from './places.js';
import type { Problems } from './problems.js';
import { SharedValues } from './shared-values.js';

export interface BindOptions {
  /**
   * `warning`: as keepalived, an unknown keyword loses only itself and its block. `ignored`: so it does, and nothing is said, because
   * the whole was bound elsewhere and this is a part of its schema.
   */
  readonly unknownKeywords: 'error' | 'warning' | 'ignored';
}

/** An entry, and whether everything in its block is right. */
export interface BoundEntry {
  readonly entry: ConfigEntry<unknown>;
  readonly isSound: boolean;
}

export class TreeBinder {
  readonly bound: ReadonlyMap<Handle, BoundEntry[]>;
  private readonly context: BindContext;
  private readonly places = new Map<string, string | undefined>();
  private readonly written: Written[] = [];

  constructor(
    private readonly schema: Schema,
    private readonly reserved: ReadonlyMap<string, string>,
    private readonly problems: Problems,
    { unknownKeywords }: BindOptions,
  ) {
    this.bound = new Map(schema.handles.map((handle) => [handle, []]));
    this.context = {
      problems,
      unknownKeywords,
      plugged: schema.plugged,
      shared: new SharedValues(),
      placesOf: (keyword) => this.placesOf(keyword),
      emit: (handle, entry, isSound) => this.bound.get(handle)?.push({ entry, isSound }),
    };
  }

  /** No report will ask any more where something is written: the tree may go, which is the largest part of a large configuration. */
  forgetTree(): void {
    for (const one of this.written) one.forget();
  }

  bind(tree: SourceTree): void {
    const { blocks, roots } = this.schema;
    const rest: Statement[] = [];
    const written = new Map<string, Statement[]>();
    for (const statement of tree.statements) {
      const { text } = statement.keyword;
      const feature = this.reserved.get(text);
      const list = written.get(text);
      if (list !== undefined) list.push(statement);
      else if (blocks.has(text)) written.set(text, [statement]);
      else if (feature === undefined || roots.index.has(text)) rest.push(statement);
      else this.refuse(notBuilt(`${text}: ${feature}`, statement.keyword));
    }
    for (const [keyword, root] of blocks) this.root(keyword, root, written.get(keyword) ?? []);
    const at: SourcePosition = { file: tree.files[0] ?? '', line: 0, column: 0 };
    const others = [...blocks.keys(), ...this.reserved.keys()];
    this.content(() => rest, { name: '', block: '', title: topLevel, at, isSound: true, others }, roots);
  }

  private root(keyword: string, root: RootBlock, statements: readonly Statement[]): void {
    if (root.kind === 'named') this.named(keyword, root.layout, statements.flatMap(namedBlocks));
    else if (root.kind === 'headed') this.headed(root, statements.flatMap(headedBlocks));
    else this.single(keyword, root.layout, statements.map(unnamedBlock));
  }

  private named(keyword: string, layout: Layout, statements: readonly Statement[]): void {
    const first = new Map<string, SourcePosition>();
    for (const statement of statements) {
      const [name, extra] = statement.args;
      const { at } = statement.keyword;
      const title = name === undefined ? keyword : `${keyword} ${name.text}`;
      const before = this.problems.errors;
      if (name === undefined)
        this.problems.error('CONFIG_NAME_MISSING', `${keyword} needs a name`, at, `write: ${keyword} NAME { ... }`);
      if (extra !== undefined) this.tooMany(title, extra.at);
      const twin = first.get(name?.text ?? '');
      if (name !== undefined && twin !== undefined) {
        const message = `there are two ${title}: the first is at ${formatPosition(twin)}`;
        this.problems.error('CONFIG_DUPLICATE_NAME', message, name.at, 'give one of them another name');
      } else if (name !== undefined) first.set(name.text, name.at);
      const isSound = before === this.problems.errors;
      const own = name?.text ?? '';
      this.contentOf(statement, { name: own, block: own, title, at, isSound }, layout);
    }
  }

  private headed({ header: spec, layout }: Extract<RootBlock, { kind: 'headed' }>, statements: readonly Statement[]): void {
    const [owner] = layout.parts;
    for (const statement of statements) {
      const { at } = statement.keyword;
      const { name, title, value: header, isSound } = readHeader(statement, spec, owner?.plugin ?? '', this.context);
      this.contentOf(statement, { name, block: name, title, at, isSound, shown: (value) => ({ header, value, at }) }, layout);
    }
  }

  private contentOf(statement: Statement, place: Omit<BlockPlace, 'written'>, layout: Layout): void {
    const { title, at } = place;
    const { block } = statement;
    if (block === undefined) {
      this.problems.error('CONFIG_BLOCK_MISSING', `${title} needs a block in braces`, at, `write: ${title} { ... }`);
    } else this.content(() => statement.block ?? [], place, layout, block);
  }

  /** `read` answers the statements again, in case that somebody asks where one of them is. */
  private content(
    read: () => readonly Statement[],
    place: Omit<BlockPlace, 'written'>,
    layout: Layout,
    statements: readonly Statement[] = read(),
  ): void {
    const written = new Written(read, layout, place.at, this.schema.plugged, this.problems);
    this.written.push(written);
    bindBlock({ ...place, written }, statements, layout, this.context);
  }

  /** Blocks without a name add up, as keepalived's do. */
  private single(keyword: string, layout: Layout, statements: readonly Statement[]): void {
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
    this.content(() => content, { name: '', block: '', title: keyword, at: first.keyword.at, isSound }, layout);
  }

  private tooMany(title: string, at: SourcePosition): void {
    this.problems.error('CONFIG_EXTRA_WORD', `there is one word too many after ${title}`, at);
  }

  private refuse({ code, message, at, hint }: ReturnType<typeof notBuilt>): void {
    this.problems.error(code, message, at, hint);
  }

  /** The same mistake may stand in ten thousand blocks. */
  private placesOf(keyword: string): string | undefined {
    if (!this.places.has(keyword)) this.places.set(keyword, placesOf(keyword, this.schema, this.reserved));
    return this.places.get(keyword);
  }
}
