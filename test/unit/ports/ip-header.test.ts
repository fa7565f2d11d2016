/** Headers that the rawIp port writes itself. */
import assert from 'node:assert/strict';
import { ipv4Packet, ipv6Packet } from '@mainstay/core/linux-ports/ip-header';
import fc from 'fast-check';
import { describe, it } from 'mocha';

describe('IP headers', () => {
  it('writes IPv4 as RFC 791 draws it, leaving identification and checksum to the kernel', () => {
    const packet = {
      source: '192.0.2.1',
      destination: '224.0.0.18',
      hopLimit: 255,
      trafficClass: 0xc0,
      payload: Uint8Array.of(1, 2),
    };
    assert.equal(ipv4Packet(112, packet).toString('hex'), `45c0001600000000ff700000c0000201e00000120102`);
  });

  it('writes IPv6 as RFC 8200 draws it', () => {
    const packet = {
      source: 'fe80::1',
      destination: 'ff02::12',
      hopLimit: 255,
      trafficClass: 0xe1,
      payload: Uint8Array.of(1, 2),
    };
    const [source, destination] = ['fe800000000000000000000000000001', 'ff020000000000000000000000000012'];
    assert.equal(ipv6Packet(112, packet).toString('hex'), `6e100000000270ff${source}${destination}0102`);
  });

  it('carries any payload, hop limit and class', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 1, max: 255 }),
        fc.integer({ min: 0, max: 255 }),
        (payload, hopLimit, trafficClass) => {
          const four = ipv4Packet(112, { source: '10.0.0.1', destination: '10.0.0.2', hopLimit, trafficClass, payload });
          assert.deepEqual([four[1], four[8], four.readUInt16BE(2)], [trafficClass, hopLimit, 20 + payload.length]);
          assert.deepEqual([...four.subarray(20)], [...payload]);
          const six = ipv6Packet(112, { source: 'fd00::1', destination: 'fd00::2', hopLimit, trafficClass, payload });
          assert.deepEqual(
            [six.readUInt32BE(0), six[7], six.readUInt16BE(4)],
            [(0x60000000 | (trafficClass << 20)) >>> 0, hopLimit, payload.length],
          );
          assert.deepEqual([...six.subarray(40)], [...payload]);
        },
      ),
    );
  });
});
