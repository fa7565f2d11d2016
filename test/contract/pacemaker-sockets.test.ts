/** Contract of the `pacemaker` port: sockets, groups, errors, what is carried. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import { address, describePacemaker, type PacedLan, packet, protocol } from './support/paced-lan.js';
import { lanLink } from './support/world.js';

const hour = 3_600_000;

describePacemaker('sockets', (lan) => {
  it('says who keeps time, and counts', async () => {
    const l = lan();
    const socket = await l.a.open();
    await l.a.calls.watch(socket, {});
    await l.a.calls.beacon(socket, { packets: [packet(1)], intervalUs: 1e9, firstIn: hour });
    const { by, why, beacons, watches, packetsLost } = await l.a.calls.status();
    assert.deepEqual({ by, beacons, watches, packetsLost }, { by: l.world.timeBy, beacons: 1, watches: 1, packetsLost: 0 });
    if (by === 'javascript') assert.match(why ?? '', /simulation|MAINSTAY_PACEMAKER=javascript/);
  });

  for (const family of [4, 6] as const) {
    const group = family === 4 ? '224.0.0.99' : 'ff02::99';

    it(`hears the IPv${family} groups that it joined, for as long as somebody there is in them`, async () => {
      const l = lan();
      const [socket, member] = [await l.b.open({}, family), await l.b.open({}, family)];
      const from = await l.a.open({}, family);
      const send = (head: number) => l.a.calls.send(from, packet(head, { destination: group }, family));
      await l.b.calls.join(member, group);
      await send(1);
      await l.arrive(l.b, 'stray', member, 1);
      await l.world.quiet();
      assert.deepEqual(await l.b.heads('stray', socket), [], 'another member does not make it ours');
      await l.b.together(['join', socket, group], ['join', socket, group], ['leave', socket, group]);
      await send(2);
      await l.arrive(l.b, 'stray', socket, 1);
      await l.b.together(['leave', socket, group], ['leave', socket, group]);
      await send(3);
      await l.arrive(l.b, 'stray', member, 3);
      await l.world.quiet();
      assert.deepEqual(await l.b.heads('stray', socket), [2]);
    });

    it(`carries IPv${family} unicast both ways, and gives each socket its own copy`, async () => {
      const l = lan();
      const [one, two, from] = [await l.b.open({}, family), await l.b.open({}, family), await l.a.open({}, family)];
      const there = packet([1, 2, 3], { destination: address.b[family], hopLimit: 3 }, family);
      await l.world.eventually('the neighbour is resolved', async () => {
        await l.a.calls.send(from, there);
        return (await l.b.packets('stray', one)).length > 0;
      });
      const [first] = await l.arrive(l.b, 'stray', two, 1);
      const { index } = await lanLink(l.b.host);
      assert.deepEqual(
        [first?.source, first?.destination, first?.hopLimit, first?.link, first?.payload],
        [address.a[family], address.b[family], 3, index, there.payload],
      );
      await l.b.calls.send(one, packet(4, { source: address.b[family], destination: address.a[family] }, family));
      await l.arrive(l.a, 'stray', from, 1);
    });
  }

  it('does not hear what it sends itself', async () => {
    const l = lan();
    const [socket, from, beside] = [await l.b.open(), await l.a.open(), await l.a.open()];
    await l.a.calls.send(from, packet(1));
    await l.arrive(l.b, 'stray', socket, 1);
    await l.world.quiet();
    assert.deepEqual([await l.a.heads('stray', from), await l.a.heads('stray', beside)], [[], []]);
  });

  it('refuses links that are missing, groups that are none of its, and unknown things', async () => {
    const l = lan();
    const { open, join, leave } = l.a.calls;
    await assert.rejects(open({ transport: { kind: 'ip', family: 4, protocol }, link: 9999 }), /\[ENODEV\]/);
    await assert.rejects(open({ transport: { kind: 'frames', etherType: 0x88b5 }, link: 9999 }), /\[ENODEV\]/);
    const [four, six] = [await l.a.open(), await l.a.open({}, 6)];
    for (const group of ['ff02::12', '10.9.0.2', 'nonsense']) await assert.rejects(join(four, group), /\[EINVAL\]/);
    await assert.rejects(join(six, '224.0.0.18'), /\[EINVAL\]/);
    await leave(four, '224.0.0.200');
    const frames = await l.a.open({ transport: { kind: 'frames', etherType: 0x88b5 } });
    await assert.rejects(join(frames, '224.0.0.18'), /\[EINVAL\]/);
  });

  it('ends beacons and watches with the socket, and tells nothing any more', async () => {
    const l = lan();
    const [socket, from] = [await l.b.open(), await l.a.open()];
    const watch = await l.b.calls.watch(socket, {});
    const back = await l.b.calls.beacon(socket, { packets: [packet(2)], intervalUs: 20_000, firstIn: 0, tellsTurns: true });
    const beacon = await l.a.calls.beacon(from, { packets: [packet(1)], intervalUs: 20_000, firstIn: 0 });
    await l.arrive(l.b, 'packet', watch, 3);
    await l.turns(l.b, back, 3);
    const closed = await l.b.together(['arm', watch, { deadlineIn: 0 }], ['closeSocket', socket], ['told'], ['status']);
    await l.b.together(
      ['closeSocket', socket],
      ['send', socket, packet(3)],
      ['set', back, { nextIn: 0 }],
      ['arm', watch, { deadlineIn: 0 }],
      ['disarm', watch],
      ['closeWatch', watch],
      ['closeBeacon', back],
    );
    await l.world.quiet();
    const told = await l.b.calls.told();
    assert.equal(told.length, (closed[2] as readonly unknown[]).length);
    const { beacons, watches } = await l.b.calls.status();
    assert.deepEqual([beacons, watches], [0, 0]);
    await l.a.calls.closeSocket(from);
    const { turns } = await l.a.calls.beaconState(beacon);
    await l.world.pass(200);
    assert.equal((await l.a.calls.beaconState(beacon)).turns, turns);
  });

  it('carries whole frames both ways', async () => {
    const l = lan();
    const [a, b] = await Promise.all([lanLink(l.a.host), lanLink(l.b.host)]);
    const transport = { kind: 'frames', etherType: 0x88b5 } as const;
    const [left, right] = [await l.a.open({ transport }), await l.b.open({ transport, key: { offset: 14, length: 1 } })];
    const frame = (to: string | undefined, from: string | undefined, head: number) => {
      const mac = (text = '') => text.split(':').map((byte) => Number.parseInt(byte, 16));
      return packet([...mac(to), ...mac(from), 0x88, 0xb5, head, ...new Array(45).fill(0)], { source: '', destination: '' });
    };
    const there = [1, 2].map((head) => frame(b.mac, a.mac, head));
    const watch = await l.b.calls.watch(right, { key: 2 });
    const [, beacon] = await l.a.together(
      ['send', left, there[0] ?? packet(0)],
      ['beacon', left, { packets: there.slice(1), intervalUs: 50_000, firstIn: 0 }],
    );
    const [stray] = await l.arrive(l.b, 'stray', right, 1);
    const { payload, ...rest } = stray ?? { payload: undefined };
    assert.deepEqual(payload, there[0]?.payload);
    const { receivedAt, ...nobody } = rest as { receivedAt: number };
    assert.deepEqual(nobody, { source: '', destination: '', sourcePort: 0, hopLimit: 0, link: b.index });
    const [expected] = await l.arrive(l.b, 'packet', watch, 1);
    assert.ok(expected);
    await l.b.calls.arm(watch, { deadlineIn: hour, expected, rearmUs: 200_000 });
    await l.world.eventually('it is consumed', async () => (await l.b.calls.watchState(watch)).consumed > 1);
    await l.a.calls.closeBeacon(beacon as number);
    await l.happens(l.b, 'silence', watch);
    await l.b.calls.send(right, frame(a.mac, b.mac, 3));
    const heard = await l.arrive(l.a, 'stray', left, 1);
    assert.deepEqual(
      heard.map((one) => one.payload[14]),
      [3],
      'and not its own',
    );
  });

  for (const family of [4, 6] as const) {
    it(`carries UDP over IPv${family} both ways`, async () => {
      const l = lan();
      const udp = (port: number) => ({ kind: 'udp', family, port, hopLimit: 255, trafficClass: 0xc0 }) as const;
      const left = await l.a.open({ transport: udp(49_152) });
      const right = await l.b.open({ transport: udp(3784), key: { offset: 0, length: 2 } });
      const watch = await l.b.calls.watch(right, { key: 0x0102, filter: { hopLimit: [255, 255], source: address.a[family] } });
      const there = { ...packet([1, 2], {}, family), destination: address.b[family], destinationPort: 3784 };
      await l.a.calls.beacon(left, { packets: [there], intervalUs: 50_000, firstIn: 0 });
      const [expected] = await l.arrive(l.b, 'packet', watch, 1);
      assert.deepEqual(
        expected && [expected.source, expected.sourcePort, expected.destination, expected.hopLimit, [...expected.payload]],
        [address.a[family], 49_152, address.b[family], 255, [1, 2]],
      );
      await expects(l, watch, expected);
      const back = { ...there, destination: address.a[family], destinationPort: 49_152, payload: Uint8Array.of(9) };
      await l.b.calls.send(right, back);
      const [answer] = await l.arrive(l.a, 'stray', left, 1);
      assert.deepEqual(answer && [answer.sourcePort, [...answer.payload]], [3784, [9]]);
      await assert.rejects(l.b.open({ transport: udp(3784) }), /\[EADDRINUSE\]/);
    });

    it(`carries UDP over IPv${family} on every link, and tells the one it came by`, async () => {
      const l = lan();
      const udp = (port: number, hopLimit: number) => ({ kind: 'udp', family, port, hopLimit, trafficClass: 0 }) as const;
      const everyLink = { link: 0 } as const;
      const from = { ...udp(49_153, 7), address: address.a[family] };
      const left = await l.a.open({ transport: from, ...everyLink });
      const right = await l.b.open({ transport: udp(4784, 255), ...everyLink });
      const there = { ...packet([5], {}, family), destination: address.b[family], destinationPort: 4784 };
      const isThere = async () => {
        await l.a.calls.send(left, there);
        return (await l.b.packets('stray', right)).length > 0;
      };
      await l.world.eventually('the neighbour is resolved', isThere);
      const [heard] = await l.b.packets('stray', right);
      const { index } = await lanLink(l.b.host);
      assert.deepEqual(heard && [heard.source, heard.sourcePort, heard.hopLimit, heard.link, [...heard.payload]], [
        address.a[family],
        49_153,
        7,
        index,
        [5],
      ]);
      await assert.rejects(l.b.open({ transport: udp(4784, 255) }), /\[EADDRINUSE\]/, 'also by a socket of one link');
      const nowhere = { ...udp(49_154, 1), address: family === 4 ? '192.0.2.77' : '2001:db8::77' };
      await assert.rejects(l.b.open({ transport: nowhere, ...everyLink }), /\[EADDRNOTAVAIL\]/);
      await assert.rejects(l.a.open({ transport: { kind: 'ip', family, protocol }, ...everyLink }), /\[ENODEV\]/);
    });
  }

  async function expects(l: PacedLan, watch: number, expected: Awaited<ReturnType<PacedLan['arrive']>>[number] | undefined) {
    assert.ok(expected);
    await l.b.calls.arm(watch, { deadlineIn: hour, expected, rearmUs: 1e9 });
    await l.world.eventually('it is consumed', async () => (await l.b.calls.watchState(watch)).consumed > 1);
  }
});

// In a world of its own: Linux takes the IPv6 addresses of a link that goes down.
describePacemaker('refusals', (lan) => {
  it('tells refusals of the kernel to onError, once a second at most', async () => {
    const l = lan();
    const [socket, from] = [await l.b.open(), await l.a.open()];
    const beacon = await l.a.calls.beacon(from, { packets: [packet(1)], intervalUs: 20_000, firstIn: 0 });
    await l.arrive(l.b, 'stray', socket, 1);
    const before = await l.a.calls.now();
    await l.a.host.setLink('down');
    await l.happens(l.a, 'error', from);
    await l.world.pass(1500);
    const messages = (await l.a.told('error', from)).map(({ message }) => message);
    const elapsed = (await l.a.calls.now()) - before;
    await l.a.host.setLink('up');
    for (const message of messages) assert.match(message, /\[E[A-Z]+\]/);
    for (const errno of new Set(messages.map((message) => /\[(E[A-Z]+)\]/.exec(message)?.[1]))) {
      const count = messages.filter((message) => message.includes(`[${errno}]`)).length;
      assert.ok(count <= 1 + elapsed / 1000, `${count} times ${errno} in ${elapsed} ms`);
    }
    const heard = (await l.b.heads('stray', socket)).length;
    await l.world.eventually('the link is up', async () => (await lanLink(l.a.host)).isUp);
    await l.arrive(l.b, 'stray', socket, heard + 1);
    await l.a.calls.closeBeacon(beacon);
    assert.deepEqual(await l.a.told('end', beacon), []);
  });
});
