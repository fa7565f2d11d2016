/** What the pacemaker thread tells of a flood: some of each source, some of all, and the rest is counted. On loopback, as root. */
import assert from 'node:assert/strict';
import type { HeardPacket, PacemakerLine } from '@mainstay/pacemaker';
import { afterEach, before, describe, it } from 'mocha';
import { clockUs, eventually, Lines, udpPort } from '../../support/pacing.js';

const flood = 3000;
const ears = Buffer.of(127, 0, 0, 1);
/** Told at once, and each second in the long run. */
const rates = { source: [256, 250], afar: [512, 500], line: [1024, 1000], heard: [256, 1334] } as const;
/** A packet counts once for each so many bytes. */
const bytesOfOne = 512;
/** What lies unread of all lines; a record has a head before the packet. */
const ring = { size: 1 << 20, leastHead: 64 } as const;
const silent = { onSilence: () => assert.fail('silence') };

describe('pacemaker, flooded', function () {
  this.timeout(60_000);
  let lines: Lines;

  before(() => {
    assert.equal(process.getuid?.(), 0, 'the thread needs root');
    lines = new Lines();
  });
  afterEach(() => lines.close());

  const udp = (last: number, port: number, more: Parameters<Lines['open']>[0] | object = {}, hopLimit = 255) => {
    const address = Buffer.of(127, 0, 0, last);
    const transport = { kind: 'udp', family: 4, address, port, hopLimit, trafficClass: 0 } as const;
    return lines.open({ transport, ...more });
  };
  const sources = (count: number, hopLimit = 255) =>
    Array.from({ length: count }, (_, i) => ({ last: 10 + i, line: udp(10 + i, udpPort + 1, {}, hopLimit) }));

  /** Packets whose first byte is `key`. */
  function send(line: PacemakerLine, key: number, count: number, text = 'usual'): void {
    const packet = { payload: Buffer.concat([Buffer.of(key), Buffer.from(text)]), destination: ears, port: udpPort };
    for (let i = 0; i < count; i++) line.send(packet);
  }

  function opened() {
    const told: HeardPacket[] = [];
    const line = udp(1, udpPort, { key: { offset: 0, length: 1 }, onPacket: (packet: HeardPacket) => told.push(packet) });
    const by = (last: number) => told.filter(({ source }) => source[3] === last).length;
    const missed = () => line.untold + line.drops;
    return { line, by, missed };
  }

  function most([atOnce, perSecond]: readonly [number, number], since: number): number {
    return atOnce + 1 + (perSecond * (clockUs() - since)) / 1e6;
  }

  it('tells so many of one source, and of another one beside it', async () => {
    const { by, missed } = opened();
    const [loud, quiet] = [udp(2, udpPort + 1), udp(3, udpPort + 1)];
    const from = clockUs();
    send(loud, 9, flood);
    await eventually('the loud one is told or counted', () => by(2) + missed() === flood);
    assert.ok(by(2) >= Math.min(rates.source[0], flood - missed()) && by(2) <= most(rates.source, from), `${by(2)} told`);
    send(quiet, 9, 10);
    await eventually('the quiet one is told', () => by(3) === 10);
  });

  it('tells so many of all sources', async () => {
    const { by, missed } = opened();
    const all = sources(20);
    const from = clockUs();
    for (const { line } of all) send(line, 9, 200);
    const told = () => all.reduce((sum, { last }) => sum + by(last), 0);
    await eventually('all are told or counted', () => told() + missed() === 200 * all.length);
    assert.ok(told() <= most(rates.line, from), `${told()} told`);
  });

  it('tells fewer of what has come over routers, however many sources it names, and of neighbours beside it', async () => {
    const { by, missed } = opened();
    const [all, near] = [sources(20, 254), udp(3, udpPort + 1)];
    const from = clockUs();
    for (const { line } of all) send(line, 9, 200);
    const told = () => all.reduce((sum, { last }) => sum + by(last), 0);
    await eventually('all are told or counted', () => told() + missed() === 200 * all.length);
    assert.ok(told() <= most(rates.afar, from), `${told()} told`);
    send(near, 9, 10);
    await eventually('the neighbour is told', () => by(3) === 10);
  });

  it('tells as many from beyond a router as of all, where no watch refuses such', async () => {
    const { line, by, missed } = opened();
    const all = sources(20, 254);
    const told = () => all.reduce((sum, { last }) => sum + by(last), 0);
    let sent = 0;
    const flooded = async () => {
      for (const { line: from } of all) send(from, 9, 200);
      sent += 200 * all.length;
      await eventually('all are told or counted', () => told() + missed() === sent);
    };
    const from = clockUs();
    line.watch({ key: 7, filter: { hopLimit: [250, 255] }, onPacket: () => {}, ...silent });
    const near = line.watch({ key: 8, filter: { hopLimit: [255, 255] }, onPacket: () => {}, ...silent });
    await flooded();
    const [half, { drops }] = [told(), line];
    assert.ok(half <= most(rates.afar, from), `${half} told`);
    near.close();
    await flooded();
    const least = Math.min(rates.line[0], half + 200 * all.length - (line.drops - drops));
    assert.ok(told() >= least && told() <= most(rates.line, from), `${told()} told`);
  });

  it('counts a long packet as several', async () => {
    const { by, missed } = opened();
    const loud = udp(2, udpPort + 1);
    const from = clockUs();
    const length = 50_000;
    send(loud, 9, 30, 'x'.repeat(length - 1));
    await eventually('all are told or counted', () => by(2) + missed() === 30);
    const count = 1 + Math.floor(length / bytesOfOne);
    const [atOnce, perSecond] = rates.source;
    assert.ok(by(2) <= most([Math.ceil(atOnce / count), perSecond / count], from), `${by(2)} told`);
  });

  it('leaves half of the mailbox to others while JavaScript does not read', async () => {
    const { by, missed } = opened();
    const all = sources(8);
    const [size, each] = [bytesOfOne - 1, 150];
    const told = () => all.reduce((sum, { last }) => sum + by(last), 0);
    const room = Math.floor(ring.size / 2 / (size + ring.leastHead)) + 1;
    for (const { line } of all) send(line, 9, each, 'x'.repeat(size - 1));
    // Commands leave at the end of a microtask, and mail is read in a later turn of the loop: this one goes on until it must be full.
    await Promise.resolve();
    for (const end = clockUs() + 20e6; missed() < all.length * each - room && clockUs() < end; );
    const missedMeanwhile = missed();
    await eventually('all are told or counted', () => told() + missed() === all.length * each);
    assert.ok(missedMeanwhile >= all.length * each - room, `${told()} told`);
  });

  it('tells so many unexpected packets of one watch, and hears every expected one meanwhile', async () => {
    const { line, missed } = opened();
    const [peer, stranger] = [udp(2, udpPort + 1), udp(4, udpPort + 1)];
    let told = 0;
    const watch = line.watch({ key: 7, onPacket: () => told++, ...silent });
    const usual = { source: Buffer.of(127, 0, 0, 2), destination: ears, sourcePort: udpPort + 1, hopLimit: 255 };
    const payload = Buffer.concat([Buffer.of(7), Buffer.from('usual')]);
    watch.arm({ deadline: clockUs() + 1e9, rearmUs: 1e9, expected: { ...usual, payload } });
    const from = clockUs();
    for (let i = 0; i < 30; i++) {
      send(stranger, 7, flood / 30, 'strange');
      send(peer, 7, 10);
    }
    await eventually('all are heard, told or counted', () => watch.consumed + told + missed() === flood + 300);
    assert.ok(told <= most(rates.heard, from), `${told} told`);
    assert.ok(watch.consumed >= 300 - line.drops, `${watch.consumed} heard`);
  });

  it('tells what the peer of a watch says anew, while a stranger floods the same watch', async () => {
    const { line, missed } = opened();
    const [peer, stranger] = [udp(2, udpPort + 1), udp(4, udpPort + 1)];
    const told: HeardPacket[] = [];
    const by = (last: number) => told.filter(({ source }) => source[3] === last).length;
    line.watch({ key: 7, onPacket: (packet: HeardPacket) => told.push(packet), ...silent });
    // Until some of the stranger's are held back, however slow the machine is.
    for (let sent = 0; line.untold === 0; ) {
      send(stranger, 7, flood, 'strange');
      sent += flood;
      await eventually('the flood is told or counted', () => by(4) + missed() === sent);
    }
    send(peer, 7, 10, 'changed');
    await eventually('the peer is told', () => by(2) === 10);
  });

  it('turns nothing at silence after a packet was left untold, until the expected one has come', async () => {
    const { line, missed } = opened();
    const [peer, stranger, mouth] = [udp(2, udpPort + 1), udp(4, udpPort + 1), udp(5, udpPort + 1)];
    const packets = [{ payload: Buffer.of(9), destination: ears, port: udpPort }];
    const silences: boolean[] = [];
    let told = 0;
    const watch = line.watch({ key: 7, onPacket: () => told++, onSilence: (_, hasActed) => silences.push(hasActed) });
    const beacon = mouth.beacon({ packets, intervalUs: 1e6, firstAt: clockUs() + 1e9, onEnd: () => assert.fail('ended') });
    watch.turnAtSilence({ beacon, packets, intervalUs: 1e6 });
    for (let sent = 0; line.untold === 0; ) {
      send(stranger, 7, flood, 'strange');
      sent += flood;
      await eventually('the flood is told or counted', () => told + missed() === sent);
    }
    watch.arm({ deadline: clockUs() + 50_000 });
    await eventually('silence', () => silences.length === 1);
    const payload = Buffer.concat([Buffer.of(7), Buffer.from('usual')]);
    const expected = { source: Buffer.of(127, 0, 0, 2), destination: ears, sourcePort: udpPort + 1, hopLimit: 255, payload };
    watch.arm({ deadline: clockUs() + 1e9, rearmUs: 50_000, expected });
    send(peer, 7, 1);
    await eventually('silence again', () => silences.length === 2);
    assert.deepEqual(silences, [false, true]);
  });
});
