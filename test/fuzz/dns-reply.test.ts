/**
 * Whatever a peer answers to DNS_CHECK: the probe ends, in time, with a verdict that says what came, and leaves no socket. Random bytes,
 * replies of the codec that were damaged, names that point in circles, and 64 KB of compressed names.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dnsCheck, encodeQuery, objectionTo, type Reply, readReply, types } from '@mainstay/checker-dns';
import { runChecker } from '@mainstay/testing';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { scriptedUdp } from '../support/scripted-ports.js';

interface Message {
  readonly questions: readonly { readonly name: string; readonly type: string }[];
  readonly answers: readonly { readonly name: string; readonly type: string; readonly data: unknown }[];
}
interface Codec {
  encode(message: Partial<Message> & { readonly type: string; readonly id: number }): Uint8Array;
}
const codec = createRequire(new URL('../../../plugins/checker-dns/package.json', import.meta.url))('dns-packet') as Codec;

const asked = { name: 'www.example', type: 'A' } as const;
const datagram = fc.uint8Array({ maxLength: 600 });

/** A verdict comes of whatever it is: nothing, an error of the server, damage, or a good reply. */
function isSane(reply: Reply | undefined): void {
  if (reply === undefined) return;
  assert.match(reply.code, /^[A-Z][A-Z0-9_]+$/);
  assert.ok(reply.answers >= 0 && reply.answers <= 0xffff);
  if (reply.damage !== undefined) assert.ok(reply.code === 'NOERROR' && reply.damage !== '');
}

/** A good reply of every kind of record that can be asked for. */
const whole = codec.encode({
  type: 'response',
  id: 7,
  questions: [asked],
  answers: [
    { name: asked.name, type: 'CNAME', data: 'a.example' },
    { name: 'a.example', type: 'A', data: '192.0.2.1' },
    { name: 'a.example', type: 'AAAA', data: '2001:db8::1' },
    { name: 'a.example', type: 'TXT', data: ['one', 'two'] },
    { name: 'example', type: 'MX', data: { preference: 1, exchange: 'mx.example' } },
    { name: 'example', type: 'NS', data: 'ns.example' },
    { name: 'example', type: 'SOA', data: { mname: 'ns.example', rname: 'root.example' } },
    { name: 'example', type: 'DNSKEY', data: { flags: 257, algorithm: 13, key: Buffer.alloc(64, 1) } },
  ],
});

/** What comes before the data of a record: its name as a pointer, its type, its class. */
function headOf(name: number, type: number, kind: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(12);
  for (const [i, value] of [0xc000 | name, type, kind, 0, 0, length].entries()) bytes.writeUInt16BE(value, 2 * i);
  return bytes;
}

/** As many records as there is room for, each named by the end of a chain of pointers, each of which points to the one before. */
function chained(octets: number, share: number): Uint8Array {
  const question = encodeQuery(7, asked);
  const links = Math.floor((octets * share) / 2);
  const chain = Buffer.alloc(2 * links);
  const start = question.length + 12;
  for (let n = 0; n < links; n++) chain.writeUInt16BE(0xc000 | (n === 0 ? 12 : (start + 2 * n - 2) & 0x3fff), 2 * n);
  const last = Math.min(start + 2 * links - 2, 0x3ffe);
  const count = Math.floor((octets - start - chain.length) / 12);
  const records = Array.from({ length: count }, () => headOf(last, 1, 1, 0));
  const message = Buffer.concat([question, headOf(12, 1, 1, chain.length), chain, ...records]);
  message.writeUInt16BE(0x8180, 2);
  message.writeUInt16BE(count + 1, 6);
  return message;
}

describe('DNS_CHECK with hostile peers', function () {
  this.timeout(60_000);

  it('reads any bytes', () => {
    fc.assert(
      fc.property(datagram, fc.boolean(), (bytes, isMarked) => {
        // Else hardly any of them would get beyond the header.
        if (isMarked) bytes.set([0, 7, 0x80, 0, 0, 1].slice(0, bytes.length));
        isSane(readReply(bytes, 7, asked));
      }),
      { numRuns: 20_000 },
    );
  });

  it('reads replies that were damaged and cut anywhere', () => {
    assert.deepEqual(readReply(whole, 7, asked), { code: 'NOERROR', answers: 8, isTruncated: false });
    const damages = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 });
    let damaged = 0;
    fc.assert(
      fc.property(damages, fc.integer({ min: 0, max: whole.length }), (changes, length) => {
        const bytes = Buffer.from(whole.subarray(0, length));
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        const reply = readReply(bytes, 7, asked);
        isSane(reply);
        if (reply?.damage !== undefined) damaged++;
      }),
      { numRuns: 20_000 },
    );
    assert.ok(damaged > 1000, `${damaged} were damaged`);
  });

  it('is content with whatever is in the records', () => {
    const question = encodeQuery(7, asked);
    const data = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(fc.array(fc.tuple(data, fc.nat(0xffff), fc.nat(0xffff)), { maxLength: 8 }), data, (records, rest) => {
        const bytes = Buffer.concat([
          question,
          ...records.flatMap(([text, type, kind]) => [headOf(12, type, kind, text.length), text]),
          rest,
        ]);
        bytes.writeUInt16BE(0x8180, 2);
        bytes.writeUInt16BE(records.length, 6);
        bytes.writeUInt16BE(0xffff, 10);
        assert.deepEqual(readReply(bytes, 7, asked), { code: 'NOERROR', answers: records.length, isTruncated: false });
      }),
      { numRuns: 5000 },
    );
  });

  it('does not lose itself in 64 KB of compressed names', () => {
    // Followed to its end, each of the long chains would take a second.
    for (const share of [0.001, 0.005, 0.01, 0.018, 0.1, 0.25])
      for (let n = 0; n < 50; n++) assert.equal(readReply(chained(65_000, share), 7, asked)?.damage, undefined);
  });

  it('is up only for a reply to its own question without an error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ bytes: datagram, hasId: fc.boolean() }), { maxLength: 5 }), async (plan) => {
        let expected = 'timeout';
        const udp = scriptedUdp((query) => {
          const answers = plan.map(({ bytes, hasId }) => {
            const copy = Uint8Array.from(bytes);
            if (hasId) copy.set(query.subarray(0, Math.min(2, copy.length)));
            return copy;
          });
          const [id0, id1] = query;
          const id = Buffer.from(query).readUInt16BE(0);
          const first = answers.map((one) => readReply(one, id, { name: '.', type: 'SOA' })).find((one) => one !== undefined);
          const mine = answers.find((a) => a.length >= 12 && a[0] === id0 && a[1] === id1 && (a[2] ?? 0) >= 128);
          assert.ok(first === undefined || mine !== undefined);
          if (first !== undefined) expected = first.code === 'NOERROR' && first.damage === undefined ? 'up' : 'down';
          return answers;
        });
        const { verdict } = await runChecker(dnsCheck, { ports: { udp }, deadlineMs: 100 });
        const found = verdict.ok ? 'up' : verdict.reason === 'timeout' ? 'timeout' : 'down';
        assert.equal(found, expected);
        assert.equal(udp.openCount, 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('encodes every name that it accepts, and the codec reads it back label by label', () => {
    const label = fc.string({ minLength: 1, maxLength: 63, unit: fc.constantFrom(...'abcXYZ019-_*\\"$') });
    fc.assert(
      fc.property(
        fc.array(label, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(...types),
        fc.boolean(),
        (labels, type, isFull) => {
          const name = `${labels.join('.')}${isFull ? '.' : ''}`;
          fc.pre(objectionTo(name) === undefined);
          const bytes = Buffer.from(encodeQuery(7, { name, type }));
          const read: string[] = [];
          let at = 12;
          for (let length = bytes[at] ?? 0; length > 0; length = bytes[at] ?? 0) {
            read.push(bytes.toString('latin1', at + 1, at + 1 + length));
            at += 1 + length;
          }
          assert.deepEqual(read, labels);
          assert.equal(at + 5, bytes.length);
          bytes.writeUInt16BE(0x8180, 2);
          assert.equal(readReply(bytes, 7, { name, type })?.damage, undefined);
          assert.notEqual(readReply(bytes, 7, { name, type }), undefined);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
