/** One line of configuration text whose every character knows its place in the file, also after substitutions. Used by the grammar. */
import type { SourcePosition } from '@mainstay/sdk';

export class Line {
  private constructor(
    readonly file: string,
    readonly number: number,
    readonly text: string,
    /** Column of the first character. */
    private readonly first: number,
    /** Column of each character and of the end; undefined: they follow each other. Substituted lines are few, long files many. */
    private readonly columns?: readonly number[],
  ) {}

  static of(file: string, number: number, text: string): Line {
    return new Line(file, number, text, 1);
  }

  /** Text that was not written here but is used here: every character stands at `at`. */
  static usedAt(at: SourcePosition, text: string): Line {
    return new Line(at.file, at.line, text, at.column, new Array<number>(text.length + 1).fill(at.column));
  }

  /** Text that begins at `at` and goes on from there. */
  static from(at: SourcePosition, text: string): Line {
    return new Line(at.file, at.line, text, at.column);
  }

  at(index: number): SourcePosition {
    return { file: this.file, line: this.number, column: this.column(Math.max(0, Math.min(index, this.text.length))) };
  }

  get isBlank(): boolean {
    return this.text.trim() === '';
  }

  slice(start: number, end = this.text.length): Line {
    if (start === 0 && end === this.text.length) return this;
    const columns = this.columns?.slice(start, end + 1);
    return new Line(this.file, this.number, this.text.slice(start, end), this.column(start), columns);
  }

  trim(): Line {
    const start = this.text.length - this.text.trimStart().length;
    return this.slice(start, Math.max(start, this.text.trimEnd().length));
  }

  /** Replaces a part; the new characters stand where the part began. */
  replace(start: number, end: number, text: string): Line {
    const columns: number[] = [];
    for (let i = 0; i < start; i++) columns.push(this.column(i));
    for (let i = 0; i < text.length; i++) columns.push(this.column(start));
    for (let i = end; i <= this.text.length; i++) columns.push(this.column(i));
    return new Line(this.file, this.number, this.text.slice(0, start) + text + this.text.slice(end), columns[0] ?? 1, columns);
  }

  /** Without the characters at these offsets, which ascend; those behind them keep their places, but take over that of a dropped one. */
  without(offsets: readonly number[]): Line {
    if (offsets.length === 0) return this;
    const pieces: string[] = [];
    const columns: number[] = [];
    let from = 0;
    for (const offset of [...offsets, this.text.length]) {
      pieces.push(this.text.slice(from, offset));
      for (let i = from; i < offset; i++) columns.push(this.column(i > 0 && i === from ? i - 1 : i));
      from = offset + 1;
    }
    columns.push(this.column(this.text.length));
    return new Line(this.file, this.number, pieces.join(''), columns[0] ?? this.first, columns);
  }

  /** Offsets in a part at which columns do not simply follow the one before, each with its column; undefined: there are none. */
  jumps(start: number, end: number): readonly (readonly [offset: number, column: number])[] | undefined {
    if (this.columns === undefined) return undefined;
    const found: [number, number][] = [];
    for (let i = start + 1; i < end; i++) {
      if (this.column(i) !== this.column(i - 1) + 1) found.push([i - start, this.column(i)]);
    }
    return found.length === 0 ? undefined : found;
  }

  private column(index: number): number {
    return this.columns === undefined ? this.first + index : (this.columns[index] ?? this.first);
  }
}
