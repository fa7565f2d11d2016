/** What the reading of a configuration has to say; the same words at the same place are said once. Used by the grammar. */
import type { Diagnostic, Severity, SourcePosition } from '@mainstay/sdk';
import { printable } from '../printable.js';

export class Complaints {
  readonly list: Diagnostic[] = [];
  private readonly said = new Set<string>();

  add(severity: Severity, code: string, message: string, at: SourcePosition, hint?: string): undefined {
    const key = `${code}\0${at.file}\0${at.line}\0${at.column}\0${message}`;
    if (this.said.has(key)) return;
    this.said.add(key);
    this.list.push({ severity, code, message: printable(message), at, ...(hint !== undefined && { hint }) });
  }

  error(code: string, message: string, at: SourcePosition, hint?: string): undefined {
    this.add('error', code, message, at, hint);
  }

  warning(code: string, message: string, at: SourcePosition, hint?: string): undefined {
    this.add('warning', code, message, at, hint);
  }
}
