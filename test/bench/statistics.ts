/** Medians and percentiles of measured values. Pure; used by every benchmark. */

/** The value below which the given share (0 to 1) of the values lies: nearest rank, so that it is always one that was measured. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length - 1e-9));
  return sorted[Math.min(rank, sorted.length) - 1] ?? Number.NaN;
}

/** The middle value; the mean of the middle two when their number is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export function maximum(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((most, value) => Math.max(most, value));
}

/** Differences between neighbours of an ascending list. */
export function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, i) => time - (times[i] ?? time));
}

/** `value` in units of `reference`; undefined when there is nothing to compare, such as a reference of nothing. */
export function ratio(value: number | undefined, reference: number | undefined): number | undefined {
  if (value === undefined || reference === undefined || !Number.isFinite(value) || !Number.isFinite(reference)) return undefined;
  return reference <= 0 || value < 0 ? undefined : value / reference;
}

/** Skew_Time in milliseconds: RFC 3768 section 6.1 counts in seconds, RFC 9568 section 6.1 in intervals. */
export function skewTime(version: 2 | 3, intervalMs: number, priority: number): number {
  return ((256 - priority) / 256) * (version === 2 ? 1000 : intervalMs);
}

/** Master_Down_Interval (Active_Down_Interval) in milliseconds. */
export function masterDownInterval(version: 2 | 3, intervalMs: number, priority: number): number {
  return 3 * intervalMs + skewTime(version, intervalMs, priority);
}
