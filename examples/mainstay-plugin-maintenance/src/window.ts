/** When a maintenance window is open. Pure; asked by index.ts each time the priority is computed. */

export const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Day = (typeof days)[number];

export interface Window {
  /** Days on which the window begins; empty: every day. */
  readonly days: readonly Day[];
  /** Minutes after midnight. A window whose end is not after its begin goes on past midnight. */
  readonly from: number;
  readonly to: number;
}

/** A moment as a clock on the wall shows it. */
export interface WallTime {
  /** 0 (Sunday) to 6. */
  readonly day: number;
  /** Minutes after midnight. */
  readonly minute: number;
}

/** `at`: milliseconds since the epoch. */
export function wallTime(at: number, isUtc: boolean): WallTime {
  const date = new Date(at);
  return isUtc
    ? { day: date.getUTCDay(), minute: date.getUTCHours() * 60 + date.getUTCMinutes() }
    : { day: date.getDay(), minute: date.getHours() * 60 + date.getMinutes() };
}

export function isOpen(window: Window, { day, minute }: WallTime): boolean {
  const beginsOn = (d: number) => window.days.length === 0 || window.days.some((name) => days.indexOf(name) === d);
  if (window.from < window.to) return beginsOn(day) && minute >= window.from && minute < window.to;
  const yesterday = (day + 6) % 7;
  return (beginsOn(day) && minute >= window.from) || (beginsOn(yesterday) && minute < window.to);
}
