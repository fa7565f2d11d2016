/** Text and bytes of hardware addresses (sdk/api/src/mac.ts). */
import assert from 'node:assert/strict';
import { macBytes, macText } from '@mainstay/sdk';
import fc from 'fast-check';
import { describe, it } from 'mocha';

describe('hardware addresses', () => {
  it('are the same after a way through text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        assert.deepEqual([...macBytes(macText(bytes))], [...bytes]);
      }),
    );
  });

  it('are written small, with two digits for each byte, from wherever they lie', () => {
    assert.equal(macText(Uint8Array.of(0, 1, 0xaa, 0xbb, 0xcc, 0xdd, 0xef, 9), 1), '01:aa:bb:cc:dd:ef');
    assert.deepEqual([...macBytes('0:1:AA:bB:cc:DD')], [0, 1, 0xaa, 0xbb, 0xcc, 0xdd]);
    assert.equal(macText(Uint8Array.of(1, 2)), '01:02:00:00:00:00');
  });

  for (const text of [
    '',
    'aa:bb:cc:dd:ee',
    'aa:bb:cc:dd:ee:ff:00',
    'aa:bb:cc:dd:ee:fg',
    'aa:bb:cc:dd:ee:',
    'aa-bb-cc-dd-ee-ff',
    '100:0:0:0:0:0',
  ]) {
    it(`are not "${text}"`, () => {
      assert.throws(() => macBytes(text), new RangeError(`"${text}" is not a hardware address`));
    });
  }
});
