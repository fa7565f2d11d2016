/** UDP on raw IP sockets (core/runtime/src/ports/clock-pacemaker/udp-packet.ts): bytes both ways, under noise too. */
import assert from 'node:assert/strict';
import { decodeUdp, encodeUdp, isWithin, udpProtocol } from '@mainstay/core/clock-pacemaker/udp-packet';
import { internetChecksum, pseudoHeader } from '@mainstay/sdk';
import fc from 'fast-check';
import { describe, it } from 'mocha';

const ends = [
  { source: '192.0.2.1', destination: '192.0.2.2' },
  { source: 'fe80::1', destination: 'fd00::2' },
] as const;
const ports = fc.integer({ min: 1, max: 65_535 });

describe('UDP datagrams', () => {
  it('are read as they were written, and not where a byte has changed', () => {
    const any = fc.record({
      family: fc.constantFrom(0, 1),
      a: ports,
      b: ports,
      payload: fc.uint8Array({ maxLength: 60 }),
      at: fc.nat(),
      by: fc.integer({ min: 1, max: 255 }),
    });
    fc.assert(
      fc.property(any, ({ family, a: sourcePort, b: destinationPort, payload, at, by }) => {
        const way = ends[family] ?? ends[0];
        const bytes = encodeUdp({ ...way, sourcePort, destinationPort, payload });
        const read = decodeUdp({ ...way, payload: bytes });
        assert.deepEqual(read && [read.sourcePort, read.destinationPort, [...read.payload]], [
          sourcePort,
          destinationPort,
          [...payload],
        ]);
        const index = at % bytes.length;
        // A change of the checksum itself may happen to make the sum of the pseudo-header.
        if (index === 6 || index === 7) return;
        // The right one may be that sum, too.
        const bare = ~internetChecksum(pseudoHeader(way.source, way.destination, udpProtocol, bytes.length)) & 0xffff;
        if (((bytes[6] ?? 0) << 8) + (bytes[7] ?? 0) === bare) return;
        bytes[index] = (bytes[index] ?? 0) ^ by;
        assert.equal(decodeUdp({ ...way, payload: bytes }), undefined, `byte ${index}`);
      }),
      { numRuns: 3000 },
    );
  });

  it('may have the sum of the pseudo-header alone, as Linux has it between namespaces', () => {
    const way = { source: '10.0.0.1', destination: '10.0.0.2' };
    const bytes = encodeUdp({ ...way, sourcePort: 1, destinationPort: 2, payload: Uint8Array.of(3) });
    // 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 17 + 9
    bytes.set([0x14, 0x1d], 6);
    assert.deepEqual([...(decodeUdp({ ...way, payload: bytes })?.payload ?? [])], [3]);
    bytes.set([0x14, 0x1e], 6);
    assert.equal(decodeUdp({ ...way, payload: bytes }), undefined);
  });

  it('of any bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (payload) => {
        for (const way of ends) decodeUdp({ ...way, payload });
        assert.equal(
          decodeUdp({ ...ends[1], payload: Uint8Array.of(0, 1, 0, 2, 0, 8, 0, 0) }),
          undefined,
          'IPv6 needs the checksum',
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('go to the prefix that an address is in', () => {
    assert.ok(isWithin('10.9.255.1', '10.9.0.0', 16) && !isWithin('10.8.0.1', '10.9.0.0', 16));
    assert.ok(isWithin('10.9.0.129', '10.9.0.200', 25) && !isWithin('10.9.0.127', '10.9.0.200', 25));
    assert.ok(isWithin('fd00::1', 'fd00::2', 126) && !isWithin('fd00::4', 'fd00::2', 126) && !isWithin('fd00::1', '10.0.0.1', 0));
  });
});
