/** IPv6, unicast, several instances, an owner, and a machine that stood still: virtual routers on a simulated host. */
import assert from 'node:assert/strict';
import { type TestedPlugin, testPlugin } from '@mainstay/testing';
import { type ChecksumForm, createVrrpPlugin, decodeAdvert, encodeAdvert, noAuthentication } from '@mainstay/vrrp';
import { describe, it } from 'mocha';
import { conf, held, routerOf, stateOf, transitions, without } from './router.js';

interface Packet {
  readonly at: number;
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly hopLimit: number;
  readonly trafficClass: number;
  readonly payload: Uint8Array;
}

/** Every IP packet that the first host sends from now on. */
function packetsOf(tested: TestedPlugin): Packet[] {
  const packets: Packet[] = [];
  tested.net.segment().watch(({ at, from, frame }) => {
    if (from === 'router' && frame.ip !== undefined) packets.push({ at, ...frame.ip });
  });
  return packets;
}

const hosts = { router: { eth0: ['192.0.2.1/24', '2001:db8::1/64'] }, peer: { eth0: ['192.0.2.2/24', '2001:db8::2/64'] } };
const vips6 = ['fe80::100/64', '2001:db8::100/64'];

describe('a virtual router of IPv6', () => {
  it('waits for its link-local address, then advertises from it with hop limit 255', async () => {
    const router = await routerOf(conf([], vips6), { hosts });
    const packets = packetsOf(router);
    await router.advance(10_000);
    assert.equal(stateOf(router), 'master');
    const adverts = packets.filter(({ protocol }) => protocol === 112);
    for (const { source, destination, hopLimit, trafficClass, payload } of adverts) {
      assert.deepEqual([destination, hopLimit, trafficClass], ['ff02::12', 255, 0xc0]);
      assert.match(source, /^fe80::(?!100$)/);
      const decoded = decodeAdvert(payload, 6, { source, destination });
      assert.deepEqual(decoded.ok && decoded.advert.addresses, ['fe80::100', '2001:db8::100']);
    }
    assert.ok(adverts.length > 3);
  });

  it('announces each address five times to all nodes, with hop limit 255', async () => {
    const router = await routerOf(conf([], vips6), { hosts });
    const packets = packetsOf(router);
    await router.advance(9000);
    const told = packets.filter(({ protocol, payload }) => protocol === 58 && payload[0] === 136 && payload.length === 32);
    assert.ok(told.every(({ destination, hopLimit }) => destination === 'ff02::1' && hopLimit === 255));
    assert.equal(told.length % 10, 0);
    assert.ok(told.length >= 10);
  });

  it('goes to FAULT when its link is set down, and returns', async () => {
    const router = await routerOf(conf([], vips6), { hosts });
    await router.advance(10_000);
    router.kernel.setLink('eth0', 'down');
    await router.advance(10);
    assert.equal(stateOf(router), 'fault');
    assert.equal(router.kernel.hasAddress('2001:db8::100'), false);
    router.kernel.setLink('eth0', 'up');
    await router.advance(10_000);
    assert.equal(stateOf(router), 'master');
    assert.equal(router.kernel.hasAddress('2001:db8::100'), true);
  });
});

describe('a virtual router by unicast', () => {
  const unicast = ['unicast_src_ip 192.0.2.1', 'unicast_ttl 64', 'unicast_peer {', '  192.0.2.2', '  192.0.2.3', '}'];

  it('sends to each peer with the TTL asked for, and never to the group', async () => {
    const third = { third: { eth0: ['192.0.2.3/24'] } };
    const router = await routerOf(conf(unicast), { hosts: { ...hosts, ...third } });
    const packets = packetsOf(router);
    await router.advance(3700);
    const adverts = packets.filter(({ protocol }) => protocol === 112);
    assert.deepEqual(
      adverts.map(({ destination, hopLimit }) => `${destination} ${hopLimit}`),
      ['192.0.2.2 64', '192.0.2.3 64'],
    );
  });

  it('follows the checksum of an old peer', async () => {
    const router = await routerOf(conf(unicast));
    const packets = packetsOf(router);
    await router.advance(4000);
    const ends = { source: '192.0.2.2', destination: '192.0.2.1' };
    const fields = {
      version: 3,
      virtualRouterId: 51,
      intervalMs: 1000,
      addresses: ['192.0.2.100', '192.0.2.101'],
      authType: 0,
      authData: noAuthentication,
    } as const;
    const payload = encodeAdvert({ ...fields, priority: 50 }, ends, 'multicast');
    router.net.kernel('peer').stack.send(2, { family: 4, ...ends, protocol: 112, hopLimit: 255, trafficClass: 0, payload });
    packets.length = 0;
    await router.advance(10);
    const forms = packets
      .filter(({ protocol }) => protocol === 112)
      .map((packet): ChecksumForm | undefined => {
        const decoded = decodeAdvert(packet.payload, 4, packet);
        return decoded.ok ? decoded.checksum : undefined;
      });
    assert.deepEqual(forms, ['multicast']);
  });

  it('without peers is in FAULT where the configuration says so', async () => {
    const router = await routerOf(conf(['unicast_src_ip 192.0.2.1', 'unicast_fault_no_peer']));
    await router.advance(10_000);
    assert.deepEqual([stateOf(router), router.seen()], ['fault', []]);
  });
});

describe('several virtual routers', () => {
  it('on one link hear and hold each their own', async () => {
    const second = conf(['priority 90'], ['192.0.2.200/24']).replace('VI_1', 'VI_2').replace('51', '52');
    const router = await routerOf(conf() + second);
    await router.advance(5000);
    assert.deepEqual(
      router.status().map(({ state }) => state),
      ['master', 'master'],
    );
    await router.hear(150);
    assert.deepEqual(
      router.status().map(({ state }) => state),
      ['backup', 'master'],
    );
    assert.deepEqual([...held(router), router.kernel.hasAddress('192.0.2.200')], [false, false, true]);
    await router.reload(second);
    await router.advance(100);
    assert.deepEqual(
      router.status().map(({ name, state }) => `${name} ${state}`),
      ['VI_2 master'],
    );
  });

  it('of both families may have one VRID', async () => {
    const second = conf([], vips6).replace('VI_1', 'VI_6');
    const router = await routerOf(conf() + second, { hosts });
    await router.advance(10_000);
    assert.deepEqual(
      router.status().map(({ state }) => state),
      ['master', 'master'],
    );
  });
});

describe('an address owner', () => {
  it('takes over at once, advertises from its own address, and leaves it in place when it stops', async () => {
    const router = await routerOf(conf(['priority 255'], ['192.0.2.1/24', '192.0.2.100/24']));
    await router.advance(0);
    assert.equal(stateOf(router), 'master');
    const packets = packetsOf(router);
    await router.hear(255);
    await router.hear(0);
    await router.advance(1000);
    assert.equal(stateOf(router), 'master');
    assert.ok(packets.filter(({ protocol }) => protocol === 112).every(({ source }) => source === '192.0.2.1'));
    await router.stop();
    assert.deepEqual([router.kernel.hasAddress('192.0.2.1'), router.kernel.hasAddress('192.0.2.100')], [true, false]);
  });
});

describe('a virtual router that stood still', () => {
  it('as master yields to the one that replaced it before it says anything', async () => {
    for (const order of ['timers-first', 'events-first'] as const) {
      const router = await routerOf(conf());
      await router.advance(10_000);
      router.seen();
      router.machine.pause();
      for (let i = 0; i < 20; i++) {
        await router.hear(90);
        await router.advance(500);
      }
      await router.hear(150);
      router.seen();
      router.machine.resume(order);
      await router.advance(3);
      assert.equal(stateOf(router), 'backup', order);
      assert.deepEqual(without(router.seen()), ['removed 192.0.2.100', 'removed 192.0.2.101'], order);
    }
  });

  it('as backup does not take over from a master that went on', async () => {
    const router = await routerOf(conf());
    await router.hear(150);
    router.machine.pause();
    for (let i = 0; i < 10; i++) {
      await router.hear(150);
      await router.advance(999);
    }
    await router.advance(500);
    router.machine.resume();
    await router.advance(1000);
    await router.hear(150);
    assert.deepEqual([stateOf(router), transitions(router).length], ['backup', 1]);
  });
});

describe('createVrrpPlugin', () => {
  it('refuses a configuration with a clash, naming the place', async () => {
    const clash = conf() + conf().replace('VI_1', 'VI_2');
    await assert.rejects(testPlugin(createVrrpPlugin(), { config: clash }), /test\.conf:\d+:\d+: error: .*VRID 51/);
  });
});
