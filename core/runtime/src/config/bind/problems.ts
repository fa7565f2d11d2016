/** Collects what a bind has to say, and hands out reporters for places. Used by the binder. */
import type { Diagnostic, Reporter, Severity, SourcePosition } from '@mainstay/sdk';

export class Problems {
  readonly list: Diagnostic[] = [];

  add(severity: Severity, code: string, message: string, at: SourcePosition, hint?: string): void {
    this.list.push({ severity, code, message, at, ...(hint !== undefined && { hint }) });
  }

  error(code: string, message: string, at: SourcePosition, hint?: string): void {
    this.add('error', code, message, at, hint);
  }

  reporterAt(at: SourcePosition): Reporter {
    return {
      error: (code, message, hint) => this.add('error', code, message, at, hint),
      warning: (code, message, hint) => this.add('warning', code, message, at, hint),
    };
  }

  get hasErrors(): boolean {
    return this.list.some(({ severity }) => severity === 'error');
  }

  /** In the order of files, then of places; what was said first comes first at one place. */
  sorted(files: readonly string[]): readonly Diagnostic[] {
    const rank = (d: Diagnostic) => files.indexOf(d.at.file);
    return [...this.list].sort((a, b) => rank(a) - rank(b) || a.at.line - b.at.line || a.at.column - b.at.column);
  }
}
