/** What the configuration pipeline and plugins say about a configuration: every message has a code and a position. */
import { formatPosition, type SourcePosition } from './source.js';

/** `error` refuses the configuration (`mainstay check` fails, `run` does not start or reload); `warning` is said and lived with. */
export type Severity = 'error' | 'warning';

export interface Diagnostic {
  readonly severity: Severity;
  /** Stable identifier such as `CONFIG_UNKNOWN_KEYWORD`; never reused for another meaning. */
  readonly code: string;
  /** What is wrong and what it means for the service. */
  readonly message: string;
  readonly at: SourcePosition;
  /** What to do; `did you mean "..."?` where a name looks misspelt. */
  readonly hint?: string;
}

/** Reports problems at one place of the configuration. */
export interface Reporter {
  error(code: string, message: string, hint?: string): void;
  warning(code: string, message: string, hint?: string): void;
}

/** `file:line:column: error: message (hint) [CODE]` */
export function formatDiagnostic(d: Diagnostic): string {
  const hint = d.hint === undefined ? '' : ` (${d.hint})`;
  return `${formatPosition(d.at)}: ${d.severity}: ${d.message}${hint} [${d.code}]`;
}
