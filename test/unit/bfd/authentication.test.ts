/** Authentication of BFD packets (RFC 5880 section 6.7): bytes, the order of the checks, the window, replacing keys. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { decodeControl } from '@mainstay/bfd';
import {
  type Authentication,
  type AuthenticationType,
  authenticationTypes,
  judge,
  signed,
} from '@mainstay/bfd/internal/authentication.js';
import { describe, it } from 'mocha';
import { changes, lines, lone, stateOf } from './lone.js';
import { conf, packetOf, pair } from './pair.js';

const text = (secret: string) => new TextEncoder().encode(secret);
const by = (type: AuthenticationType, secret = 'secret', id = 7): Authentication => ({
  type,
  key: { id, secret: text(secret) },
  accepted: [],
});

function judged(bytes: Uint8Array, authentication: Authentication, known?: number) {
  const decoded = decodeControl(bytes);
  assert.ok(decoded.ok);
  return judge(decoded.packet, decoded.bytes, authentication, known);
}

const why = (judgement: ReturnType<typeof judge>) => (judgement.ok ? 'ok' : judgement.why);

describe('[32] authentication of BFD packets', () => {
  it('has the bytes of section 4.2: a password', () => {
    const bytes = signed(packetOf(), by('simple'), 99);
    assert.equal(Buffer.from(bytes.subarray(24)).toString('hex'), `010907${Buffer.from('secret').toString('hex')}`);
    assert.deepEqual([bytes[1], bytes[3]], [0x44, 33]);
  });

  for (const [type, code, algorithm, length] of [
    ['keyed-md5', 2, 'md5', 24],
    ['meticulous-keyed-md5', 3, 'md5', 24],
    ['keyed-sha1', 4, 'sha1', 28],
    ['meticulous-keyed-sha1', 5, 'sha1', 28],
  ] as const) {
    it(`has the bytes of sections 4.3 and 4.4: ${type}`, () => {
      const bytes = signed(packetOf(), by(type), 0x01020304);
      assert.equal(bytes.length, 24 + length);
      assert.equal(
        Buffer.from(bytes.subarray(24, 32)).toString('hex'),
        `${[code, length, 7, 0].map((n) => n.toString(16).padStart(2, '0')).join('')}01020304`,
      );
      const filled = Buffer.from(bytes);
      filled.fill(0, 32);
      filled.write('secret', 32);
      assert.deepEqual(Buffer.from(bytes.subarray(32)), createHash(algorithm).update(filled).digest());
    });
  }

  for (const type of authenticationTypes) {
    it(`refuses what is not the peer's: ${type}`, () => {
      const bytes = signed(packetOf(), by(type), 5);
      assert.equal(why(judged(bytes, by(type))), 'ok');
      assert.equal(why(judged(bytes, by(type, 'Secret'))), 'secret');
      assert.equal(why(judged(bytes, by(type, 'secret', 8))), 'key');
      for (const other of authenticationTypes) if (other !== type) assert.equal(why(judged(bytes, by(other))), 'type');
      const short = bytes.slice();
      short[25] = type === 'simple' ? 3 : 23;
      assert.equal(why(judged(short, by(type))), 'length');
      if (type === 'simple') return;
      for (let at = 0; at < bytes.length; at++) {
        if (at === 3 || (at >= 24 && at <= 26) || at === 1 || at === 2) continue;
        const bent = bytes.slice();
        bent[at] = (bent[at] ?? 0) ^ 1;
        const decoded = decodeControl(bent);
        if (decoded.ok) assert.equal(why(judge(decoded.packet, decoded.bytes, by(type), undefined)), 'secret', `byte ${at}`);
      }
    });
  }

  it('accepts sequence numbers up to three times the multiplier ahead, in a circle', () => {
    const outcome = (type: AuthenticationType, sequence: number, known: number) =>
      why(judged(signed(packetOf(), by(type), sequence >>> 0), by(type), known));
    for (const known of [0, 1000, 0xffff_fffc]) {
      for (const type of ['keyed-md5', 'keyed-sha1'] as const) {
        assert.deepEqual(
          [-1, 0, 9, 10].map((ahead) => outcome(type, known + ahead, known)),
          ['sequence', 'ok', 'ok', 'sequence'],
        );
      }
      for (const type of ['meticulous-keyed-md5', 'meticulous-keyed-sha1'] as const) {
        assert.deepEqual(
          [0, 1, 9, 10].map((ahead) => outcome(type, known + ahead, known)),
          ['sequence', 'ok', 'ok', 'sequence'],
        );
      }
    }
  });

  for (const type of authenticationTypes) {
    it(`keeps a session up: ${type}`, async () => {
      const auth = [`auth_type ${type}`, 'auth_key_id 3', 'auth_password opensesame'];
      const both = await pair({ a: auth, b: auth });
      await both.up();
      await both.advance(5000);
      assert.deepEqual([both.state('a'), both.state('b'), both.changes('a').length <= 2], ['up', 'up', true]);
      await both.reload('b', conf('b', [...auth, 'min_tx 20']));
      await both.advance(2000);
      assert.deepEqual([both.state('a'), both.changes('a').length <= 2], ['up', true], both.changes('a').join());
      const { dropped } = both.status('a').detail.statistics as { dropped: Record<string, number> };
      assert.deepEqual(dropped, {});
    });
  }

  it('replaces a key without the loss of the session', async () => {
    const auth = (id: number, word: string, ...more: string[]) => [
      'auth_type keyed-sha1',
      `auth_key_id ${id}`,
      `auth_password ${word}`,
      ...more,
    ];
    const both = await pair({ a: auth(1, 'old'), b: auth(1, 'old') });
    await both.up();
    for (const [side, lines] of [
      ['a', auth(1, 'old', 'auth_accept 2 new')],
      ['b', auth(2, 'new', 'auth_accept 1 old')],
      ['a', auth(2, 'new')],
      ['b', auth(2, 'new')],
    ] as const) {
      await both.reload(side, conf(side, lines));
      await both.advance(2000);
      assert.deepEqual([both.state('a'), both.state('b')], ['up', 'up']);
    }
    assert.ok(both.changes('a').length <= 2 && both.changes('b').length <= 2);
    assert.equal(both.sent('a').at(-1)?.packet.authentication?.[2], 2);
  });

  it('has no session with another key, and says why', async () => {
    const both = await pair({
      a: ['auth_type keyed-sha1', 'auth_password one'],
      b: ['auth_type keyed-sha1', 'auth_password two'],
    });
    await both.advance(10_000);
    assert.deepEqual([both.state('a'), both.state('b')], ['down', 'down']);
    assert.match(
      both.a.log.map(({ message }) => message).join('\n'),
      /dropped: its password or digest is wrong: check auth_password/,
    );
    assert.doesNotMatch(JSON.stringify([both.a.log, both.status('a')]), /"(one|two)"/);
  });

  it('refuses what was recorded, and forgets the number with the peer', async () => {
    const auth = by('meticulous-keyed-sha1', 'secret', 1);
    const router = await lone(
      lines('neighbor_ip 192.0.2.2', 'min_tx 50', 'min_rx 50', 'auth_type meticulous-keyed-sha1', 'auth_password secret'),
    );
    const tell = (state: 'down' | 'init', sequence: number) =>
      router.hear(signed(packetOf({ state, yourDiscriminator: router.discriminator }), auth, sequence));
    await tell('down', 100);
    await tell('init', 100);
    assert.equal(stateOf(router), 'init');
    assert.deepEqual(router.dropped(), { 'authentication-sequence': 1 });
    await tell('init', 101);
    assert.equal(stateOf(router), 'up');
    await router.advance(400);
    assert.equal(changes(router).at(-1), 'up > down 1');
    await tell('down', 5);
    assert.equal(stateOf(router), 'init', 'twice the detection time without a packet');
  });

  it('forgets the number after twice the detection time in every state, and not before', async () => {
    const auth = by('meticulous-keyed-sha1', 'secret', 1);
    for (const keywords of [[], ['admin_down']]) {
      const router = await lone(
        lines('neighbor_ip 192.0.2.2', 'min_rx 50', 'auth_type meticulous-keyed-sha1', 'auth_password secret', ...keywords),
      );
      const dropped = () => router.dropped()['authentication-sequence'] ?? 0;
      // A session that is down stays so with Up, and hears nothing for three times the second that the peer asks for.
      const tell = (sequence: number) => {
        const packet = packetOf({
          state: 'up',
          yourDiscriminator: router.discriminator,
          desiredMinTxUs: 1_000_000,
          multiplier: 3,
        });
        return router.hear(signed(packet, auth, sequence));
      };
      for (let round = 1; round <= 2; round++) {
        await tell(round === 1 ? 100 : 6);
        await router.advance(2000);
        assert.equal(router.status()[0]?.detail.remote_discriminator, 0x0b0b0b0b);
        await router.advance(1500);
        assert.equal(router.status()[0]?.detail.remote_discriminator, 0, 'the peer is forgotten');
        const before = dropped();
        await tell(5);
        assert.equal(dropped(), before + 1, `round ${round}: after one detection time the number is known`);
        await router.advance(3000);
        await tell(5);
        assert.equal(dropped(), before + 1, `round ${round}: after two it is forgotten`);
      }
    }
  });
});
