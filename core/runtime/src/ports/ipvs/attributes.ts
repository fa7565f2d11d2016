/** Reads netlink attributes by number without copying. Every length is checked: nothing beyond an attribute is ever read. */
import { readU16, readU32, readU64 } from '../linux/codec.js';

/** The kernel sent what cannot be. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

const typeMask = 0x3fff;

export class Attributes {
  /** By threes: type, where its value begins, where it ends. So few that looking through them is the fastest. */
  readonly #places: number[] = [];

  /** Those from `from`, which is behind the fixed header of a message, to `to`. */
  constructor(
    private readonly data: Buffer,
    from = 0,
    to = data.length,
  ) {
    // Padding behind the last one is no attribute.
    for (let at = from; to - at >= 4; ) {
      const length = readU16(data, at);
      if (length < 4 || at + length > to)
        throw new MalformedMessageError(`an attribute of ${length} bytes where ${to - at} are left`);
      const type = readU16(data, at + 2) & typeMask;
      this.#places.push(type, at + 4, at + length);
      at += (length + 3) & ~3;
    }
  }

  has(type: number): boolean {
    return this.#place(type) >= 0;
  }

  nested(type: number): Attributes | undefined {
    const place = this.#place(type);
    return place < 0 ? undefined : new Attributes(this.data, this.#places[place + 1], this.#places[place + 2]);
  }

  /** At least `length` bytes; undefined where it is not there or shorter. */
  bytes(type: number, length: number): Buffer | undefined {
    const at = this.#at(type, length);
    return at < 0 ? undefined : this.data.subarray(at, this.#places[this.#place(type) + 2]);
  }

  u8(type: number): number | undefined {
    const at = this.#at(type, 1);
    return at < 0 ? undefined : this.data[at];
  }
  u16(type: number): number | undefined {
    const at = this.#at(type, 2);
    return at < 0 ? undefined : readU16(this.data, at);
  }
  be16(type: number): number | undefined {
    const at = this.#at(type, 2);
    return at < 0 ? undefined : this.data.readUInt16BE(at);
  }
  u32(type: number): number | undefined {
    const at = this.#at(type, 4);
    return at < 0 ? undefined : readU32(this.data, at);
  }
  u64(type: number): bigint | undefined {
    const at = this.#at(type, 8);
    return at < 0 ? undefined : readU64(this.data, at);
  }
  text(type: number): string | undefined {
    const data = this.bytes(type, 0);
    if (data === undefined) return undefined;
    const end = data.indexOf(0);
    return data.toString('utf8', 0, end < 0 ? data.length : end);
  }

  #place(type: number): number {
    const places = this.#places;
    for (let i = 0; i < places.length; i += 3) if (places[i] === type) return i;
    return -1;
  }

  /** Where its value begins; -1 where it is not there, or shorter. */
  #at(type: number, length: number): number {
    const place = this.#place(type);
    const start = this.#places[place + 1] ?? 0;
    return place >= 0 && (this.#places[place + 2] ?? 0) - start >= length ? start : -1;
  }
}

/** What an entry cannot do without. */
export function needed<Value>(what: string, value: Value | undefined): Value {
  if (value === undefined) throw new MalformedMessageError(`${what} is missing or too short`);
  return value;
}
