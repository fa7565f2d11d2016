/** Binds the statements of one block: each keyword to the value its field describes, each mistake to its place. Used by tree-binder.ts. */
import { type ConfigEntry, closest, type SourcePosition, type Statement, type ValueSpec } from '@mainstay/sdk';
import { Refusal } from './args.js';
import { notBuilt, parseValue, readHeader } from './field-value.js';
import { nearestIn, syntaxOf } from './fields.js';
import { asLine, linesOf, occurrences } from './forms.js';
import { frozen, frozenBlock } from './freeze.js';
import type { Handle } from './handle.js';
import type { Found, Layout, Plug } from './layout.js';
import type { Written } from './places.js';
import type { Problems } from './problems.js';
import type { SharedValues } from './shared-values.js';

export interface BindContext {
  readonly problems: Problems;
  readonly unknownKeywords: 'error' | 'warning' | 'ignored';
  readonly plugged: ReadonlyMap<Plug, Layout>;
  readonly shared: SharedValues;
  /** Where else a keyword is known, in words. */
  placesOf(keyword: string): string | undefined;
  /** Takes what was bound for a handle. `isSound`: everything in it is right. */
  emit(handle: Handle, entry: ConfigEntry<unknown>, isSound: boolean): void;
}

/** The block that is bound. */
export interface BlockPlace {
  /** Of its entries: the words in front of its brace, and those of the blocks around it. */
  readonly name: string;
  /** Of its entries, without what tells it apart itself: see ConfigEntry.block. */
  readonly block: string;
  /** How messages call it. */
  readonly title: string;
  /** For keywords that are missing. */
  readonly at: SourcePosition;
  /** False: the words in front of its brace are wrong, or those of a block around it. */
  readonly isSound: boolean;
  /** Keywords of others that may stand there, for suggestions. */
  readonly others?: readonly string[];
  /** What its owner sees as the value of an entry. */
  readonly shown?: (values: unknown) => unknown;
  /** Of the block of the top level that it is, or is in. */
  readonly written: Written;
}

export interface BoundBlock {
  /** What its owner's keywords hold. */
  readonly values: Readonly<Record<string, unknown>>;
  /** How many errors are in keywords of others, which are none of its owner's business. */
  readonly foreignErrors: number;
}

export function bindBlock(place: BlockPlace, statements: readonly Statement[], layout: Layout, context: BindContext): BoundBlock {
  return new BlockBinder(place, layout, context).bind(statements);
}

class BlockBinder {
  /** One record for each part: what all blocks of the layout share, until something is written in this one. */
  private readonly values: Readonly<Record<string, unknown>>[];
  private readonly number: number;
  /** Place of each keyword that was written, by its slot. */
  private readonly seen: (SourcePosition | undefined)[] = [];
  /** Keywords that a misspelt one was meant to be: they are not missing as well. */
  private attempted: Set<number> | undefined;
  /** Indexes of the parts in whose keywords something is wrong. */
  private broken: Set<number> | undefined;
  private foreignErrors = 0;
  /** With what tells it apart. */
  private ownName = '';

  constructor(
    private readonly place: BlockPlace,
    private readonly layout: Layout,
    private readonly context: BindContext,
  ) {
    this.values = layout.parts.map(({ absent }) => absent);
    this.number = place.written.next();
  }

  bind(statements: readonly Statement[]): BoundBlock {
    const { index, parts } = this.layout;
    this.ownName = ownNameOf(this.place, statements, this.layout);
    const line = index.get('');
    for (const statement of statements) {
      const found = index.get(statement.keyword.text);
      if (found === undefined && line !== undefined) this.statement(asLine(statement), line);
      else if (found === undefined) this.unknown(statement);
      else if (statement.form === undefined) this.statement(statement, found);
      else for (const one of occurrences(statement, found.field)) this.statement(one, found);
    }
    for (let i = 0; i < parts.length; i++) this.requireAll(i);
    for (let i = 0; i < parts.length; i++) {
      for (const { keyword, part } of parts[i]?.borrowed ?? []) {
        const value = this.values[part]?.[keyword];
        if (this.values[i]?.[keyword] !== value) this.own(i)[keyword] = value;
      }
    }
    for (let i = 0; i < parts.length; i++) frozenBlock(this.values[i] ?? {});
    const { isSound, shown } = this.place;
    const own = this.context.shared.of(this.layout, this.values[0] ?? {});
    for (let i = 0; i < parts.length; i++) {
      const handle = parts[i]?.handle;
      if (handle?.isRead !== true) continue;
      const value = i > 0 ? this.values[i] : shown === undefined ? own : Object.freeze(shown(own));
      const entry = new Entry(this.place, this.ownName, value, this.number);
      this.context.emit(handle, Object.freeze(entry), isSound && this.broken?.has(i) !== true);
    }
    return { values: own, foreignErrors: this.foreignErrors };
  }

  /** The record of a part, for writing. */
  private own(part: number): Record<string, unknown> {
    const before = this.values[part] ?? {};
    if (before !== this.layout.parts[part]?.absent) return before;
    const own = { ...before };
    this.values[part] = own;
    return own;
  }

  /** `errors` were found in keywords of that part. */
  private blame(part: number, errors = 1): void {
    this.broken ??= new Set();
    this.broken.add(part);
    if (part > 0) this.foreignErrors += errors;
  }

  private unknown({ keyword: { text, at } }: Statement): void {
    const { unknownKeywords, problems } = this.context;
    if (unknownKeywords === 'ignored') return;
    const { index } = this.layout;
    const { others = [], title } = this.place;
    const places = this.context.placesOf(text);
    const near = nearestIn(index, text) ?? closest(text, others);
    const meant = near === undefined || places !== undefined ? undefined : index.get(near);
    if (meant !== undefined && unknownKeywords === 'error') {
      this.attempted ??= new Set();
      this.attempted.add(meant.slot);
      this.blame(meant.part);
    }
    const hint = places !== undefined ? `it belongs ${places}` : near && `did you mean "${near}"?`;
    const consequence = unknownKeywords === 'warning' ? ' and is ignored' : '';
    // A line without a keyword may hold nothing but the secret: in such a block its first word is not quoted.
    const quoted = text === '' || this.layout.hasSecrets ? 'this' : `"${text}"`;
    const message = `${quoted} is not a keyword of ${title}${consequence}`;
    problems.add(unknownKeywords, 'CONFIG_UNKNOWN_KEYWORD', message, at, hint);
  }

  private statement(statement: Statement, found: Found): void {
    const { keyword, field, part, slot } = found;
    const { at, text } = statement.keyword;
    const { problems } = this.context;
    this.sayAboutUse(statement, found);
    this.seen[slot] = at;
    const { isSecret, isRepeated } = field.facts;
    const { kind } = field.shape;
    const said = problems.list.length;
    const { errors } = problems;
    const { foreignErrors } = this;
    const secrets = isSecret === true ? [statement.rest, ...statement.args.map((word) => word.text)] : undefined;
    for (const secret of secrets ?? []) problems.keepSecret(secret);
    try {
      const value = this.valueOf(statement, found);
      if (isRepeated === true || kind === 'plugged') this.add(part, keyword, [value]);
      else if (kind === 'lines') this.add(part, keyword, value as unknown[]);
      else this.own(part)[keyword] = value;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.error(error.code, error.message, error.at, error.hint);
    }
    if (secrets !== undefined) problems.scrub(said, secrets, `the value of ${text} is not valid`);
    const own = problems.errors - errors - (this.foreignErrors - foreignErrors);
    if (own === 0) return;
    // What is not built has no value that could be wrong.
    if (kind !== 'notBuilt') this.blame(part, own);
    else if (part > 0) this.foreignErrors += own;
  }

  /** To the list of a keyword that may stand several times. `list` is nobody else's. */
  private add(part: number, keyword: string, list: unknown[]): void {
    const target = this.own(part);
    const before = target[keyword];
    if (before === this.layout.parts[part]?.absent[keyword]) target[keyword] = list;
    else for (const one of list) (before as unknown[]).push(one);
  }

  private sayAboutUse({ keyword: { text, at } }: Statement, { field, slot }: Found): void {
    const { problems } = this.context;
    const { deprecated, isRepeated } = field.facts;
    const { kind } = field.shape;
    if (deprecated !== undefined) {
      problems.add('warning', 'CONFIG_DEPRECATED', `${text} is deprecated`, at, `write ${deprecated}`);
    }
    const before = this.seen[slot];
    if (before === undefined || isRepeated === true) return;
    if (kind === 'lines' || kind === 'plugged' || kind === 'notBuilt') return;
    const place = before.line === 0 ? 'before' : before.file === at.file ? `in line ${before.line}` : `in ${before.file}`;
    const message = `${text} is written more than once in ${this.place.title}: this one counts, not the one ${place}`;
    problems.add('warning', 'CONFIG_DUPLICATE_KEYWORD', message, at, 'remove one of them');
  }

  private valueOf(statement: Statement, found: Found): unknown {
    const { keyword } = statement;
    const { field, plugin, plug } = found;
    const { shape } = field;
    switch (shape.kind) {
      case 'notBuilt':
        throw notBuilt(shape.feature, keyword);
      case 'value':
        return parseValue(statement, shape.value, plugin, this.context, this.layout.index);
      case 'lines':
        return this.lines(statement, shape.item, plugin);
      case 'block':
        return this.block(statement, found.inner);
      case 'headed': {
        const header = readHeader(statement, shape.header, plugin, this.context);
        const names = { name: joined(this.place.name, header.name), block: joined(this.ownName, header.name) };
        const value = this.inside(statement, found.inner, header.title, names, header.isSound);
        return Object.freeze({ header: header.value, value, at: frozen(keyword.at) });
      }
      case 'plugged':
        return Object.freeze({
          keyword: keyword.text,
          value: this.block(statement, plug && this.context.plugged.get(plug)),
          at: frozen(keyword.at),
          facts: plug?.facts,
        });
      default:
        return shape satisfies never;
    }
  }

  /** A block without words in front of its brace. */
  private block(statement: Statement, layout: Layout | undefined): unknown {
    const { args, block, keyword } = statement;
    const [extra] = args;
    if (extra !== undefined && block !== undefined && keyword.text !== '') {
      this.context.problems.error('CONFIG_EXTRA_WORD', `there is one word too many after ${keyword.text}`, extra.at);
    }
    return this.inside(statement, layout, keyword.text, { name: this.place.name, block: this.ownName }, true);
  }

  private inside(
    { block, keyword: { at } }: Statement,
    layout: Layout | undefined,
    title: string,
    names: Pick<BlockPlace, 'name' | 'block'>,
    isSound: boolean,
  ): unknown {
    if (block === undefined || layout === undefined) {
      throw new Refusal('CONFIG_BLOCK_MISSING', `${title} needs a block in braces`, at, `write: ${title} { ... }`);
    }
    const { written } = this.place;
    const place = { name: names.name, block: names.block, title, at, isSound: isSound && this.place.isSound, written };
    const { values, foreignErrors } = bindBlock(place, block, layout, this.context);
    this.foreignErrors += foreignErrors;
    return values;
  }

  /** A mistake in one line does not hide those in the others. */
  private lines(statement: Statement, item: ValueSpec<unknown>, plugin: string): unknown[] {
    return linesOf(statement).flatMap((line) => {
      try {
        return [parseValue(line, item, plugin, this.context)];
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.context.problems.error(error.code, error.message, error.at, error.hint);
        return [];
      }
    });
  }

  private requireAll(part: number): void {
    for (const { keyword, field, slot } of this.layout.parts[part]?.required ?? []) {
      if (this.seen[slot] !== undefined || this.attempted?.has(slot) === true) continue;
      const { at, title } = this.place;
      const hint = `add: ${keyword} ${syntaxOf(field)}`.trim();
      this.context.problems.error('CONFIG_MISSING_KEYWORD', `${title} lacks ${keyword}, which it needs`, at, hint);
      this.blame(part);
    }
  }
}

/** There may be a hundred thousand of them, and hardly any is asked to report. */
class Entry implements ConfigEntry<unknown> {
  readonly name: string;
  readonly at: SourcePosition;
  readonly #written: Written;
  readonly #number: number;

  constructor(
    { name, at, written }: BlockPlace,
    readonly block: string,
    readonly value: unknown,
    number: number,
  ) {
    this.name = name;
    this.at = frozen(at);
    this.#written = written;
    this.#number = number;
  }

  /** Taken out of the entry it is the same. */
  get report(): ConfigEntry<unknown>['report'] {
    return this.#written.reporterOf(this.#number, this.at);
  }
}

function joined(around: string, name: string): string {
  return around === '' ? name : `${around} ${name}`;
}

/** Of a keyword that is written twice, the last counts. */
function ownNameOf({ block }: BlockPlace, statements: readonly Statement[], { apart, index }: Layout): string {
  if (apart.size === 0) return block;
  const words = new Map<number, string>();
  for (const { keyword, args } of statements) {
    const slot = index.get(keyword.text)?.slot ?? -1;
    if (apart.has(slot)) words.set(slot, args.map(({ text }) => text).join(' '));
  }
  return [...apart].reduce((name, slot) => joined(name, words.get(slot) ?? '').trim(), block);
}
