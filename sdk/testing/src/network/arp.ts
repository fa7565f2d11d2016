/** ARP for IPv4 over Ethernet (RFC 826). Used by the simulated kernel's neighbour cache. */
import { addressBytes, formatAddress } from '@mainstay/sdk';
import { macBytes, macText } from './mac.js';

export interface ArpMessage {
  readonly operation: 'request' | 'reply';
  readonly senderMac: string;
  readonly senderAddress: string;
  readonly targetMac: string;
  readonly targetAddress: string;
}

export function encodeArp(message: ArpMessage): Uint8Array {
  const bytes = new Uint8Array(28);
  bytes.set([0, 1, 8, 0, 6, 4, 0, message.operation === 'request' ? 1 : 2]);
  bytes.set(macBytes(message.senderMac), 8);
  bytes.set(addressBytes(message.senderAddress), 14);
  bytes.set(macBytes(message.targetMac), 18);
  bytes.set(addressBytes(message.targetAddress), 24);
  return bytes;
}

/** Undefined for anything but a request or reply for IPv4 over Ethernet. */
export function decodeArp(bytes: Uint8Array): ArpMessage | undefined {
  const header = [0, 1, 8, 0, 6, 4, 0];
  const operation = bytes[7];
  if (bytes.length < 28 || header.some((byte, i) => bytes[i] !== byte)) return undefined;
  if (operation !== 1 && operation !== 2) return undefined;
  return {
    operation: operation === 1 ? 'request' : 'reply',
    senderMac: macText(bytes, 8),
    senderAddress: formatAddress(bytes.subarray(14, 18)),
    targetMac: macText(bytes, 18),
    targetAddress: formatAddress(bytes.subarray(24, 28)),
  };
}
