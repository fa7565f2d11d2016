/** Which packets a session believes, and in which order the checks are made (RFC 5880 section 6.8.6, RFC 5881 section 5). */
import assert from 'node:assert/strict';
import { type ControlPacket, encodeControl } from '@mainstay/bfd';
import { describe, it } from 'mocha';
import { changes, type How, type Lone, lines, lone, stateOf, usual } from './lone.js';
import { bytesOf, packetOf } from './pair.js';

/** A correct packet with some bytes changed. */
function bent(router: Lone, change: Readonly<Record<number, number>>, more: Partial<ControlPacket> = {}): Uint8Array {
  const bytes = bytesOf({ yourDiscriminator: router.discriminator, ...more });
  for (const [at, value] of Object.entries(change)) bytes[Number(at)] = value;
  return bytes;
}

function learnt(router: Lone) {
  const detail = router.status()[0]?.detail;
  return [stateOf(router), detail?.remote_discriminator, detail?.remote_required_min_rx_ms];
}

/** The packet is dropped for this cause, and nothing comes of it. */
async function drops(router: Lone, cause: string, payload: Uint8Array, how: How = {}): Promise<void> {
  const before = router.dropped()[cause] ?? 0;
  const known = learnt(router);
  await router.hear(payload, how);
  assert.equal(router.dropped()[cause], before + 1, `${cause}: ${JSON.stringify(router.dropped())}`);
  assert.deepEqual(learnt(router), known);
}

const strays = (router: Lone) => router.status()[0]?.detail.strays as Record<string, number>;

describe('received BFD packets', () => {
  it('[8] are dropped for version, length, multiplier, multipoint and discriminator, in this order', async () => {
    const router = await lone();
    for (const version of [0, 2, 5, 7]) await drops(router, 'version', bent(router, { 0: version << 5, 2: 0, 3: 0 }));
    await drops(router, 'length', bent(router, { 3: 23, 2: 0 }));
    await drops(router, 'length', bent(router, { 3: 25 }));
    await drops(router, 'length', bent(router, { 1: 0x44, 3: 24 }), {});
    await drops(router, 'multiplier', bent(router, { 2: 0, 1: 0x41 }));
    await drops(router, 'multipoint', bent(router, { 1: 0x41, 4: 0, 5: 0, 6: 0, 7: 0 }));
    await drops(router, 'discriminator', bent(router, { 4: 0, 5: 0, 6: 0, 7: 0 }));
    await router.hear(new Uint8Array(0));
    await router.hear(Uint8Array.of(0x20, 0x40, 3, 24));
    assert.equal(strays(router).malformed, 2);
  });

  it('[8] [14] may be longer than they say, and carry reserved diagnostics from any port', async () => {
    const router = await lone();
    const long = Uint8Array.from([...bent(router, { 0: 0x20 | 31 }), 1, 2, 3]);
    await router.hear(long, { sourcePort: 1024 });
    assert.equal(stateOf(router), 'init');
    await router.hear(Uint8Array.from([...bent(router, {}, { state: 'init' }), 9]), { sourcePort: 7 });
    assert.equal(stateOf(router), 'up');
    assert.deepEqual(router.dropped(), {});
  });

  it('[9] are told apart by the discriminator alone, once it is known', async () => {
    const router = await lone();
    await router.hear(bytesOf({ yourDiscriminator: (router.discriminator ^ 1) >>> 0 }));
    assert.equal(strays(router).unknownDiscriminator, 1);
    assert.equal(stateOf(router), 'down');
    await router.tell({}, { source: '192.0.2.3' });
    assert.equal(stateOf(router), 'init', 'whatever address it comes from');
  });

  it('[9] [29] without a discriminator belong to the neighbour, and to nobody else', async () => {
    const router = await lone();
    await router.hear(bytesOf(), { source: '192.0.2.3' });
    assert.equal(strays(router).unknownPeer, 1);
    assert.deepEqual([stateOf(router), router.status().length], ['down', 1], 'no session begins for an unknown neighbour');
    await router.hear(bytesOf());
    assert.equal(stateOf(router), 'init');
  });

  it('[9] without a discriminator are rather for the session with that source_ip, wherever it stands', async () => {
    const any = lines('neighbor_ip 192.0.2.2');
    const own = lines('neighbor_ip 192.0.2.2', 'source_ip 192.0.2.1').replace('B1', 'B2');
    for (const config of [any + own, own + any]) {
      const router = await lone(config);
      await router.hear(bytesOf());
      const states = router.status().map(({ name, state }) => `${name} ${state}`);
      assert.deepEqual(states.sort(), ['B1 down', 'B2 init']);
    }
  });

  it('[9] without a discriminator may say Down and AdminDown only', async () => {
    const router = await lone();
    await drops(router, 'unasked', bytesOf({ state: 'init' }));
    await drops(router, 'unasked', bytesOf({ state: 'up' }));
    await router.hear(bytesOf({ state: 'adminDown' }));
    assert.equal(stateOf(router), 'down');
    assert.equal(router.status()[0]?.detail.remote_discriminator, 0x0b0b0b0b);
  });

  it('[10] are authenticated if and only if that is configured', async () => {
    const router = await lone();
    const section = Uint8Array.of(1, 9, 1, 115, 101, 99, 114, 101, 116);
    await drops(router, 'authentication', encodeControl({ ...packetOf(), authentication: section }));
    const strict = await lone(lines(...usual, 'auth_type simple', 'auth_password secret'));
    await drops(strict, 'authentication', bytesOf());
    await strict.hear(encodeControl({ ...packetOf(), authentication: section }));
    assert.equal(stateOf(strict), 'init');
  });

  it('[3] with a TTL below 255 are dropped', async () => {
    const router = await lone();
    for (const hopLimit of [254, 64, 1]) await drops(router, 'hop-limit', bytesOf(), { hopLimit });
    await router.hear(bytesOf());
    assert.equal(stateOf(router), 'init');
    assert.match(router.log.map(({ message }) => message).join('\n'), /packet from 192\.0\.2\.2 dropped: its TTL is 254/);
  });

  it('[3] may have come so many hops as max_hops says, of the TTL that is configured', async () => {
    const router = await lone(lines(...usual, 'ttl 64', 'max_hops 2'));
    await drops(router, 'hop-limit', bytesOf(), { hopLimit: 61 });
    await router.hear(bytesOf(), { hopLimit: 62 });
    assert.equal(stateOf(router), 'init');
    for (const hops of ['-1', '255']) {
      const open = await lone(lines(...usual, `max_hops ${hops}`));
      await open.hear(bytesOf(), { hopLimit: 1 });
      assert.equal(stateOf(open), 'init');
    }
  });

  it('[3] with the TTL that a reload asks for are heard from then on, by a session that stays up', async () => {
    const router = await lone();
    await router.up();
    const far = { hopLimit: 253 };
    await drops(router, 'hop-limit', bytesOf({ yourDiscriminator: router.discriminator, state: 'up' }), far);
    assert.deepEqual(router.dropped(), { 'hop-limit': 1 }, 'counted once, and as its own although it knows the discriminator');
    await router.reload(lines(...usual, 'max_hops 2'));
    for (let i = 0; i < 20; i++) {
      await router.tell({ state: 'up' }, far);
      await router.advance(100);
    }
    await router.reload(lines(...usual));
    await router.tell({ state: 'up' });
    await drops(router, 'hop-limit', bytesOf({ yourDiscriminator: router.discriminator, state: 'up' }), far);
    assert.deepEqual(changes(router), ['down > init 0', 'init > up 0']);
    await router.advance(1000);
    assert.deepEqual(changes(router).at(-1), 'up > down 1', 'what comes from afar puts nothing off');
  });

  it('[5] of a multihop session come to port 4784, with any TTL unless max_hops is written', async () => {
    const router = await lone(lines(...usual, 'source_ip 192.0.2.1', 'multihop'));
    await router.hear(bytesOf(), { port: 3784 });
    assert.equal(stateOf(router), 'down', 'nobody listens on the port of single hops');
    await router.hear(bytesOf(), { port: 4784, hopLimit: 9 });
    assert.equal(stateOf(router), 'init');
    const bounded = await lone(lines(...usual, 'multihop', 'max_hops 3'));
    await drops(bounded, 'hop-limit', bytesOf(), { port: 4784, hopLimit: 251 });
    await bounded.hear(bytesOf(), { port: 4784, hopLimit: 252 });
    assert.equal(stateOf(bounded), 'init');
  });

  it('[11] restart the detection time only where they are accepted', async () => {
    const router = await lone();
    await router.up();
    const wrong = [bent(router, { 0: 0xa0 }, { state: 'up' }), bent(router, { 1: 0xc1 }, { state: 'up' })];
    for (let i = 0; i < 14; i++) {
      for (const payload of wrong) await router.hear(payload);
      await router.tell({ state: 'up' }, { hopLimit: 254 });
      await router.advance(8);
    }
    assert.equal(changes(router).at(-1), 'up > down 1');
  });

  it('[12] move the session as the table of the RFC says', async () => {
    const table: readonly (readonly [own: string, said: ControlPacket['state'], becomes: string])[] = [
      ['down', 'adminDown', 'down'],
      ['down', 'down', 'init'],
      ['down', 'init', 'up'],
      ['down', 'up', 'down'],
      ['init', 'adminDown', 'down'],
      ['init', 'down', 'init'],
      ['init', 'init', 'up'],
      ['init', 'up', 'up'],
      ['up', 'adminDown', 'down'],
      ['up', 'down', 'down'],
      ['up', 'init', 'up'],
      ['up', 'up', 'up'],
      ['adminDown', 'down', 'adminDown'],
      ['adminDown', 'up', 'adminDown'],
    ];
    for (const [own, said, becomes] of table) {
      const router = await lone(lines(...usual, ...(own === 'adminDown' ? ['admin_down'] : [])));
      if (own === 'init' || own === 'up') await router.tell({ state: 'down' });
      if (own === 'up') await router.tell({ state: 'init' });
      assert.equal(stateOf(router), own);
      const before = changes(router).length;
      await router.tell({ state: said });
      assert.equal(stateOf(router), becomes, `${own} hears ${said}`);
      const isFall = becomes === 'down' && own !== 'down';
      assert.equal(changes(router).length - before, own === becomes ? 0 : 1);
      if (isFall) assert.match(changes(router).at(-1) ?? '', /> down 3$/);
    }
  });

  it('[13] with P are answered with F at once, also when nothing is sent periodically', async () => {
    const router = await lone();
    await router.up({ requiredMinRxUs: 0 });
    await router.advance(100);
    router.said();
    await router.tell({ state: 'up', isPoll: true, requiredMinRxUs: 0 });
    const [answer, ...more] = router.said();
    assert.deepEqual([answer?.isFinal, answer?.isPoll, answer?.state, more.length], [true, false, 'up', 0]);
    for (let i = 0; i < 5; i++) await router.tell({ state: 'up', isPoll: true, requiredMinRxUs: 0 });
    assert.equal(router.said().filter(({ isFinal }) => isFinal).length, 5, 'each of them');
  });

  it('[21] are looked at again once the peer was forgotten', async () => {
    const router = await lone();
    const known = () => router.status()[0]?.detail.remote_discriminator;
    for (let round = 1; round <= 3; round++) {
      // Up changes nothing in a session that is down: the pacemaker hears it from the second time on.
      for (let i = 0; i < 3; i++) await router.tell({ state: 'up' });
      assert.equal(known(), 0x0b0b0b0b, `round ${round}`);
      await router.advance(60_000);
      assert.equal(known(), 0);
    }
  });

  it('[17] with Required Min RX 0 end periodic sending, and begin it again', async () => {
    const router = await lone();
    await router.up();
    await router.tell({ state: 'up', requiredMinRxUs: 0 });
    router.said();
    for (let i = 0; i < 20; i++) {
      await router.advance(100);
      await router.tell({ state: 'up', requiredMinRxUs: 0 });
    }
    assert.deepEqual([router.said().length, stateOf(router)], [0, 'up']);
    await router.tell({ state: 'up', requiredMinRxUs: 50_000 });
    await router.advance(140);
    assert.ok(router.said().length >= 2);
  });

  it('[23] with Demand end periodic sending while both are Up; polls go on', async () => {
    const router = await lone();
    await router.up();
    await router.tell({ state: 'up', isFinal: true });
    await router.tell({ state: 'up', isDemand: true });
    router.said();
    for (let i = 0; i < 20; i++) {
      await router.advance(100);
      await router.tell({ state: 'up', isDemand: true });
    }
    assert.deepEqual([router.said().length, stateOf(router)], [0, 'up']);
    await router.tell({ state: 'up', isDemand: true, isPoll: true });
    assert.deepEqual(
      router.said().map(({ isFinal }) => isFinal),
      [true],
    );
    await router.reload(lines('neighbor_ip 192.0.2.2', 'min_tx 20', 'min_rx 50', 'multiplier 3'));
    await router.tell({ state: 'up', isDemand: true });
    await router.advance(60);
    assert.ok(router.said().some(({ isPoll, desiredMinTxUs }) => isPoll && desiredMinTxUs === 20_000));
  });

  it('[27] with AdminDown take the session down without a failure for clients', async () => {
    const router = await lone();
    await router.up();
    await router.tell({ state: 'adminDown', diagnostic: 7 });
    assert.equal(changes(router).at(-1), 'up > down 3');
    const decision = router.status()[0]?.detail.client_decision as { act: boolean };
    assert.equal(decision.act, false);
    await router.up();
    await router.tell({ state: 'down', diagnostic: 1 });
    const failed = router.status()[0]?.detail.client_decision as { act: boolean };
    assert.equal(failed.act, true);
  });
});
