/** Text and bytes of hardware addresses (IEEE 802). Used by codecs of plugins, by ports and by the simulated network; pure. */

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const address = /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i;

/** Six bytes of `aa:bb:cc:dd:ee:ff`. Throws RangeError for anything else. */
export function macBytes(text: string): Uint8Array {
  if (!address.test(text)) throw new RangeError(`"${text}" is not a hardware address`);
  return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
}

/** `aa:bb:cc:dd:ee:ff`, of the six bytes from `offset` on; what is missing at the end counts as 0. */
export function macText(bytes: Uint8Array, offset = 0): string {
  let text = hex[bytes[offset] ?? 0] ?? '';
  for (let i = 1; i < 6; i++) text += `:${hex[bytes[offset + i] ?? 0]}`;
  return text;
}
