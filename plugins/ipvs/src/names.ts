/** What services, destinations and servers are called: in log messages, and as keys of maps. In the manner of ipvsadm(8). Pure. */
import { familyOf, type IpvsDestinationId, type IpvsServiceId } from '@mainstay/sdk';

/** Of a text that is kept for each of a hundred thousand servers: `join` makes one string, a template a tree of its parts. */
export function endpointText(address: string, port: number): string {
  return familyOf(address) === 6 ? `[${address}]:${port}` : [address, port].join(':');
}

/** `TCP 192.0.2.1:80`, `FWM 10`, `FWM 10 IPv6`. */
export function serviceText(id: IpvsServiceId): string {
  if ('fwmark' in id) return `FWM ${id.fwmark}${id.family === 6 ? ' IPv6' : ''}`;
  return `${id.protocol.toUpperCase()} ${endpointText(id.address, id.port)}`;
}

/** `10.0.0.1:80`. */
export function destinationText({ address, port }: IpvsDestinationId): string {
  return endpointText(address, port);
}
