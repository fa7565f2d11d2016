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
/** Where each statement of the top level begins in the bytes that a tree came in, and where the last one ends. */
const placesOf = new WeakMap<SourceTree, Uint32Array>();

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
  const { statements, places } = new TreeReader(packed).roots();
  const tree = { files: packed.files, statements };
  packedOf.set(tree, packed);
  placesOf.set(tree, places);
  return tree;
}

/** The tree with only those statements of the top level that have one of these keywords; all where nobody says. */
export function partOfTree(tree: SourceTree, keywords: ReadonlySet<string> | undefined): SourceTree {
  if (keywords === undefined) return tree;
  const kept = [...tree.statements.keys()].filter((i) => keywords.has(tree.statements[i]?.keyword.text ?? ''));
  if (kept.length === tree.statements.length) return tree;
  const part = { files: tree.files, statements: kept.map((i) => tree.statements[i] as Statement) };
  const packed = packedPart(tree, kept);
  if (packed !== undefined) packedOf.set(part, packed);
  return part;
}

/** Written alike, and at the same places. */
export function isSameTree(a: SourceTree, b: SourceTree): boolean {
  if (a === b) return true;
  const [one, other] = [packTree(a), packTree(b)];
  const hasText = (text: string, i: number) => text === other.texts[i];
  return Buffer.compare(one.bytes, other.bytes) === 0 && one.texts.length === other.texts.length && one.texts.every(hasText);
}

/** Whether a word may be anywhere in the tree: true where nobody can tell without looking through it. */
export function wordsOf(tree: SourceTree): (word: string) => boolean {
  const packed = packedOf.get(tree);
  if (packed === undefined) return () => true;
  const texts = new Set(packed.texts);
  return (word) => texts.has(word);
}

/** Cut out of the whole, where that is most of it; what is little is packed anew, without the texts of all the rest. */
function packedPart(tree: SourceTree, kept: readonly number[]): PackedTree | undefined {
  const whole = packedOf.get(tree);
  const places = placesOf.get(tree);
  if (whole === undefined || places === undefined) return undefined;
  const parts = kept.map((i) => whole.bytes.subarray(places[i], places[i + 1]));
  const length = parts.reduce((sum, part) => sum + part.length, headLength);
  if (length * 2 < whole.bytes.length) return undefined;
  const bytes = new Uint8Array(length);
  putCount(bytes, 0, kept.length);
  let at = headLength;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
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
