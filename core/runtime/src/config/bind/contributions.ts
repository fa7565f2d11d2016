/** What core and the plugins contribute to the configuration, merged: root blocks, root keywords, checks. Used by registry.ts. */
import { type Block, type ConfigHandle, type ConfigPoints, type Fields, MainstayError, type Reporter } from '@mainstay/sdk';
import { globalKeywords, rootKeywords } from './core-keywords.js';
import { absentValues, type Part, spellings, without } from './fields.js';
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
      this.claimAtRoot(plugin, [keyword]);
      const contribution = part(fields);
      this.blocks.set(keyword, { isNamed, block: block as Block<Fields>, parts: [contribution] });
      return contribution.handle as never;
    };
    return {
      named: (keyword, block) => own(keyword, block, true),
      block: (keyword, block) => own(keyword, block, false),
      root: (fields) => {
        const contribution = part(fields);
        this.claimAtRoot(plugin, spellingsOf(contribution));
        this.rootParts.push(contribution);
        return contribution.handle as never;
      },
      extend: (keyword, fields) => {
        const contribution = part(fields);
        this.extensions.push({ keyword, part: contribution });
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
      const kept = claim(part.plugin, spellingsOf(part), root.parts, keyword);
      root.parts.splice(0, root.parts.length, ...kept, part);
    }
  }

  private claimAtRoot(plugin: string, keywords: readonly string[]): void {
    const taken = keywords.find((keyword) => this.blocks.has(keyword));
    if (taken !== undefined) clash(plugin, this.blocks.get(taken)?.parts[0]?.plugin ?? '', taken, 'the top level');
    this.rootParts = claim(plugin, keywords, this.rootParts, 'the top level');
  }
}

function spellingsOf({ fields }: Part): readonly string[] {
  return Object.entries(fields).flatMap(([keyword, field]) => spellings(keyword, field));
}

/** The parts of a block without what core gives up to `plugin`. Throws where another plugin has one of the keywords. */
function claim(plugin: string, keywords: readonly string[], parts: readonly Contribution[], block: string): Contribution[] {
  const wanted = new Set(keywords);
  return parts.map((part) => {
    const taken = spellingsOf(part).find((keyword) => wanted.has(keyword));
    if (taken === undefined) return part;
    return part.plugin === core ? { ...part, fields: without(part.fields, wanted) } : clash(plugin, part.plugin, taken, block);
  });
}

function clash(plugin: string, other: string, keyword: string, block: string): never {
  const message = `plugins ${other} and ${plugin} both contribute "${keyword}" to ${block}`;
  throw new MainstayError('CONFIG_KEYWORD_CLASH', message, 'load only one of them');
}

const kinds: readonly unknown[] = ['value', 'lines', 'block', 'notBuilt'];

/** A field may come from a second copy of the SDK, or from JavaScript: it is judged by its shape, and early. */
function assertField(plugin: string, keyword: string, field: unknown): void {
  const { shape, facts } = (field ?? {}) as { shape?: { kind?: unknown }; facts?: unknown };
  if (kinds.includes(shape?.kind) && typeof facts === 'object' && facts !== null) return;
  const message = `plugin ${plugin} declares ${keyword} with something that is no field of the schema builder`;
  throw new MainstayError('PLUGIN_SETUP_FAILED', message, 'a block inside a block is s.nested(s.block({ ... }))');
}
