/**
 * Writes netlink messages one behind the other into one buffer that it keeps, attributes by number. Everything in netlink is aligned
 * to four bytes and in the order of the host, so numbers are stored through typed arrays. Used by the formats beside this file.
 */

/** Longer than any message of ours: names are bounded, everything else is of a fixed size. */
const longestMessage = 1024;
const nested = 0x8000;

export class MessageWriter {
  #bytes = new Uint8Array(64 * longestMessage);
  #halves = new Uint16Array(this.#bytes.buffer);
  #words = new Uint32Array(this.#bytes.buffer);
  #start = 0;
  #at = 0;

  /** Header of a message of generic netlink. */
  begin(type: number, flags: number, seq: number, command: number, version: number): void {
    this.#room();
    const word = this.#at >> 2;
    this.#start = this.#at;
    this.#halves[word * 2 + 2] = type;
    this.#halves[word * 2 + 3] = flags;
    this.#words[word + 2] = seq;
    this.#words[word + 3] = 0;
    this.#words[word + 4] = 0;
    this.#bytes[this.#at + 16] = command;
    this.#bytes[this.#at + 17] = version;
    this.#at += 20;
  }

  end(): void {
    this.#words[this.#start >> 2] = this.#at - this.#start;
  }

  /** Takes the message that was begun back. */
  abandon(): void {
    this.#at = this.#start;
  }

  /** Begins a nested attribute; answers what `close` wants. */
  open(type: number): number {
    const at = this.#at;
    this.#halves[(at >> 1) + 1] = type | nested;
    this.#at += 4;
    return at;
  }
  close(opened: number): void {
    this.#halves[opened >> 1] = this.#at - opened;
  }

  u8(type: number, value: number): void {
    this.#words[(this.#head(type, 1) + 4) >> 2] = 0;
    this.#bytes[this.#at - 4] = value;
  }
  u16(type: number, value: number): void {
    const at = this.#head(type, 2);
    this.#words[(at + 4) >> 2] = 0;
    this.#halves[(at + 4) >> 1] = value;
  }
  /** In network order: ports. */
  be16(type: number, value: number): void {
    const at = this.#head(type, 2);
    this.#words[(at + 4) >> 2] = 0;
    this.#bytes[at + 4] = value >> 8;
    this.#bytes[at + 5] = value;
  }
  u32(type: number, value: number): void {
    this.#words[(this.#head(type, 4) + 4) >> 2] = value;
  }
  pair(type: number, first: number, second: number): void {
    const word = (this.#head(type, 8) + 4) >> 2;
    this.#words[word] = first;
    this.#words[word + 1] = second;
  }
  /** Bytes, filled up with zeros to `length`. */
  bytes(type: number, value: Uint8Array, length = value.length): void {
    const at = this.#head(type, length);
    this.#bytes.fill(0, at + 4, this.#at);
    this.#bytes.set(value, at + 4);
  }
  /** Zero-terminated. */
  text(type: number, value: string): void {
    const bytes = Buffer.from(value, 'utf8');
    this.bytes(type, bytes, bytes.length + 1);
  }

  /** What was written since the last time; valid until the next message. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#at = 0;
    return taken;
  }

  /** Answers where the attribute begins, and moves on to the next. */
  #head(type: number, length: number): number {
    const at = this.#at;
    this.#halves[at >> 1] = length + 4;
    this.#halves[(at >> 1) + 1] = type;
    this.#at = (at + 4 + length + 3) & ~3;
    return at;
  }

  #room(): void {
    if (this.#at + longestMessage <= this.#bytes.length) return;
    const bytes = new Uint8Array(this.#bytes.length * 2);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#halves = new Uint16Array(bytes.buffer);
    this.#words = new Uint32Array(bytes.buffer);
  }
}
