/** Gratuitous ARP and unsolicited neighbour advertisements, byte for byte (plugins/vrrp/src/announce.ts). */
import assert from 'node:assert/strict';
import { internetChecksum, pseudoHeader } from '@mainstay/sdk';
import { arpTemplate, gratuitousArp, unsolicitedNeighbourAdvertisement } from '@mainstay/vrrp/internal/announce.js';
import { describe, it } from 'mocha';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const mac = '02:00:00:00:0a:01';

describe('announcements of addresses', () => {
  it('gratuitous ARP is what keepalived 2.2.7 sends', () => {
    const captured = 'ffffffffffff020000000a0108060001080006040001020000000a01c0000264ffffffffffffc0000264';
    assert.equal(hex(gratuitousArp('192.0.2.100', arpTemplate(mac))), captured);
  });

  it('the neighbour advertisement has the fields of RFC 4861 section 4.4', () => {
    const bytes = unsolicitedNeighbourAdvertisement('fe80::100', mac, 'fe80::ff:fe00:a01');
    const [type, code] = bytes;
    assert.deepEqual([type, code, bytes.length], [136, 0, 32]);
    assert.equal(hex(bytes.subarray(4, 8)), 'a0000000', 'router and override, not solicited');
    assert.equal(hex(bytes.subarray(8, 24)), 'fe800000000000000000000000000100', 'target');
    assert.equal(hex(bytes.subarray(24)), '0201020000000a01', 'target link-layer address');
    assert.equal(internetChecksum(pseudoHeader('fe80::ff:fe00:a01', 'ff02::1', 58, 32), bytes), 0);
  });

  it('the neighbour advertisement is that of keepalived 2.2.7 but for the router flag', () => {
    const captured = '88004b9d20000000fe8000000000000000000000000001000201020000000a01';
    const ours = unsolicitedNeighbourAdvertisement('fe80::100', mac, 'fe80::100');
    // keepalived sets the flag only where the host forwards: 8000 more in the sum, 8000 less in the checksum.
    assert.equal(hex(ours), captured.replace('4b9d20', 'cb9ca0'));
  });
});
