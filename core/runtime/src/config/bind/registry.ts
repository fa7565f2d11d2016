/**
 * The merged schema of core and plugins, and the binding of a configuration to it. One for each plugin host; `mainstay check`
 * and a lane bind with the same code.
 */
import {
  type Block,
  type ConfigEntry,
  type ConfigHandle,
  type ConfigPoints,
  type Diagnostic,
  type Fields,
  MainstayError,
  type Reporter,
  type SourcePosition,
  type SourceTree,
  type Statement,
} from '@mainstay/sdk';
import { type BindContext, bindBlock } from './block-binder.js';
import { globalKeywords } from './core-keywords.js';
import { absentValues, indexOf, type Part, spellings } from './fields.js';
import { schemaOf } from './json-schema.js';
import { Problems } from './problems.js';

export interface BindOptions {
  /** `warning`: as keepalived, an unknown keyword loses only itself. */
  readonly unknownKeywords: 'error' | 'warning';
}

/** What a plugin holds in its hand: the entries of the last bind that succeeded. */
class Handle implements ConfigHandle<unknown> {
  entries: readonly ConfigEntry<unknown>[] = [];

  constructor(
    private readonly plugin: string,
    private readonly defaults: unknown,
  ) {}
  isBound = false;

  get value(): unknown {
    if (!this.isBound)
      throw new MainstayError('CONFIG_NOT_BOUND', `plugin ${this.plugin} reads its configuration before it is bound`);
    return this.entries[0]?.value ?? this.defaults;
  }
}

interface Contribution extends Part {
  readonly handle: Handle;
}

interface RootBlock {
  readonly isNamed: boolean;
  readonly block: Block<Fields>;
  readonly parts: Contribution[];
}

type Check = (report: (handle: ConfigHandle<unknown>) => Reporter) => void;

export class ConfigRegistry {
  private readonly blocks = new Map<string, RootBlock>();
  private readonly roots: Contribution[] = [];
  private readonly extensions: { readonly keyword: string; readonly part: Contribution }[] = [];
  private readonly reserved = new Map<string, string>();
  private readonly checks: Check[] = [];

  constructor() {
    this.pointsFor('mainstay').block('global_defs', globalKeywords);
  }

  /** What `App.config` of a plugin is. */
  pointsFor(plugin: string): ConfigPoints {
    const part = (fields: Fields): Contribution => ({ plugin, fields, handle: new Handle(plugin, absentValues(fields)) });
    const own = (keyword: string, block: Block<Fields>, isNamed: boolean) => {
      this.refuseRootClash(plugin, keyword);
      const contribution = part(block.fields);
      this.blocks.set(keyword, { isNamed, block, parts: [contribution] });
      return contribution.handle as never;
    };
    return {
      named: (keyword, block) => own(keyword, block as unknown as Block<Fields>, true),
      block: (keyword, block) => own(keyword, block as unknown as Block<Fields>, false),
      root: (fields) => {
        const contribution = part(fields as Fields);
        for (const [keyword, field] of Object.entries(contribution.fields)) {
          for (const spelling of spellings(keyword, field)) this.refuseRootClash(plugin, spelling);
        }
        this.roots.push(contribution);
        return contribution.handle as never;
      },
      extend: (keyword, fields) => {
        const contribution = part(fields as Fields);
        this.extensions.push({ keyword, part: contribution });
        return contribution.handle as never;
      },
      check: (check) => {
        this.checks.push(check);
      },
    };
  }

  /** A root keyword that belongs to a plugin which is not there: an error with a reason, rather than an unknown word. */
  reserve(keyword: string, why: string): void {
    this.reserved.set(keyword, why);
  }

  /**
   * Fills the handles and runs the plugins' checks. With errors every handle keeps what it had. Throws MainstayError where the
   * plugins' own declarations contradict each other.
   */
  bind(tree: SourceTree, options: BindOptions): readonly Diagnostic[] {
    this.applyExtensions();
    const problems = new Problems();
    const context: BindContext = {
      problems,
      unknownKeywords: options.unknownKeywords,
      blocksWith: (keyword) => this.blocksWith(keyword),
    };
    const bound = this.bindRoot(tree, context);
    const previous = [...bound.keys()].map((handle) => ({ handle, entries: handle.entries, isBound: handle.isBound }));
    for (const [handle, entries] of bound) {
      handle.entries = entries;
      handle.isBound = true;
    }
    const top: SourcePosition = { file: tree.files[0] ?? '', line: 0, column: 0 };
    const reportOn = (handle: ConfigHandle<unknown>) => problems.reporterAt(handle.entries[0]?.at ?? top);
    if (!problems.hasErrors) for (const check of this.checks) check(reportOn);
    if (problems.hasErrors) {
      for (const { handle, entries, isBound } of previous) {
        handle.entries = entries;
        handle.isBound = isBound;
      }
    }
    return problems.sorted(tree.files);
  }

  /** JSON Schema (draft 2020-12) of the configuration as data (YAML, JSON, TypeScript). */
  jsonSchema(): object {
    this.applyExtensions();
    const blocks = [...this.blocks].map(([keyword, { isNamed, block, parts }]) => ({
      keyword,
      isNamed,
      summary: block.summary,
      parts,
    }));
    return schemaOf(blocks, this.roots);
  }

  private bindRoot(tree: SourceTree, context: BindContext): ReadonlyMap<Handle, ConfigEntry<unknown>[]> {
    const bound = new Map<Handle, ConfigEntry<unknown>[]>();
    const rootStatements: Statement[] = [];
    const written = new Map<string, Statement[]>();
    for (const statement of tree.statements) {
      const { text, at } = statement.keyword;
      const why = this.reserved.get(text);
      if (this.blocks.has(text)) written.set(text, [...(written.get(text) ?? []), statement]);
      else if (why !== undefined && !indexOf(this.roots).has(text)) {
        context.problems.error(
          'CONFIG_NOT_BUILT',
          `${text}: ${why} is not built yet`,
          at,
          'remove the block, or stay with keepalived on this host for now',
        );
      } else rootStatements.push(statement);
    }
    for (const [keyword, root] of this.blocks) {
      const statements = written.get(keyword) ?? [];
      const entries = root.isNamed
        ? this.bindNamed(keyword, root, statements, context)
        : this.bindSingle(keyword, root, statements, context);
      for (const [i, { handle }] of root.parts.entries()) bound.set(handle, entries[i] ?? []);
    }
    const top: SourcePosition = { file: tree.files[0] ?? '', line: 0, column: 0 };
    const roots = this.entriesOf('', 'the top level', top, rootStatements, this.roots, context);
    for (const [i, { handle }] of this.roots.entries()) bound.set(handle, roots[i] ?? []);
    return bound;
  }

  private bindNamed(
    keyword: string,
    root: RootBlock,
    written: readonly Statement[],
    context: BindContext,
  ): ConfigEntry<unknown>[][] {
    const { problems } = context;
    const first = new Map<string, SourcePosition>();
    const result = root.parts.map((): ConfigEntry<unknown>[] => []);
    for (const statement of written.flatMap(namedStatements)) {
      const [name, extra] = statement.args;
      const { at } = statement.keyword;
      const twin = first.get(name?.text ?? '');
      if (name === undefined)
        problems.error('CONFIG_NAME_MISSING', `${keyword} needs a name`, at, `write: ${keyword} NAME { ... }`);
      else if (statement.block === undefined)
        problems.error('CONFIG_BLOCK_MISSING', `${keyword} ${name.text} needs a block in braces`, at);
      else if (extra !== undefined)
        problems.error('CONFIG_EXTRA_WORD', `"${extra.text}" is one word too many after ${keyword} ${name.text}`, extra.at);
      else if (twin !== undefined) {
        problems.error(
          'CONFIG_DUPLICATE_NAME',
          `there are two ${keyword} ${name.text}: the first is at line ${twin.line}`,
          name.at,
          'give one of them another name',
        );
      } else {
        first.set(name.text, name.at);
        const entries = this.entriesOf(name.text, `${keyword} ${name.text}`, at, statement.block, root.parts, context);
        for (const [i, list] of result.entries()) list.push(...(entries[i] ?? []));
      }
    }
    return result;
  }

  /** Blocks without a name add up, as keepalived's do. */
  private bindSingle(
    keyword: string,
    root: RootBlock,
    written: readonly Statement[],
    context: BindContext,
  ): ConfigEntry<unknown>[][] {
    const [first] = written;
    if (first === undefined) return root.parts.map(() => []);
    for (const { args, block, keyword: word } of written) {
      if (block === undefined) context.problems.error('CONFIG_BLOCK_MISSING', `${keyword} needs a block in braces`, word.at);
      if (args[0] !== undefined)
        context.problems.error('CONFIG_EXTRA_WORD', `"${args[0].text}" is one word too many after ${keyword}`, args[0].at);
    }
    const statements = written.flatMap(({ block = [] }) => block);
    return this.entriesOf('', keyword, first.keyword.at, statements, root.parts, context);
  }

  private entriesOf(
    name: string,
    title: string,
    at: SourcePosition,
    statements: readonly Statement[],
    parts: readonly Part[],
    context: BindContext,
  ): ConfigEntry<unknown>[][] {
    const { values, where } = bindBlock(title, at, statements, parts, context);
    const report = (keyword?: string) =>
      context.problems.reporterAt((keyword === undefined ? undefined : where.get(keyword)) ?? at);
    return values.map((value) => [{ name, value, at, report }]);
  }

  private blocksWith(keyword: string): readonly string[] {
    const inBlocks = [...this.blocks].filter(([, { parts }]) => indexOf(parts).has(keyword)).map(([name]) => name);
    return this.blocks.has(keyword) || indexOf(this.roots).has(keyword) ? ['the top level'] : inBlocks;
  }

  private refuseRootClash(plugin: string, keyword: string): void {
    const other = this.blocks.get(keyword)?.parts[0]?.plugin ?? this.roots.find((part) => indexOf([part]).has(keyword))?.plugin;
    if (other !== undefined) clash(plugin, other, keyword, 'the top level');
  }

  /** Extensions may be declared before the block they extend: plugins are loaded in any order. */
  private applyExtensions(): void {
    for (const { keyword, part } of this.extensions.splice(0)) {
      const root = this.blocks.get(keyword);
      if (root === undefined) {
        const message = `plugin ${part.plugin} adds keywords to ${keyword}, but no plugin has such a block`;
        throw new MainstayError('CONFIG_UNKNOWN_PARENT', message, 'load the plugin that it needs');
      }
      const known = indexOf(root.parts);
      for (const [word, field] of Object.entries(part.fields)) {
        for (const spelling of spellings(word, field)) {
          const other = known.get(spelling);
          if (other !== undefined) clash(part.plugin, root.parts[other.part]?.plugin ?? '', spelling, keyword);
        }
      }
      root.parts.push(part);
    }
  }
}

function clash(plugin: string, other: string, keyword: string, block: string): never {
  throw new MainstayError(
    'CONFIG_KEYWORD_CLASH',
    `plugins ${other} and ${plugin} both contribute "${keyword}" to ${block}`,
    'load only one of them',
  );
}

/** `vrrp_instance: { VI_1: {...} }` of data formats: a block without a name whose every line is a block is several named ones. */
function namedStatements(statement: Statement): readonly Statement[] {
  const { args, block, keyword } = statement;
  const isMap =
    args.length === 0 &&
    block !== undefined &&
    block.length > 0 &&
    block.every((line) => line.block !== undefined && line.args.length === 0);
  return isMap
    ? block.map((line) => ({ ...line, keyword: { ...keyword, at: line.keyword.at }, args: [line.keyword] }))
    : [statement];
}
