/** Which address an instance's advertisements come from. Pure; called by instance.ts after each change of addresses. */
import { type InterfaceAddress, isLinkLocal } from '@mainstay/sdk';
import type { InstanceConfig } from './instance-config.js';

/**
 * The configured source, or the link's primary address: not a virtual one, unless this router owns it (RFC 3768 section
 * 5.2.1). IPv6 multicast needs the link-local address (RFC 9568 section 5.1.2.1); unicast one of the peers' scope.
 */
export function sourceAddress(config: InstanceConfig, link: number, all: readonly InterfaceAddress[]): string | undefined {
  if (config.source !== undefined && !config.trackSource) return config.source;
  const onLink = all.filter(
    (address) => address.link === link && address.family === config.family && address.isTentative !== true,
  );
  if (config.source !== undefined) return onLink.find(({ address }) => address === config.source)?.address;
  const peer = config.peers[0]?.address;
  const wantsLinkLocal = config.family === 6 && (peer === undefined || isLinkLocal(peer));
  const fitting = onLink.filter(({ address }) => config.family === 4 || isLinkLocal(address) === wantsLinkLocal);
  const virtual = new Set([...config.addresses, ...config.excluded].map(({ address }) => address));
  const primary = fitting.find((address) => !address.isOurs && !virtual.has(address.address));
  return (primary ?? fitting.find((address) => !address.isOurs && config.basePriority === 255))?.address;
}
