/** Two sessions of the bfd plugin on a simulated LAN: how they come up, keep time, change and end (RFC 5880 section 6). */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { conf, type Pair, pair, type Seen } from './pair.js';

const gaps = (seen: readonly Seen[]) => seen.slice(1).map(({ at }, i) => at - (seen[i]?.at ?? 0));
const periodic = (seen: readonly Seen[]) => seen.filter(({ packet }) => !packet.isFinal);
const cut = (both: Pair) => both.simulation.net.segment().setConditions({ loss: 1 });
const mend = (both: Pair) => both.simulation.net.segment().setConditions({ loss: 0 });

describe('two BFD sessions', () => {
  for (const family of [4, 6] as const) {
    it(`come up by the three-way handshake over IPv${family}`, async () => {
      const both = await pair({ family });
      await both.up();
      // Either may be a step behind, and skip Init where the other is there already.
      for (const side of ['a', 'b'] as const) {
        const changes = both.changes(side);
        assert.ok(['down > init 0,init > up 0', 'down > up 0'].includes(changes.join()), changes.join());
      }
      await both.advance(60_000);
      assert.ok(both.changes('a').length <= 2 && both.changes('b').length <= 2, 'nothing else happens');
    });
  }

  it('[1] [2] [3] [4] say what the RFC wants in every packet', async () => {
    for (const family of [4, 6] as const) {
      const both = await pair({ family });
      await both.up();
      await both.advance(1000);
      for (const side of ['a', 'b'] as const) {
        const sent = both.sent(side);
        assert.ok(sent.length > 10);
        assert.deepEqual([...new Set(sent.map(({ destinationPort }) => destinationPort))], [3784]);
        const ports = [...new Set(sent.map(({ sourcePort }) => sourcePort))];
        assert.ok(ports.length === 1 && (ports[0] ?? 0) >= 49_152, `source ports ${ports}`);
        assert.deepEqual([...new Set(sent.map(({ hopLimit }) => hopLimit))], [255]);
        assert.deepEqual([...new Set(sent.map(({ trafficClass }) => trafficClass))], [0xc0]);
        for (const { bytes, packet } of sent) {
          assert.equal(bytes.length, 24);
          assert.ok((bytes[0] ?? 0) >> 5 === 1 && ((bytes[1] ?? 0) & 1) === 0, 'version 1, M clear');
          assert.ok(packet.multiplier === 3 && packet.myDiscriminator !== 0);
        }
      }
    }
  });

  it('[6] [28] speak no Echo unless asked to, and promise no survival of their control plane', async () => {
    const both = await pair();
    await both.up();
    for (const { packet } of both.wire) assert.deepEqual([packet.requiredMinEchoRxUs, packet.isIndependent], [0, false]);
  });

  it('[15] send a second apart at least while not Up', async () => {
    const both = await pair();
    await both.up();
    both.b.crash();
    await both.advance(2000);
    const from = both.clock.now();
    await both.advance(30_000);
    const sent = both.sent('a', from);
    assert.ok(sent.length >= 30 && sent.length <= 41, `${sent.length} packets in 30 seconds`);
    for (const { packet } of sent) assert.ok(packet.desiredMinTxUs >= 1_000_000);
    for (const gap of gaps(sent)) assert.ok(gap >= 750 && gap <= 1000, `${gap} ms`);
  });

  for (const [multiplier, most] of [
    [3, 1],
    [1, 0.9],
  ] as const) {
    it(`[16] jitter packets by 75 to ${most * 100} % with multiplier ${multiplier}, evenly`, async () => {
      const both = await pair({ a: [`multiplier ${multiplier}`], b: ['min_rx 100'] });
      await both.up();
      await both.advance(1000);
      const from = both.clock.now();
      await both.advance(60_000);
      const all = gaps(periodic(both.sent('a', from)));
      assert.ok(all.length > 600);
      const [least, largest] = [Math.min(...all), Math.max(...all)];
      assert.ok(least >= 75 && largest <= 100 * most + 0.01, `${least} to ${largest}`);
      // An even distribution fills each tenth of its range alike.
      const tenths = new Array<number>(10).fill(0);
      for (const gap of all) {
        const tenth = Math.min(9, Math.floor(((gap - 76) / (100 * most - 76)) * 10));
        tenths[tenth] = (tenths[tenth] ?? 0) + 1;
      }
      for (const count of tenths) assert.ok(count > all.length / 20 && count < all.length / 6, tenths.join(' '));
    });
  }

  it('[16] send at the slower of what they would like and what the peer can take', async () => {
    const both = await pair({ a: ['min_tx 20'], b: ['min_rx 70'] });
    await both.up();
    await both.advance(2000);
    const { tx_ms: mine } = both.status('a').summary;
    assert.equal(mine, 70);
  });

  it('[18] give the peer up after its multiplier times the slower interval', async () => {
    const both = await pair({ a: ['min_rx 30'], b: ['min_tx 40', 'multiplier 4'] });
    await both.up();
    await both.advance(2000);
    assert.equal(both.status('a').summary.detection_ms, 160);
    const last = Math.max(...both.sent('b').map(({ at }) => at));
    cut(both);
    const at = both.clock.now();
    const known = Math.max(last, ...both.sent('b', at).map((seen) => (seen.at <= at ? seen.at : 0)));
    await both.advance(1000);
    const [down] = both.a.events.filter(({ name, payload }) => name === 'bfd.changed' && payload.to === 'down');
    assert.ok(down !== undefined);
    const waited = down.at - known;
    assert.ok(waited >= 160 && waited <= 161, `${waited} ms`);
  });

  it('[21] [22] say Down with diagnostic 1 at silence, and forget the peer after a further detection time', async () => {
    const both = await pair();
    await both.up();
    await both.advance(2000);
    cut(both);
    await both.advance(170);
    assert.equal(both.changes('a').at(-1), 'up > down 1');
    const first = both.sent('a').at(-1)?.packet;
    assert.ok(first?.state === 'down' && first.diagnostic === 1 && first.yourDiscriminator !== 0);
    await both.advance(5000);
    const later = both.sent('a').at(-1)?.packet;
    assert.deepEqual([later?.diagnostic, later?.yourDiscriminator, later?.desiredMinTxUs], [1, 0, 1_000_000]);
    mend(both);
    await both.up();
    assert.equal(both.sent('a').at(-1)?.packet.diagnostic, 0);
  });

  it('[24] tell a change of state at once', async () => {
    const both = await pair();
    await both.up();
    await both.advance(2000);
    cut(both);
    await both.advance(3000);
    const [down] = both.a.events.filter(({ name, payload }) => name === 'bfd.changed' && payload.to === 'down');
    const first = both.sent('a').find(({ packet, at }) => packet.state === 'down' && at >= (down?.at ?? 0));
    assert.ok(down !== undefined && first !== undefined && first.at - down.at < 1, `${first?.at} after ${down?.at}`);
  });

  it('[25] say nothing while passive, until they have heard the peer', async () => {
    const both = await pair({ a: ['passive'], b: ['passive'] });
    await both.advance(20_000);
    assert.equal(both.wire.length, 0);
    const one = await pair({ a: ['passive'] });
    await one.up();
    assert.equal(one.wire[0]?.from, 'b');
  });

  it('[26] [27] tell the peer that they end, which is no failure for its clients', async () => {
    const both = await pair();
    await both.up();
    await both.advance(2000);
    const from = both.clock.now();
    await both.stop('b');
    const took = both.clock.now() - from;
    assert.ok(took <= 150, `the stop took ${took} ms: the peer had noticed earlier`);
    await both.advance(10);
    assert.equal(both.changes('a').at(-1), 'up > down 3');
    assert.deepEqual(both.status('a').detail.client_decision, {
      act: false,
      why: 'the peer is administratively down (RFC 5882 section 3.2)',
    });
    assert.ok(both.sent('b').some(({ packet }) => packet.state === 'adminDown' && packet.diagnostic === 7));
  });

  it('[26] say it again where the first word was lost', async () => {
    const both = await pair();
    await both.up();
    await both.advance(2000);
    const from = both.clock.now();
    both.simulation.net.segment().setPath('b', 'a', { loss: 1 });
    const stopped = both.stop('b');
    await stopped;
    const said = both.sent('b', from).filter(({ packet }) => packet.state === 'adminDown');
    assert.ok(said.length > 1, `${said.length} times`);
    assert.ok(both.clock.now() - from <= 151, 'one detection time');
  });

  it('[26] keep down what the operator has shut, and tell the peer', async () => {
    const both = await pair();
    await both.up();
    await both.reload('a', conf('a', ['admin_down']));
    await both.advance(10);
    assert.deepEqual([both.state('a'), both.state('b')], ['adminDown', 'down']);
    assert.equal(both.changes('a').at(-1), 'up > adminDown 7');
    await both.advance(10_000);
    assert.deepEqual([both.state('a'), both.state('b')], ['adminDown', 'down']);
    assert.ok(both.sent('a', both.clock.now() - 3000).length > 1, 'it goes on saying so');
    await both.reload('a', conf('a'));
    await both.up();
  });

  it('[30] draw discriminators anew for each session', async () => {
    const seen = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) {
      const both = await pair({ seed });
      for (const side of ['a', 'b'] as const) seen.add(both.status(side).detail.local_discriminator as number);
    }
    assert.equal(seen.size, 40);
    assert.ok(!seen.has(0) && [...seen].some((one) => one > 0x8000_0000));
  });

  it('[31] come up again with a peer that has restarted within the detection time', async () => {
    const both = await pair({ b: ['multiplier 200'] });
    await both.up();
    const before = both.status('b').detail.local_discriminator;
    both.b.crash();
    await both.start('b');
    await both.up();
    assert.equal(both.changes('a').filter((change) => change === 'up > down 3').length, 1, both.changes('a').join());
    assert.ok(both.status('b').detail.local_discriminator !== undefined && before !== undefined);
    assert.equal(both.status('a').detail.remote_discriminator, both.status('b').detail.local_discriminator);
  });
});

describe('parameters of a BFD session', () => {
  it('[7] may be any of the common intervals, and those of no hardware too', async () => {
    for (const ms of ['3.3', '10', '20', '50', '100', '1000', '10000', '12.345']) {
      const both = await pair({ a: [`min_tx ${ms}`, `min_rx ${ms}`], b: [`min_tx ${ms}`, `min_rx ${ms}`] });
      await both.up();
      await both.advance(5000);
      assert.equal(both.status('a').summary.tx_ms, Number(ms));
      assert.equal(both.sent('a').at(-1)?.packet.desiredMinTxUs, Number(ms) * 1000);
    }
  });

  it('[19] [20] are polled for, and do not flap', async () => {
    const both = await pair();
    await both.up();
    await both.advance(2000);
    const before = both.changes('a').length;
    let from = both.clock.now();
    await both.reload('a', conf('a', ['min_tx 200', 'min_rx 200']));
    await both.advance(1000);
    assert.ok(both.sent('a', from)[0]?.packet.isPoll, 'the poll begins at once');
    const answer = both.sent('b', from).find(({ packet }) => packet.isFinal);
    assert.ok(answer !== undefined);
    for (const { packet, at } of periodic(both.sent('a', from))) assert.equal(packet.isPoll, at < answer.at + 0.2, `at ${at}`);
    assert.deepEqual([both.status('a').summary.tx_ms, both.status('b').summary.detection_ms], [200, 600]);
    from = both.clock.now();
    await both.reload('a', conf('a', ['min_tx 10', 'min_rx 10']));
    await both.advance(1000);
    assert.deepEqual([both.status('a').summary.tx_ms, both.status('b').summary.detection_ms], [50, 150]);
    assert.equal(both.changes('a').length, before);
    assert.equal(both.changes('b').length, 2 - (both.changes('b')[0] === 'down > up 0' ? 1 : 0));
  });

  it('[19] go on as before until the peer has confirmed the new ones', async () => {
    const both = await pair({ a: ['min_tx 50'], b: ['multiplier 100'] });
    await both.up();
    await both.advance(2000);
    // The peer's answers are lost.
    both.simulation.net.segment().setPath('b', 'a', { loss: 1 });
    await both.reload('a', conf('a', ['min_tx 500', 'min_rx 10']));
    await both.advance(1000);
    assert.equal(both.state('a'), 'up');
    assert.equal(both.status('a').summary.tx_ms, 50, 'not slower');
    assert.equal(both.status('a').summary.detection_ms, 5000, 'not less patient');
    assert.equal(both.status('a').detail.polling, true);
    both.simulation.net.segment().setPath('b', 'a', undefined);
    await both.advance(200);
    assert.equal(both.status('a').summary.tx_ms, 500);
    assert.equal(both.status('a').detail.polling, false);
  });

  it('leave an unchanged session alone at a reload', async () => {
    const both = await pair();
    await both.up();
    await both.advance(2000);
    const { local_discriminator: before } = both.status('a').detail;
    await both.reload('a', `${conf('a')}\nbfd_instance B2 {\n neighbor_ip 192.0.2.77\n}\n`);
    await both.advance(2000);
    assert.equal(both.state('a'), 'up');
    assert.equal(both.status('a').detail.local_discriminator, before);
    await both.reload('a', conf('a', ['multiplier 7']));
    await both.advance(100);
    assert.equal(both.status('b').summary.detection_ms, 350);
  });
});
