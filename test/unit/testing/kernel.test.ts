/** The simulated kernel: links, addresses, routes, neighbours, sockets (sdk/testing/src/kernel and ports). */
import assert from 'node:assert/strict';
import type { AddressEvent, LinkEvent, NewAddress, RawIpPacket } from '@mainstay/sdk';
import { createPorts, createRandom, createVirtualClock, type HostPlan, SimulatedNetwork } from '@mainstay/testing';
import { describe, it } from 'mocha';

const vip: NewAddress = { link: 2, family: 4, address: '10.0.0.100', prefixLength: 32, scope: 'global' };

function world(options: Omit<HostPlan, 'links'> = {}) {
  const clock = createVirtualClock();
  const net = new SimulatedNetwork(clock, createRandom(1), { delayMs: 1 });
  const hosts = { a: '10.0.0.1/24', b: '10.0.0.2/24', client: '10.0.0.9/24' };
  for (const [name, address] of Object.entries(hosts)) net.addHost(name, { ...options, links: { eth0: [address] } });
  const start = (name: string) => {
    const process = net.kernel(name).spawn();
    return { process, kernel: net.kernel(name), ports: createPorts(process) };
  };
  return { clock, net, start };
}

function listen(host: ReturnType<ReturnType<typeof world>['start']>, family: 4 | 6 = 4) {
  const packets: RawIpPacket[] = [];
  const errors: string[] = [];
  const socket = host.ports.rawIp.open({
    family,
    protocol: 112,
    link: 2,
    onPacket: (packet) => packets.push(packet),
    onError: (error) => errors.push(error.message),
  });
  return { packets, errors, socket };
}

const advert = (source: string, destination: string, payload: number[] = [1, 2, 3]) => ({
  source,
  destination,
  hopLimit: 255,
  trafficClass: 0xc0,
  payload: Uint8Array.from(payload),
});

describe('simulated packet filter', () => {
  it('refuses also what the host sends to itself; outlives a crash, not a power cut', async () => {
    const { clock, start } = world();
    const { ports, kernel, process } = start('a');
    const ping = () => clock.drive(kernel.ping('10.0.0.1'));
    assert.equal((await ping()).ok, true);
    assert.deepEqual(await clock.drive(ports.firewall.refuse('one', ['10.0.0.1'])), { outcome: 'done' });
    process.kill();
    assert.deepEqual(await ping(), { ok: false, reason: 'no answer' });
    kernel.powerOff();
    kernel.powerOn();
    assert.deepEqual([kernel.firewall.sets, (await ping()).ok], [[], true]);
  });

  it('refuses a request when a test says so, and keeps what it had', async () => {
    const { clock, start } = world();
    const { ports, kernel } = start('a');
    await clock.drive(ports.firewall.refuse('one', ['10.0.0.7']));
    kernel.faults.refuse('firewall.refuse', 'EPERM', 1);
    const result = await clock.drive(ports.firewall.refuse('one', []));
    assert.deepEqual(result, { outcome: 'failed', error: 'operation not permitted [EPERM]' });
    assert.deepEqual(kernel.firewall.refusedBy('one'), ['10.0.0.7']);
  });
});

describe('simulated addresses', () => {
  it('tell of our own changes before the answer, and take a second add as unchanged', async () => {
    const { clock, start } = world();
    const { ports, kernel } = start('a');
    const events: AddressEvent[] = [];
    ports.addresses.watch((event) => events.push(event));
    const added = clock.drive(ports.addresses.add([vip, vip]));
    assert.equal(kernel.hasAddress('10.0.0.100'), true);
    assert.deepEqual(await added, [{ outcome: 'done' }, { outcome: 'unchanged' }]);
    assert.deepEqual(events, [{ kind: 'added', address: { ...vip, isOurs: true } }]);
    assert.ok(ports.addresses.list().some((a) => a.address === '10.0.0.100'));
    assert.deepEqual(await clock.drive(ports.addresses.remove([vip, vip])), [{ outcome: 'done' }, { outcome: 'unchanged' }]);
    assert.equal(events.at(-1)?.kind, 'removed');
  });

  it("tell of somebody else's changes, and keep our mark over a crash", async () => {
    const { clock, start } = world();
    const { ports, kernel, process } = start('a');
    await clock.drive(ports.addresses.add([vip]));
    process.kill();
    const again = start('a');
    assert.equal(again.ports.addresses.list().find((a) => a.address === vip.address)?.isOurs, true);
    const events: AddressEvent[] = [];
    again.ports.addresses.watch((event) => events.push(event));
    kernel.unassign('eth0', '10.0.0.100');
    kernel.assign('eth0', '10.0.0.50/32');
    await clock.settle();
    assert.deepEqual(
      events.map((e) => `${e.kind} ${e.address.address} ${e.address.isOurs}`),
      ['removed 10.0.0.100 true', 'added 10.0.0.50 false'],
    );
  });

  it('refuse what a test says, what has no link, and what is no address', async () => {
    const { clock, start } = world();
    const { ports, kernel } = start('a');
    kernel.faults.refuse('addresses.add', 'EPERM', 1);
    const results = await clock.drive(ports.addresses.add([vip, { ...vip, link: 9 }, { ...vip, prefixLength: 33 }, vip]));
    assert.deepEqual(
      results.map((r) => (r.outcome === 'failed' ? r.error.replace(/.*\[(.*)\]/, '$1') : r.outcome)),
      ['EPERM', 'ENODEV', 'EINVAL', 'done'],
    );
  });

  for (const [promoteSecondaries, left] of [
    [false, ['10.0.0.1']],
    [true, ['10.0.0.1', '10.9.0.2']],
  ] as const) {
    it(`removing a primary ${promoteSecondaries ? 'promotes' : 'takes along'} its secondaries`, () => {
      const { net } = world({ promoteSecondaries });
      const kernel = net.kernel('a');
      kernel.assign('eth0', '10.9.0.1/16');
      kernel.assign('eth0', '10.9.0.2/16');
      kernel.unassign('eth0', '10.9.0.1/16');
      const v4 = kernel.addresses.list().filter((a) => a.family === 4 && a.link === 2);
      assert.deepEqual(
        v4.map((a) => a.address),
        left,
      );
    });
  }

  it('make an IPv6 link-local address of the hardware address, tentative after a link comes up', async () => {
    const { clock, start } = world({ dadMs: 1000 });
    const { ports, kernel } = start('a');
    const own = () => ports.addresses.list().find((a) => a.address === 'fe80::ff:fe00:101');
    assert.equal(own()?.isTentative, undefined);
    kernel.setLink('eth0', 'down');
    await clock.advance(1);
    assert.equal(own(), undefined);
    kernel.setLink('eth0', 'up');
    await clock.advance(1);
    assert.equal(own()?.isTentative, true);
    await clock.advance(1000);
    assert.equal(own()?.isTentative, undefined);
  });
});

describe('simulated links and routes', () => {
  it('tell of carrier and administrative state', async () => {
    const { clock, start } = world();
    const { ports, kernel } = start('a');
    const events: LinkEvent[] = [];
    ports.links.watch((event) => events.push(event));
    kernel.setCarrier('eth0', false);
    kernel.setCarrier('eth0', false);
    kernel.setCarrier('eth0', true);
    kernel.removeLink('eth0');
    await clock.settle();
    assert.deepEqual(
      events.map((e) => `${e.kind} ${e.link.name} ${e.link.isUp}`),
      ['changed eth0 false', 'changed eth0 true', 'changed eth0 false', 'removed eth0 false'],
    );
    assert.equal(ports.links.get('eth0'), undefined);
    assert.equal(ports.links.get('lo')?.isLoopback, true);
  });

  it('have connected routes, refuse a gateway out of reach, and lose routes of a link set down', async () => {
    const { clock, start } = world();
    const { ports, kernel } = start('a');
    const route = { family: 4, destination: '0.0.0.0/0', table: 254, type: 'unicast', link: 2 } as const;
    const results = await clock.drive(
      ports.routes.add([
        { ...route, gateway: '10.0.0.254' },
        { ...route, gateway: '10.0.0.254' },
        { ...route, metric: 5, gateway: '192.0.2.1' },
      ]),
    );
    assert.deepEqual(
      results.map((r) => r.outcome),
      ['done', 'unchanged', 'failed'],
    );
    assert.equal(ports.routes.list().find((r) => r.destination === '10.0.0.0/24')?.source, '10.0.0.1');
    assert.equal(ports.routes.list().find((r) => r.destination === '0.0.0.0/0')?.isOurs, true);
    kernel.setLink('eth0', 'down');
    await clock.settle();
    assert.ok(!ports.routes.list().some((r) => r.link === 2));
  });
});

describe('simulated raw IP', () => {
  it('delivers multicast to joined groups only, with its hop limit, and never to the sender', async () => {
    const { clock, start } = world();
    const [a, b] = [listen(start('a')), listen(start('b'))];
    a.socket.join('224.0.0.18');
    a.socket.send(advert('10.0.0.1', '224.0.0.18'));
    await clock.advance(2);
    assert.equal(b.packets.length, 0);
    b.socket.join('224.0.0.18');
    b.socket.join('224.0.0.18');
    b.socket.leave('224.0.0.18');
    a.socket.send(advert('10.0.0.1', '224.0.0.18'));
    await clock.advance(2);
    assert.equal(a.packets.length, 0);
    const { payload, ...header } = b.packets[0] as RawIpPacket;
    assert.deepEqual(header, { source: '10.0.0.1', destination: '224.0.0.18', hopLimit: 255, link: 2, receivedAt: 3 });
    assert.deepEqual([...payload], [1, 2, 3]);
    b.socket.leave('224.0.0.18');
    a.socket.send(advert('10.0.0.1', '224.0.0.18'));
    await clock.advance(2);
    assert.deepEqual([b.packets.length, a.socket.counters.sent], [1, 3]);
  });

  it('resolves a unicast neighbour by ARP, and an IPv6 one by neighbour discovery', async () => {
    const { clock, start } = world();
    const [a, b] = [start('a'), start('b')];
    const [a4, b4, a6, b6] = [listen(a), listen(b), listen(a, 6), listen(b, 6)];
    a4.socket.send(advert('10.0.0.1', '10.0.0.2'));
    a6.socket.send(advert('fe80::ff:fe00:101', 'fe80::ff:fe00:201'));
    await clock.advance(10);
    assert.deepEqual([b4.packets.length, b6.packets.length, b4.errors, b6.errors], [1, 1, [], []]);
    assert.equal(b6.packets[0]?.source, 'fe80::ff:fe00:101');
  });

  it('receives and sends nothing while the link is down', async () => {
    const { clock, start } = world();
    const [a, b] = [start('a'), start('b')];
    const [from, to] = [listen(a), listen(b)];
    to.socket.join('224.0.0.18');
    b.kernel.setCarrier('eth0', false);
    from.socket.send(advert('10.0.0.1', '224.0.0.18'));
    a.kernel.setLink('eth0', 'down');
    from.socket.send(advert('10.0.0.1', '224.0.0.18'));
    await clock.advance(5);
    b.kernel.setCarrier('eth0', true);
    await clock.advance(5);
    assert.equal(to.packets.length, 0);
    assert.match(from.errors[0] ?? '', /ENETDOWN/);
    assert.equal(from.socket.counters.sendFailures, 1);
  });

  it('queues for a stopped process, drops beyond the buffer, and is gone with a killed one', async () => {
    const { clock, start } = world();
    const [a, b] = [start('a'), start('b')];
    const [from, to] = [listen(a), listen(b)];
    to.socket.join('224.0.0.18');
    b.process.stop();
    for (let i = 0; i < 300; i++) from.socket.send(advert('10.0.0.1', '224.0.0.18'));
    await clock.advance(1000);
    assert.equal(to.packets.length, 0);
    b.process.resume();
    await clock.advance(1);
    assert.equal(to.packets.length, 256);
    assert.equal(to.packets[0]?.receivedAt, 1000);
    assert.equal(to.socket.counters.receiveDrops, 44);
    b.process.kill();
    from.socket.send(advert('10.0.0.1', '224.0.0.18'));
    await clock.advance(5);
    assert.equal(to.packets.length, 256);
  });

  it('a process goes on only when neither it nor its machine stands still', async () => {
    const { clock, start } = world();
    const { process, kernel } = start('a');
    let fired = 0;
    process.clock.after(10, () => fired++);
    process.stop();
    kernel.pause();
    await clock.advance(100);
    process.resume();
    await clock.advance(100);
    assert.equal(fired, 0);
    kernel.resume();
    await clock.advance(0);
    assert.equal(fired, 1);
    kernel.pause();
    process.stop();
    kernel.resume();
    assert.equal(process.clock.isStopped, true);
  });

  it('refuses a missing link and a group of the other family', () => {
    const { start } = world();
    const { ports } = start('a');
    const options = { family: 4, protocol: 112, link: 7, onPacket() {}, onError() {} } as const;
    assert.throws(() => ports.rawIp.open(options), { code: 'PORT_FAILED', errno: 'ENODEV' });
    assert.throws(() => ports.rawIp.open({ ...options, link: 2 }).join('ff02::12'), { errno: 'EINVAL' });
  });
});

describe('simulated neighbours', () => {
  const garp = (mac: string, address: number[]) => {
    const bytes = mac.split(':').map((part) => Number.parseInt(part, 16));
    const body = [0, 1, 8, 0, 6, 4, 0, 1, ...bytes, ...address, 0, 0, 0, 0, 0, 0, ...address];
    return Uint8Array.from([255, 255, 255, 255, 255, 255, ...bytes, 8, 6, ...body]);
  };

  it('a client goes on to the old host until a gratuitous ARP moves its cache', async () => {
    const { clock, net, start } = world();
    const [a, b] = [start('a'), start('b')];
    await clock.drive(a.ports.addresses.add([vip]));
    assert.deepEqual(await clock.drive(net.reach('client', '10.0.0.100')), { by: 'a', rttMs: 4 });
    await clock.drive(a.ports.addresses.remove([vip]));
    await clock.drive(b.ports.addresses.add([vip]));
    assert.deepEqual(await clock.drive(net.reach('client', '10.0.0.100')), { by: undefined, reason: 'no answer' });
    const frames: Uint8Array[] = [];
    a.ports.linkLayer.open({ link: 2, etherType: 0x0806, onFrame: (frame) => frames.push(frame), onError: assert.fail });
    const sender = b.ports.linkLayer.open({ link: 2, etherType: 0x0806, onError: assert.fail });
    sender.send(garp('02:00:00:00:02:01', [10, 0, 0, 100]));
    await clock.advance(2);
    assert.equal(frames.length, 1);
    assert.deepEqual(await clock.drive(net.reach('client', '10.0.0.100')), { by: 'b', rttMs: 4 });
  });

  it('no host answers when it is off, paused, or unplugged, and one that boots has its planned addresses', async () => {
    const { clock, net } = world();
    const b = net.kernel('b');
    const reach = () => clock.drive(net.reach('client', '10.0.0.2'));
    assert.equal((await reach()).by, 'b');
    b.pause();
    assert.equal((await reach()).by, undefined);
    b.resume();
    assert.equal((await reach()).by, 'b');
    b.assign('eth0', '10.0.0.77/32');
    b.powerOff();
    assert.equal((await reach()).by, undefined);
    b.powerOn();
    assert.equal((await reach()).by, 'b');
    assert.equal(b.hasAddress('10.0.0.77'), false);
    assert.deepEqual(await clock.drive(net.reach('b', '192.0.2.1')), { by: undefined, reason: 'no route' });
    assert.equal((await clock.drive(net.reach('b', '10.0.0.2'))).by, 'b');
  });
});
