/** What the new configuration of a reload has no more, as far as the text of both tells: pure. Called by reload.ts. */
import type { SourceTree, Statement } from '@mainstay/sdk';
import { headedBlocks } from '../config/bind/forms.js';

/** Keys of events: names of objects. */
export interface NameSet {
  has(name: string): boolean;
}

/**
 * Names of blocks that are written in the one and not in the other: the first word behind the keyword, or all of them. Of several
 * blocks with the same words, one of which is gone, all are in it: their objects have names that begin with these words.
 */
export function removedNames(from: SourceTree, to: SourceTree): NameSet {
  const before = namesIn(from);
  const after = namesIn(to);
  const gone = new Set([...before.words].filter((name) => !after.words.has(name)));
  const fewer = [...before.blocks].filter(([block, count]) => count > (after.blocks.get(block) ?? 0));
  const twins = fewer.filter(([block]) => after.blocks.has(block)).map(([block]) => nameOf(block));
  return { has: (name) => gone.has(name) || twins.some((twin) => name === twin || name.startsWith(`${twin} `)) };
}

interface Names {
  readonly words: ReadonlySet<string>;
  /** How often each keyword and name is written. */
  readonly blocks: ReadonlyMap<string, number>;
}

function namesIn({ statements }: SourceTree): Names {
  const words = new Set<string>();
  const blocks = new Map<string, number>();
  for (const statement of statements.flatMap(headedBlocks)) {
    const [first] = statement.args;
    if (first === undefined) continue;
    words.add(first.text).add(wordsOf(statement));
    const block = blockOf(statement);
    blocks.set(block, (blocks.get(block) ?? 0) + 1);
  }
  return { words, blocks };
}

/** Blocks of the old configuration that the new one has not, or has with something else in them: keyword and words of each. */
export function alteredBlocks(from: SourceTree, to: SourceTree): readonly string[] {
  const left = new Set(to.statements.flatMap(headedBlocks).map(contentOf));
  const altered = from.statements.flatMap(headedBlocks).filter((statement) => !left.has(contentOf(statement)));
  return [...new Set(altered.map((statement) => blockOf(statement).trim()))];
}

/** Wherever it is written. */
function contentOf(statement: Statement): string {
  return JSON.stringify(statement, (key, value: unknown) => (key === 'at' || key === 'restAt' ? undefined : value));
}

/**
 * The old configuration without the blocks that are surely gone, for a program that shall let go of them and know nothing new. Of
 * several blocks with the same words none is surely gone. Where nothing is gone, it is `from` itself.
 */
export function withoutRemoved(from: SourceTree, to: SourceTree): SourceTree {
  const left = new Set(to.statements.flatMap(headedBlocks).map(blockOf));
  const stays = (statement: Statement) => statement.block === undefined || left.has(blockOf(statement));
  if (from.statements.flatMap(headedBlocks).every(stays)) return from;
  const statements = from.statements.flatMap((statement): readonly Statement[] => {
    if (statement.args.length > 0) return stays(statement) ? [statement] : [];
    if (statement.form !== 'map' || statement.block === undefined) return [statement];
    return [{ ...statement, block: statement.block.filter((one) => headedBlocks({ ...statement, block: [one] }).every(stays)) }];
  });
  return { ...from, statements };
}

function wordsOf({ args }: Statement): string {
  return args.map(({ text }) => text).join(' ');
}

function blockOf(statement: Statement): string {
  return `${statement.keyword.text} ${wordsOf(statement)}`;
}

function nameOf(block: string): string {
  return block.slice(block.indexOf(' ') + 1);
}
