/** A virtual router at work on a simulated host: order of packets and addresses, reload, faults (instance.ts, manager.ts). */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { conf, held, routerOf, stateOf, transitions, vips, without } from './router.js';

/** Five gratuitous ARPs for each address, one address after the other. */
const burst = Array.from({ length: 5 }, () => ['arp 192.0.2.100', 'arp 192.0.2.101']).flat();

describe('a virtual router', () => {
  it('becoming master: advertises, adds the addresses, announces them; again after 5 s', async () => {
    const router = await routerOf(conf());
    await router.advance(3600);
    assert.deepEqual([stateOf(router), router.seen()], ['backup', []]);
    await router.advance(10);
    assert.deepEqual(without(router.seen()), ['advert 100', 'added 192.0.2.100', 'added 192.0.2.101', ...burst]);
    await router.advance(4000);
    assert.deepEqual(
      router.seen(),
      [4609.375, 5609.375, 6609.375].concat(7609.375).map((at) => `${at} advert 100`),
    );
    await router.advance(1000);
    assert.deepEqual(without(router.seen()).sort(), ['advert 100', ...burst].sort());
    await router.advance(60_000);
    assert.ok(without(router.seen()).every((line) => line === 'advert 100'));
  });

  it('advertises by its schedule to the microsecond, for an hour', async () => {
    const router = await routerOf(conf(['priority 255']));
    router.seen();
    await router.advance(3_600_000);
    const adverts = router.seen().filter((line) => line.includes('advert'));
    assert.equal(adverts.length, 3600);
    assert.equal(adverts.at(-1), '3600000 advert 255');
  });

  it('stopped as master: resigns first, then removes the addresses, then is silent', async () => {
    const router = await routerOf(conf());
    await router.advance(4000);
    router.seen();
    await router.stop();
    assert.deepEqual(without(router.seen()), ['advert 0', 'removed 192.0.2.100', 'removed 192.0.2.101']);
    await router.advance(60_000);
    assert.deepEqual([router.seen(), held(router)], [[], [false, false]]);
    assert.equal(transitions(router).at(-1), 'master > stopped: shutdown');
  });

  it('stopped as backup: says nothing', async () => {
    const router = await routerOf(conf());
    await router.advance(1000);
    await router.stop();
    assert.deepEqual(router.seen(), []);
  });

  it('yields to a higher priority without resigning, and follows it', async () => {
    const router = await routerOf(conf());
    await router.advance(4000);
    router.seen();
    await router.hear(150);
    assert.deepEqual(without(router.seen()), ['removed 192.0.2.100', 'removed 192.0.2.101']);
    assert.deepEqual([stateOf(router), held(router)], ['backup', [false, false]]);
    assert.equal(router.events('vrrp.peerChanged').at(-1)?.payload.change, 'appeared');
  });

  it('that yields in the middle of a paced burst announces nothing more', async () => {
    const router = await routerOf(`global_defs {\n  vrrp_garp_interval 0.1\n}\n${conf()}`);
    await router.advance(3800);
    assert.ok(without(router.seen()).includes('arp 192.0.2.101'));
    await router.hear(150);
    router.seen();
    await router.advance(3000);
    assert.ok(!without(router.seen()).some((line) => line.startsWith('arp')));
  });

  it('answers a lower priority and announces again', async () => {
    const router = await routerOf(conf());
    await router.advance(15_000);
    router.seen();
    await router.hear(50);
    assert.deepEqual(without(router.seen()), ['advert 100', ...burst]);
    assert.equal(router.events('vrrp.lowerPriorityReceived').length, 1);
  });

  it('removes what a crash left behind before it listens', async () => {
    const router = await routerOf(conf());
    await router.advance(4000);
    router.machine.crash();
    assert.deepEqual(held(router), [true, true]);
    await router.clock.drive(router.machine.start());
    assert.deepEqual([stateOf(router), held(router)], ['backup', [false, false]]);
  });

  it('notices an address that somebody else removed', async () => {
    const router = await routerOf(conf());
    await router.advance(4000);
    router.seen();
    router.kernel.unassign('eth0', '192.0.2.101');
    await router.advance(1);
    assert.deepEqual(without(router.seen()), ['advert 0', 'removed 192.0.2.101', 'removed 192.0.2.100']);
    assert.equal(transitions(router).at(-1), 'master > backup: address-lost');
    await router.advance(4000);
    assert.deepEqual([stateOf(router), held(router)], ['master', [true, true]]);
  });

  it('keeps its addresses at exit where it is told to', async () => {
    const router = await routerOf(conf(), { facts: { keepAddressesAtExit: true } });
    await router.advance(4000);
    router.seen();
    await router.stop();
    await router.advance(10_000);
    assert.deepEqual([router.seen(), held(router)], [[], [true, true]]);
  });

  it('ignores bad advertisements and counts them', async () => {
    const router = await routerOf(conf());
    await router.advance(4000);
    const stack = router.net.kernel('peer').stack;
    const ends = { source: '192.0.2.2', destination: '224.0.0.18' };
    const packet = {
      family: 4,
      ...ends,
      protocol: 112,
      hopLimit: 255,
      trafficClass: 0,
      payload: Uint8Array.of(0x31, 51, 200, 0, 0, 100, 0, 0),
    } as const;
    stack.send(2, packet);
    stack.send(2, { ...packet, hopLimit: 254 });
    stack.send(2, { ...packet, payload: packet.payload.subarray(0, 5) });
    await router.advance(1);
    const causes = JSON.stringify(router.status()[0]?.detail.statistics);
    assert.match(causes, /"length":1,"ttl":1,"version":0,"type":0,"checksum":1,"own-packet":0/);
    assert.equal(stateOf(router), 'master');
  });
});

describe('a virtual router, reloaded', () => {
  it('without a change sends nothing and changes nothing', async () => {
    const router = await routerOf(conf());
    await router.advance(10_000);
    router.seen();
    const before = transitions(router).length;
    assert.equal((await router.reload(conf())).ok, true);
    assert.deepEqual(router.seen(), []);
    await router.advance(60_000);
    assert.ok(without(router.seen()).every((line) => line === 'advert 100'));
    assert.equal(transitions(router).length, before);
  });

  it('with an address more and one less stays master and touches only those', async () => {
    const router = await routerOf(conf());
    await router.advance(10_000);
    router.seen();
    await router.reload(conf([], ['192.0.2.101/24', '192.0.2.102/24']));
    await router.advance(0);
    const seen = without(router.seen());
    assert.deepEqual(
      seen.filter((line) => !line.startsWith('arp')),
      ['removed 192.0.2.100', 'added 192.0.2.102'],
    );
    assert.ok(seen.includes('arp 192.0.2.102'));
    assert.equal(stateOf(router), 'master');
    await router.advance(1000);
    const advert = router.events('vrrp.transitioned');
    assert.equal(advert.at(-1)?.payload.to, 'master');
    await router.stop();
    assert.deepEqual(without(router.seen()).slice(-3), ['advert 0', 'removed 192.0.2.101', 'removed 192.0.2.102']);
  });

  it('with another priority stays master and advertises it', async () => {
    const router = await routerOf(conf());
    await router.advance(10_000);
    router.seen();
    await router.reload(conf(['priority 120']));
    await router.advance(1000);
    assert.deepEqual(
      without(router.seen()).filter((line) => !line.startsWith('arp')),
      ['advert 120'],
    );
  });

  it('without the instance resigns for good', async () => {
    const router = await routerOf(conf());
    await router.advance(4000);
    router.seen();
    await router.reload('');
    assert.deepEqual(without(router.seen()), ['advert 0', 'removed 192.0.2.100', 'removed 192.0.2.101']);
    assert.equal(transitions(router).at(-1), 'master > deleted: removed');
    assert.deepEqual(router.status(), []);
  });

  it('with another VRID resigns the old one and starts the new one', async () => {
    const router = await routerOf(conf());
    await router.advance(4000);
    router.seen();
    await router.reload(conf().replace('51', '52'));
    assert.deepEqual(without(router.seen()), ['advert 0', 'removed 192.0.2.100', 'removed 192.0.2.101']);
    await router.advance(4000);
    assert.deepEqual([stateOf(router), held(router)], ['master', [true, true]]);
  });

  it('with an address moved to another instance, before or after it, keeps both masters', async () => {
    const first = (addresses: readonly string[]) => conf(['priority 255'], addresses);
    const second = (addresses: readonly string[]) => first(addresses).replace('VI_1', 'VI_2').replace('51', '52');
    for (const swap of [false, true]) {
      const texts = (a: readonly string[], b: readonly string[]) => (swap ? second(b) + first(a) : first(a) + second(b));
      const router = await routerOf(texts(vips, ['192.0.2.200/24']));
      await router.advance(10);
      const before = transitions(router).length;
      await router.reload(texts(['192.0.2.100/24'], ['192.0.2.101/24', '192.0.2.200/24']));
      await router.reload(texts(['192.0.2.200/24', '192.0.2.100/24'], ['192.0.2.101/24']));
      await router.advance(100);
      assert.equal(transitions(router).length, before);
      assert.deepEqual([...held(router), router.kernel.hasAddress('192.0.2.200')], [true, true, true]);
    }
  });

  it('with an address moved to a new instance keeps the old one master', async () => {
    const moved = conf(['priority 255'], ['192.0.2.101/24']).replace('VI_1', 'VI_0').replace('51', '52');
    const router = await routerOf(conf(['priority 255']));
    await router.advance(10);
    await router.reload(moved + conf(['priority 255'], ['192.0.2.100/24']));
    await router.advance(100);
    assert.deepEqual(transitions(router), ['initialize > master: address-owner', 'initialize > master: address-owner']);
    assert.deepEqual(held(router), [true, true]);
  });

  it('during vrrp_startup_delay starts everything once, after the delay', async () => {
    const delayed = (text: string) => `global_defs {\n  vrrp_startup_delay 10\n}\n${text}`;
    const second = conf([], ['192.0.2.200/24']).replace('VI_1', 'VI_2').replace('51', '52');
    const router = await routerOf(delayed(conf(['priority 255'])));
    await router.advance(1000);
    await router.reload(delayed(conf(['priority 255']) + second.replace('version 3', 'version 3\n  priority 255')));
    await router.advance(8000);
    assert.deepEqual(router.seen(), []);
    await router.advance(2000);
    assert.deepEqual(transitions(router), ['initialize > master: address-owner', 'initialize > master: address-owner']);
  });
});

describe('a virtual router, in FAULT', () => {
  it('resigns and releases when the link fails; listens again when it returns', async () => {
    const router = await routerOf(conf());
    await router.advance(4000);
    router.seen();
    router.kernel.setCarrier('eth0', false);
    await router.advance(1000);
    assert.deepEqual([stateOf(router), held(router)], ['fault', [false, false]]);
    await router.advance(60_000);
    router.seen();
    router.kernel.setCarrier('eth0', true);
    await router.advance(3600);
    assert.deepEqual([stateOf(router), router.seen()], ['backup', []]);
    await router.advance(1000);
    assert.deepEqual([stateOf(router), held(router)], ['master', [true, true]]);
  });

  it('on a tracked interface, while its own link carries, says priority 0', async () => {
    const router = await routerOf(conf(['track_interface {', '  eth1', '}']));
    await router.advance(4000);
    router.seen();
    router.kernel.setCarrier('eth1', false);
    await router.advance(0);
    assert.deepEqual(without(router.seen()), ['advert 0', 'removed 192.0.2.100', 'removed 192.0.2.101']);
    assert.equal(stateOf(router), 'fault');
  });

  it('when the last own address goes, and back when it comes', async () => {
    const router = await routerOf(conf());
    await router.advance(1000);
    router.kernel.unassign('eth0', '192.0.2.1');
    await router.advance(1);
    assert.equal(stateOf(router), 'fault');
    router.kernel.assign('eth0', '192.0.2.7/24');
    await router.advance(1);
    assert.equal(stateOf(router), 'backup');
  });

  it('when the kernel refuses every address, until it tries again after 10 s', async () => {
    const router = await routerOf(conf());
    router.kernel.faults.refuse('addresses.add', 'EPERM', 2);
    await router.advance(3700);
    assert.equal(stateOf(router), 'fault');
    assert.deepEqual(without(router.seen()), ['advert 100', 'advert 0']);
    await router.advance(20_000);
    assert.deepEqual([stateOf(router), held(router)], ['master', [true, true]]);
  });

  it('when no socket can be opened, until the link changes or 10 s have passed', async () => {
    for (const wait of [false, true]) {
      const router = await routerOf(conf());
      router.kernel.faults.refuse('rawIp.open', 'EPERM', 1);
      await router.reload(conf().replace('51', '52'));
      await router.advance(1000);
      assert.equal(stateOf(router), 'fault');
      if (wait) await router.advance(9000);
      else {
        router.kernel.setCarrier('eth0', false);
        await router.advance(1);
        router.kernel.setCarrier('eth0', true);
        await router.advance(1);
      }
      assert.equal(stateOf(router), 'backup');
    }
  });

  it('stays master when the kernel refuses one address of two', async () => {
    const router = await routerOf(conf());
    router.kernel.faults.refuse('addresses.add', 'EPERM', 1);
    await router.advance(3700);
    assert.deepEqual([stateOf(router), held(router)], ['master', [false, true]]);
  });

  it('from the start while the interface is missing', async () => {
    const router = await routerOf(conf().replace('eth0', 'eth7'));
    await router.advance(1000);
    assert.equal(stateOf(router), 'fault');
    assert.deepEqual(router.seen(), []);
  });
});
