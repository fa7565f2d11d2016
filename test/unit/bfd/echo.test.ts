/** The Echo function of the bfd plugin in the simulator: what it sends, loops, detects and asks for (RFC 5880 sections 6.4 and 6.8.9). */
import assert from 'node:assert/strict';
import { Frame, type IpPacket } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { forwards, type Lone, lines, lone, usual } from './lone.js';
import { conf, type Pair, pair } from './pair.js';

interface EchoStatus {
  readonly phase: string;
  readonly interval_ms: number | null;
  readonly detection_ms: number | null;
  readonly sent: number;
  readonly returned: number;
  readonly lost: number;
  readonly looped: number;
  readonly withheld: number;
}

const daemon = ['echo_interval 20', 'echo_via daemon'] as const;
const loops = ['min_echo_rx 20'] as const;
const echoOf = (both: Pair, side: 'a' | 'b') => both.status(side).detail.echo as EchoStatus | null;

interface Datagram {
  readonly at: number;
  readonly from: string;
  readonly hopLimit: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly bytes: Uint8Array;
}

/** Whatever is no control packet, on the wire of a pair. */
function echoes(net: Pair['simulation']['net']): Datagram[] {
  const seen: Datagram[] = [];
  net.segment().watch(({ at, from, frame }) => {
    if (frame.ip?.protocol !== 17) return;
    const { payload, hopLimit } = frame.ip as IpPacket;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const [sourcePort, destinationPort] = [view.getUint16(0), view.getUint16(2)];
    if (destinationPort === 3784) return;
    seen.push({ at, from, hopLimit, sourcePort, destinationPort, bytes: payload.subarray(8) });
  });
  return seen;
}

describe('the Echo function over a daemon', () => {
  for (const family of [4, 6] as const) {
    it(`sends, gets back and counts over IPv${family}`, async () => {
      const both = await pair({ a: daemon, b: loops, family });
      const wire = echoes(both.simulation.net);
      await both.up();
      await both.advance(2000);
      const own = wire.filter(({ from }) => from === 'a');
      const back = wire.filter(({ from }) => from === 'b');
      assert.ok(own.length >= 95 && own.length <= 125, `${own.length} in 2 seconds`);
      assert.deepEqual([...new Set(own.map(({ destinationPort, hopLimit }) => `${destinationPort} ${hopLimit}`))], ['3785 255']);
      assert.deepEqual([...new Set(back.map(({ sourcePort, hopLimit }) => `${sourcePort} ${hopLimit}`))], ['3785 254']);
      for (const { bytes } of back)
        assert.ok(
          own.some((one) => Buffer.compare(one.bytes, bytes) === 0),
          'back as it came',
        );
      const [a, b] = [echoOf(both, 'a'), echoOf(both, 'b')];
      assert.deepEqual([a?.phase, a?.interval_ms, a?.detection_ms, b?.phase], ['working', 20, 60, 'off']);
      assert.ok(
        (a?.returned ?? 0) > 90 && (a?.lost ?? 9) <= 1 && (b?.looped ?? 0) > 90 && b?.withheld === 0,
        JSON.stringify([a, b]),
      );
    });
  }

  it('announces what it loops back, at once after a reload, and nothing without the keyword', async () => {
    const both = await pair({ a: daemon });
    await both.up();
    await both.advance(1000);
    assert.deepEqual([...new Set(both.wire.map(({ packet }) => packet.requiredMinEchoRxUs))], [0]);
    assert.equal(echoOf(both, 'a')?.phase, 'off', 'a peer that loops nothing is sent nothing');
    const from = both.clock.now();
    await both.reload('b', conf('b', loops));
    await both.advance(5);
    assert.equal(both.sent('b', from)[0]?.packet.requiredMinEchoRxUs, 20_000);
    await both.advance(200);
    assert.equal(echoOf(both, 'a')?.phase, 'working');
    await both.reload('b', conf('b'));
    await both.advance(500);
    assert.deepEqual([echoOf(both, 'a')?.phase, both.state('a')], ['off', 'up'], 'withdrawn: no failure');
    assert.equal(both.changes('a').filter((change) => change.startsWith('up')).length, 0);
  });

  it('sends no faster than the peer wants', async () => {
    const both = await pair({ a: daemon, b: ['min_echo_rx 100'] });
    const wire = echoes(both.simulation.net);
    await both.up();
    await both.advance(500);
    const from = both.clock.now();
    await both.advance(2000);
    const own = wire.filter((one) => one.from === 'a' && one.at >= from);
    assert.ok(own.length <= 22 && own.length >= 18, `${own.length}`);
    assert.deepEqual([echoOf(both, 'a')?.interval_ms, echoOf(both, 'a')?.detection_ms], [100, 300]);
  });

  it('asks for slow control packets while it works, and for the usual ones when it does not', async () => {
    const both = await pair({ a: daemon, b: loops });
    await both.up();
    await both.advance(3000);
    const from = both.clock.now();
    await both.advance(5000);
    assert.equal(both.status('a').detail.required_min_rx_ms, 1000);
    assert.equal(both.status('a').summary.detection_ms, 3000, 'three times a second');
    const slow = both.sent('b', from).length;
    assert.ok(slow >= 4 && slow <= 8, `${slow} in 5 seconds`);
    await both.reload('b', conf('b'));
    await both.advance(3000);
    assert.deepEqual([both.status('a').detail.required_min_rx_ms, both.status('a').summary.detection_ms], [50, 150]);
    assert.deepEqual([both.state('a'), both.state('b')], ['up', 'up']);
  });

  it('is down with diagnostic 2 within its detection time when nothing comes back, and control packets still do', async () => {
    const both = await pair({ a: daemon, b: loops });
    await both.up();
    await both.advance(2000);
    const cut = both.clock.now();
    await both.b.crash();
    await both.advance(100);
    assert.equal(both.changes('a').at(-1), 'up > down 2');
    const told = both.a.events.findLast(({ name }) => name === 'bfd.decided');
    assert.deepEqual([told?.payload.isUp, told?.payload.isSilent], [false, false], 'the peer lives');
    const down = both.sent('a', cut).find(({ packet }) => packet.state === 'down');
    assert.ok(down !== undefined && down.packet.diagnostic === 2 && down.at - cut <= 62, `after ${(down?.at ?? 0) - cut} ms`);
  });

  it('does not take a peer that never looped anything for a dead one, and says so', async () => {
    const router = await lone(lines(...usual, ...daemon));
    await router.up({ requiredMinEchoRxUs: 20_000 });
    for (let i = 0; i < 300; i++) {
      await router.advance(20);
      await router.tell({ state: 'up', requiredMinEchoRxUs: 20_000 });
    }
    assert.equal(router.status()[0]?.state, 'up');
    assert.equal(phase(router), 'trying');
    assert.equal(router.status()[0]?.detail.required_min_rx_ms, 50);
    const said = router.log.map(({ message }) => message).filter((message) => /No echo packet has come back/.test(message));
    assert.equal(said.length, 1);
  });

  it('believes only what it has sent itself', async () => {
    const router = await lone(lines(...usual, ...daemon));
    const wire = echoes(router.net as Pair['simulation']['net']);
    await router.up({ requiredMinEchoRxUs: 20_000 });
    await router.advance(5);
    const [echo] = wire.filter(({ from }) => from === 'router');
    assert.ok(echo !== undefined);
    const back = { port: echo.sourcePort, sourcePort: 3785, hopLimit: 254 };
    const forged = Uint8Array.from(echo.bytes, (byte, i) => (i === 20 ? byte ^ 1 : byte));
    await router.hear(forged, back);
    await router.hear(echo.bytes, { ...back, hopLimit: 253 });
    await router.hear(echo.bytes, { ...back, source: '192.0.2.3' });
    await router.hear(echo.bytes.subarray(0, 20), back);
    assert.equal(phase(router), 'trying');
    await router.hear(echo.bytes, back);
    assert.equal(phase(router), 'working');
  });

  it('has another cookie each time that the session comes up', async () => {
    const both = await pair({ a: daemon, b: loops });
    const wire = echoes(both.simulation.net);
    await both.up();
    await both.advance(200);
    await both.reload('a', conf('a', [...daemon, 'admin_down']));
    await both.advance(200);
    await both.reload('a', conf('a', daemon));
    await both.up();
    await both.advance(200);
    const cookies = new Set(wire.filter(({ from }) => from === 'a').map(({ bytes }) => Buffer.from(bytes).toString('hex')));
    assert.equal(cookies.size, 2);
  });

  it('has the peer prove another way anew', async () => {
    const both = await pair({ a: daemon, b: loops });
    await both.up();
    await both.advance(1000);
    const { length } = both.changes('a');
    // There nobody forwards.
    await both.reload('a', conf('a', ['echo_interval 20']));
    await both.advance(4000);
    assert.deepEqual([both.state('a'), echoOf(both, 'a')?.phase], ['up', 'trying']);
    assert.equal(both.status('a').detail.required_min_rx_ms, 50);
    await both.reload('a', conf('a', daemon));
    await both.advance(1000);
    assert.deepEqual([both.state('a'), echoOf(both, 'a')?.phase, both.changes('a').length], ['up', 'working', length]);
  });

  it('does not mistake a stall of this daemon for silence of the peer', async () => {
    const both = await pair({ a: [...daemon, 'multiplier 200'], b: [...loops, 'multiplier 200'] });
    await both.up();
    await both.advance(1000);
    both.a.pause();
    await both.advance(6000);
    both.a.resume();
    await both.advance(1000);
    assert.equal(both.state('a'), 'up', both.changes('a').join());
    assert.equal(echoOf(both, 'a')?.phase, 'working');
  });
});

describe('the Echo function through the forwarding plane', () => {
  const wants = { requiredMinEchoRxUs: 20_000 } as const;
  const configured = lines(...usual, 'echo_interval 20');
  /** Control packets while so much time passes. */
  const keep = async (router: Lone, ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      await router.advance(9);
      await router.tell({ state: 'up', ...wants });
    }
  };

  it('goes in a frame to itself by way of the neighbour, whose address it has from a control packet', async () => {
    const router = await lone(configured);
    const seen = forwards(router);
    await router.up(wants);
    await keep(router, 200);
    assert.equal(phase(router), 'working');
    const [frame] = seen.map((bytes) => Frame.ofBytes(bytes));
    const peer = router.net.kernel('peer').links.get(2);
    assert.deepEqual(
      frame && [frame.destination, frame.ip?.source, frame.ip?.destination, frame.ip?.hopLimit, frame.ip?.trafficClass],
      [peer?.mac, '192.0.2.1', '192.0.2.1', 255, 0xc0],
    );
    const udp = frame?.ip?.payload ?? new Uint8Array();
    assert.deepEqual([...udp.subarray(0, 4)], [3785 >> 8, 3785 & 255, 3785 >> 8, 3785 & 255]);
    const { sent, lost } = statusOf(router);
    assert.ok(sent >= 8 && sent <= 12 && lost <= 1, `${sent} sent, ${lost} lost`);
  });

  it('is down with diagnostic 2 when the neighbour forwards no more, and again when it comes up meanwhile', async () => {
    const router = await lone(configured);
    let isForwarding = true;
    forwards(router, (frame) => (isForwarding ? frame : undefined));
    await router.up(wants);
    await keep(router, 200);
    isForwarding = false;
    await keep(router, 70);
    assert.equal(router.status()[0]?.state, 'down');
    assert.equal(router.said().find(({ state }) => state === 'down')?.diagnostic, 2);
    // Up again by its control packets: what came back before must come back again.
    await router.up(wants);
    await keep(router, 100);
    assert.equal(router.status()[0]?.state, 'down');
    assert.match(router.status()[0]?.summary.diagnostic as string, /echo function failed/);
    isForwarding = true;
    await router.up(wants);
    await keep(router, 200);
    assert.deepEqual([router.status()[0]?.state, phase(router)], ['up', 'working']);
  });

  it('believes a frame that the neighbour has marked otherwise, and none that has not gone a hop', async () => {
    for (const [change, expected] of [
      [(frame: Uint8Array) => frame, 'working'],
      [(frame: Uint8Array) => frame.fill(0, 15, 16), 'working'],
      [(frame: Uint8Array) => frame.fill(255, 22, 23), 'trying'],
      [(frame: Uint8Array) => frame.fill(7, 60, 61), 'trying'],
    ] as const) {
      const router = await lone(configured);
      forwards(router, change);
      await router.up(wants);
      await keep(router, 300);
      assert.deepEqual([router.status()[0]?.state, phase(router)], ['up', expected]);
    }
  });

  it('takes the look for another way for no silence, and asks for the usual control packets meanwhile', async () => {
    const router = await lone(configured);
    forwards(router);
    await router.up(wants);
    await keep(router, 200);
    assert.equal(phase(router), 'working');
    // From now on its packets come to another address; the next one is to show the way, and is late.
    await router.tell({ state: 'up', ...wants }, { destination: '192.0.2.4' });
    await router.advance(100);
    assert.deepEqual([router.status()[0]?.state, phase(router)], ['up', 'trying']);
    assert.equal(router.status()[0]?.detail.required_min_rx_ms, 50);
  });

  it('sends nothing from a link without an Ethernet address, says so, and stays up by control packets', async () => {
    const router = await lone(configured);
    const seen = forwards(router);
    const { links } = router.ports;
    const { byIndex } = links;
    await router.up(wants);
    await keep(router, 200);
    assert.equal(phase(router), 'working');
    const { length } = seen;
    // As if its packets came by a tunnel now.
    Object.assign(links, { byIndex: (index: number) => ({ ...byIndex.call(links, index), mac: '' }) });
    await router.tell({ state: 'up', ...wants, multiplier: 4 });
    assert.equal(phase(router), 'trying');
    await keep(router, 5500);
    assert.deepEqual([router.status()[0]?.state, phase(router), seen.length], ['up', 'trying', length]);
    const said = router.log.map(({ message }) => message).filter((message) => /the link has no Ethernet address/.test(message));
    assert.equal(said.length, 1);
    Object.assign(links, { byIndex });
    await router.tell({ state: 'up', ...wants, multiplier: 4 });
    await keep(router, 200);
    assert.equal(phase(router), 'working');
  });

  it('tells operators what it does', async () => {
    const router = await lone(configured);
    const told = () => router.explain('B1')[0]?.contributors.find(({ of }) => of === 'echo');
    assert.match(`${told()?.effect}: ${told()?.why}`, /sends nothing: the session is not up/);
    await router.up();
    assert.match(`${told()?.effect}: ${told()?.why}`, /sends nothing: the peer loops nothing back/);
    await router.tell({ state: 'up', ...wants });
    await keep(router, 50);
    assert.match(`${told()?.effect}: ${told()?.why}`, /sends every 20 ms: \d sent, 0 came back; none has ever come back/);
    forwards(router);
    await keep(router, 100);
    assert.match(`${told()?.effect}: ${told()?.why}`, /down after 60 ms without one: sent every 20 ms: \d+ sent, \d+ came back/);
  });
});

const statusOf = (router: Lone) => router.status()[0]?.detail.echo as unknown as EchoStatus;
const phase = (router: Lone) => statusOf(router).phase;

describe('looping echo packets back', () => {
  const echo = Uint8Array.of(1, 8, 0, 0, 1, 2, 3, 4);
  const looped = (router: Lone) => statusOf(router).looped;

  it('is done for the peer of a session that is Up, with TTL 255, and for nobody else', async () => {
    const router = await lone(lines(...usual, ...loops));
    const hear = (how: object = {}, bytes = echo) => router.hear(bytes, { port: 3785, sourcePort: 3785, ...how });
    await hear();
    assert.equal(looped(router), 0, 'not while it is down');
    await router.up();
    const wire = echoes(router.net as Pair['simulation']['net']);
    await hear({ hopLimit: 254 });
    await hear({ source: '192.0.2.3' });
    await hear({}, new Uint8Array(600));
    assert.equal(looped(router), 0);
    await hear();
    await router.advance(10);
    assert.equal(looped(router), 1);
    const [back] = wire.filter(({ from }) => from === 'router');
    assert.deepEqual(back && [back.hopLimit, back.sourcePort, back.destinationPort, [...back.bytes]], [
      254,
      3785,
      3785,
      [...echo],
    ]);
    await router.tell({ state: 'down' });
    await hear();
    assert.equal(looped(router), 1, 'and no longer when it has gone down');
  });

  it('is done once, where the peer has two sessions with this host', async () => {
    const of = (name: string, own: string) => lines(...usual, ...loops, `source_ip ${own}`).replace('B1', name);
    const router = await lone(of('B1', '192.0.2.1') + of('B2', '192.0.2.4'));
    for (const [i, destination] of ['192.0.2.1', '192.0.2.4'].entries()) {
      const yourDiscriminator = router.status()[i]?.detail.local_discriminator as number;
      for (const state of ['down', 'up'] as const) await router.tell({ state, yourDiscriminator }, { destination });
      assert.equal(router.status()[i]?.state, 'up');
    }
    await router.hear(echo, { port: 3785, sourcePort: 3785, destination: '192.0.2.4' });
    const counts = router.status().map(({ detail }) => (detail.echo as unknown as EchoStatus).looped);
    assert.deepEqual(counts, [0, 1]);
  });

  it('is done no more often than the peer was told', async () => {
    const router = await lone(lines(...usual, ...loops));
    await router.up();
    for (let i = 0; i < 100; i++) {
      await router.hear(echo, { port: 3785, sourcePort: 3785 });
      if (i % 10 === 9) await router.tell({ state: 'up' });
    }
    const { looped: back, withheld } = statusOf(router);
    // 110 ms have passed: one for each 15 ms, and four at a time.
    assert.ok(back >= 8 && back <= 13 && back + withheld === 100, `${back} and ${withheld}`);
  });
});
