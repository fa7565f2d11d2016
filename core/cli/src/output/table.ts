/** Text tables for the terminal: columns as wide as their widest cell, two blanks between; and times in words. Pure. */

/** A cell from anybody's status: no control characters reach the terminal. */
export function clean(value: unknown): string {
  const text = typeof value === 'string' ? value : value === null || value === undefined ? '-' : JSON.stringify(value);
  return text.replace(/\p{Cc}/gu, '?');
}

export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [head, ...rows.map((row) => head.map((_, i) => clean(row[i])))];
  const widths = head.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return `${cells.map(line).join('\n')}\n`;
}

/** `3m 20s`, from milliseconds. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const units = [
    [86400, 'd'],
    [3600, 'h'],
    [60, 'm'],
    [1, 's'],
  ] as const;
  const start = units.findIndex(([size]) => seconds >= size);
  if (start < 0) return '0s';
  let left = seconds;
  const parts = units.slice(start, start + 2).map(([size, unit]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return `${count}${unit}`;
  });
  return parts.join(' ');
}

/** `2s ago`, `in 3s`, `now`: a moment as seen from another, both in milliseconds since the epoch. Anything else is shown as it is. */
export function moment(at: unknown, now: number): unknown {
  if (typeof at !== 'number' || !Number.isFinite(at)) return at;
  const seconds = Math.round((at - now) / 1000);
  if (seconds === 0) return 'now';
  return seconds < 0 ? `${duration(-seconds * 1000)} ago` : `in ${duration(seconds * 1000)}`;
}
