/** Where the packets to an endpoint leave from, as the addon takes it. Pure; used by the ports beside this file. */
import type { Departure } from '@mainstay/pacemaker';
import { addressBytes, type Endpoint, familyOf } from '@mainstay/sdk';

export function departureOf({ address, link, mark, localAddress, localPort }: Omit<Endpoint, 'port'>): Departure {
  return {
    family: familyOf(address),
    link,
    mark,
    localAddress: localAddress === undefined ? undefined : addressBytes(localAddress),
    localPort,
  };
}

/** A socket that Node opens by itself would not do. */
export function isPrepared({ link, mark, localAddress, localPort }: Endpoint): boolean {
  return link !== undefined || (mark !== undefined && mark !== 0) || localAddress !== undefined || localPort !== undefined;
}
