/**
 * A read configuration as texts and bytes (format.ts), in memory and on its way between processes: 160,000 statements as objects, each with its places,
 * take longer to keep and to clone than to read. A block of the top level becomes objects when somebody asks for it, and only then: in the
 * supervisor never. Used by the reader and by both ends of each channel that a tree goes over.
 */
import type { SourceTree, Statement } from '@mainstay/sdk';
import { headLength, type PackedTree, putCount } from './format.js';
import { TreeReader } from './tree-reader.js';
import { TreeWriter } from './tree-writer.js';

export type { PackedTree } from './format.js';

const packedOf = new WeakMap<SourceTree, PackedTree>();
/** Where a statement of the top level stands in the bytes that it came in. */
const origins = new WeakMap<Statement, { readonly packed: PackedTree; readonly from: number; readonly to: number }>();

/** A tree that came packed, or was packed before, is not packed again. */
export function packTree(tree: SourceTree): PackedTree {
  const known = packedOf.get(tree);
  if (known !== undefined) return known;
  const writer = new TreeWriter();
  write(writer, tree.statements);
  const packed = writer.tree(tree.files);
  packedOf.set(tree, packed);
  return packed;
}

/** What `packTree` packed, with equal content. Each look at the block of a statement of the top level unpacks it anew: nobody keeps it. */
export function unpackTree(packed: PackedTree): SourceTree {
  const reader = new TreeReader(packed);
  const statements = reader.roots((statement, from, to) => origins.set(statement, { packed, from, to }));
  const tree = { files: packed.files, statements };
  packedOf.set(tree, packed);
  return tree;
}

/** The tree with only those statements of the top level that have one of these keywords; all where nobody says. */
export function partOfTree(tree: SourceTree, keywords: ReadonlySet<string> | undefined): SourceTree {
  if (keywords === undefined) return tree;
  const statements = tree.statements.filter(({ keyword }) => keywords.has(keyword.text));
  if (statements.length === tree.statements.length) return tree;
  const part = { files: tree.files, statements };
  const packed = packedPart(tree, statements);
  if (packed !== undefined) packedOf.set(part, packed);
  return part;
}

/** Whether a word may be anywhere in the tree: true where nobody can tell without looking through it. */
export function wordsOf(tree: SourceTree): (word: string) => boolean {
  const packed = packedOf.get(tree);
  if (packed === undefined) return () => true;
  const texts = new Set(packed.texts);
  return (word) => texts.has(word);
}

/** Cut out of the whole, where that is most of it; what is little is packed anew, without the texts of all the rest. */
function packedPart(tree: SourceTree, statements: readonly Statement[]): PackedTree | undefined {
  const whole = packedOf.get(tree);
  if (whole === undefined) return undefined;
  let length = headLength;
  const places = [];
  for (const statement of statements) {
    const origin = origins.get(statement);
    if (origin?.packed !== whole) return undefined;
    places.push(origin);
    length += origin.to - origin.from;
  }
  if (length * 2 < whole.bytes.length) return undefined;
  const bytes = new Uint8Array(length);
  putCount(bytes, 0, statements.length);
  let at = headLength;
  for (const { from, to } of places) {
    bytes.set(whole.bytes.subarray(from, to), at);
    at += to - from;
  }
  return { ...whole, bytes };
}

function write(writer: TreeWriter, statements: readonly Statement[]): void {
  for (const statement of statements) {
    const { block } = statement;
    writer.add(statement);
    if (block === undefined) continue;
    writer.open();
    write(writer, block);
    writer.close();
  }
}
