/** Watches of the pacemaker thread: expected packets, silence, keys, filters, every transport. On loopback, as root. */
import assert from 'node:assert/strict';
import type { HeardPacket, PacemakerLine } from '@mainstay/pacemaker';
import { afterEach, before, describe, it } from 'mocha';
import {
  block,
  clockUs,
  etherType,
  eventually,
  expected,
  frame,
  Lines,
  PacingChild,
  textOf,
  udpPort,
} from '../../support/pacing.js';

const protocol = 150 + (process.pid % 100);
const never = () => assert.fail('silence');
const farAhead = () => clockUs() + 1_000_000_000;

describe('pacemaker watches', function () {
  this.timeout(60_000);
  let lines: Lines;

  before(() => {
    assert.equal(process.getuid?.(), 0, 'packet sockets need root');
    lines = new Lines();
  });
  afterEach(() => lines.close());

  function watched(line: PacemakerLine, more: { key?: number } = {}) {
    const told: string[] = [];
    const silences: number[] = [];
    const watch = line.watch({
      ...more,
      onPacket: (packet) => told.push(textOf(packet)),
      onSilence: (at) => silences.push(at),
    });
    return { watch, told, silences };
  }

  it('hear the expected packet without telling, and tell every other', async () => {
    const line = lines.frames(etherType);
    const { watch, told } = watched(line, { key: 5 });
    const usual = frame(etherType, 5, 'usual');
    const before = clockUs();
    watch.arm({ deadline: farAhead(), rearmUs: 1_000_000_000, expected: expected(usual) });
    assert.equal(watch.heardAt, undefined);
    line.send(usual, usual, frame(etherType, 5, 'other'), usual);
    await eventually('three were heard', () => watch.consumed === 3);
    await eventually('the other was told', () => told.length > 0);
    assert.deepEqual(told, ['other']);
    assert.ok((watch.heardAt ?? 0) >= before && (watch.heardAt ?? 0) <= clockUs());
  });

  it('know when the expected packet came until another one is expected', async () => {
    const line = lines.frames(etherType);
    const { watch } = watched(line, { key: 5 });
    const usual = expected(frame(etherType, 5, 'usual'));
    watch.arm({ deadline: farAhead(), expected: usual });
    line.send(usual.payload);
    await eventually('it was heard', () => watch.heardAt !== undefined);
    const heardAt = watch.heardAt;
    watch.arm({ deadline: farAhead(), expected: usual });
    assert.equal(watch.heardAt, heardAt);
    watch.arm({ deadline: farAhead(), expected: expected(frame(etherType, 5, 'new')) });
    assert.equal(watch.heardAt, undefined);
    watch.disarm();
    assert.equal(watch.heardAt, undefined);
    assert.equal(watch.consumed, 1);
  });

  it('tell silence once, with its time, and again after the expected packet came', async () => {
    const line = lines.frames(etherType);
    const { watch, silences } = watched(line, { key: 5 });
    const usual = frame(etherType, 5, 'usual');
    const deadline = clockUs() + 20_000;
    watch.arm({ deadline, rearmUs: 20_000, expected: expected(usual) });
    await eventually('silence', () => silences.length > 0);
    // Time in which the thread did not run is added.
    assert.ok((silences[0] ?? 0) >= deadline && (silences[0] ?? 0) <= clockUs());
    line.send(usual);
    await eventually('silence again', () => silences.length > 1);
    assert.equal(watch.consumed, 1);
    assert.ok((silences[1] ?? 0) >= (watch.heardAt ?? 0) + 20_000);
  });

  it('are re-armed by every packet where that is asked', async () => {
    const line = lines.frames(etherType);
    const { watch, told, silences } = watched(line, { key: 5 });
    watch.arm({ deadline: clockUs() + 10_000, rearmUs: 15_000, rearmedBy: 'any' });
    await eventually('silence', () => silences.length === 1);
    line.send(frame(etherType, 5, 'anything'));
    await eventually('silence again', () => silences.length === 2);
    assert.deepEqual(told, ['anything']);
    assert.equal(watch.consumed, 0);
  });

  it('do not tell silence of earlier terms', async () => {
    const line = lines.frames(etherType);
    const { watch, silences } = watched(line);
    const marker = watched(line);
    watch.arm({ deadline: clockUs() + 1000 });
    marker.watch.arm({ deadline: clockUs() + 20_000 });
    block(200);
    // Noticed by now, and not read: new terms come first.
    watch.arm({ deadline: farAhead() });
    await eventually('the marker', () => marker.silences.length > 0);
    watch.disarm();
    marker.watch.arm({ deadline: clockUs() + 1000 });
    await eventually('the marker again', () => marker.silences.length > 1);
    assert.deepEqual(silences, []);
  });

  it('keep a later deadline when armed anew with the same expectation', async () => {
    const line = lines.frames(etherType);
    const { watch } = watched(line, { key: 5 });
    const marker = watched(line, { key: 6 });
    const other = watched(line, { key: 5 });
    const usual = expected(frame(etherType, 5, 'usual'));
    watch.arm({ deadline: farAhead(), rearmUs: 1_000_000_000, expected: usual });
    line.send(usual.payload);
    await eventually('it was heard', () => watch.consumed === 1);
    const silences: number[] = [];
    watch.arm({ deadline: clockUs() + 1000, rearmUs: 1_000_000_000, expected: usual });
    other.watch.arm({ deadline: clockUs() + 1000, rearmUs: 1_000_000_000, expected: expected(frame(etherType, 5, 'else')) });
    marker.watch.arm({ deadline: clockUs() + 30_000 });
    await eventually('the marker', () => marker.silences.length > 0);
    assert.deepEqual([silences.length, other.silences.length], [0, 1]);
  });

  it('get the packets of their key; what nobody wants goes to the line', async () => {
    const unclaimed: string[] = [];
    const line = lines.frames(etherType, { onPacket: (packet) => unclaimed.push(textOf(packet)) });
    const one = watched(line, { key: 1 });
    const two = watched(line, { key: 2 });
    for (const [key, text] of [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [1, 'd'],
    ] as const)
      line.send(frame(etherType, key, text));
    await eventually('all four', () => one.told.length + two.told.length + unclaimed.length === 4);
    assert.deepEqual([one.told, two.told, unclaimed], [['a', 'd'], ['b'], ['c']]);
    const all = watched(line);
    one.watch.close();
    line.send(frame(etherType, 1, 'e'), frame(etherType, 2, 'f'));
    await eventually('both', () => all.told.length === 2);
    assert.deepEqual([one.told, two.told, unclaimed, all.told], [['a', 'd'], ['b', 'f'], ['c'], ['e', 'f']]);
    assert.throws(() => line.watch({ key: 256, onPacket() {}, onSilence: never }), TypeError);
  });

  it('filter by length and bytes', async () => {
    const unclaimed: string[] = [];
    const told: string[] = [];
    const line = lines.frames(etherType, { onPacket: (packet) => unclaimed.push(textOf(packet)) });
    const bytes = [
      { offset: 15, mask: Buffer.from([0xdf, 0xff]), value: Buffer.from('AB') },
      { offset: 17, mask: Buffer.from([0]), value: Buffer.from('?') },
    ];
    line.watch({
      filter: { length: [60, 61], bytes },
      onPacket: (packet) => told.push(textOf(packet)),
      onSilence: never,
    });
    const short = frame(etherType, 1, 'AB').subarray(0, 16);
    const long = Buffer.concat([frame(etherType, 1, 'ABlong'), Buffer.alloc(2)]);
    line.send(frame(etherType, 1, 'aBx'), frame(etherType, 1, 'ABy'), frame(etherType, 1, 'Abz'), short, long);
    await eventually('all five', () => told.length + unclaimed.length === 5);
    assert.deepEqual(told, ['aBx', 'ABy']);
  });

  it('hear what arrived before they believe in silence, however long the process slept', async () => {
    const line = lines.frames(etherType);
    const child = new PacingChild(`
      const line = PacemakerThread.start().openLine({
        transport: { kind: 'frames', etherType: ${etherType} }, interfaceIndex: 1, onPacket() {}, onError: console.error });
      const none = Buffer.alloc(0);
      const usual = frame(${etherType}, 1, 'usual');
      const watch = line.watch({ onPacket() {}, onSilence: () => { console.log('silence'); line.close(); } });
      watch.arm({ deadline: clockUs() + 1000000, rearmUs: 1000000,
        expected: { source: none, destination: none, sourcePort: 0, hopLimit: 0, payload: usual } });
      console.log('armed');
      const shown = setInterval(() => { if (watch.consumed > 3) { console.log('heard'); clearInterval(shown); } }, 5);`);
    await child.saw('armed');
    const packets = [frame(etherType, 1, 'usual')];
    const beacon = line.beacon({ packets, intervalUs: 50_000, firstAt: clockUs(), onEnd: () => assert.fail() });
    await child.saw('heard');
    for (let i = 0; i < 2; i++) {
      child.signal('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 1300));
      child.signal('SIGCONT');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.doesNotMatch(child.output, /silence/);
    beacon.close();
    await child.saw('silence');
    assert.equal(await child.ended, 0);
  });

  const addresses = { 4: Buffer.from([127, 0, 0, 1]), 6: Buffer.concat([Buffer.alloc(15), Buffer.from([1])]) } as const;
  for (const family of [4, 6] as const) {
    it(`take UDP over IPv${family} with hop limit, addresses and port`, async () => {
      const heard: HeardPacket[] = [];
      const transport = { kind: 'udp', family, port: udpPort + family / 2 - 2, hopLimit: 254, trafficClass: 0xc0 } as const;
      const line = lines.open({ transport: { ...transport, address: addresses[family] } });
      line.watch({
        filter: { hopLimit: [254, 255], source: addresses[family] },
        onPacket: (p) => heard.push(p),
        onSilence: never,
      });
      const unheard = line.watch({ filter: { hopLimit: [255, 255] }, onPacket: () => assert.fail(), onSilence: never });
      const peer = lines.open({ transport: { ...transport, port: udpPort + family / 2 - 1 } });
      peer.send({ payload: Buffer.from('hello'), destination: addresses[family], port: transport.port });
      await eventually('it arrived', () => heard.length === 1);
      const [packet] = heard;
      assert.ok(packet !== undefined);
      assert.deepEqual(
        [packet.source, packet.destination, packet.sourcePort, packet.hopLimit, packet.interfaceIndex, `${packet.payload}`],
        [addresses[family], addresses[family], udpPort + family / 2 - 1, 254, 1, 'hello'],
      );
      unheard.arm({ deadline: farAhead(), expected: packet });
      const same = line.watch({ onPacket() {}, onSilence: never });
      same.arm({ deadline: farAhead(), expected: packet });
      peer.send({ payload: Buffer.from('hello'), destination: addresses[family], port: transport.port });
      await eventually('it is the expected one', () => same.consumed === 1);
      assert.equal(unheard.consumed, 0);
    });
  }

  it('take a UDP port again that was closed a moment ago', () => {
    const transport = { kind: 'udp', family: 4, port: udpPort + 3, hopLimit: 255, trafficClass: 0 } as const;
    for (let i = 0; i < 20; i++) lines.open({ transport }).close();
    const line = lines.open({ transport });
    assert.throws(() => lines.open({ transport }), /EADDRINUSE/);
    line.close();
  });

  it('take raw IPv4 that was sent whole, cut to what its header says, of joined groups', async () => {
    const heard: HeardPacket[] = [];
    const line = lines.open({ transport: { kind: 'ip', family: 4, protocol }, onPacket: (packet) => heard.push(packet) });
    const group = Buffer.from([224, 0, 0, 18]);
    line.join(group);
    const header = Buffer.from([0x46, 0xc0, 0, 29, 0, 0, 0, 0, 255, protocol, 0, 0, 127, 0, 0, 1, ...group, 1, 1, 1, 1]);
    line.send({ bytes: Buffer.concat([header, Buffer.from('hello')]), destination: group });
    line.send({
      bytes: Buffer.concat([header.fill(127, 16, 17).fill(9, 19, 20), Buffer.from('local')]),
      destination: addresses[4],
    });
    await eventually('both arrived', () => heard.length === 2);
    assert.deepEqual(
      heard.map(({ source, destination, hopLimit, payload }) => [source, destination, hopLimit, `${payload}`]),
      [
        [addresses[4], group, 255, 'hello'],
        [addresses[4], Buffer.from([127, 0, 0, 9]), 255, 'local'],
      ],
    );
    line.leave(group);
    assert.equal(line.drops, 0);
  });

  it('take raw IPv6 that was sent whole', async () => {
    const heard: HeardPacket[] = [];
    const line = lines.open({
      transport: { kind: 'ip', family: 6, protocol },
      key: { offset: 0, length: 4 },
      onPacket: () => assert.fail(),
    });
    line.watch({ key: 0x68656c6c, onPacket: (packet) => heard.push(packet), onSilence: never });
    const header = Buffer.concat([Buffer.from([0x60, 0, 0, 0, 0, 5, protocol, 255]), addresses[6], addresses[6]]);
    line.send({ bytes: Buffer.concat([header, Buffer.from('hello')]), destination: addresses[6] });
    await eventually('it arrived', () => heard.length === 1);
    const [packet] = heard;
    assert.deepEqual(
      [packet?.source, packet?.destination, packet?.hopLimit, packet?.sourcePort, `${packet?.payload}`],
      [addresses[6], addresses[6], 255, 0, 'hello'],
    );
    assert.throws(() => line.join(Buffer.alloc(4)), TypeError);
  });
});
