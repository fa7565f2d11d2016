/** Which privileges the plugins in use need and this process lacks, in words. Used by daemon.ts before anything starts. */
import { readFileSync } from 'node:fs';
import type { PortName } from '@mainstay/sdk';
import type { LanePlan } from '../lanes/plan.js';

/** Bit numbers of capabilities(7). */
const capabilities = { NET_ADMIN: 12, NET_RAW: 13 } as const;
type Capability = keyof typeof capabilities;

/** Not by icmp: whether that needs one depends on a sysctl of the namespace, and the port says so (ports/sockets/icmp.ts). */
const neededBy: Readonly<Partial<Record<PortName, readonly Capability[]>>> = {
  addresses: ['NET_ADMIN'],
  routes: ['NET_ADMIN'],
  rawIp: ['NET_RAW'],
  linkLayer: ['NET_RAW'],
  pacemaker: ['NET_RAW'],
  firewall: ['NET_ADMIN'],
};

/** Effective capabilities of this process as a bit set; undefined where /proc does not tell. */
function effective(): bigint | undefined {
  try {
    const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return hex === undefined ? undefined : BigInt(`0x${hex}`);
  } catch {
    return undefined;
  }
}

/** `undefined` when nothing lacks. */
export function lackingFor(plans: readonly LanePlan[], have = effective()): string | undefined {
  if (have === undefined) return undefined;
  const plugins = plans.flatMap((plan) => plan.plugins);
  const needs = new Set(plugins.flatMap((plugin) => plugin.manifest.needs.flatMap((port) => neededBy[port] ?? [])));
  const lacking = [...needs].filter((name) => ((have >> BigInt(capabilities[name])) & 1n) === 0n);
  if (lacking.length === 0) return undefined;
  const who = plugins.filter((p) => p.manifest.needs.some((port) => neededBy[port]?.some((name) => lacking.includes(name))));
  const names = lacking.map((name) => `CAP_${name}`).join(' and ');
  return `${who.map((p) => p.name).join(', ')} cannot work without ${names}: run it as root, or with these capabilities in the unit file`;
}
