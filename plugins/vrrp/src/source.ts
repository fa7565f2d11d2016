/** Which address an instance's advertisements come from. Pure; called by instance.ts after changes of addresses. */
import { type AddressEvent, type InterfaceAddress, isLinkLocal } from '@mainstay/sdk';
import type { InstanceConfig } from './instance-config.js';

/**
 * The configured source, or the link's primary address: not a virtual one, unless this router owns it (RFC 3768 section
 * 5.2.1). IPv6 multicast needs the link-local address (RFC 9568 section 5.1.2.1); unicast one of the peers' scope.
 */
export function sourceAddress(config: InstanceConfig, link: number, all: readonly InterfaceAddress[]): string | undefined {
  const { source, family, basePriority } = config;
  if (source !== undefined && !config.trackSource) return source;
  const isUsable = (a: InterfaceAddress) => a.link === link && a.family === family && a.isTentative !== true;
  if (source !== undefined) return all.find((a) => a.address === source && isUsable(a))?.address;
  const peer = config.peers[0]?.address;
  const wantsLinkLocal = family === 6 && (peer === undefined || isLinkLocal(peer));
  let owned: string | undefined;
  // The first one fits as a rule: a link may have a thousand virtual addresses behind it.
  for (const candidate of all) {
    if (candidate.isOurs || !isUsable(candidate)) continue;
    if (family === 6 && isLinkLocal(candidate.address) !== wantsLinkLocal) continue;
    if (!isVirtual(config, candidate.address)) return candidate.address;
    if (basePriority === 255) owned ??= candidate.address;
  }
  return owned;
}

/** False where the event leaves `sourceAddress` as it is, so that it need not be asked again. */
export function mayChangeSource(config: InstanceConfig, source: string | undefined, { kind, address }: AddressEvent): boolean {
  if (address.family !== config.family) return false;
  if (config.source !== undefined) return config.trackSource && address.address === config.source;
  if (kind === 'removed') return address.address === source;
  if (kind === 'changed') return true;
  // What comes later stands behind what is there; only an owner prefers a real address that comes to its virtual one.
  return !address.isOurs && (source === undefined || config.basePriority === 255);
}

function isVirtual({ addresses, excluded }: InstanceConfig, address: string): boolean {
  return addresses.some((vip) => vip.address === address) || excluded.some((vip) => vip.address === address);
}
