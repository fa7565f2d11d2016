/** What DNS_CHECK relies on in the npm package dns-packet, beyond its documentation, and why it decodes no data of records. Pure. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'mocha';

interface Decoder {
  decode: ((message: Uint8Array, offset: number) => unknown) & { readonly bytes: number };
}
interface Codec {
  encode(message: object): Buffer;
  decode(message: Uint8Array): unknown;
  readonly name: Decoder;
  readonly question: Decoder;
}
const codec = createRequire(new URL('../../../plugins/checker-dns/package.json', import.meta.url))('dns-packet') as Codec;

describe('dns-packet 5.6', () => {
  it('decodes a header without sections, and says how long a question and a name were', () => {
    const bytes = codec.encode({ type: 'query', id: 9, questions: [{ type: 'SOA', name: 'a.example' }] });
    const { id, type, rcode } = codec.decode(Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(8)])) as Record<string, unknown>;
    assert.deepEqual([id, type, rcode], [9, 'query', 'NOERROR']);
    const question = codec.question.decode(bytes, 12) as { readonly name: string; readonly type: string };
    assert.deepEqual([question.name, question.type, codec.question.decode.bytes], ['a.example', 'SOA', bytes.length - 12]);
    assert.equal(codec.name.decode(Buffer.concat([bytes, Buffer.of(0xc0, 12)]), bytes.length), 'a.example');
    assert.equal(codec.name.decode.bytes, 2);
  });

  it('follows pointers to what comes before a name only', () => {
    for (const to of [12, 14])
      assert.throws(() => codec.name.decode(Buffer.concat([Buffer.alloc(12), Buffer.of(0xc0, to, 0)]), 12));
  });

  it('refuses records that name servers may send: why their data are not decoded', () => {
    const key = { flags: 256, algorithm: 13, key: Buffer.alloc(32, 1) };
    const bytes = codec.encode({ type: 'response', questions: [], answers: [{ type: 'DNSKEY', name: '.', data: key }] });
    assert.doesNotThrow(() => codec.decode(bytes));
    // The protocol of a key for something else than a zone (RFC 2535 section 3.1.3).
    bytes[bytes.length - 34] = 2;
    assert.throws(() => codec.decode(bytes), /Protocol must be 3/);
  });
});
