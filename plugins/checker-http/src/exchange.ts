/** One request and its answer over a connection, within bounds of memory. Used by check.ts and genhash.ts. */
import type { Connection } from '@mainstay/sdk';
import { type ResponseHead, ResponseReader } from './response.js';

export interface Answer {
  readonly head: ResponseHead;
  /** Octets of its body that were read. */
  readonly octets: number;
  /** What is missing of it, because the connection ended early. */
  readonly missing?: string;
  /** The body is longer than what was to be read of it. */
  readonly isLonger: boolean;
  /** The head in Latin-1, octet for octet, where all of it begins with that; undefined behind interim answers. */
  readonly rawHead: string | undefined;
  /** Octets of all of it, heads among them, and whether it ended with the connection. */
  readonly length: number;
  readonly isEnded: boolean;
}

/** The connection ended, or broke, before there was a status. */
export class NoAnswer extends Error {}

/** Octets that are given to `body` between two questions for a pause. */
const longestPiece = 2048;

export interface ExchangeOptions {
  /** Octets of the body that `body` gets at most. */
  readonly limit: number;
  /** Gets the body in pieces. */
  readonly body: (bytes: Uint8Array) => void;
  /** Asked before each piece; what it answers is waited for. */
  readonly pause?: () => Promise<void> | undefined;
}

/** Throws NoAnswer, NotHttp, what `body` and `pause` throw, and the errors of the connection. Leaves the connection to the caller. */
export async function exchange(
  connection: Connection,
  request: string,
  { limit, body, pause }: ExchangeOptions,
): Promise<Answer> {
  let octets = 0;
  const reader = new ResponseReader((bytes) => {
    const wanted = bytes.subarray(0, Math.max(0, limit - octets));
    octets += bytes.length;
    if (wanted.length > 0) body(wanted);
  });
  // A server may answer and close without having read: then the answer counts, not what became of the request.
  let refusal: unknown;
  connection.write(request).catch((error: unknown) => {
    refusal = error;
  });
  let missing: string | undefined;
  let isEnded = false;
  while (!reader.isComplete && octets <= limit) {
    const bytes = await connection.read();
    if (bytes === undefined) {
      isEnded = true;
      missing = reader.end();
      break;
    }
    for (let at = 0; at < bytes.length; at += longestPiece) {
      const paused = pause?.();
      if (paused !== undefined) await paused;
      reader.push(bytes.subarray(at, at + longestPiece));
    }
  }
  const { head } = reader;
  if (head === undefined) throw refusal ?? new NoAnswer(`the connection ended; of the answer ${missing} is missing`);
  const { rawOpening: rawHead, octets: length } = reader;
  const whole = { head, octets: Math.min(octets, limit), isLonger: octets > limit, rawHead, length, isEnded };
  return missing === undefined ? whole : { ...whole, missing };
}
