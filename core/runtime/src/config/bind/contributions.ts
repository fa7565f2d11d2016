/** What core and the plugins contribute to the configuration, merged: root blocks, root keywords, checks. Used by registry.ts. */
import { type Block, type ConfigHandle, type ConfigPoints, type Fields, MainstayError, type Reporter } from '@mainstay/sdk';
import { globalKeywords, rootKeywords } from './core-keywords.js';
import { absentValues, indexOf, type Part, spellings, without } from './fields.js';
import { Handle } from './handle.js';

export interface Contribution extends Part {
  readonly handle: Handle;
}

export interface RootBlock {
  readonly isNamed: boolean;
  readonly block: Block<Fields>;
  readonly parts: Contribution[];
}

export interface Check {
  readonly plugin: string;
  readonly run: (report: (handle: ConfigHandle<unknown>) => Reporter) => void;
}

/** The contributor of core's own keywords, which give way to those of a plugin that does more with them. */
const core = 'core';

const top = 'the top level';

export class Contributions {
  readonly blocks = new Map<string, RootBlock>();
  readonly checks: Check[] = [];
  private rootParts: Contribution[] = [];
  private readonly extensions: { readonly keyword: string; readonly part: Contribution }[] = [];

  constructor() {
    const points = this.pointsFor(core);
    points.block('global_defs', globalKeywords);
    points.root(rootKeywords);
  }

  get roots(): readonly Contribution[] {
    return this.rootParts;
  }

  pointsFor(plugin: string): ConfigPoints {
    const part = (fields: unknown): Contribution => {
      for (const [keyword, field] of Object.entries(fields as Fields)) assertField(plugin, keyword, field);
      return { plugin, fields: fields as Fields, handle: new Handle(plugin, absentValues(fields as Fields)) };
    };
    const own = (keyword: string, block: unknown, isNamed: boolean) => {
      const { fields } = block as Block<Fields>;
      this.claimForBlock(plugin, keyword);
      const contribution = part(fields);
      this.blocks.set(keyword, { isNamed, block: block as Block<Fields>, parts: [contribution] });
      return contribution.handle as never;
    };
    return {
      named: (keyword, block) => own(keyword, block, true),
      block: (keyword, block) => own(keyword, block, false),
      headed: (keyword) => unfinished(plugin, keyword),
      plug: (_group, keyword) => unfinished(plugin, keyword),
      root: (fields) => {
        const contribution = part(fields);
        for (const keyword of spellingsOf(contribution)) this.refuseTwoBlocks(plugin, keyword);
        this.rootParts = joined(this.rootParts, contribution, top);
        return contribution.handle as never;
      },
      extend: (keyword, fields) => {
        const contribution = part(fields);
        this.extensions.push({ keyword: [keyword].flat().join(' '), part: contribution });
        return contribution.handle as never;
      },
      check: (run) => {
        this.checks.push({ plugin, run });
      },
    };
  }

  /** Extensions may be declared before the block they extend, so they are put in when everything is declared. */
  settle(): void {
    for (const { keyword, part } of this.extensions.splice(0)) {
      const root = this.blocks.get(keyword);
      if (root === undefined) {
        const message = `plugin ${part.plugin} adds keywords to ${keyword}, but no plugin has such a block`;
        throw new MainstayError('CONFIG_UNKNOWN_PARENT', message, 'load the plugin that it needs');
      }
      root.parts.splice(0, root.parts.length, ...joined(root.parts, part, keyword));
    }
  }

  private refuseTwoBlocks(plugin: string, keyword: string): void {
    const block = this.blocks.get(keyword);
    if (block !== undefined) clash(plugin, block.parts[0]?.plugin ?? '', keyword, top);
  }

  private claimForBlock(plugin: string, keyword: string): void {
    this.refuseTwoBlocks(plugin, keyword);
    const other = indexOf(this.rootParts).get(keyword);
    if (other === undefined) return;
    if (other.plugin !== core && other.field.shape.kind !== 'notBuilt') clash(plugin, other.plugin, keyword, top);
    this.rootParts = this.rootParts.map((part) => ({ ...part, fields: without(part.fields, new Set([keyword])) }));
  }
}

function spellingsOf({ fields }: Part): readonly string[] {
  return Object.entries(fields).flatMap(([keyword, field]) => spellings(keyword, field));
}

/**
 * The parts of a block with one more. A keyword that somebody only knows to be missing gives way to whoever has built it, and
 * core's own give way to everybody. Throws where two plugins contribute the same keyword.
 */
function joined(parts: readonly Contribution[], added: Contribution, block: string): Contribution[] {
  const index = indexOf(parts);
  const givenUp = new Set<string>();
  const notAdded = new Set<string>();
  for (const [keyword, field] of Object.entries(added.fields)) {
    for (const spelling of spellings(keyword, field)) {
      const other = index.get(spelling);
      if (other === undefined) continue;
      if (other.plugin === core || other.field.shape.kind === 'notBuilt') givenUp.add(spelling);
      else if (field.shape.kind === 'notBuilt') notAdded.add(spelling);
      else clash(added.plugin, other.plugin, spelling, block);
    }
  }
  const reduced = (part: Contribution, lost: ReadonlySet<string>) =>
    lost.size === 0 ? part : { ...part, fields: without(part.fields, lost) };
  return [...parts.map((part) => reduced(part, givenUp)), reduced(added, notAdded)];
}

function clash(plugin: string, other: string, keyword: string, block: string): never {
  const message = `plugins ${other} and ${plugin} both contribute "${keyword}" to ${block}`;
  throw new MainstayError('CONFIG_KEYWORD_CLASH', message, 'load only one of them');
}

function unfinished(plugin: string, keyword: string): never {
  throw new MainstayError('PLUGIN_SETUP_FAILED', `plugin ${plugin} declares ${keyword}: blocks of this kind are not built yet`);
}

const kinds: readonly unknown[] = ['value', 'lines', 'block', 'notBuilt'];

/** A field may come from a second copy of the SDK, or from JavaScript: it is judged by its shape, and early. */
function assertField(plugin: string, keyword: string, field: unknown): void {
  const { shape, facts } = (field ?? {}) as { shape?: { kind?: unknown }; facts?: unknown };
  if (kinds.includes(shape?.kind) && typeof facts === 'object' && facts !== null) return;
  const message = `plugin ${plugin} declares ${keyword} with something that is no field of the schema builder`;
  throw new MainstayError('PLUGIN_SETUP_FAILED', message, 'a block inside a block is s.nested(s.block({ ... }))');
}
