/** What the Linux ports rely on in the codecs of the npm package netlink, and the defects that they go around. Pure. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { describe, it } from 'mocha';

interface Attribute {
  readonly type: number;
  readonly data: Buffer;
}
interface Structs {
  parseMessages(bytes: Buffer): { type: number; flags: number; seq: number; port: number; data: Buffer }[];
  formatMessage(message: { type: number; flags: number; seq: number; port: number; data: Uint8Array }): Uint8Array[];
  parseAttributes(bytes: Buffer, each: (attribute: Attribute) => void): void;
  AttrStream: new () => { readonly bufs: Uint8Array[]; emit(data: Uint8Array): void; push(type: number, data: Uint8Array): void };
  padding(length: number): number;
}
interface RtStructs {
  parseAddressAttrs(bytes: Buffer): Readonly<Record<string, unknown>>;
}

const require = createRequire(new URL('../../../core/runtime/package.json', import.meta.url));
const structs = require('netlink/dist/structs.js') as Structs;
const rt = require('netlink/dist/rt/structs.js') as RtStructs;

function stream(...attributes: readonly (readonly [number, Uint8Array])[]): Buffer {
  const out = new structs.AttrStream();
  for (const [type, data] of attributes) out.push(type, data);
  return Buffer.concat(out.bufs);
}

describe('codecs of netlink 0.3', () => {
  it('formats a message with its length, type, flags and sequence number in host order', () => {
    const bytes = Buffer.concat(structs.formatMessage({ type: 20, flags: 5, seq: 9, port: 0, data: Buffer.alloc(8) }));
    const read = endianness() === 'LE' ? bytes.readUInt32LE(0) : bytes.readUInt32BE(0);
    assert.equal(read, 24);
    assert.deepEqual(structs.parseMessages(bytes), [{ type: 20, flags: 5, seq: 9, port: 0, data: Buffer.alloc(8) }]);
  });

  it('parses several messages of one datagram, padded to four bytes', () => {
    const one = structs.formatMessage({ type: 20, flags: 0, seq: 1, port: 0, data: Buffer.alloc(5) });
    const two = structs.formatMessage({ type: 21, flags: 0, seq: 2, port: 0, data: Buffer.alloc(0) });
    const datagram = Buffer.concat([...one, Buffer.alloc(3), ...two]);
    assert.deepEqual(
      structs.parseMessages(datagram).map(({ seq, data }) => [seq, data.length]),
      [
        [1, 5],
        [2, 0],
      ],
    );
  });

  it('throws at a message that claims more than there is', () => {
    const bytes = Buffer.concat(structs.formatMessage({ type: 20, flags: 0, seq: 1, port: 0, data: Buffer.alloc(8) }));
    assert.throws(() => structs.parseMessages(bytes.subarray(0, 20)));
  });

  it('aligns each attribute to four bytes, but not the end', () => {
    const bytes = stream([1, Uint8Array.of(1)], [2, Uint8Array.of(2, 3)]);
    assert.equal(bytes.length, 8 + 6);
    assert.equal(structs.padding(bytes.length), 2);
    const seen: [number, number][] = [];
    structs.parseAttributes(bytes, ({ type, data }) => seen.push([type, data.length]));
    assert.deepEqual(seen, [
      [1, 1],
      [2, 2],
    ]);
  });

  it('loses attributes that it does not know in its object parsers: why they are read by number', () => {
    const bytes = stream([2, Uint8Array.of(10, 0, 0, 1)], [11, Uint8Array.of(18)]);
    assert.deepEqual(Object.keys(rt.parseAddressAttrs(bytes)), ['local']);
  });
});
