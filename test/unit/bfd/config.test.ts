/** Keywords of bfd_instance: their ranges, what they mean together, what is refused (plugins/bfd/src/config.ts, session-config.ts). */
import assert from 'node:assert/strict';
import bfd from '@mainstay/bfd';
import { ConfigRefused, type TestedPlugin, testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { lines } from './lone.js';

const hosts = { router: { eth0: ['192.0.2.1/24', 'fe80::1/64'] } };
const started = (config: string): Promise<TestedPlugin> => testPlugin(bfd, { config, hosts });

async function detail(...keywords: readonly string[]) {
  const tested = await started(lines('neighbor_ip 192.0.2.2', ...keywords));
  const [session] = tested.status();
  assert.ok(session !== undefined);
  await tested.stop();
  return { ...session.detail, ...session.summary } as Readonly<Record<string, unknown>>;
}

/** The codes and messages with which a configuration is refused. */
async function refusal(config: string): Promise<string> {
  try {
    await (await started(config)).stop();
  } catch (error) {
    assert.ok(error instanceof ConfigRefused, String(error));
    return error.message;
  }
  return '';
}

describe('keywords of bfd_instance', () => {
  it('have the defaults of keepalived', async () => {
    const { desired_min_tx_ms, required_min_rx_ms, multiplier, port, passive, clients, authentication } = await detail();
    assert.deepEqual(
      { desired_min_tx_ms, required_min_rx_ms, multiplier, port, passive, clients, authentication },
      {
        desired_min_tx_ms: 1000,
        required_min_rx_ms: 10,
        multiplier: 5,
        port: 3784,
        passive: false,
        clients: ['vrrp', 'checker'],
        authentication: null,
      },
    );
  });

  it('are obeyed', async () => {
    const one = await detail('min_rx 12.5', 'idle_tx 3000', 'multiplier 7', 'passive', 'multihop', 'source_ip 192.0.2.1');
    assert.deepEqual(
      [one.required_min_rx_ms, one.desired_min_tx_ms, one.multiplier, one.passive, one.port, one.source],
      [12.5, 3000, 7, true, 4784, '192.0.2.1'],
    );
    const two = await detail('vrrp', 'weight -20 reverse');
    assert.deepEqual([two.clients, two.weight, two.weight_reversed], [['vrrp'], -20, true]);
    assert.deepEqual((await detail('checker')).clients, ['checker']);
    assert.deepEqual((await detail('vrrp', 'checker')).clients, ['vrrp', 'checker']);
    assert.equal(await refusal(lines('neighbour_ip 192.0.2.2', 'hoplimit 3', 'max_hops 2')), '', 'other spellings');
  });

  for (const [keyword, message] of [
    ['min_rx 0', /min_rx|out of range: 1\.\.4294967/],
    ['min_rx 0.5', /"0\.5" is out of range/],
    ['min_tx 4294968', /the nearest allowed value is 4294967/],
    ['min_tx fast', /"fast" is not a number of milliseconds/],
    ['idle_tx 999', /the nearest allowed value is 1000/],
    ['multiplier 0', /out of range: 1\.\.255/],
    ['multiplier 256', /out of range: 1\.\.255/],
    ['ttl 0', /out of range: 1\.\.255/],
    ['max_hops 256', /out of range: -1\.\.255/],
    ['weight 254', /is not a weight/],
    ['weight 5 sideways', /"sideways" is not known here/],
    ['source_ip 2001:db8::1', /source_ip and neighbor_ip are of different families/],
    ['source_ip nowhere', /"nowhere" is not an IP address/],
    ['auth_type md4', /not one of simple, keyed-md5/],
    ['auth_type keyed-md5', /auth_type needs a key/],
    ['auth_password secret', /auth_password without auth_type does nothing/],
    ['auth_accept 256 secret', /the value of auth_accept is not valid/],
    ['echo_interval 0', /out of range: 1\.\.4294967/],
    ['echo_interval 50\nmultihop', /Echo function is for neighbours on the link/],
    ['min_echo_rx 50\nmultihop', /Echo function is for neighbours on the link/],
    ['echo_via daemon', /echo_via without echo_interval does nothing/],
    ['echo_slow_rx 2000', /echo_slow_rx without echo_interval does nothing/],
    ['echo_interval 50\necho_slow_rx 999', /out of range: 1000\.\.4294967/],
    ['echo_interval 50\necho_via satellite', /not one of forwarding, daemon/],
  ] as const) {
    it(`refuse ${keyword}`, async () => {
      const text = await refusal(lines('neighbor_ip 192.0.2.2', ...keyword.split('\n')));
      assert.match(text, message);
      assert.match(text, /:\d+:\d+: error/, 'with its position');
    });
  }

  it('refuse keys that are too long, without showing them', async () => {
    for (const [type, most] of [
      ['simple', 16],
      ['keyed-md5', 16],
      ['keyed-sha1', 20],
    ] as const) {
      const keywords = (length: number) => ['neighbor_ip 192.0.2.2', `auth_type ${type}`, `auth_password ${'k'.repeat(length)}`];
      assert.equal(await refusal(lines(...keywords(most))), '');
      const text = await refusal(lines(...keywords(most + 1)));
      assert.match(text, new RegExp(`at most ${most} bytes, not ${most + 1}`));
      assert.doesNotMatch(text, /kkk/);
    }
  });

  it('refuse empty keys', async () => {
    for (const type of ['simple', 'keyed-md5', 'meticulous-keyed-sha1']) {
      const keywords = (own: string) => ['neighbor_ip 192.0.2.2', `auth_type ${type}`, `auth_password ${own}`];
      const own = await refusal(lines(...keywords('""')));
      assert.match(own, /:4:\d+: error.*a key of no bytes protects nothing/);
      assert.match(own, /write a password/);
      const accepted = await refusal(lines(...keywords('secret'), 'auth_accept 2 other', 'auth_accept 3 ""'));
      assert.match(accepted, /:\d+:\d+: error.*a key of no bytes protects nothing/);
    }
  });

  it('refuse addresses that are none of a neighbour', async () => {
    assert.match(await refusal(lines('neighbor_ip 224.0.0.1')), /the neighbour is a group/);
    assert.match(await refusal(lines('neighbor_ip fe80::2')), /write fe80::2%INTERFACE/);
    assert.match(await refusal(lines('neighbor_ip 192.0.2.2%eth0')), /only link-local addresses have a link/);
    assert.equal(await refusal(lines('neighbor_ip fe80::2%eth0')), '');
    assert.match(await refusal(lines('min_tx 50')), /neighbor_ip/);
  });

  it('refuse two sessions that could not be told apart', async () => {
    const one = lines('neighbor_ip 192.0.2.2');
    const other = one.replace('B1', 'B2');
    assert.match(await refusal(one + other), /is already that of B1/);
    assert.equal(await refusal(one + other.replace('192.0.2.2', '192.0.2.3')), '');
    assert.equal(await refusal(one + other.replace('192.0.2.2', '192.0.2.2\n  multihop')), '');
  });

  it('warn of seconds that were meant as milliseconds', async () => {
    const tested = await started(lines('neighbor_ip 192.0.2.2', 'min_tx 50000'));
    assert.equal(tested.status().length, 1);
    const [shown] = tested.status();
    assert.ok('at' in ((shown?.detail.last_change ?? {}) as object) && shown?.moments?.includes('at'));
    await tested.stop();
  });
});

describe('a bfd_instance that cannot work', () => {
  it('waits for its source address, says so once, and comes to life with it', async () => {
    const tested = await started(lines('neighbor_ip 192.0.2.2', 'source_ip 192.0.2.9'));
    await tested.advance(5000);
    assert.match(String(tested.status()[0]?.detail.faults), /EADDRNOTAVAIL/);
    assert.equal(tested.log.filter(({ message }) => /cannot come up/.test(message)).length, 1);
    const { index } = tested.ports.links.get('eth0') ?? assert.fail();
    const added = tested.ports.addresses.add([
      { link: index, family: 4, address: '192.0.2.9', prefixLength: 24, scope: 'global' },
    ]);
    await tested.advance(10);
    await added;
    assert.deepEqual(tested.status()[0]?.detail.faults, []);
    assert.ok(tested.explain('B1')[0]?.contributors.length);
    await tested.stop();
  });

  it('waits for the link of a link-local neighbour', async () => {
    const tested = await started(lines('neighbor_ip fe80::2%eth7'));
    assert.match(String(tested.status()[0]?.detail.faults), /there is no link eth7/);
    assert.match(tested.explain('B1')[0]?.because ?? '', /there is no link eth7/);
    await tested.stop();
  });
});
