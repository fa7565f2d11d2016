/** The plugin with core's checking loop, a checker and a simulated kernel: from a failed probe to the table, through crash and restart. */
import assert from 'node:assert/strict';
import { createIpvsPlugin } from '@mainstay/ipvs';
import { defineChecker, definePlugin, down, up } from '@mainstay/sdk';
import { type TestedPlugin, testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { sortedTableText } from '../../support/ipvsadm-text.js';

const config = (more = '') => `
virtual_server 192.0.2.100 80 {
  protocol TCP
  delay_loop 1
  warmup 0
  retry 2
  delay_before_retry 0.2
  sorry_server 10.0.0.9 80
  real_server 10.0.0.1 80 {
    ${more}
    TCP_CHECK {
    }
  }
  real_server 10.0.0.2 80 {
    TCP_CHECK {
    }
  }
}`;

/** Servers that work, and a checker that asks them. */
function servers(): { readonly working: Set<string>; readonly plugin: ReturnType<typeof definePlugin> } {
  const working = new Set(['10.0.0.1', '10.0.0.2']);
  const checker = defineChecker({
    keyword: 'TCP_CHECK',
    fields: {},
    check: ({ target }) => (working.has(target.address) ? up('connected') : down('connection refused')),
  });
  return { working, plugin: definePlugin({ name: 'checker-tcp', setup: (app) => app.checkers.define(checker) }) };
}

const start = ({ plugin }: ReturnType<typeof servers>, text = config()): Promise<TestedPlugin> =>
  testPlugin(createIpvsPlugin(), { config: text, alongside: [plugin] });

const table = ({ kernel }: TestedPlugin) =>
  sortedTableText(kernel.ipvs.list().map((one) => ({ service: one, destinations: one.destinations })));
const service = 'TCP  192.0.2.100:80 wlc\n';
const line = (n: number) => `  -> 10.0.0.${n}:80 Masq 1\n`;

describe('ipvs: in a simulated host', () => {
  it('takes a server out after its retries, and puts it back at its first success', async () => {
    const pool = servers();
    const plugin = await start(pool);
    await plugin.advance(3000);
    assert.equal(table(plugin), service + line(1) + line(2));
    pool.working.delete('10.0.0.1');
    await plugin.advance(300);
    assert.equal(table(plugin), service + line(1) + line(2));
    await plugin.advance(1500);
    assert.equal(table(plugin), service + line(2));
    pool.working.add('10.0.0.1');
    await plugin.advance(1500);
    assert.equal(table(plugin), service + line(1) + line(2));
    const told = plugin.events('ipvs.serverChanged').map(({ payload }) => `${payload.realServer} ${payload.to}`);
    assert.deepEqual(told, ['10.0.0.1 80 down', '10.0.0.1 80 up']);
  });

  it('stays with the sorry server after a crash, until a check succeeds', async () => {
    const pool = servers();
    const plugin = await start(pool);
    pool.working.clear();
    await plugin.advance(5000);
    assert.equal(table(plugin), service + line(9));
    plugin.machine.crash();
    assert.equal(table(plugin), service + line(9));
    await plugin.clock.drive(plugin.machine.start(true));
    await plugin.advance(5000);
    assert.equal(table(plugin), service + line(9));
    pool.working.add('10.0.0.2');
    await plugin.advance(1500);
    assert.equal(table(plugin), service + line(2));
  });

  it('keeps states over a reload, and leaves nothing behind at a stop', async () => {
    const pool = servers();
    const plugin = await start(pool);
    pool.working.delete('10.0.0.1');
    await plugin.advance(5000);
    assert.ok((await plugin.reload(config('weight 7'))).ok);
    assert.equal(table(plugin), service + line(2));
    pool.working.add('10.0.0.1');
    await plugin.advance(1500);
    assert.equal(table(plugin), `${service}  -> 10.0.0.1:80 Masq 7\n${line(2)}`);
    await plugin.stop();
    assert.equal(table(plugin), '');
  });

  it('repairs what somebody else does to the table, once a minute', async () => {
    const plugin = await start(servers());
    const id = { family: 4, protocol: 'tcp', address: '192.0.2.100', port: 80 } as const;
    plugin.kernel.ipvs.apply({ do: 'deleteService', service: id });
    await plugin.advance(61_000);
    assert.equal(table(plugin), service + line(1) + line(2));
  });

  it('says what it means that the kernel has no IPVS', async () => {
    const pool = servers();
    const plugin = await testPlugin(createIpvsPlugin(), { config: '', alongside: [pool.plugin] });
    plugin.kernel.ipvs.isAvailable = false;
    await plugin.reload(config());
    const complaints = plugin.log.filter(({ level }) => level === 'error').map(({ message }) => message);
    assert.match(complaints.join('\n'), /the kernel refuses the service TCP 192.0.2.100:80: .*no IPVS.*; nothing serves it/);
    plugin.kernel.ipvs.isAvailable = true;
    await plugin.advance(5000);
    assert.equal(table(plugin), service + line(1) + line(2));
  });

  it('follows an address of this host with ha_suspend', async () => {
    const pool = servers();
    const plugin = await start(pool, config().replace('TCP\n', 'TCP\n  ha_suspend\n'));
    pool.working.clear();
    await plugin.advance(10_000);
    assert.equal(table(plugin), service + line(1) + line(2));
    const [eth0] = plugin.ports.links.list().filter(({ name }) => name === 'eth0');
    assert.ok(eth0 !== undefined);
    const address = { link: eth0.index, family: 4, address: '192.0.2.100', prefixLength: 32, scope: 'global' } as const;
    await plugin.clock.drive(plugin.ports.addresses.add([address]));
    await plugin.advance(10_000);
    assert.equal(table(plugin), service + line(9));
  });
});
