/**
 * Where a keyword of a bound block is written, for reports of plugins' checks. Looked up when something is reported, which is
 * seldom: the statements are there anyway, until the checks have run. Used by block-binder.ts.
 */
import type { ConfigEntry, Reporter, SourcePosition, Statement } from '@mainstay/sdk';
import { occurrences } from './forms.js';
import type { FieldIndex, Found, Layout, Plug } from './layout.js';
import type { Problems } from './problems.js';

/** The statements of every block that was bound, by the number that its reporter has; emptied when nobody will ask any more. */
export type Written = (readonly Statement[])[];

interface Context {
  readonly problems: Problems;
  readonly written: Written;
  readonly plugged: ReadonlyMap<Plug, Layout>;
}

/** The content of a block, and what may stand in it. */
interface Content {
  readonly statements: readonly Statement[];
  readonly layout: Layout;
}

/** `report` of an entry: at a keyword of the block, or of a block somewhere within it. */
export function reporterOf(
  statements: readonly Statement[],
  layout: Layout,
  { problems, plugged, written }: Context,
  at: SourcePosition,
): ConfigEntry<unknown>['report'] {
  const number = written.push(statements) - 1;
  const own = (): Content => ({ statements: written[number] ?? [], layout });
  let within: ReadonlyMap<SourcePosition, Content> | undefined;
  const contentAt = (place: SourcePosition) => {
    within ??= new Map(contentsOf(own(), plugged));
    return within.get(place);
  };
  return (keyword, inside): Reporter => {
    const content = inside === undefined ? own() : contentAt(inside.at);
    const found = keyword === undefined || content === undefined ? undefined : placeOf(keyword, content);
    return problems.reporterAt(found ?? inside?.at ?? at);
  };
}

/** Of several the last one: it is the one that counts. */
function placeOf(keyword: string, { statements, layout }: Content): SourcePosition | undefined {
  let place: SourcePosition | undefined;
  for (const [{ keyword: word }, found] of known(statements, layout.index)) {
    if (found.keyword === keyword || found.plug?.keyword === keyword) place = word.at;
  }
  return place;
}

/** Every block within, by the very object that the value which is bound from it has as its position. */
function* contentsOf({ statements, layout }: Content, plugged: Context['plugged']): Generator<[SourcePosition, Content]> {
  for (const [{ keyword, block }, { inner, plug }] of known(statements, layout.index)) {
    const inside = plug === undefined ? inner : plugged.get(plug);
    if (block === undefined || inside === undefined) continue;
    const content = { statements: block, layout: inside };
    yield [keyword.at, content];
    yield* contentsOf(content, plugged);
  }
}

function* known(statements: readonly Statement[], index: FieldIndex): Generator<[Statement, Found]> {
  for (const statement of statements) {
    const found = index.get(statement.keyword.text);
    if (found === undefined) continue;
    for (const one of occurrences(statement, found.field)) yield [one, found];
  }
}
