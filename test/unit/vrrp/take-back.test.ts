/** A daemon that stops while its realtime process does not run: what that one left on the host (plugins/vrrp/src/take-back.ts). */
import assert from 'node:assert/strict';
import { definePlugin, type Facts } from '@mainstay/sdk';
import { createVrrpPlugin } from '@mainstay/vrrp';
import { takeBack } from '@mainstay/vrrp/internal/take-back.js';
import { describe, it } from 'mocha';
import { conf, held, type Router, routerOf, stateOf } from './router.js';

const own = '192.0.2.1';
const denied = { outcome: 'failed', code: 'EPERM', error: 'not permitted' } as const;

describe('addresses that a process which died has left', () => {
  /** The host has them already; in place of its start the plugin takes them back. */
  function stopped(config: string, facts: Partial<Facts> = {}, failsToRemove = false) {
    const vrrp = createVrrpPlugin();
    const plugin = definePlugin({
      name: 'vrrp',
      setup: (app) => vrrp.setup(app),
      async start(run) {
        await run.ports.firewall.refuse('vrrp', ['192.0.2.100']);
        const remove = async () => [denied];
        const addresses = { ...run.ports.addresses, get: run.ports.addresses.get.bind(run.ports.addresses), remove };
        const ports = failsToRemove ? ({ ...run.ports, addresses } as never) : run.ports;
        await vrrp.withdraw?.({ ...run, ports });
      },
    });
    const hosts = { router: { eth0: [`${own}/24`, '192.0.2.100/24', '192.0.2.101/24'] } };
    return routerOf(config, { hosts, facts }, plugin);
  }

  it('go, and nothing else; so do the rules that refuse them', async () => {
    const router = await stopped(conf());
    assert.deepEqual(held(router), [false, false]);
    assert.ok(router.kernel.hasAddress(own));
    assert.deepEqual(router.kernel.firewall.sets, []);
    assert.match(
      router.log.map(({ message }) => message).join(),
      /took 192\.0\.2\.100\/24, 192\.0\.2\.101\/24 off this host, left over/,
    );
    await router.advance(10_000);
    assert.deepEqual(
      router.seen().filter((line) => line.includes('advert')),
      [],
    );
  });

  it('stay where the daemon is told to leave them, and the owner keeps its own', async () => {
    assert.deepEqual(held(await stopped(conf(), { keepAddressesAtExit: true })), [true, true]);
    assert.deepEqual(held(await stopped(conf(['priority 255']))), [true, true]);
  });

  it('are named where the kernel keeps them, and go on being refused', async () => {
    await assert.rejects(stopped(conf(), {}, true), /did not let go of 192\.0\.2\.100\/24/);
  });

  it('are not gone where the packet filter keeps its rules about them', async () => {
    const ports = { firewall: { refuse: async () => denied } };
    await assert.rejects(takeBack({ ports } as never, []), {
      message: 'the rules that refuse virtual addresses stay in the packet filter: not permitted',
    });
  });
});

describe('addresses that are on the host when a process of the plugin begins', () => {
  const delayed = `global_defs {\n  vrrp_startup_delay 10\n}\n${conf()}`;
  const hosts = { router: { eth0: [`${own}/24`, '192.0.2.100/24', '192.0.2.101/24'] } };

  it('go before vrrp_startup_delay, and are none of the first turn alone', async () => {
    const router = await routerOf(delayed, { hosts });
    assert.deepEqual([held(router), stateOf(router)], [[false, false], 'initialize']);
    assert.ok(router.kernel.hasAddress(own));
  });

  it('go at a stop within the delay, where the kernel refused it before', async () => {
    const plugin = createVrrpPlugin();
    let refuses = true;
    const stubborn = definePlugin({
      ...plugin,
      name: 'vrrp',
      start: async (run) => {
        const remove = async (...[asked]: Parameters<typeof run.ports.addresses.remove>) =>
          refuses ? asked.map(() => denied) : run.ports.addresses.remove(asked);
        const { get, watch, add, onLink } = run.ports.addresses;
        const bound = [get, watch, add, onLink].map((method) => method.bind(run.ports.addresses));
        const [first, second, third, fourth] = bound;
        const addresses = { get: first, watch: second, add: third, onLink: fourth, remove };
        await plugin.start?.({ ...run, ports: { ...run.ports, addresses } as never });
      },
    });
    const router = await routerOf(delayed, { hosts }, stubborn);
    assert.deepEqual(held(router), [true, true]);
    refuses = false;
    await router.stop();
    assert.deepEqual(held(router), [false, false]);
  });
});

describe('a stop that the kernel refuses', () => {
  const complaints = ({ log }: Router) => log.filter(({ level }) => level === 'error').map(({ message }) => message);

  it('is none: what stays is named with what to do, and goes on being refused', async () => {
    const router = await routerOf(conf(['no_accept']));
    await router.advance(4000);
    router.kernel.faults.refuse('addresses.remove', 'EPERM');
    await router.stop();
    assert.deepEqual([held(router), router.kernel.firewall.refusedBy('vrrp')?.length], [[true, true], 2]);
    assert.match(
      complaints(router).at(-1) ?? '',
      /did not stop cleanly: the kernel did not let go of 192\.0\.2\.100\/24: .*`ip address del`/,
    );
  });

  it('only once leaves nothing: it is asked again', async () => {
    const router = await routerOf(conf());
    await router.advance(4000);
    router.kernel.faults.refuse('addresses.remove', 'EPERM', 2);
    await router.stop();
    assert.deepEqual(held(router), [false, false]);
    assert.doesNotMatch(complaints(router).join(), /did not stop cleanly/);
  });
});
