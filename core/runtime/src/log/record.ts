/** What everything in the daemon logs: one record. Made in the lanes and in the supervisor, written by log/logger.ts. */

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogRecord {
  readonly level: LogLevel;
  /** Name of the plugin that speaks; `mainstay` for the daemon itself, `lane:NAME` for what a lane printed. */
  readonly plugin: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Wall-clock time, milliseconds since the epoch. */
  readonly at: number;
}

/** True where a record of `level` is wanted at the threshold `least`. */
export function isLoud(level: LogLevel, least: LogLevel): boolean {
  return logLevels.indexOf(level) <= logLevels.indexOf(least);
}
