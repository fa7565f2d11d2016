/** The timer formulas of VRRP (RFC 3768 section 6.1, RFC 9568 section 6.1). All values in milliseconds. Used by machine.ts. */

/** v2: (256 - priority) / 256 seconds, whatever the interval. v3: (256 - priority) x the master's interval / 256. */
export function skewTime(version: 2 | 3, priority: number, masterIntervalMs: number): number {
  return ((256 - priority) * (version === 2 ? 1000 : masterIntervalMs)) / 256;
}

/** `downAdverts` (3 in the RFCs) missed advertisements plus the skew time. */
export function masterDownInterval(version: 2 | 3, priority: number, masterIntervalMs: number, downAdverts: number): number {
  return downAdverts * masterIntervalMs + skewTime(version, priority, masterIntervalMs);
}
