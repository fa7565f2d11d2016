/** Echo requests and replies (RFC 792, RFC 4443 section 4) without identifier and checksum, which the kernel fills in. Pure. */
import { randomFillSync } from 'node:crypto';
import type { Family } from '@mainstay/sdk';

const requests = { 4: 8, 6: 128 } as const;
const replies = { 4: 0, 6: 129 } as const;
const headerLength = 8;
/** Of the data, unlike in every other request: a late reply to another one is told apart, and nobody guesses it. */
const tokenLength = 16;
/** With its headers a request fills one IPv4 packet. */
export const mostData = 65_507;

export function echoRequest(family: Family, size: number): Buffer {
  const message = Buffer.alloc(headerLength + size);
  message[0] = requests[family];
  message.writeUInt16BE(1, 6);
  if (size > 0) randomFillSync(message, headerLength, Math.min(size, tokenLength));
  return message;
}

export function isReplyTo(family: Family, request: Buffer, message: Buffer): boolean {
  if (message.length !== request.length || message[0] !== replies[family] || message[1] !== 0) return false;
  // Sequence number and data; identifier and checksum are the kernel's.
  return message.compare(request, 6, request.length, 6) === 0;
}
