/**
 * The configuration as read from its files, before any meaning is given to it: statements with positions. keepalived.conf,
 * YAML, JSON and TypeScript all become this tree; core binds it against the schema that plugins contribute.
 */

/** A place in a source file. `line` and `column` count from 1; 0 where the format has no positions (TypeScript values). */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Word {
  readonly text: string;
  readonly at: SourcePosition;
  /** True when the word was written in quotes. */
  readonly quoted: boolean;
}

/** One statement: a keyword, its arguments on the same line, and its block where it has one. */
export interface Statement {
  readonly keyword: Word;
  readonly args: readonly Word[];
  /** The text after the keyword as written (substitutions done), for values with a lexer of their own such as commands. */
  readonly rest: string;
  /** Where `rest` begins. */
  readonly restAt: SourcePosition;
  /** Offsets in `rest` at which its columns do not go on one by one, because text was substituted, each with its column. */
  readonly restJumps?: readonly (readonly [offset: number, column: number])[];
  readonly block?: readonly Statement[];
  /**
   * How data (YAML, JSON, TypeScript) wrote the value where only the schema tells its meaning. `list`: the block holds the items.
   * `map`: the block holds an object's pairs. `off`: the value was false, and the one argument says so.
   */
  readonly form?: 'list' | 'map' | 'off';
}

export interface SourceTree {
  /** Files read, in order; the first is the main file. */
  readonly files: readonly string[];
  readonly statements: readonly Statement[];
}

/** `file:line:column`, or the file alone where the format has no positions. */
export function formatPosition(at: SourcePosition): string {
  return at.line > 0 ? `${at.file}:${at.line}:${at.column}` : at.file;
}
