/**
 * A million packets through the decoder and the authentication of BFD: noise, truncations, and packets with a few bytes changed. They
 * never throw, what is accepted encodes to the very bytes it came from, and nothing that was changed passes a digest.
 */
import assert from 'node:assert/strict';
import { type ControlPacket, decodeControl, encodeControl } from '@mainstay/bfd';
import { type Authentication, authenticationTypes, judge, signed } from '@mainstay/bfd/internal/authentication.js';
import { describe, it } from 'mocha';
import { Prng } from '../support/prng.js';

const packets = 1_000_000;
const seed = Number(process.env.MAINSTAY_FUZZ_SEED ?? 20260101);
const states = ['adminDown', 'down', 'init', 'up'] as const;

const authentications: readonly Authentication[] = authenticationTypes.map((type, id) => ({
  type,
  key: { id, secret: new TextEncoder().encode('a secret') },
  accepted: [],
}));

const word = (random: Prng) => random.below(0x10000) * 0x10000 + random.below(0x10000);

function correct(random: Prng): { readonly bytes: Uint8Array; readonly by?: Authentication } {
  const packet: ControlPacket = {
    diagnostic: random.below(32),
    state: states[random.below(4)] ?? 'down',
    isPoll: random.below(2) === 0,
    isFinal: random.below(2) === 0,
    isIndependent: random.below(2) === 0,
    isDemand: random.below(2) === 0,
    multiplier: 1 + random.below(255),
    myDiscriminator: 1 + random.below(0xffff),
    yourDiscriminator: word(random),
    desiredMinTxUs: word(random),
    requiredMinRxUs: word(random),
    requiredMinEchoRxUs: word(random),
  };
  // A digest costs as much as a hundred packets without.
  const by = random.below(20) === 0 ? authentications[random.below(authentications.length)] : undefined;
  return by === undefined ? { bytes: encodeControl(packet) } : { bytes: signed(packet, by, word(random)), by };
}

function mutate(random: Prng): { readonly bytes: Uint8Array; readonly by?: Authentication; readonly isWhole: boolean } {
  const kind = random.below(10);
  if (kind === 0) return { bytes: random.bytes(random.below(80)), isWhole: false };
  const made = correct(random);
  if (kind === 1) return { ...made, isWhole: true };
  if (kind === 2) return { ...made, bytes: made.bytes.subarray(0, random.below(made.bytes.length)), isWhole: false };
  if (kind === 3) return { ...made, bytes: Uint8Array.from([...made.bytes, ...random.bytes(random.below(40))]), isWhole: true };
  const bytes = made.bytes;
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 + random.below(255));
  }
  return { ...made, bytes, isWhole: false };
}

describe('decoder of BFD control packets', function () {
  this.timeout(480_000);

  it(`[8] survives ${packets.toLocaleString('en')} fuzzed packets`, () => {
    const random = new Prng(seed);
    const seen = new Map<string, number>();
    const count = (outcome: string) => seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    for (let i = 0; i < packets; i++) {
      const { bytes, by, isWhole } = mutate(random);
      const decoded = decodeControl(bytes);
      count(decoded.ok ? 'accepted' : decoded.why);
      if (!decoded.ok) continue;
      const { packet, bytes: own } = decoded;
      assert.ok(own.length <= bytes.length && own.length >= 24);
      // Without the A bit, what is behind the header means nothing, and is not kept.
      const again = encodeControl(packet);
      const kept =
        packet.authentication === undefined ? Uint8Array.from([...own.subarray(0, 3), 24, ...own.subarray(4, 24)]) : own;
      if (Buffer.compare(again, kept) !== 0) {
        assert.fail(
          `packet ${i} of seed ${seed}: ${Buffer.from(own).toString('hex')} became ${Buffer.from(again).toString('hex')}`,
        );
      }
      const judgement = packet.authentication && by && judge(packet, own, by, undefined);
      if (judgement === undefined) continue;
      count(judgement.ok ? 'signed' : judgement.why);
      // A password does not protect the rest of the packet; a digest does, up to a change that was taken back.
      if (judgement.ok && by?.type !== 'simple' && !isWhole) count('changed back');
    }
    assert.ok((seen.get('changed back') ?? 0) < 20, `${seen.get('changed back')} changed packets passed a digest`);
    for (const outcome of ['accepted', 'length', 'version', 'multiplier', 'multipoint', 'signed', 'secret', 'type', 'key']) {
      assert.ok((seen.get(outcome) ?? 0) > 50, `only ${seen.get(outcome) ?? 0} packets ended as ${outcome}`);
    }
  });
});
