/** The Internet checksum and the pseudo-headers (sdk/api/src/checksum.ts). */
import assert from 'node:assert/strict';
import { internetChecksum, pseudoHeader } from '@mainstay/sdk';
import fc from 'fast-check';
import { describe, it } from 'mocha';

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

describe('Internet checksum', () => {
  it('has known values', () => {
    // RFC 1071 section 3: the sum of these is ddf2.
    assert.equal(internetChecksum(bytesOf('0001f203f4f5f6f7')), 0x220d);
    assert.equal(internetChecksum(new Uint8Array(0)), 0xffff);
    assert.equal(internetChecksum(bytesOf('ffff')), 0);
    assert.equal(internetChecksum(bytesOf('ffffffff')), 0);
    // A well-known IPv4 header, its checksum b861 left out and in.
    assert.equal(internetChecksum(bytesOf('450000730000400040110000c0a80001c0a800c7')), 0xb861);
    assert.equal(internetChecksum(bytesOf('45000073000040004011b861c0a80001c0a800c7')), 0);
  });

  it('pads an odd last byte on the right', () => {
    assert.equal(internetChecksum(bytesOf('01')), internetChecksum(bytesOf('0100')));
    assert.equal(internetChecksum(bytesOf('000102')), 0xfdfe);
  });

  it('folds carries of long messages', () => {
    assert.equal(internetChecksum(new Uint8Array(65_534).fill(255)), 0);
    assert.equal(internetChecksum(bytesOf('ffff'), bytesOf('0001')), 0xfffe);
  });

  it('is zero over data that contains it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 300 }), (data) => {
        const even = data.length % 2 === 0 ? data : data.slice(1);
        const checksum = internetChecksum(even);
        assert.equal(internetChecksum(even, Uint8Array.of(checksum >> 8, checksum & 255)), 0);
      }),
    );
  });

  it('has the pseudo-header of each family', () => {
    assert.equal(Buffer.from(pseudoHeader('192.0.2.1', '224.0.0.18', 112, 300)).toString('hex'), 'c0000201e00000120070012c');
    assert.equal(
      Buffer.from(pseudoHeader('fe80::1', 'ff02::12', 112, 40)).toString('hex'),
      'fe800000000000000000000000000001ff0200000000000000000000000000120000002800000070',
    );
  });
});
