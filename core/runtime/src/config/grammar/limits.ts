/** Bounds of what the text of a configuration may make the reader do: a slip of the pen must not fill the memory. Used by reader.ts. */

export interface Limits {
  /** Logical lines after loops and definitions: somewhat more than keepalived's own largest example makes. */
  readonly lines: number;
  /** Characters that a line may grow to by substitution; keepalived's own lines end at 1023. */
  readonly lineLength: number;
  /** Characters of a line as it is written; a longer one is skipped. */
  readonly writtenLineLength: number;
  /** Substitutions within one line. */
  readonly substitutions: number;
  /** Loops and definitions within each other. */
  readonly depth: number;
  /** Files that include each other. */
  readonly includeDepth: number;
  /** Characters of all files together. */
  readonly characters: number;
  /** Characters of all lines that something was substituted in, once for each substitution. */
  readonly work: number;
}

export const defaultLimits: Limits = {
  lines: 1_250_000,
  lineLength: 16_384,
  writtenLineLength: 65_536,
  substitutions: 1000,
  depth: 64,
  includeDepth: 32,
  characters: 256 << 20,
  work: 400_000_000,
};

/** keepalived skips a line that is longer, its end included. */
export const keepalivedLineBytes = 1023;
