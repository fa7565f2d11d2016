/**
 * A million packets through the decoder of VRRP adverts: noise, truncations, and adverts with a few bytes changed and the
 * checksum made right again. It never throws, and what it accepts encodes to the very bytes it came from.
 */
import assert from 'node:assert/strict';
import { decodeAdvert, encodeAdvert } from '@mainstay/vrrp';
import { describe, it } from 'mocha';
import { advertBytes, type IpFields, seal } from '../support/advert-bytes.js';
import { Prng } from '../support/prng.js';

const packets = 1_000_000;
const seed = Number(process.env.MAINSTAY_FUZZ_SEED ?? 20260101);

const ends: readonly IpFields[] = [
  { source: '192.0.2.1', destination: '224.0.0.18', hopLimit: 255, options: [] },
  { source: 'fe80::1', destination: 'ff02::12', hopLimit: 255, options: [] },
];

/** A correct advert of a random version, family, and number of addresses. */
function correct(random: Prng, ip: IpFields): Uint8Array {
  const is6 = ip.source.includes(':');
  const version = is6 || random.below(2) === 0 ? 3 : 2;
  const addresses = Array.from({ length: random.below(4) }, (_, i) => (is6 ? `fd00::${i + 1}` : `192.0.2.${100 + i}`));
  const fields = {
    version,
    type: 1,
    vrid: 1 + random.below(255),
    priority: random.below(256),
    addresses,
    authType: random.below(3),
  };
  return advertBytes({ ...fields, password: 'secret', interval: 1 + random.below(255), checksumError: 0 }, ip);
}

function mutate(random: Prng, ip: IpFields): Uint8Array {
  const kind = random.below(10);
  if (kind === 0) return random.bytes(random.below(80));
  const bytes = correct(random, ip);
  if (kind === 1) return bytes;
  if (kind === 2) return bytes.subarray(0, random.below(bytes.length + 1));
  if (kind === 3) return seal(Uint8Array.from([...bytes, ...random.bytes(random.below(40))]), (bytes[0] ?? 0) >> 4, ip);
  for (let changes = 1 + random.below(3); changes > 0; changes--) bytes[random.below(bytes.length)] = random.below(256);
  return kind < 8 ? seal(bytes, (bytes[0] ?? 0) >> 4, ip) : bytes;
}

/** The reserved bits of version 3 are ignored by the receiver and zero from the sender: RFC 9568 section 5.2.6. */
function withoutReserved(bytes: Uint8Array, ip: IpFields): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if ((copy[0] ?? 0) >> 4 !== 3) return copy;
  copy[4] = (copy[4] ?? 0) & 15;
  return seal(copy, 3, ip);
}

describe('decoder of VRRP adverts', function () {
  this.timeout(120_000);

  it(`survives ${packets.toLocaleString('en')} fuzzed packets`, () => {
    const random = new Prng(seed);
    const seen = new Map<string, number>();
    for (let i = 0; i < packets; i++) {
      const ip = ends[i & 1] ?? ends[0];
      assert.ok(ip);
      const bytes = mutate(random, ip);
      const decoded = decodeAdvert(bytes, ip.source.includes(':') ? 6 : 4, ip);
      const outcome = decoded.ok ? decoded.checksum : decoded.why;
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      if (!decoded.ok || decoded.checksum !== 'rfc') continue;
      const again = encodeAdvert(decoded.advert, ip);
      if (Buffer.compare(again, withoutReserved(bytes, ip)) === 0 || hasOtherZero(again, bytes)) continue;
      assert.fail(
        `packet ${i} of seed ${seed} changed: ${Buffer.from(bytes).toString('hex')} became ${Buffer.from(again).toString('hex')}`,
      );
    }
    for (const outcome of ['rfc', 'length', 'version', 'type', 'checksum']) {
      assert.ok((seen.get(outcome) ?? 0) > packets / 1000, `only ${seen.get(outcome) ?? 0} packets ended as ${outcome}`);
    }
  });
});

/** One's complement has two zeros; a checksum field of 0xffff may stand for 0x0000. */
function hasOtherZero(ours: Uint8Array, theirs: Uint8Array): boolean {
  return ours[6] === 0 && ours[7] === 0 && theirs[6] === 255 && theirs[7] === 255;
}
