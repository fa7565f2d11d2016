/** What core and the plugins contribute to the configuration: root blocks, root keywords, extensions, plugged blocks, checks. Used by registry.ts. */
import {
  type Block,
  type ConfigHandle,
  type ConfigPoints,
  type Field,
  type Fields,
  MainstayError,
  type Reporter,
  type ValueSpec,
} from '@mainstay/sdk';
import { globalKeywords, rootKeywords } from './core-keywords.js';
import { absentValues, spellings, without } from './fields.js';
import { frozen } from './freeze.js';
import { Handle } from './handle.js';
import { type Contribution, clash, core, joined, type Layout, LayoutMaker, ownersOf, type Plug, topLevel } from './layout.js';

interface HandledPart extends Contribution {
  readonly handle: Handle;
}

interface Contributor {
  readonly plugin: string;
  readonly isRead: boolean;
}

/** `single`: a block without a name, of which there is one; `headed`: one with words in front of its brace. */
type RootShape =
  | { readonly kind: 'named' }
  | { readonly kind: 'single' }
  | { readonly kind: 'headed'; readonly header: ValueSpec<unknown> };

export type RootBlock = RootShape & { readonly summary: string; readonly layout: Layout };

export interface Check {
  readonly plugin: string;
  readonly run: (report: (handle: ConfigHandle<unknown>) => Reporter) => void;
}

/** Everything that was declared, in its place. */
export interface Schema {
  readonly blocks: ReadonlyMap<string, RootBlock>;
  readonly roots: Layout;
  readonly plugged: ReadonlyMap<Plug, Layout>;
  readonly checks: readonly Check[];
  /** Of every part whose values somebody reads, wherever it stands. */
  readonly handles: readonly Handle[];
}

export class Contributions {
  private readonly blocks = new Map<
    string,
    { readonly shape: RootShape; readonly summary: string; readonly part: Contribution }
  >();
  private readonly checks: Check[] = [];
  private roots: readonly Contribution[] = [];
  private readonly extensions = new Map<string, Contribution[]>();
  private readonly plugs: Plug[] = [];
  private readonly handles: Handle[] = [];
  private settled: Schema | undefined;

  constructor() {
    const points = this.pointsFor(core);
    points.block('global_defs', globalKeywords);
    points.root(rootKeywords);
  }

  /** `isRead` false: nobody will read what the plugin's handles hold, so that nothing is kept for them. */
  pointsFor(plugin: string, isRead = true): ConfigPoints {
    const who: Contributor = { plugin, isRead };
    return {
      named: (keyword, block) => this.own(who, keyword, block, { kind: 'named' }) as never,
      block: (keyword, block) => this.own(who, keyword, block, { kind: 'single' }) as never,
      headed: (keyword, header, block) => this.own(who, keyword, block, { kind: 'headed', header }) as never,
      root: (fields) => {
        const part = this.part(who, fields as Fields);
        for (const keyword of spellingsOf(part)) this.refuseTwoBlocks(plugin, keyword);
        this.roots = joined(this.roots, part, topLevel);
        return part.handle as never;
      },
      extend: (path, fields, { isOptional = false } = {}) => {
        const part = { ...this.part(who, fields as Fields), isOptional };
        const key = [path].flat().join(' ');
        const list = this.extensions.get(key) ?? [];
        list.push(part);
        this.extensions.set(key, list);
        return part.handle as never;
      },
      plug: (group, keyword, block, facts) => this.plug(who, group, keyword, block, facts) as never,
      check: (run) => {
        this.checks.push({ plugin, run });
      },
    };
  }

  /**
   * Extensions may be declared before the block they extend, so they are put in when everything is declared. Throws where the
   * plugins' declarations contradict each other.
   */
  settle(): Schema {
    this.settled ??= this.laidOut();
    return this.settled;
  }

  private laidOut(): Schema {
    const maker = new LayoutMaker(this.extensions, this.plugs);
    const blocks = new Map<string, RootBlock>();
    for (const [keyword, { shape, summary, part }] of this.blocks) {
      blocks.set(keyword, { ...shape, summary, layout: maker.layoutOf([keyword], [part]) });
    }
    const roots = maker.layoutOf([], this.roots);
    maker.refuseOrphans();
    return { blocks, roots, plugged: maker.plugged(), checks: this.checks, handles: this.handles };
  }

  private part(
    { plugin, isRead }: Contributor,
    fields: Fields,
    shown: (values: unknown) => unknown = (values) => values,
  ): HandledPart {
    this.settled = undefined;
    assertFields(plugin, fields);
    const handle = new Handle(plugin, frozen(shown(absentValues(fields))), isRead);
    if (isRead) this.handles.push(handle);
    return { plugin, fields, handle };
  }

  private own(who: Contributor, keyword: string, block: unknown, shape: RootShape): Handle {
    const { plugin } = who;
    const { fields, summary } = asBlock(plugin, keyword, block);
    this.claimForBlock(plugin, keyword);
    const isHeaded = shape.kind === 'headed';
    const part = this.part(who, fields, (value) => (isHeaded ? { header: undefined, value, at: nowhere } : value));
    this.blocks.set(keyword, { shape, summary, part });
    return part.handle;
  }

  private plug(who: Contributor, group: string, keyword: string, given: unknown, facts: unknown): Handle {
    const { plugin } = who;
    const block = asBlock(plugin, keyword, given);
    const { handle } = this.part(who, block.fields);
    const other = this.plugs.find((one) => one.group === group && one.keyword === keyword);
    if (other !== undefined) clash(plugin, other.plugin, keyword, `the group ${group}`);
    this.plugs.push({ plugin, group, keyword, block, facts: frozen(facts), handle });
    return handle;
  }

  private refuseTwoBlocks(plugin: string, keyword: string): void {
    const block = this.blocks.get(keyword);
    if (block !== undefined) clash(plugin, block.part.plugin, keyword, topLevel);
  }

  private claimForBlock(plugin: string, keyword: string): void {
    this.refuseTwoBlocks(plugin, keyword);
    const other = ownersOf(this.roots).get(keyword);
    if (other === undefined) return;
    if (other.plugin !== core && other.field.shape.kind !== 'notBuilt') clash(plugin, other.plugin, keyword, topLevel);
    this.roots = this.roots.map((part) => ({ ...part, fields: without(part.fields, new Set([keyword])) }));
  }
}

const nowhere = { file: '', line: 0, column: 0 };

function spellingsOf({ fields }: Contribution): readonly string[] {
  return Object.entries(fields).flatMap(([keyword, field]) => spellings(keyword, field));
}

const kinds: readonly unknown[] = ['value', 'lines', 'block', 'headed', 'plugged', 'notBuilt'];

/** What plugins declare may come from a second copy of the SDK, or from JavaScript: it is judged by its shape, and early. */
function assertFields(plugin: string, fields: Readonly<Record<string, unknown>>): void {
  for (const [keyword, field] of Object.entries(fields)) {
    const { shape, facts } = (field ?? {}) as Partial<Field<unknown>>;
    if (!kinds.includes(shape?.kind) || typeof facts !== 'object' || facts === null) refuse(plugin, keyword, 'field');
    if (shape?.kind === 'block' || shape?.kind === 'headed') assertFields(plugin, asBlock(plugin, keyword, shape.block).fields);
  }
}

function asBlock(plugin: string, keyword: string, block: unknown): Block<Fields> {
  const { fields } = (block ?? {}) as { fields?: unknown };
  return typeof fields === 'object' && fields !== null ? (block as Block<Fields>) : refuse(plugin, keyword, 'block');
}

function refuse(plugin: string, keyword: string, what: 'field' | 'block'): never {
  const message = `plugin ${plugin} declares ${keyword} with something that is no ${what} of the schema builder`;
  throw new MainstayError('PLUGIN_SETUP_FAILED', message, 'a block inside a block is s.nested(s.block({ ... }))');
}
