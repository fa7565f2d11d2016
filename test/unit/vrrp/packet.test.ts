/** The codec of VRRP advertisements against bytes: packets of keepalived 2.2.7 as captured, and some written by hand. */
import assert from 'node:assert/strict';
import { type Advert, type ChecksumForm, decodeAdvert, encodeAdvert, noAuthentication } from '@mainstay/vrrp';
import type { Endpoints } from '@mainstay/vrrp/internal/packet.js';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { seal } from '../../support/advert-bytes.js';

interface Vector {
  readonly title: string;
  readonly hex: string;
  readonly ends: Endpoints;
  readonly form: ChecksumForm;
  readonly advert: Advert;
}

const multicast4 = { source: '192.0.2.1', destination: '224.0.0.18' };
const unicast4 = { source: '192.0.2.1', destination: '192.0.2.2' };
const multicast6 = { source: 'fe80::ff:fe00:a01', destination: 'ff02::12' };
const v3 = { version: 3, authType: 0, authData: noAuthentication } as const;
const v2 = { ...v3, version: 2 } as const;
const secret = Uint8Array.from([...Buffer.from('secret'), 0, 0]);

/** Captured from keepalived 2.2.7 between two network namespaces, except for the last two. */
const vectors: readonly Vector[] = [
  {
    title: 'v2, two addresses, 1 s',
    hex: '210b64020001f626c0000264c00002650000000000000000',
    ends: multicast4,
    form: 'rfc',
    advert: { ...v2, virtualRouterId: 11, priority: 100, intervalMs: 1000, addresses: ['192.0.2.100', '192.0.2.101'] },
  },
  {
    title: 'v2, resignation',
    hex: '210b000200015a27c0000264c00002650000000000000000',
    ends: multicast4,
    form: 'rfc',
    advert: { ...v2, virtualRouterId: 11, priority: 0, intervalMs: 1000, addresses: ['192.0.2.100', '192.0.2.101'] },
  },
  {
    title: 'v2, password, 2 s',
    hex: '210c6e0101027135c000026e7365637265740000',
    ends: multicast4,
    form: 'rfc',
    advert: {
      version: 2,
      virtualRouterId: 12,
      priority: 110,
      intervalMs: 2000,
      addresses: ['192.0.2.110'],
      authType: 1,
      authData: secret,
    },
  },
  {
    title: 'v2, password, resignation',
    hex: '210c00010102df35c000026e7365637265740000',
    ends: multicast4,
    form: 'rfc',
    advert: {
      version: 2,
      virtualRouterId: 12,
      priority: 0,
      intervalMs: 2000,
      addresses: ['192.0.2.110'],
      authType: 1,
      authData: secret,
    },
  },
  {
    title: 'v3, IPv4, 0.5 s',
    hex: '310d78010032f1b5c0000278',
    ends: multicast4,
    form: 'rfc',
    advert: { ...v3, virtualRouterId: 13, priority: 120, intervalMs: 500, addresses: ['192.0.2.120'] },
  },
  {
    title: 'v3, IPv4, three addresses, 1.5 s',
    hex: '310e820300966234c0000282c0000283c0000284',
    ends: multicast4,
    form: 'rfc',
    advert: {
      ...v3,
      virtualRouterId: 14,
      priority: 130,
      intervalMs: 1500,
      addresses: ['192.0.2.130', '192.0.2.131', '192.0.2.132'],
    },
  },
  {
    title: 'v3, owner, 40.95 s',
    hex: '3112ff010fff5aa7c00002b4',
    ends: multicast4,
    form: 'rfc',
    advert: { ...v3, virtualRouterId: 18, priority: 255, intervalMs: 40950, addresses: ['192.0.2.180'] },
  },
  {
    title: 'v3, unicast',
    hex: '310f8c010064fb7dc000028c',
    ends: unicast4,
    form: 'rfc',
    advert: { ...v3, virtualRouterId: 15, priority: 140, intervalMs: 1000, addresses: ['192.0.2.140'] },
  },
  {
    title: 'v3, unicast, old_unicast_checksum',
    hex: '311096010064d362c0000296',
    ends: unicast4,
    form: 'multicast',
    advert: { ...v3, virtualRouterId: 16, priority: 150, intervalMs: 1000, addresses: ['192.0.2.150'] },
  },
  {
    title: 'v3, IPv6',
    hex: '3111a0020064f91efe80000000000000000000000000010020010db8000000000000000000000100',
    ends: multicast6,
    form: 'rfc',
    advert: { ...v3, virtualRouterId: 17, priority: 160, intervalMs: 1000, addresses: ['fe80::100', '2001:db8::100'] },
  },
  {
    title: 'v3, IPv6, resignation',
    hex: '311100020064991ffe80000000000000000000000000010020010db8000000000000000000000100',
    ends: multicast6,
    form: 'rfc',
    advert: { ...v3, virtualRouterId: 17, priority: 0, intervalMs: 1000, addresses: ['fe80::100', '2001:db8::100'] },
  },
  {
    title: 'v3, IPv4, without pseudo-header (310e + 8201 + 0064 + c000 + 0282 = 75f6)',
    hex: '310e820100648a09c0000282',
    ends: multicast4,
    form: 'as-v2',
    advert: { ...v3, virtualRouterId: 14, priority: 130, intervalMs: 1000, addresses: ['192.0.2.130'] },
  },
  {
    title: 'v2, no addresses (2101 + 6400 + 0001 = 8502)',
    hex: '2101640000017afd0000000000000000',
    ends: multicast4,
    form: 'rfc',
    advert: { ...v2, virtualRouterId: 1, priority: 100, intervalMs: 1000, addresses: [] },
  },
];

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const familyOf = ({ source }: Endpoints) => (source.includes(':') ? 6 : 4);

describe('VRRP advertisement bytes', () => {
  for (const { title, hex, ends, form, advert } of vectors) {
    it(`${title}: encodes and decodes`, () => {
      assert.equal(Buffer.from(encodeAdvert(advert, ends, form)).toString('hex'), hex);
      assert.deepEqual(decodeAdvert(bytesOf(hex), familyOf(ends), ends), { ok: true, advert, checksum: form });
    });

    it(`${title}: no other length decodes`, () => {
      const bytes = bytesOf(hex);
      for (let length = 0; length < bytes.length; length++) {
        const decoded = decodeAdvert(bytes.subarray(0, length), familyOf(ends), ends);
        assert.equal(decoded.ok ? 'ok' : decoded.why, 'length', `${length} bytes`);
      }
      for (const extra of [1, 2, 4, 8, 16, 26]) {
        const decoded = decodeAdvert(Uint8Array.from([...bytes, ...new Array<number>(extra).fill(0)]), familyOf(ends), ends);
        assert.equal(decoded.ok ? 'ok' : decoded.why, 'length', `${extra} bytes more`);
      }
    });

    it(`${title}: no single changed bit decodes as the same`, () => {
      for (let bit = 0; bit < hex.length * 4; bit++) {
        const bytes = bytesOf(hex);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const decoded = decodeAdvert(bytes, familyOf(ends), ends, form);
        assert.ok(!decoded.ok, `bit ${bit}`);
      }
    });
  }

  it('ignores the reserved bits of version 3', () => {
    const plain = decodeAdvert(bytesOf('310d78010032f1b5c0000278'), 4, multicast4);
    // f000 more in the sum, f000 less in the checksum.
    assert.deepEqual(decodeAdvert(bytesOf('310d7801f03201b5c0000278'), 4, multicast4), plain);
  });

  it('refuses other versions and types, with a right checksum', () => {
    for (let first = 0; first < 256; first++) {
      if (first === 0x21 || first === 0x31) continue;
      const bytes = bytesOf('310d78010032f1b5c0000278');
      bytes[0] = first;
      const sealed = seal(bytes, first >> 4, { ...multicast4, hopLimit: 255, options: [] });
      const decoded = decodeAdvert(sealed, 4, multicast4);
      assert.ok(!decoded.ok);
      assert.equal(decoded.why, first >> 4 === 2 || first >> 4 === 3 ? 'type' : 'version', `first byte ${first}`);
      assert.equal(decoded.virtualRouterId, 13);
    }
  });

  it('refuses version 2 over IPv6', () => {
    const bytes = bytesOf('2101640000017afd0000000000000000');
    assert.deepEqual(decodeAdvert(bytes, 6, multicast6), { ok: false, why: 'version', virtualRouterId: 1 });
  });

  it('refuses every wrong count, with a right checksum', () => {
    for (const { hex, ends, advert } of vectors) {
      for (let count = 0; count < 256; count++) {
        if (count === advert.addresses.length) continue;
        const bytes = bytesOf(hex);
        bytes[3] = count;
        const sealed = seal(bytes, advert.version, { ...ends, hopLimit: 255, options: [] });
        const decoded = decodeAdvert(sealed, familyOf(ends), ends);
        assert.equal(decoded.ok ? 'ok' : decoded.why, 'length');
      }
    }
  });

  it('refuses every other checksum', () => {
    const exhaustive = ['v2, password, 2 s', 'v3, IPv4, 0.5 s', 'v3, unicast, old_unicast_checksum'];
    for (const { hex, ends, form } of vectors.filter(({ title }) => exhaustive.includes(title))) {
      const bytes = bytesOf(hex);
      const right = ((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0);
      let accepted = 0;
      for (let checksum = 0; checksum < 0x10000; checksum++) {
        bytes[6] = checksum >> 8;
        bytes[7] = checksum & 255;
        const decoded = decodeAdvert(bytes, familyOf(ends), ends, form);
        if (!decoded.ok) assert.equal(decoded.why, 'checksum');
        else if (decoded.checksum === form) assert.equal(checksum, right);
        if (decoded.ok) accepted++;
      }
      // The three forms of version 3 over IPv4; for multicast two of them are one.
      const forms = ends === unicast4 ? 3 : hex.startsWith('3') ? 2 : 1;
      assert.equal(accepted, forms, hex);
    }
  });

  it('tries the expected checksum form first where two are right', () => {
    // Source 10.0.21.113: the words of the pseudo-header of a message of 12 bytes sum up to ffff.
    const ends = { source: '10.0.21.113', destination: '224.0.0.18' };
    const advert = { ...v3, virtualRouterId: 1, priority: 100, intervalMs: 1000, addresses: ['10.0.0.1'] };
    const bytes = encodeAdvert(advert, ends, 'as-v2');
    assert.deepEqual(bytes, encodeAdvert(advert, ends, 'rfc'));
    for (const form of ['rfc', 'as-v2'] as const)
      assert.deepEqual(decodeAdvert(bytes, 4, ends, form), { ok: true, advert, checksum: form });
  });

  it('reads back everything it writes', () => {
    const address4 = fc.ipV4();
    const centiseconds = fc.integer({ min: 1, max: 4095 }).map((n) => n * 10);
    const seconds = fc.integer({ min: 1, max: 255 }).map((n) => n * 1000);
    const byte = fc.integer({ min: 0, max: 255 });
    const common = { virtualRouterId: byte, priority: byte, addresses: fc.array(address4, { maxLength: 255 }) };
    const second = fc.record<Advert>(
      {
        ...common,
        version: fc.constant(2 as const),
        intervalMs: seconds,
        authType: byte,
        authData: fc.uint8Array({ minLength: 8, maxLength: 8 }),
      },
      { noNullPrototype: true },
    );
    const third = fc.record<Advert>(
      {
        ...common,
        version: fc.constant(3 as const),
        intervalMs: centiseconds,
        authType: fc.constant(0),
        authData: fc.constant(noAuthentication),
      },
      { noNullPrototype: true },
    );
    const forms = fc.constantFrom<ChecksumForm>('rfc', 'as-v2', 'multicast');
    fc.assert(
      fc.property(fc.oneof(second, third), address4, address4, forms, (advert, source, destination, form) => {
        const ends = { source, destination };
        const decoded = decodeAdvert(encodeAdvert(advert, ends, form), 4, ends, form);
        assert.ok(decoded.ok);
        assert.deepEqual(decoded.advert, advert);
      }),
    );
  });
});
