/**
 * Lets this process send echo requests: the sysctl net.ipv4.ping_group_range names the groups that may, and on many systems none.
 * It is widened to this process's group, as keepalived widens it, and left so: other processes of the group may rely on it by then.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const path = '/proc/sys/net/ipv4/ping_group_range';

/** The range with this group in it. An empty one is written `1 0`. */
export function widened(text: string, group: number): string {
  const [low = 1, high = 0] = (text.match(/\d+/g) ?? []).map(Number);
  if (low > high) return `${group} ${group}`;
  return `${Math.min(low, group)} ${Math.max(high, group)}`;
}

/** False where that is not possible. */
export function admitThisProcess(): boolean {
  const group = process.getegid?.() ?? 0;
  try {
    writeFileSync(path, widened(readFileSync(path, 'utf8'), group));
    return true;
  } catch {
    return false;
  }
}
