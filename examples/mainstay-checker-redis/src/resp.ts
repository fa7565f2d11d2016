/**
 * The Redis serialization protocol, version 2, as much of it as a check needs: commands out, replies in. A server may be anything: every
 * length is checked, and a reply has bounds. Pure; called by check.ts.
 */

export type Reply =
  | { readonly kind: 'status'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'bulk'; readonly text: string | undefined }
  | { readonly kind: 'array'; readonly items: readonly Reply[] | undefined };

/** Of one reply. ROLE of a master names its replicas: some 300 of them fit. */
export const longestReply = 16_384;
const mostItems = 1000;
const deepest = 3;

/** What came is no reply of a Redis server. */
export class NotRedis extends Error {}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An array of bulk strings. */
export function encodeCommand(...words: readonly string[]): string {
  const text = words.map((word) => `$${encoder.encode(word).length}\r\n${word}\r\n`).join('');
  return `*${words.length}\r\n${text}`;
}

/** A reply at the beginning of `bytes` and where it ends; undefined where it goes on. Throws NotRedis. */
export function decodeReply(bytes: Uint8Array): { readonly reply: Reply; readonly end: number } | undefined {
  return new Decoder(bytes).reply(0, 0);
}

class Decoder {
  constructor(private readonly bytes: Uint8Array) {}

  reply(at: number, depth: number): { readonly reply: Reply; readonly end: number } | undefined {
    const line = this.#line(at);
    if (line === undefined) return undefined;
    const { text, end } = line;
    const rest = text.slice(1);
    switch (text[0]) {
      case '+':
        return { reply: { kind: 'status', text: rest }, end };
      case '-':
        return { reply: { kind: 'error', text: rest }, end };
      case ':':
        return { reply: { kind: 'integer', value: integer(rest, Number.MAX_SAFE_INTEGER) }, end };
      case '$':
        return this.#bulk(integer(rest, longestReply), end);
      case '*':
        return this.#array(integer(rest, mostItems), end, depth);
      default:
        throw new NotRedis(`a reply begins with ${JSON.stringify(text.slice(0, 40))}`);
    }
  }

  #line(at: number): { readonly text: string; readonly end: number } | undefined {
    const { bytes } = this;
    const end = bytes.indexOf(13, at);
    if (end === -1 || end + 1 >= bytes.length) {
      if (bytes.length >= longestReply) throw new NotRedis(`a reply has more than ${longestReply} bytes`);
      this.#refuseEarly(at);
      return undefined;
    }
    if (bytes[end + 1] !== 10) throw new NotRedis('a line ends with CR alone');
    return { text: decoder.decode(bytes.subarray(at, end)), end: end + 2 };
  }

  /** What cannot become a reply need not be waited for. */
  #refuseEarly(at: number): void {
    const first = this.bytes[at];
    if (first !== undefined && !'+-:$*'.includes(String.fromCharCode(first))) {
      throw new NotRedis(`a reply begins with ${JSON.stringify(decoder.decode(this.bytes.subarray(at, at + 40)))}`);
    }
  }

  #bulk(length: number, at: number): { readonly reply: Reply; readonly end: number } | undefined {
    if (length === -1) return { reply: { kind: 'bulk', text: undefined }, end: at };
    const end = at + length;
    if (end + 2 > longestReply) throw new NotRedis(`a reply has more than ${longestReply} bytes`);
    if (end + 2 > this.bytes.length) return undefined;
    if (this.bytes[end] !== 13 || this.bytes[end + 1] !== 10) throw new NotRedis('a string is longer than it says');
    return { reply: { kind: 'bulk', text: decoder.decode(this.bytes.subarray(at, end)) }, end: end + 2 };
  }

  #array(count: number, at: number, depth: number): { readonly reply: Reply; readonly end: number } | undefined {
    if (count === -1) return { reply: { kind: 'array', items: undefined }, end: at };
    if (depth >= deepest) throw new NotRedis(`a reply is nested more than ${deepest} deep`);
    const items: Reply[] = [];
    let end = at;
    while (items.length < count) {
      const item = this.reply(end, depth + 1);
      if (item === undefined) return undefined;
      items.push(item.reply);
      ({ end } = item);
    }
    return { reply: { kind: 'array', items }, end };
  }
}

/** -1 stands for nothing. */
function integer(text: string, most: number): number {
  const number = /^-?[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (number <= most && (number >= -1 || most === Number.MAX_SAFE_INTEGER)) return number;
  throw new NotRedis(`${JSON.stringify(text.slice(0, 40))} is no number that it may be`);
}
