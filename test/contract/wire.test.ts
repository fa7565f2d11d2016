/** What the rawIp and linkLayer ports put on the wire, byte for byte as tcpdump and tshark see it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { Capture, fields } from '../support/capture.js';
import { until } from '../support/command.js';
import { type Host, Lan } from '../support/netns.js';
import { PortAgent } from '../support/port-agent.js';
import { requireRoot } from './support/linux-world.js';

const vrrp = 112;

describe('raw IP on the wire (Linux)', function () {
  this.timeout(60_000);
  let lan: Lan;
  let host: Host;
  let agent: PortAgent;
  let folder: string;
  let link = 0;

  before(async () => {
    requireRoot();
    folder = mkdtempSync(join(tmpdir(), 'mainstay-wire-'));
    lan = await Lan.create('a', 'b');
    host = lan.host('a');
    agent = await PortAgent.start(host.namespace);
    link = (await agent.driver.links()).find(({ name }) => name === 'eth0')?.index ?? 0;
  });

  after(async () => {
    await agent?.stop();
    lan?.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Captures while `act` runs; answers the rows of `names` that match `filter`. */
  async function captured(name: string, filter: string, names: readonly string[], act: () => Promise<void>) {
    const file = join(folder, `${name}.pcap`);
    const capture = await Capture.start(lan, file);
    await act();
    const rows = await until(`${filter} is captured`, 5000, async () => {
      const found = await fields(file, filter, names).catch(() => []);
      return found.length > 0 && found;
    });
    await capture.stop();
    return rows;
  }

  it('sends IPv4 with the source, TTL, type of service and payload asked for, and valid checksums', async () => {
    const socket = await agent.driver.openRaw(4, vrrp, link);
    const payload = Uint8Array.from(Buffer.from('2133640100010a8f0a0900630000000000000000', 'hex'));
    const names = [
      'ip.src',
      'ip.dst',
      'ip.ttl',
      'ip.dsfield',
      'ip.proto',
      'ip.len',
      'ip.hdr_len',
      'ip.checksum.status',
      'eth.dst',
    ];
    const rows = await captured('v4', 'ip.proto == 112', names, () =>
      agent.driver.sendRaw(socket, {
        source: '10.9.0.99',
        destination: '224.0.0.18',
        hopLimit: 255,
        trafficClass: 0xc0,
        payload,
      }),
    );
    assert.deepEqual(rows, [['10.9.0.99', '224.0.0.18', '255', '0xc0', '112', '40', '20', '1', '01:00:5e:00:00:12']]);
    await agent.driver.closeSocket(socket);
  });

  it('sends IPv6 with the source, hop limit, traffic class and payload asked for', async () => {
    const socket = await agent.driver.openRaw(6, vrrp, link);
    const payload = Uint8Array.of(0x31, 1, 100, 1, 0, 100, 0xab, 0xcd);
    const names = ['ipv6.src', 'ipv6.dst', 'ipv6.hlim', 'ipv6.tclass', 'ipv6.nxt', 'ipv6.plen', 'ipv6.flow', 'eth.dst'];
    const rows = await captured('v6', 'ipv6.nxt == 112', names, () =>
      agent.driver.sendRaw(socket, {
        source: host.linkLocal,
        destination: 'ff02::12',
        hopLimit: 255,
        trafficClass: 0xe0,
        payload,
      }),
    );
    assert.deepEqual(rows, [[host.linkLocal, 'ff02::12', '255', '0x000000e0', '112', '8', '0x000000', '33:33:00:00:00:12']]);
    await agent.driver.closeSocket(socket);
  });

  it('cuts Ethernet padding from a short packet', async () => {
    const peer = await PortAgent.start(lan.host('b').namespace);
    const peerLink = (await peer.driver.links()).find(({ name }) => name === 'eth0')?.index ?? 0;
    const socket = await peer.driver.openRaw(4, vrrp, peerLink);
    await peer.driver.join(socket, '224.0.0.18');
    const frames = await agent.driver.openFrames(link, 0x0800, false);
    // An IPv4 packet of 24 bytes with a router-alert option, in a frame of 60: IHL 6, four bytes of payload.
    const header = Buffer.from('46c0001c00000000ff7000000a090001e000001294040000', 'hex');
    let sum = 0;
    for (let i = 0; i < header.length; i += 2) sum += header.readUInt16BE(i);
    header.writeUInt16BE(~((sum & 0xffff) + (sum >> 16)) & 0xffff, 10);
    const ethernet = Buffer.from(`01005e000012${host.mac.replaceAll(':', '')}0800`, 'hex');
    const frame = Buffer.concat([ethernet, header, Buffer.from('cafebabe', 'hex'), Buffer.alloc(18, 0x55)]);
    assert.equal(frame.length, 60);
    await agent.driver.sendFrame(frames, frame);
    await until('it arrives', 5000, async () => (await peer.driver.packets(socket)).length === 1);
    const [packet] = await peer.driver.packets(socket);
    assert.equal(Buffer.from(packet?.payload ?? []).toString('hex'), 'cafebabe');
    await peer.stop();
  });

  it('goes on sending while it is flooded with what it receives', async () => {
    const peer = await PortAgent.start(lan.host('b').namespace);
    const peerLink = (await peer.driver.links()).find(({ name }) => name === 'eth0')?.index ?? 0;
    const flood = await peer.driver.openRaw(4, vrrp, peerLink);
    const own = await agent.driver.openRaw(4, vrrp, link);
    await agent.driver.join(own, '224.0.0.18');
    const sent = { source: '10.9.0.2', destination: '224.0.0.18', hopLimit: 255, trafficClass: 0, payload: new Uint8Array(20) };
    const flooding = Promise.all(Array.from({ length: 5000 }, () => peer.driver.sendRaw(flood, sent)));
    let slowest = 0;
    for (let i = 0; i < 50; i++) {
      const before = performance.now();
      await agent.driver.sendRaw(own, { ...sent, source: '10.9.0.1' });
      slowest = Math.max(slowest, performance.now() - before);
    }
    await flooding;
    const { sent: count, sendFailures } = await agent.driver.counters(own);
    assert.deepEqual({ count, sendFailures }, { count: 50, sendFailures: 0 });
    assert.ok(slowest < 2000, `the slowest of 50 sends took ${slowest} ms`);
    const { received, receiveDrops } = await agent.driver.counters(own);
    assert.ok(received + receiveDrops > 0);
    await peer.stop();
  });
});
