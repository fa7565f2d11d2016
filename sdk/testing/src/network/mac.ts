/** Hardware addresses as text and bytes. Used by frames, switches and the simulated kernel. */

import { macBytes, macText } from '@mainstay/sdk';

export { macBytes, macText };
export const broadcastMac = 'ff:ff:ff:ff:ff:ff';
/** True for broadcast too: the group bit of the first byte (IEEE 802). */
export function isGroupMac(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

/** A locally administered address, the same for the same host and link of every run. */
export function hostMac(host: number, link: number): string {
  return macText(Uint8Array.of(0x02, 0, 0, host >> 8, host & 255, link));
}
