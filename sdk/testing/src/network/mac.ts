/** Hardware addresses as text and bytes. Used by frames, switches and the simulated kernel. */

export const broadcastMac = 'ff:ff:ff:ff:ff:ff';
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function macBytes(mac: string): Uint8Array {
  const bytes = Uint8Array.from(mac.split(':'), (part) => Number.parseInt(part, 16));
  if (bytes.length !== 6) throw new RangeError(`"${mac}" is not a hardware address`);
  return bytes;
}

export function macText(bytes: Uint8Array, offset = 0): string {
  let text = hex[bytes[offset] ?? 0] ?? '';
  for (let i = 1; i < 6; i++) text += `:${hex[bytes[offset + i] ?? 0]}`;
  return text;
}

/** True for broadcast too: the group bit of the first byte (IEEE 802). */
export function isGroupMac(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

/** A locally administered address, the same for the same host and link of every run. */
export function hostMac(host: number, link: number): string {
  return macText(Uint8Array.of(0x02, 0, 0, host >> 8, host & 255, link));
}
