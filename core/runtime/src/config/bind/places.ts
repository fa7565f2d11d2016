/**
 * Where a keyword of a bound block is written, for reports of plugins' checks. Looked up when something is reported, which is seldom:
 * until then only the number of the block is kept, and until the checks have run the block of the top level around it can be read again.
 */
import type { ConfigEntry, Reporter, SourcePosition, Statement } from '@mainstay/sdk';
import { occurrences } from './forms.js';
import type { FieldIndex, Found, Layout, Plug } from './layout.js';
import type { Problems } from './problems.js';

type Plugged = ReadonlyMap<Plug, Layout>;

/** The content of a block, and what may stand in it. */
interface Content {
  readonly statements: readonly Statement[];
  readonly layout: Layout;
  readonly at: SourcePosition;
  /** How many blocks are within it. */
  within: number;
}

/** A block of the top level with all that are within it, which are numbered in the order in which they are bound. */
export class Written {
  #count = 0;
  #contents: readonly Content[] | undefined;
  /** Numbers of the blocks at each place: rounds of a loop stand at one. */
  #numbers: ReadonlyMap<string, readonly number[]> | undefined;
  #isForgotten = false;

  constructor(
    private read: () => readonly Statement[],
    private readonly layout: Layout,
    private readonly at: SourcePosition,
    private readonly plugged: Plugged,
    private readonly problems: Problems,
  ) {}

  /** The number of the block that is bound next; that of the top level is 0. */
  next(): number {
    return this.#count++;
  }

  /** Nobody will ask any more: the tree may go, which is the largest part of a large configuration. */
  forget(): void {
    this.#isForgotten = true;
    this.#contents = undefined;
    this.#numbers = undefined;
    this.read = () => [];
  }

  /** `report` of an entry that is bound from block `number`: at a keyword of it, or of a block somewhere within it. */
  reporterOf(number: number, at: SourcePosition): ConfigEntry<unknown>['report'] {
    return (keyword, inside): Reporter => {
      const found = keyword === undefined || this.#isForgotten ? undefined : this.#placeOf(keyword, number, inside?.at);
      return this.problems.reporterAt(found ?? inside?.at ?? at);
    };
  }

  #placeOf(keyword: string, number: number, inside: SourcePosition | undefined): SourcePosition | undefined {
    this.#contents ??= this.#all();
    const own = this.#contents[number];
    if (own === undefined) return undefined;
    if (inside === undefined) return placeIn(own, keyword);
    this.#numbers ??= numbersByPlace(this.#contents);
    for (const i of this.#numbers.get(textOf(inside)) ?? []) {
      const content = i > number && i <= number + own.within ? this.#contents[i] : undefined;
      const place = content && placeIn(content, keyword);
      // What is written in one round of a loop need not be in the others.
      if (place !== undefined) return place;
    }
    return undefined;
  }

  #all(): readonly Content[] {
    const all: Content[] = [];
    const add = (statements: readonly Statement[], layout: Layout, at: SourcePosition) => {
      const content = { statements, layout, at, within: 0 };
      const number = all.push(content);
      for (const [{ keyword, block }, { inner, plug }] of known(statements, layout.index)) {
        const inside = plug === undefined ? inner : this.plugged.get(plug);
        if (block !== undefined && inside !== undefined) add(block, inside, keyword.at);
      }
      content.within = all.length - number;
    };
    add(this.read(), this.layout, this.at);
    return all;
  }
}

function textOf({ file, line, column }: SourcePosition): string {
  return `${line} ${column} ${file}`;
}

function numbersByPlace(contents: readonly Content[]): ReadonlyMap<string, readonly number[]> {
  const numbers = new Map<string, number[]>();
  for (const [i, { at }] of contents.entries()) {
    const place = textOf(at);
    const list = numbers.get(place);
    if (list === undefined) numbers.set(place, [i]);
    else list.push(i);
  }
  return numbers;
}

/** Of several the last one: it is the one that counts. */
function placeIn({ statements, layout }: Content, keyword: string): SourcePosition | undefined {
  let place: SourcePosition | undefined;
  for (const [{ keyword: word }, found] of known(statements, layout.index)) {
    if (found.keyword === keyword || found.plug?.keyword === keyword) place = word.at;
  }
  return place;
}

function* known(statements: readonly Statement[], index: FieldIndex): Generator<[Statement, Found]> {
  for (const statement of statements) {
    const found = index.get(statement.keyword.text);
    if (found === undefined) continue;
    for (const one of occurrences(statement, found.field)) yield [one, found];
  }
}
