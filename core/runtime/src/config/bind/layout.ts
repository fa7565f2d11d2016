/**
 * What may stand in each block, worked out once from everything that is contributed: extensions and plugged blocks are in their
 * places, and every spelling leads to its field. A site may have 65,000 blocks of one layout. Made by contributions.ts.
 */
import { type Block, type Field, type Fields, MainstayError } from '@mainstay/sdk';
import { absentValue, absentValues, type Part, spellings, without } from './fields.js';
import type { Handle } from './handle.js';

/** What one plugin contributes to a block; with a handle where it wants to see the values itself. */
export interface Contribution extends Part {
  readonly handle?: Handle;
  /** An extension of a block that need not be there. */
  readonly isOptional?: boolean;
}

/** A block that a plugin contributes for every place of a group. */
export interface Plug {
  readonly plugin: string;
  readonly group: string;
  readonly keyword: string;
  readonly block: Block<Fields>;
  readonly facts: unknown;
  readonly handle: Handle;
}

export interface Found {
  /** Index of the part. */
  readonly part: number;
  /** Who contributes it. */
  readonly plugin: string;
  /** The keyword's main spelling, under which its value is bound; for a plugged block the name of its place. */
  readonly keyword: string;
  readonly field: Field<unknown>;
  /** Number of the field among those of the whole block. */
  readonly slot: number;
  /** Of the block that the field is. */
  readonly inner?: Layout;
  readonly plug?: Plug;
}

export type FieldIndex = ReadonlyMap<string, Found>;

export interface LaidPart extends Contribution {
  /** What is bound when nothing is written. */
  readonly absent: Readonly<Record<string, unknown>>;
  /** Shared keywords whose value is bound in another part. */
  readonly borrowed: readonly Found[];
  /** Keywords that must be written. */
  readonly required: readonly { readonly keyword: string; readonly field: Field<unknown>; readonly slot: number }[];
}

export interface Layout {
  /** The block's owner first, then whoever extends it. */
  readonly parts: readonly LaidPart[];
  readonly index: FieldIndex;
  /** Slots of the owner's keywords that tell blocks with the same words apart. */
  readonly apart: ReadonlySet<number>;
  readonly hasSecrets: boolean;
}

/** The contributor of core's own keywords, which give way to those of a plugin that does more with them. */
export const core = 'core';

export class LayoutMaker {
  readonly #extensions: ReadonlyMap<string, readonly Contribution[]>;
  readonly #plugs: readonly Plug[];
  readonly #plugged = new Map<Plug, Layout>();
  readonly #reached = new Set<string>();

  /** `extensions` by the path of the block that they extend, its keywords with a blank between. */
  constructor(extensions: ReadonlyMap<string, readonly Contribution[]>, plugs: readonly Plug[]) {
    this.#extensions = extensions;
    this.#plugs = plugs;
  }

  /** `path`: keywords of the block and of those around it, from the top level on. Throws where contributions contradict each other. */
  layoutOf(path: readonly string[], own: readonly Contribution[]): Layout {
    const key = path.join(' ');
    const title = path.length === 0 ? topLevel : path.toReversed().join(' in ');
    if (path.length > 0) this.#reached.add(key);
    const more = path.length > 0 ? (this.#extensions.get(key) ?? []) : [];
    const parts = more.reduce((joint: readonly Contribution[], part) => joined(joint, part, title), own);
    return this.#laidOut(parts, title, (keyword, { plugin }, fields) => this.layoutOf([...path, keyword], [{ plugin, fields }]));
  }

  /** The layout of each plugged block. A block may have places for its own group, so these are not part of each other. */
  plugged(): ReadonlyMap<Plug, Layout> {
    for (const plug of this.#plugs) {
      const { plugin, handle, keyword, block } = plug;
      this.#plugged.set(plug, this.#plain(keyword, { plugin, handle, fields: block.fields }));
    }
    return this.#plugged;
  }

  /** Throws where somebody extends a block that was not laid out. */
  refuseOrphans(): void {
    for (const [key, parts] of this.#extensions) {
      const first = parts.find(({ isOptional }) => isOptional !== true);
      if (this.#reached.has(key) || first === undefined) continue;
      const title = key.split(' ').toReversed().join(' in ');
      const message = `plugin ${first.plugin} adds keywords to ${title}, but no plugin has such a block`;
      throw new MainstayError('CONFIG_UNKNOWN_PARENT', message, 'load the plugin that it needs');
    }
  }

  #plain(title: string, part: Contribution): Layout {
    return this.#laidOut([part], title, (keyword, { plugin }, fields) => this.#plain(keyword, { plugin, fields }));
  }

  #laidOut(
    contributions: readonly Contribution[],
    title: string,
    innerOf: (keyword: string, part: Contribution, fields: Fields) => Layout,
  ): Layout {
    const given = this.#withoutPlugged(contributions, title);
    const index = new Map<string, Found>();
    const parts: LaidPart[] = [];
    const apart = new Set<number>();
    let slot = 0;
    for (const [part, contribution] of given.entries()) {
      const { plugin, fields } = contribution;
      const required: LaidPart['required'][number][] = [];
      const borrowed: Found[] = [];
      for (const [keyword, field] of Object.entries(fields)) {
        const { shape } = field;
        const lender = index.get(keyword);
        if (lender !== undefined) {
          borrowed.push(lender);
          continue;
        }
        const block = shape.kind === 'block' || shape.kind === 'headed' ? shape.block : undefined;
        const inner = block && { inner: innerOf(keyword, contribution, block.fields) };
        const found = { part, plugin, keyword, field, slot, ...inner };
        for (const spelling of spellings(keyword, field)) index.set(spelling, found);
        for (const plug of this.#plugsFor(field)) index.set(plug.keyword, { ...found, plugin: plug.plugin, plug });
        if (part === 0 && field.facts.tellsApart === true) apart.add(slot);
        if (absentValue(field) === undefined) required.push({ keyword, field, slot });
        slot++;
      }
      // Every block in which nothing of the part is written has this very object.
      parts.push({ ...contribution, absent: absentValues(fields), borrowed, required });
    }
    return { parts, index, apart, hasSecrets: [...index.values()].some(({ field }) => field.facts.isSecret === true) };
  }

  #plugsFor({ shape }: Field<unknown>): readonly Plug[] {
    return shape.kind === 'plugged' ? this.#plugs.filter(({ group }) => group === shape.group) : [];
  }

  /** A keyword that a block only knows to be missing gives way to the plugged block that has it. */
  #withoutPlugged(parts: readonly Contribution[], title: string): readonly Contribution[] {
    const plugs = new Map<string, Plug>();
    for (const plug of parts.flatMap(({ fields }) => Object.values(fields).flatMap((field) => this.#plugsFor(field)))) {
      const other = plugs.get(plug.keyword);
      if (other !== undefined) clash(plug.plugin, other.plugin, plug.keyword, title);
      plugs.set(plug.keyword, plug);
    }
    if (plugs.size === 0) return parts;
    return parts.map((part) => {
      const givenUp = new Set<string>();
      for (const [keyword, field] of Object.entries(part.fields)) {
        for (const spelling of spellings(keyword, field)) {
          const plug = plugs.get(spelling);
          if (plug === undefined) continue;
          if (field.shape.kind !== 'notBuilt') clash(plug.plugin, part.plugin, spelling, title);
          givenUp.add(spelling);
        }
      }
      return givenUp.size === 0 ? part : { ...part, fields: without(part.fields, givenUp) };
    });
  }
}

export const topLevel = 'the top level';

/**
 * The parts of a block with one more. A keyword that somebody only knows to be missing gives way to whoever has built it, and
 * core's own give way to everybody. Throws where two plugins contribute the same keyword, unless both say that it is shared.
 */
export function joined(parts: readonly Contribution[], added: Contribution, title: string): readonly Contribution[] {
  const index = ownersOf(parts);
  const givenUp = new Set<string>();
  const notAdded = new Set<string>();
  for (const [keyword, field] of Object.entries(added.fields)) {
    for (const spelling of spellings(keyword, field)) {
      const other = index.get(spelling);
      if (other === undefined) continue;
      if (other.field.facts.isShared === true && field.facts.isShared === true) continue;
      if (other.plugin === core || other.field.shape.kind === 'notBuilt') givenUp.add(spelling);
      else if (field.shape.kind === 'notBuilt') notAdded.add(spelling);
      else clash(added.plugin, other.plugin, spelling, title);
    }
  }
  const reduced = (part: Contribution, lost: ReadonlySet<string>) =>
    lost.size === 0 ? part : { ...part, fields: without(part.fields, lost) };
  return [...parts.map((part) => reduced(part, givenUp)), reduced(added, notAdded)];
}

/** Every spelling, with its field and whose it is. */
export function ownersOf(
  parts: readonly Part[],
): ReadonlyMap<string, { readonly plugin: string; readonly field: Field<unknown> }> {
  const owners = new Map<string, { plugin: string; field: Field<unknown> }>();
  for (const { plugin, fields } of parts) {
    for (const [keyword, field] of Object.entries(fields)) {
      for (const spelling of spellings(keyword, field)) owners.set(spelling, { plugin, field });
    }
  }
  return owners;
}

export function clash(plugin: string, other: string, keyword: string, title: string): never {
  const message = `plugins ${other} and ${plugin} both contribute "${keyword}" to ${title}`;
  throw new MainstayError('CONFIG_KEYWORD_CLASH', message, 'load only one of them');
}
