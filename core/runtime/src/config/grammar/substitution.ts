/**
 * One line while it is worked off from the left: what was taken is gone, what stands next has its definitions put in only when
 * it is its turn, because what stands before it may define them anew. Used by reader.ts.
 */
import type { SourcePosition } from '@mainstay/sdk';
import type { BraceError } from './blocks.js';
import type { Limits } from './limits.js';
import { Line } from './line.js';
import type { Scope, Use } from './scope.js';

export class Substitution {
  /** What of the line is still to be worked off. */
  line: Line;
  /** Why the rest of the line cannot be read. */
  problem: BraceError | undefined;
  /** Further lines of a definition of several lines, to be read after this one. */
  readonly following: Line[] = [];
  /** Characters written by substitutions. */
  work = 0;
  /** Characters from the left in which nothing is left to substitute. */
  private done = 0;
  private count = 0;

  constructor(
    line: Line,
    private readonly scope: Scope,
    private readonly folder: string,
    private readonly limits: Limits,
    /** False: this line comes out of so many definitions and loops that another one would have no end. */
    private readonly mayNest: boolean,
  ) {
    this.line = line;
  }

  take(length: number): Line {
    const taken = this.line.slice(0, length);
    this.line = this.line.slice(length);
    this.done = Math.max(0, this.done - length);
    return taken;
  }

  /** Drops blanks at the beginning. */
  trim(): this {
    this.take(this.line.text.length - this.line.text.trimStart().length);
    return this;
  }

  /**
   * Substitutes up to `end`; true when that changed the line. Stops after a definition at the very beginning: it may be a
   * condition, a loop or another definition, and the rest of the line is then for that to judge.
   */
  substituteTo(end: number): boolean {
    if (this.done >= end) return false;
    let to = end;
    let isChanged = false;
    // Again from the beginning until nothing changes: what was put in may complete a name, as in ${IP_${N}}.
    for (let isNew = true; isNew; ) {
      isNew = false;
      for (let use = this.next(this.done, to); use !== undefined; use = this.next(use.start, to)) {
        to += this.put(use);
        if (this.problem !== undefined) return false;
        if (use.start === 0) return true;
        isNew = true;
      }
      isChanged ||= isNew;
    }
    this.done = to;
    return isChanged;
  }

  /** Substitutes everything up to `end`, where only one line can stand; false: it cannot be read. */
  substituteAll(end: number): boolean {
    let to = end;
    for (let use = this.next(0, to); use !== undefined; use = this.next(0, to)) {
      if (use.value.length > 1) this.refuse('a definition of several lines cannot stand here', this.line.at(use.start));
      else to += this.put(use);
      if (this.problem !== undefined) return false;
    }
    return true;
  }

  private next(from: number, to: number): Use | undefined {
    return this.scope.next(this.line.text, from, to, this.folder);
  }

  /** Answers by how much the line grew. */
  private put({ start, end, value }: Use): number {
    const at = this.line.at(start);
    const [first = '', ...more] = value;
    if (more.length > 0 && this.line.text.slice(end).trim() !== '') {
      this.refuse('a definition of several lines must be the last thing on its line', this.line.at(end));
      return 0;
    }
    if (more.length > 0 && !this.mayNest) {
      this.problem = nestedWithoutEnd(at);
      return 0;
    }
    this.following.unshift(...more.map((text) => Line.usedAt(at, text)));
    this.line = this.line.replace(start, end, first);
    this.work += this.line.text.length;
    if (++this.count > this.limits.substitutions || this.line.text.length > this.limits.lineLength) {
      const hint = 'a definition must not use itself';
      this.problem = { code: 'CONFIG_ENDLESS_DEFINITION', message: 'the definitions used here expand without end', at, hint };
    }
    return first.length - (end - start);
  }

  private refuse(message: string, at: SourcePosition): void {
    this.problem = { code: 'CONFIG_BAD_DEFINITION', message, at, hint: 'put it on a line of its own' };
  }
}

export function nestedWithoutEnd(at: SourcePosition): BraceError {
  const message = 'definitions and loops are nested without end';
  return { code: 'CONFIG_LOOP_DEPTH', message, at, hint: 'a definition must not use itself' };
}
