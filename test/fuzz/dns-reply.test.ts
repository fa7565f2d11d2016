/** Whatever a peer answers to DNS_CHECK: the probe ends, in time, with a verdict that says what came, and leaves no socket. */
import assert from 'node:assert/strict';
import { decodeHeader, dnsCheck, encodeQuery, labelsOf, types } from '@mainstay/checker-dns';
import { runChecker } from '@mainstay/testing';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { scriptedUdp } from '../support/scripted-ports.js';

const datagram = fc.uint8Array({ maxLength: 600 });

describe('DNS_CHECK with hostile peers', function () {
  this.timeout(60_000);

  it('reads a header from any 12 bytes and from nothing shorter', () => {
    fc.assert(
      fc.property(datagram, (bytes) => {
        const header = decodeHeader(bytes);
        assert.equal(header === undefined, bytes.length < 12);
        if (header === undefined) return;
        assert.ok(header.code >= 0 && header.code <= 15 && header.id <= 0xffff && header.answers <= 0xffff);
      }),
      { numRuns: 20_000 },
    );
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
          const first = answers.find((a) => a.length >= 12 && a[0] === id0 && a[1] === id1 && (a[2] ?? 0) >= 128);
          if (first !== undefined) expected = ((first[3] ?? 0) & 15) === 0 ? 'up' : 'code';
          return answers;
        });
        const { verdict } = await runChecker(dnsCheck, { ports: { udp }, deadlineMs: 100 });
        const found = verdict.ok ? 'up' : verdict.reason === 'timeout' ? 'timeout' : 'code';
        assert.equal(found, expected);
        assert.equal(udp.openCount, 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('encodes every name that it accepts, and reads it back label by label', () => {
    const label = fc.string({ minLength: 1, maxLength: 63, unit: fc.constantFrom(...'abcXYZ019-_*') });
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 6 }), fc.constantFrom(...Object.keys(types)), (labels, type) => {
        const name = labels.join('.');
        fc.pre(typeof labelsOf(name) !== 'string');
        const bytes = encodeQuery(7, name, type as keyof typeof types);
        const read: string[] = [];
        let at = 12;
        for (let length = bytes[at] ?? 0; length > 0; length = bytes[at] ?? 0) {
          read.push(Buffer.from(bytes.subarray(at + 1, at + 1 + length)).toString('latin1'));
          at += 1 + length;
        }
        assert.deepEqual(read, labels);
        assert.equal(at + 5, bytes.length);
      }),
      { numRuns: 2000 },
    );
  });
});
