/** Reads netlink attributes by number without copying. Every length is checked: nothing beyond an attribute is ever read. */
import { readU16, readU32, readU64 } from '../linux/codec.js';

/** The kernel sent what cannot be. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

/** Attributes with higher numbers are of later kernels, and skipped. */
const most = 32;
const typeMask = 0x3fff;

export class Attributes {
  readonly #starts = new Int32Array(most).fill(-1);
  readonly #ends = new Int32Array(most);

  /** From `from` on: `from` is behind the fixed header of a message, 0 within a nested attribute. */
  constructor(
    private readonly data: Buffer,
    from = 0,
  ) {
    for (let at = from; at < data.length; ) {
      // Padding behind the last one is no attribute.
      if (data.length - at < 4) break;
      const length = readU16(data, at);
      if (length < 4 || at + length > data.length)
        throw new MalformedMessageError(`an attribute of ${length} bytes where ${data.length - at} are left`);
      const type = readU16(data, at + 2) & typeMask;
      if (type < most) {
        this.#starts[type] = at + 4;
        this.#ends[type] = at + length;
      }
      at += (length + 3) & ~3;
    }
  }

  has(type: number): boolean {
    return (this.#starts[type] ?? -1) >= 0;
  }

  nested(type: number): Attributes | undefined {
    const data = this.bytes(type, 0);
    return data && new Attributes(data);
  }

  /** At least `length` bytes; undefined where it is not there or shorter. */
  bytes(type: number, length: number): Buffer | undefined {
    const start = this.#starts[type] ?? -1;
    const end = this.#ends[type] ?? 0;
    return start < 0 || end - start < length ? undefined : this.data.subarray(start, end);
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

  #at(type: number, length: number): number {
    const start = this.#starts[type] ?? -1;
    return start >= 0 && (this.#ends[type] ?? 0) - start >= length ? start : -1;
  }
}

/** What an entry cannot do without. */
export function needed<Value>(what: string, value: Value | undefined): Value {
  if (value === undefined) throw new MalformedMessageError(`${what} is missing or too short`);
  return value;
}
