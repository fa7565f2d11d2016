/**
 * What a packed configuration is. A statement is a byte of flags, its keyword, the number of its arguments, these, its rest where that
 * is not told by them, and its block: its length, the number of its statements, these. Used by the files beside this one.
 */

export interface PackedTree {
  readonly files: readonly string[];
  /** Every text once. */
  readonly texts: readonly string[];
  /**
   * The number of statements of the top level, then these. Numbers are seven bits to a byte, the lowest first, with 128 on all but the
   * last; a word is the index of its text, doubled, and one more where it is quoted. Of its place, the line is told as the difference to
   * that of the place before, and the file only where it is another: a statement of the top level begins anew, in line 0 of no file.
   */
  readonly bytes: Uint8Array;
}

export const forms = [undefined, 'list', 'map', 'off'] as const;
/** Of the flags of a statement. `restIsWords`: its rest is its arguments with a blank between. `form`: where the index of the form begins. */
export const bits = { block: 1, jumps: 2, restIsWords: 4, form: 3 } as const;

/** The fewest bytes of a word, of a statement, and of a jump: a count that needs more than there are is none. */
export const least = { word: 3, statement: 7, jump: 2 } as const;
/** The deepest block: more than a configuration that can be read has. */
export const deepest = 1000;

/** Bytes that are no packed configuration: they were damaged on their way, or another version wrote them. */
export class PackedTreeError extends Error {
  override readonly name = 'PackedTreeError';

  constructor(at: number, what: string) {
    super(`the packed configuration is damaged, or of another version: at byte ${at} ${what}`);
  }
}

/** Counts and lengths of blocks are known late, so they have a place of their own: four bytes, the lowest first. */
export const countLength = 4;
/** The number of statements of the top level. */
export const headLength = countLength;

export function putCount(bytes: Uint8Array, at: number, count: number): void {
  bytes[at] = count;
  bytes[at + 1] = count >>> 8;
  bytes[at + 2] = count >>> 16;
  bytes[at + 3] = count >>> 24;
}

export function countAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}
