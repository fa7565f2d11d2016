/** Reloads that change the addresses of a master: what stays, what goes, what the kernel takes along (plugins/vrrp holdings). */
import assert from 'node:assert/strict';
import { type TestedPlugin, testPlugin } from '@mainstay/testing';
import { createVrrpPlugin } from '@mainstay/vrrp';
import { describe, it } from 'mocha';

const conf = (...addresses: readonly string[]) => `
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  virtual_ipaddress {
    ${addresses.join('\n    ')}
  }
}`;

async function master(...addresses: readonly string[]): Promise<TestedPlugin> {
  const tested = await testPlugin(createVrrpPlugin(), { config: conf(...addresses) });
  await tested.advance(5000);
  assert.equal(tested.status()[0]?.state, 'master');
  return tested;
}

function held(tested: TestedPlugin): readonly string[] {
  const ours = tested.ports.addresses.list().filter(({ isOurs }) => isOurs);
  return ours.map(({ address, label }) => (label === undefined ? address : `${address} ${label}`)).sort();
}

function transitions(tested: TestedPlugin): number {
  return tested.events('vrrp.transitioned').length;
}

describe('a reload of a master', () => {
  it('keeps the others of a subnet whose first address goes, though the kernel removes them with it', async () => {
    const tested = await master('198.51.100.1/24', '198.51.100.2/24', '198.51.100.3/24');
    const before = transitions(tested);
    assert.equal((await tested.reload(conf('198.51.100.2/24', '198.51.100.3/24'))).ok, true);
    await tested.advance(100);
    assert.deepEqual(held(tested), ['198.51.100.2', '198.51.100.3']);
    assert.equal(transitions(tested), before);
    await tested.stop();
  });

  it('gives an address its new options', async () => {
    const tested = await master('198.51.100.1/24', '198.51.100.9/32');
    const before = transitions(tested);
    await tested.reload(conf('198.51.100.1/24 label eth0:1', '198.51.100.9/32'));
    await tested.advance(100);
    assert.deepEqual(held(tested), ['198.51.100.1 eth0:1', '198.51.100.9']);
    assert.equal(transitions(tested), before);
    await tested.stop();
  });
});
