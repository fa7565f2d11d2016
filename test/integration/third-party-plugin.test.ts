/**
 * A plugin from outside the repository, installed from its tarball: loaded by name, beside the real vrrp plugin on a simulated
 * host. Loading, order, a throw, a timeout, parking.
 */
import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { findPlugin, type LoadedPlugin, loadPlugin } from '@mainstay/core';
import { type TestedPlugin, testPlugin } from '@mainstay/testing';
import { createVrrpPlugin } from '@mainstay/vrrp';
import { after, before, describe, it } from 'mocha';
import { makePluginSite, type PluginSite } from '../support/plugin-site.js';

const router = `
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 150
    advert_int 1
    virtual_ipaddress {
        192.0.2.100/24
    }
}
`;
/** The virtual clock begins on Monday 2024-01-01 at 00:00 UTC. */
const maintenance = `
maintenance new_year {
    days mon
    from 00:00
    to 01:00
    penalty 60
    utc
}
`;
const minute = 60_000;

const variant = (name: string, setup: string) => `
import { definePlugin } from '@mainstay/sdk';
export default definePlugin({ name: '${name}', setup({ taps }) { ${setup} } });
`;

describe('third-party plugin', function () {
  this.timeout(120_000);
  let site: PluginSite;
  before(() => {
    site = makePluginSite();
    const write = (name: string, setup: string) => site.write(`mainstay-plugin-${name}`, variant(name, setup));
    write('double', `taps.adjust('vrrp.priority', (priority) => priority * 2, { phase: 'late', before: 'maintenance' });`);
    write(
      'plus',
      `taps.adjust('vrrp.priority', (priority) => priority + 1, { phase: 'late', after: ['maintenance', 'double'] });`,
    );
    write('throws', `taps.adjust('vrrp.priority', () => { throw new Error('no database'); }, { phase: 'first' });`);
    write('hangs', `taps.observe('vrrp.transitioned', () => new Promise(() => {}), { phase: 'first' });`);
    write('typo', `taps.adjust('vrrp.priority', () => undefined, { after: 'maintenence' });`);
    write('vetoes', `taps.guard('vrrp.mayBecomeMaster', () => ({ why: 'not now', forMs: 1000 }));`);
  });
  after(() => site.remove());

  const load = (name: string): Promise<LoadedPlugin> =>
    loadPlugin(`mainstay-plugin-${name}`, { configDirectory: site.directory }, 'mainstay.conf:1:1');

  /** The router with these plugins beside it. */
  async function run(names: readonly string[], config = router + maintenance): Promise<TestedPlugin> {
    const alongside = await Promise.all(names.map(load));
    return testPlugin(createVrrpPlugin(), { config, alongside, consent: [] });
  }

  const priority = (t: TestedPlugin) => t.status().find(({ kind }) => kind === 'vrrp_instance')?.summary.priority;
  const taps = (t: TestedPlugin, hook: string) => t.host.taps().filter((tap) => tap.hook === hook);

  it('is found by name where it was installed, with its own copy of the SDK', async () => {
    const found = findPlugin('mainstay-plugin-maintenance', { configDirectory: site.directory });
    assert.equal(found.version, '1.0.0');
    assert.ok(realpathSync(found.entry).startsWith(realpathSync(site.directory)));
    assert.deepEqual(found.manifest, { api: '^0.1.0', lane: 'realtime', needs: [] });
    assert.equal((await load('maintenance')).plugin.name, 'maintenance');
  });

  it('lowers the priority while its window is open, and says so', async () => {
    const t = await run(['maintenance']);
    await t.advance(10_000);
    assert.equal(priority(t), 90);
    const parts = t.explain('VI_1')[0]?.contributors.filter(({ of }) => of === 'priority') ?? [];
    assert.ok(
      parts.some(({ source, effect }) => source === 'maintenance' && effect.includes('60')),
      JSON.stringify(parts),
    );
    const window = t.status().find(({ kind }) => kind === 'maintenance');
    assert.equal(window?.state, 'open');
    const transitions = t.events('vrrp.transitioned').length;
    assert.ok(transitions > 0);
    assert.equal(window?.summary.transitions, transitions);
    assert.ok(t.log.some(({ plugin, message }) => plugin === 'maintenance' && message.includes('to master during maintenance')));
    await t.advance(60 * minute);
    assert.equal(priority(t), 150);
    assert.equal(t.status().find(({ kind }) => kind === 'maintenance')?.state, 'closed');
    await t.stop();
  });

  it('knows windows that go on past midnight, and takes over a new configuration without a restart', async () => {
    const overnight = maintenance
      .replace('days mon', 'days sun')
      .replace('from 00:00', 'from 23:30')
      .replace('to 01:00', 'to 00:30');
    const t = await run(['maintenance'], router + overnight);
    await t.advance(10_000);
    assert.equal(priority(t), 90);
    const result = await t.reload(router + overnight.replace('penalty 60', 'penalty 20'));
    assert.deepEqual(result, { ok: true, restarted: [], failed: [], diagnostics: [] });
    await t.advance(10_000);
    assert.equal(priority(t), 130);
    await t.advance(30 * minute);
    assert.equal(priority(t), 150);
    await t.stop();
  });

  it('has its keywords checked like any other', async () => {
    const wrong = maintenance.replace('from 00:00', 'from 25:00').replace('penalty 60', 'penalty 500');
    await assert.rejects(
      run(['maintenance'], router + wrong),
      /"25:00" is not a time of day[\s\S]*500 is out of range: 1\.\.253/,
    );
  });

  it('runs in the order that phases and wishes ask for', async () => {
    const t = await run(['plus', 'maintenance', 'double']);
    await t.advance(5000);
    assert.deepEqual(
      taps(t, 'vrrp.priority').map(({ plugin, reason }) => `${plugin}: ${reason}`),
      [
        'double: phase late; before maintenance; plus asked to run after it',
        'maintenance: phase late; double asked to run before it; plus asked to run after it',
        'plus: phase late; after maintenance; after double',
      ],
    );
    assert.equal(priority(t), Math.min(254, 150 * 2 - 60 + 1));
    await t.stop();
  });

  it('is refused at load time when it names a plugin that is not there, or may not do what it wants', async () => {
    await assert.rejects(run(['maintenance', 'typo']), { code: 'HOOK_UNKNOWN_ORDER', message: /did you mean "maintenance"\?/ });
    await assert.rejects(run(['maintenance', 'vetoes']), { code: 'HOOK_NO_CONSENT', message: /plugin vetoes/ });
  });

  it('that throws changes nothing for the others, and is parked after three strikes', async () => {
    const t = await run(['throws', 'maintenance']);
    await t.advance(30_000);
    assert.equal(priority(t), 90);
    const [first] = taps(t, 'vrrp.priority');
    assert.deepEqual([first?.plugin, first?.calls, first?.strikes, first?.isParked], ['throws', 3, 3, true]);
    assert.equal(first?.lastError, 'threw: no database');
    const [parked, ...more] = t.events('plugin.parked');
    assert.deepEqual([parked?.key, parked?.payload.hook, more.length], ['throws', 'vrrp.priority', 0]);
    assert.deepEqual(
      t.host.plugins().map(({ name, state }) => `${name} ${state}`),
      ['vrrp running', 'throws degraded', 'maintenance running'],
    );
    await t.stop();
  });

  it('that never answers delays neither the others nor an advertisement', async () => {
    const plain = await run(['maintenance']);
    const t = await run(['hangs', 'maintenance']);
    for (const router of [plain, t]) await router.advance(20_000);
    const sent = (router: TestedPlugin) => router.events('vrrp.advert').map(({ at }) => at);
    assert.ok(sent(t).length > 10);
    assert.deepEqual(sent(t), sent(plain));
    const [hanging, other] = taps(t, 'vrrp.transitioned');
    assert.deepEqual([hanging?.plugin, hanging?.lastError], ['hangs', 'did not finish in 3000 ms']);
    assert.deepEqual([other?.plugin, other?.strikes, other?.calls], ['maintenance', 0, hanging?.calls]);
    for (const router of [plain, t]) await router.stop();
  });
});
