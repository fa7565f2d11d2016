/** Messages of the Linux port `ipvs`, byte by byte as linux/ip_vs.h wants them, on a little-endian host. Pure. */
import assert from 'node:assert/strict';
import { Attributes, MalformedMessageError } from '@mainstay/core/linux-ipvs/attributes';
import { readDestination } from '@mainstay/core/linux-ipvs/destination-format';
import { changeOf } from '@mainstay/core/linux-ipvs/edits';
import { MessageWriter } from '@mainstay/core/linux-ipvs/message-writer';
import { readService } from '@mainstay/core/linux-ipvs/service-format';
import { readStatistics } from '@mainstay/core/linux-ipvs/statistics-format';
import type { IpvsEdit } from '@mainstay/sdk';
import fc from 'fast-check';
import { describe, it } from 'mocha';

function bytesOf(edit: IpvsEdit): Buffer {
  const out = new MessageWriter();
  const change = changeOf(edit);
  out.begin(0x1f, 5, 7, change.command, 1);
  change.write?.(out);
  out.end();
  return Buffer.from(out.take());
}

/** One attribute for each line: `length type value`. */
function hex(...parts: readonly string[]): string {
  return parts.join('').replaceAll(' ', '');
}

const address4 = '1400 0300 c0000201 00000000 00000000 00000000';
const web = { family: 4, protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;

describe('messages of the port ipvs', () => {
  it('add a service', () => {
    const service = { id: web, scheduler: 'sh', persistence: 300, persistencePrefix: 24, schedulerFlags: [1, 2] } as const;
    assert.equal(
      bytesOf({ do: 'addService', service: { ...service, isOnePacket: true, persistenceEngine: 'sip' } }).toString('hex'),
      hex(
        '70000000 1f00 0500 07000000 00000000',
        '01 01 0000',
        '5c00 0180',
        '0600 0100 0200 0000',
        '0600 0200 0600 0000',
        address4,
        '0600 0400 0050 0000',
        '0700 0600 736800 00',
        '0800 0b00 73697000',
        '0c00 0700 1d000000 ffffffff',
        '0800 0800 2c010000',
        '0800 0900 ffffff00',
      ),
    );
  });

  it('add a destination behind a tunnel', () => {
    const tunnel = { type: 'gue', port: 6080, checksum: 'remcsum' } as const;
    const numbers = { weight: 2147483647, upperThreshold: 4294967295, lowerThreshold: 1 } as const;
    const destination = { family: 6, address: 'fd00::1', port: 8080, method: 'tun', tunnel, ...numbers } as const;
    assert.equal(
      bytesOf({ do: 'addDestination', service: { family: 6, fwmark: 4294967295 }, destination }).toString('hex'),
      hex(
        '88000000 1f00 0500 07000000 00000000',
        '05 01 0000',
        '1400 0180',
        '0600 0100 0a00 0000',
        '0800 0500 ffffffff',
        '6000 0280',
        '0600 0b00 0a00 0000',
        '1400 0100 fd000000 00000000 00000000 00000001',
        '0600 0200 1f90 0000',
        '0800 0300 02000000',
        '0800 0400 ffffff7f',
        '0800 0500 ffffffff',
        '0800 0600 01000000',
        '0500 0d00 01 000000',
        '0600 0e00 17c0 0000',
        '0600 0f00 0200 0000',
      ),
    );
  });

  it('delete a destination, by what names it', () => {
    const destination = { family: 4, address: '10.0.0.1', port: 80 } as const;
    assert.equal(
      bytesOf({ do: 'deleteDestination', service: web, destination }).toString('hex'),
      hex(
        '6c000000 1f00 0500 07000000 00000000',
        '07 01 0000',
        '3000 0180',
        '0600 0100 0200 0000',
        '0600 0200 0600 0000',
        address4,
        '0600 0400 0050 0000',
        '2800 0280',
        '0600 0b00 0200 0000',
        '1400 0100 0a000001 00000000 00000000 00000000',
        '0600 0200 0050 0000',
      ),
    );
  });

  it('give the prefix of IPv6 clients as a length, and the mask of all where there is no persistence', () => {
    const id = { family: 6, fwmark: 1 } as const;
    const netmask = (bytes: Buffer) => bytes.subarray(-4).toString('hex');
    assert.equal(netmask(bytesOf({ do: 'addService', service: { id, scheduler: 'rr' } })), '80000000');
    const persistent = { id, scheduler: 'rr', persistence: 1, persistencePrefix: 64 };
    assert.equal(netmask(bytesOf({ do: 'addService', service: persistent })), '40000000');
    assert.equal(netmask(bytesOf({ do: 'addService', service: { id: web, scheduler: 'rr' } })), 'ffffffff');
    const holed = { id: web, scheduler: 'rr', persistence: 1, persistenceMask: '255.255.0.254' };
    assert.equal(netmask(bytesOf({ do: 'addService', service: holed })), 'ffff00fe');
    const nobody = { id: web, scheduler: 'rr', persistence: 1, persistencePrefix: 0 };
    assert.equal(netmask(bytesOf({ do: 'addService', service: nobody })), '00000000');
  });

  it('grow beyond the first buffer', () => {
    const out = new MessageWriter();
    const lengths: number[] = [];
    for (let i = 0; i < 2000; i++) {
      out.begin(1, 0, i, 1, 1);
      out.bytes(1, new Uint8Array(i % 600).fill(i));
      out.end();
      lengths.push(20 + 4 + ((((i % 600) + 3) >> 2) << 2));
    }
    const bytes = Buffer.from(out.take());
    assert.equal(
      bytes.length,
      lengths.reduce((sum, length) => sum + length, 0),
    );
    let at = 0;
    for (const [i, length] of lengths.entries()) {
      assert.deepEqual([bytes.readUInt32LE(at), bytes.readUInt32LE(at + 8)], [length, i]);
      assert.equal(
        bytes.subarray(at + 24, at + 24 + (i % 600)).every((byte) => byte === (i & 255)),
        true,
      );
      at += length;
    }
  });
});

describe('attributes', () => {
  const nest = (...parts: readonly string[]) => new Attributes(Buffer.from(hex(...parts), 'hex'));

  it('are found by number; those of later kernels are skipped', () => {
    const found = nest('0800 0100 01000000', '0600 6300 ffff 0000', '0600 0200 0102 0000');
    assert.deepEqual([found.u32(1), found.u16(2), found.be16(2), found.has(3)], [1, 0x0201, 0x0102, false]);
  });

  it('that are too short are not there', () => {
    const short = nest('0600 0100 ffff 0000', '0500 0200 ff 000000', '0400 0300', '0800 0400 ffffffff');
    assert.deepEqual(
      [short.u32(1), short.u16(2), short.u8(3), short.u64(4), short.text(3)],
      [undefined, undefined, undefined, undefined, ''],
    );
    assert.equal(short.bytes(4, 16), undefined);
  });

  it('that claim more than there is, or less than their header, are refused', () => {
    assert.throws(() => nest('0900 0100 01000000'), MalformedMessageError);
    assert.throws(() => nest('0300 0100 01000000'), MalformedMessageError);
  });

  it('of an entry that lacks what every one has make no entry', () => {
    assert.throws(() => readService(nest('0600 0100 0200 0000')), MalformedMessageError);
    assert.throws(() => readDestination(nest('0600 0200 0050 0000', '0800 0300 00000000'), 4), MalformedMessageError);
    const shortAddress = nest('0600 0100 0a00 0000', '0600 0200 0600 0000', '0800 0300 c0000201', '0600 0400 0050 0000');
    assert.throws(() => readService(shortAddress), /the address of a service is missing or too short/);
  });

  it('of other protocols, families and methods are left to who made them', () => {
    assert.equal(readService(nest('0600 0100 0100 0000')), undefined);
    assert.equal(readService(nest('0600 0100 0200 0000', '0600 0200 3200 0000')), undefined);
    assert.equal(readDestination(nest('0600 0b00 0100 0000', '0800 0300 00000000'), 4), undefined);
  });

  it('of a destination without a family have that of its service', () => {
    const old = ['0600 0200 0050 0000', '0800 0300 03010000', '0800 0400 01000000', '0800 0500 00000000', '0800 0600 00000000'];
    const known = readDestination(nest(address4.replace('0300', '0100'), ...old), 4);
    assert.deepEqual([known?.family, known?.address, known?.method], [4, '192.0.2.1', 'dr']);
  });

  it('of counters are read in 64 bits, and in 32 from older kernels', () => {
    const wide = nest('1c00 0c00', '0c00 0100 ffffffffffffffff', '0c00 0600 0a00000000000000');
    assert.deepEqual(
      [readStatistics(wide, 12, 10).connections, readStatistics(wide, 12, 10).connectionRate],
      [18446744073709551615n, 10],
    );
    const narrow = nest('2000 0a00', '0800 0100 ffffffff', '0c00 0400 0000000001000000', '0800 0600 09000000');
    const { connections, inBytes, connectionRate, outPackets } = readStatistics(narrow, 12, 10);
    assert.deepEqual([connections, inBytes, connectionRate, outPackets], [4294967295n, 4294967296n, 9, 0n]);
  });

  it('of a mask give its length, or the mask where it has holes', () => {
    const of = (mask: string) => {
      const service = readService(
        nest(
          '0600 0100 0200 0000',
          '0800 0500 01000000',
          '0700 0600 727200 00',
          '0c00 0700 01000000 ffffffff',
          '0800 0800 0a000000',
          `0800 0900 ${mask}`,
        ),
      );
      return service?.persistenceMask ?? service?.persistencePrefix;
    };
    const masks = ['ff00ff00', 'ffff00ff', '000000ff', 'fffffff0', 'ffffffff', '00000000'];
    assert.deepEqual(masks.map(of), ['255.0.255.0', '255.255.0.255', '0.0.0.255', 28, undefined, 0]);
  });

  it('never read beyond their end, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          const found = new Attributes(Buffer.from(bytes));
          for (let type = 0; type < 40; type++) assert.ok((found.bytes(type, 0)?.length ?? 0) <= bytes.length);
        } catch (error) {
          assert.ok(error instanceof MalformedMessageError);
        }
      }),
    );
  });
});
