/** One line of configuration text whose every character knows its place in the file, also after substitutions. Used by the grammar. */
import type { SourcePosition } from '@mainstay/sdk';

export class Line {
  private constructor(
    readonly file: string,
    readonly number: number,
    readonly text: string,
    /** Column of each character, from 1; one more entry for the end. */
    private readonly columns: readonly number[],
  ) {}

  static of(file: string, number: number, text: string): Line {
    return new Line(
      file,
      number,
      text,
      Array.from({ length: text.length + 1 }, (_, i) => i + 1),
    );
  }

  /** Text that was not written here but is used here: every character stands at `at`. */
  static usedAt(at: SourcePosition, text: string): Line {
    return new Line(at.file, at.line, text, new Array<number>(text.length + 1).fill(at.column));
  }

  at(index: number): SourcePosition {
    const column = this.columns[Math.max(0, Math.min(index, this.text.length))] ?? 1;
    return { file: this.file, line: this.number, column };
  }

  get isBlank(): boolean {
    return this.text.trim() === '';
  }

  slice(start: number, end = this.text.length): Line {
    return new Line(this.file, this.number, this.text.slice(start, end), this.columns.slice(start, end + 1));
  }

  trim(): Line {
    const start = this.text.length - this.text.trimStart().length;
    return this.slice(start, Math.max(start, this.text.trimEnd().length));
  }

  /** Replaces a part; the new characters stand where the part began. */
  replace(start: number, end: number, text: string): Line {
    const column = this.columns[start] ?? 1;
    const columns = [...this.columns.slice(0, start), ...new Array<number>(text.length).fill(column), ...this.columns.slice(end)];
    return new Line(this.file, this.number, this.text.slice(0, start) + text + this.text.slice(end), columns);
  }
}
