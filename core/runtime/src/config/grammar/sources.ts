/** Where lines come from: files, definitions of several lines, and loops. The reader keeps them on a stack. Used by reader.ts. */
import { dirname, resolve } from 'node:path';
import type { SourcePosition } from '@mainstay/sdk';
import { type IncludePolicy, identityOf } from './include.js';
import { Line } from './line.js';
import type { Rounds } from './loops.js';

export interface Source {
  /** How many definitions and loops it comes out of. */
  readonly depth: number;
  /** Set for the lines of a file. */
  readonly file?: FileSource;
  /** Files to read before the next line, one after another. */
  readonly include?: ToInclude[];
  next(): Line | undefined;
}

export interface ToInclude {
  readonly file: string;
  readonly isStrict: boolean;
  /** Of the name in the `include`. */
  readonly at: SourcePosition;
}

export class FileSource implements Source {
  readonly depth = 0;
  readonly file = this;
  /** `${_PWD}`, and where relative includes begin. */
  readonly folder: string;
  private readonly text: string;
  private readonly lineEnd = /\r\n|\n|\r/g;
  private readonly hasReturns: boolean;
  /** Where the next line begins; undefined: there is none. */
  private offset: number | undefined = 0;
  private count = 0;
  private known: string | undefined;

  constructor(
    text: string,
    readonly name: string,
    /** The including file's policy, in force again after this one. */
    readonly policyBefore: IncludePolicy,
  ) {
    this.folder = dirname(resolve(name));
    this.text = text.replace(/^\ufeff/, '');
    this.hasReturns = this.text.includes('\r');
  }

  /** The same for all names of the file; a text that is no file is known by the name it was given. */
  get identity(): string {
    this.known ??= identityOr(this.name);
    return this.known;
  }

  next(): Line | undefined {
    const text = this.nextText();
    return text === undefined ? undefined : Line.of(this.name, this.count, text);
  }

  /** The same, without an object around it. */
  nextText(): string | undefined {
    const start = this.offset;
    if (start === undefined) return undefined;
    this.count++;
    if (this.hasReturns) {
      this.lineEnd.lastIndex = start;
      const match = this.lineEnd.exec(this.text);
      this.offset = match === null ? undefined : this.lineEnd.lastIndex;
      return this.text.slice(start, match?.index);
    }
    const end = this.text.indexOf('\n', start);
    this.offset = end < 0 ? undefined : end + 1;
    return this.text.slice(start, end < 0 ? undefined : end);
  }

  /** Of the line that was taken last. */
  get number(): number {
    return this.count;
  }
}

/** The lines of a definition after its first. */
export class ListSource implements Source {
  private index = 0;
  constructor(
    private readonly lines: readonly Line[],
    readonly depth: number,
  ) {}
  next(): Line | undefined {
    return this.lines[this.index++];
  }
}

/** One line for each round of a loop; its variables are set just before. */
export class LoopSource implements Source {
  private readonly rounds: Iterator<Readonly<Record<string, string>>>;
  constructor(
    rounds: Rounds,
    private readonly body: Line,
    private readonly define: (name: string, lines: readonly string[]) => void,
    readonly depth: number,
  ) {
    this.rounds = rounds[Symbol.iterator]();
  }
  next(): Line | undefined {
    const round = this.rounds.next();
    if (round.done === true) return undefined;
    for (const [name, value] of Object.entries(round.value)) this.define(name, [value]);
    return this.body;
  }
}

function identityOr(name: string): string {
  try {
    return identityOf(name);
  } catch {
    return resolve(name);
  }
}
