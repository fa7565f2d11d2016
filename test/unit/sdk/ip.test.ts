/** Text and bytes of IP addresses (sdk/api/src/ip.ts). */
import assert from 'node:assert/strict';
import {
  canonicalAddress,
  compareAddresses,
  formatAddress,
  isLinkLocal,
  isMulticast,
  parseAddress,
  prefixOfMask,
} from '@mainstay/sdk';
import fc from 'fast-check';
import { describe, it } from 'mocha';

describe('IP addresses', () => {
  it('formats as RFC 5952 asks', () => {
    const samples = {
      '2001:0DB8:0:0:0:0:0:1': '2001:db8::1',
      '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
      '2001:0:0:1:0:0:0:1': '2001:0:0:1::1',
      '2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
      '::': '::',
      '::1': '::1',
      'fe80::': 'fe80::',
      '::ffff:192.0.2.1': '::ffff:c000:201',
      '192.0.2.1': '192.0.2.1',
    };
    for (const [text, canonical] of Object.entries(samples)) assert.equal(canonicalAddress(text), canonical);
  });

  it('refuses what is no address', () => {
    const wrong = [
      '',
      '1.2.3',
      '1.2.3.4.5',
      '01.2.3.4',
      '256.1.1.1',
      '1:2:3',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7:8:9',
      'fe80::1%eth0',
      '::1.2.3',
      '1:2:3:4:5:6:7::8',
    ];
    for (const text of wrong) assert.equal(parseAddress(text), undefined, text);
  });

  it('reads back every address it writes', () => {
    const bytes = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }));
    fc.assert(fc.property(bytes, (b) => assert.deepEqual(parseAddress(formatAddress(b)), b)));
  });

  it('compares as unsigned big-endian integers', () => {
    assert.ok(compareAddresses('10.0.0.9', '10.0.0.10') < 0);
    assert.ok(compareAddresses('200.0.0.1', '100.0.0.1') > 0);
    assert.equal(compareAddresses('fe80::1', 'fe80:0::1'), 0);
  });

  it('knows the prefix length of a network mask, and that a mask with holes has none', () => {
    for (let prefix = 0; prefix <= 32; prefix++) {
      const mask = Buffer.alloc(4);
      mask.writeUInt32BE(2 ** 32 - 2 ** (32 - prefix));
      assert.equal(prefixOfMask(formatAddress(mask)), prefix);
    }
    for (const mask of ['255.255.0.255', '0.0.0.1', '127.255.255.255', '255.255.255.253'])
      assert.equal(prefixOfMask(mask), undefined, mask);
    assert.throws(() => prefixOfMask('255.255'), RangeError);
  });

  it('knows multicast and link-local', () => {
    assert.deepEqual(['224.0.0.18', 'ff02::12', '10.0.0.1', 'fe80::1'].map(isMulticast), [true, true, false, false]);
    assert.deepEqual(['169.254.1.1', 'fe80::1', 'febf::1', 'fec0::1'].map(isLinkLocal), [true, true, true, false]);
  });
});
