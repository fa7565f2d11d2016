/** Builds an instance's advertisements, one packet for each destination. Used by pulse.ts. */
import type { PacedPacket } from '@mainstay/sdk';
import type { InstanceConfig } from './instance-config.js';
import { type ChecksumForm, encodeAdvert } from './packet.js';

/** "Internetwork control" precedence (RFC 791), as keepalived marks its advertisements. */
const trafficClass = 0xc0;
/** RFC 9568 section 5.1.1.3: proof that the packet was not forwarded. */
const multicastTtl = 255;

export function advertsOf(config: InstanceConfig, priority: number, source: string, form: ChecksumForm): readonly PacedPacket[] {
  const { version, virtualRouterId, advertIntervalMs: intervalMs, authType, password: authData } = config;
  const addresses = config.addresses.map(({ address }) => address);
  const advert = { version, virtualRouterId, priority, intervalMs, addresses, authType, authData };
  const destinations = config.isUnicast ? config.peers.map(({ address }) => address) : [config.group];
  const hopLimit = config.isUnicast ? config.unicastTtl : multicastTtl;
  return destinations.map((destination) => {
    const ends = { source, destination };
    return { ...ends, hopLimit, trafficClass, payload: encodeAdvert(advert, ends, form) };
  });
}
