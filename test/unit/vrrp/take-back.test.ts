/** A daemon that stops while its realtime process does not run: what that one left on the host (plugins/vrrp/src/take-back.ts). */
import assert from 'node:assert/strict';
import { definePlugin, type Facts } from '@mainstay/sdk';
import { createVrrpPlugin } from '@mainstay/vrrp';
import { describe, it } from 'mocha';
import { conf, held, routerOf } from './router.js';

const own = '192.0.2.1';

describe('addresses that a process which died has left', () => {
  /** The host has them already; in place of its start the plugin takes them back. */
  function stopped(config: string, facts: Partial<Facts> = {}, failsToRemove = false) {
    const vrrp = createVrrpPlugin();
    const plugin = definePlugin({
      name: 'vrrp',
      setup: (app) => vrrp.setup(app),
      async start(run) {
        await run.ports.firewall.refuse('vrrp', ['192.0.2.100']);
        const remove = async () => [{ outcome: 'failed', code: 'EPERM', error: 'not permitted' }] as const;
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
});
