/** The timer formulas of VRRP (RFC 3768 section 6.1, RFC 9568 section 6.1). All values in milliseconds. Used by machine.ts. */

/** v2: (256 - priority) / 256 seconds, whatever the interval. v3: (256 - priority) x the master's interval / 256. */
export function skewTime(version: 2 | 3, priority: number, masterIntervalMs: number): number {
  return ((256 - priority) * (version === 2 ? 1000 : masterIntervalMs)) / 256;
}

/** `downAdverts` (3 in the RFCs) missed advertisements plus the skew time. */
export function masterDownInterval(version: 2 | 3, priority: number, masterIntervalMs: number, downAdverts: number): number {
  return downAdverts * masterIntervalMs + skewTime(version, priority, masterIntervalMs);
}

/** In place of the interval in the skew of a hint. */
const hintMs = 20;

/**
 * How long a backup that was told that its master is dead waits for those of higher priority: the skew time of the RFCs, with 20 ms for the
 * interval. Detections of two backups may lie further apart than that; then the higher one takes over from the lower.
 */
export function hintSkewTime(priority: number): number {
  return ((256 - priority) * hintMs) / 256;
}
