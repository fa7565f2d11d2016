/** Collects what a bind has to say, and hands out reporters for places. Secrets never get into it. Used by the binder. */
import type { Diagnostic, Reporter, Severity, SourcePosition } from '@mainstay/sdk';
import { printable } from '../printable.js';

/** Shorter ones would redact half of every sentence; the binder itself never quotes a secret. */
const shortestRedacted = 4;

export class Problems {
  readonly list: Diagnostic[] = [];
  /** How many of them are errors. */
  errors = 0;
  private readonly secrets = new Set<string>();

  add(severity: Severity, code: string, message: string, at: SourcePosition, hint?: string): void {
    if (severity === 'error') this.errors++;
    this.list.push({ severity, code, message, at, ...(hint !== undefined && { hint }) });
  }

  error(code: string, message: string, at: SourcePosition, hint?: string): void {
    this.add('error', code, message, at, hint);
  }

  /** From now on this text is blotted out of everything that is said, also what plugins say. */
  keepSecret(text: string): void {
    if (text.length >= shortestRedacted) this.secrets.add(text);
  }

  /** In what was said from index `from` on, whatever quotes one of `texts` gives way to `message`. */
  scrub(from: number, texts: readonly string[], message: string): void {
    for (let i = from; i < this.list.length; i++) {
      const d = this.list[i] as Diagnostic;
      const quotes = texts.some((text) => text !== '' && `${d.message} ${d.hint ?? ''}`.includes(text));
      if (quotes) this.list[i] = { severity: d.severity, code: d.code, message, at: d.at };
    }
  }

  /** Forgets what was said from index `from` on where `isKept` says so. */
  keep(from: number, isKept: (said: Diagnostic) => boolean): void {
    const kept = this.list.slice(from).filter(isKept);
    this.list.length = from;
    for (const one of kept) this.list.push(one);
    this.errors = this.list.reduce((count, { severity }) => count + (severity === 'error' ? 1 : 0), 0);
  }

  reporterAt(at: SourcePosition): Reporter {
    return {
      error: (code, message, hint) => this.add('error', code, message, at, hint),
      warning: (code, message, hint) => this.add('warning', code, message, at, hint),
    };
  }

  /** In the order of files, then of places; what was said first comes first at one place. The same is said once. */
  sorted(files: readonly string[]): readonly Diagnostic[] {
    const rank = new Map(files.map((file, i) => [file, i]));
    const rankOf = ({ at }: Diagnostic) => rank.get(at.file) ?? files.length;
    const unique = new Map(this.list.map((d) => [JSON.stringify([d.at, d.code, d.message]), this.redacted(d)]));
    return [...unique.values()].sort((a, b) => rankOf(a) - rankOf(b) || a.at.line - b.at.line || a.at.column - b.at.column);
  }

  private redacted(diagnostic: Diagnostic): Diagnostic {
    const { message, hint } = diagnostic;
    const clean = (said: string) => printable(this.blotted(said));
    return { ...diagnostic, message: clean(message), ...(hint !== undefined && { hint: clean(hint) }) };
  }

  private blotted(text: string): string {
    let result = text;
    for (const secret of this.secrets) result = result.replaceAll(secret, '(secret)');
    return result;
  }
}
