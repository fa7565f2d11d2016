/** What links mean for an instance, where its advertisements come from, and its priority (tracking.ts, source.ts, faults.ts). */
import assert from 'node:assert/strict';
import type { InterfaceAddress, Link } from '@mainstay/sdk';
import { createVirtualClock } from '@mainstay/testing';
import { Faults } from '@mainstay/vrrp/internal/faults.js';
import { sourceAddress } from '@mainstay/vrrp/internal/source.js';
import { clampPriority, linkFaults, linkWeights } from '@mainstay/vrrp/internal/tracking.js';
import { describe, it } from 'mocha';
import { configOf, type Written } from './by-hand.js';

/** Links by name: up or down; others are missing. */
function linksOf(states: Readonly<Record<string, 'up' | 'down'>>) {
  return (name: string): Link | undefined => {
    const state = states[name];
    if (state === undefined) return undefined;
    return { index: 2, name, isUp: state === 'up', mac: '02:00:00:00:00:01', mtu: 1500, isLoopback: false };
  };
}

const viewsOf = (states: Readonly<Record<string, 'up' | 'down'>>) => ({ linkOf: linksOf(states), sessionOf: () => undefined });

describe('track_interface', () => {
  it('adds a positive weight while up, a negative one while down; reverse turns the sign', () => {
    const table = [
      ['weight 20', 'up', 20],
      ['weight 20', 'down', 0],
      ['weight 20', 'missing', 0],
      ['weight -20', 'up', 0],
      ['weight -20', 'down', -20],
      ['weight -20', 'missing', -20],
      ['weight 20 reverse', 'up', -20],
      ['weight 20 reverse', 'down', 0],
      ['weight -20 reverse', 'up', 0],
      ['weight -20 reverse', 'down', 20],
      ['weight 0', 'down', 0],
    ] as const;
    for (const [weight, state, delta] of table) {
      const { tracked } = configOf({ track_interface: [`eth1 ${weight}`] });
      const parts = linkWeights(tracked, linksOf(state === 'missing' ? {} : { eth1: state }));
      assert.equal(
        parts.reduce((sum, part) => sum + part.delta, 0),
        delta,
        `${weight}, ${state}`,
      );
    }
  });

  it('faults without a weight', () => {
    const faults = (written: Written, states: Readonly<Record<string, 'up' | 'down'>>) =>
      linkFaults(configOf(written), linksOf(states));
    const tracked = { track_interface: ['eth1'] };
    const reversed = { track_interface: ['eth1 weight 0 reverse'] };
    assert.deepEqual(faults(tracked, { eth0: 'up', eth1: 'up' }), []);
    assert.deepEqual(faults(tracked, { eth0: 'up', eth1: 'down' }), ['tracked interface eth1 is down']);
    assert.deepEqual(faults(tracked, { eth0: 'up' }), ['tracked interface eth1 is missing']);
    assert.deepEqual(faults(reversed, { eth0: 'up', eth1: 'down' }), []);
    assert.deepEqual(faults(reversed, { eth0: 'up', eth1: 'up' }), ['tracked interface eth1 is up']);
    assert.deepEqual(faults({ track_interface: ['eth1 weight -5'] }, { eth0: 'up', eth1: 'down' }), []);
    assert.deepEqual(faults({}, { eth0: 'down' }), ['interface eth0 is down']);
    assert.deepEqual(faults({}, {}), ['interface eth0 does not exist']);
    assert.deepEqual(faults({ dont_track_primary: '' }, { eth0: 'down' }), []);
    assert.deepEqual(faults({ dont_track_primary: '' }, {}), ['interface eth0 does not exist']);
  });

  it('never reaches 0 or 255, and never moves an owner', () => {
    const values = [-300, 0, 0.4, 1, 100.5, 254, 255, 1000, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    assert.deepEqual(
      values.map((value) => clampPriority(value, 100)),
      [1, 1, 1, 1, 101, 254, 254, 254, 254, 1, 100],
    );
    assert.deepEqual(
      values.map((value) => clampPriority(value, 255)),
      values.map(() => 255),
    );
  });
});

describe('faults', () => {
  it('name every reason, and forget refusals after 10 s', async () => {
    const clock = createVirtualClock();
    let tries = 0;
    const faults = new Faults(clock, viewsOf({ eth0: 'up' }), () => tries++);
    const config = configOf();
    assert.deepEqual(faults.list(config, '192.0.2.1'), []);
    assert.equal(faults.list(config, undefined).length, 1);
    faults.refuse('kernel', 'no addresses');
    faults.refuse('socket', 'no socket');
    assert.deepEqual(faults.list(config, '192.0.2.1'), ['no addresses', 'no socket']);
    await clock.advance(10_000);
    assert.deepEqual([faults.list(config, '192.0.2.1'), tries], [[], 1]);
  });

  it('unicast without peers is one', () => {
    const faults = new Faults(createVirtualClock(), viewsOf({ eth0: 'up' }), () => undefined);
    const config = configOf({ unicast_src_ip: '192.0.2.1', unicast_fault_no_peer: '' });
    assert.equal(faults.list(config, '192.0.2.1').length, 1);
  });
});

describe('source address', () => {
  const at = (address: string, more: Partial<InterfaceAddress> = {}): InterfaceAddress => ({
    link: 2,
    family: address.includes(':') ? 6 : 4,
    address,
    prefixLength: 24,
    scope: 'global',
    isOurs: false,
    ...more,
  });
  const vip6 = { virtual_ipaddress: ['fe80::100/64'] };

  it('is the first of the link that is not virtual', () => {
    const all = [
      at('10.0.0.1', { link: 3 }),
      at('fe80::1'),
      at('192.0.2.100'),
      at('192.0.2.50', { isOurs: true }),
      at('192.0.2.1'),
      at('192.0.2.2'),
    ];
    assert.equal(sourceAddress(configOf(), 2, all), '192.0.2.1');
    assert.equal(sourceAddress(configOf(), 4, all), undefined);
    assert.equal(sourceAddress(configOf({ virtual_ipaddress_excluded: ['192.0.2.1'] }), 2, all), '192.0.2.2');
    assert.equal(sourceAddress(configOf(), 2, [at('192.0.2.100')]), undefined);
  });

  it("is the owner's virtual address where there is no other", () => {
    assert.equal(sourceAddress(configOf({ priority: '255' }), 2, [at('192.0.2.100')]), '192.0.2.100');
    assert.equal(sourceAddress(configOf({ priority: '255' }), 2, [at('192.0.2.100'), at('192.0.2.1')]), '192.0.2.1');
  });

  it('is link-local for IPv6 multicast and for link-local peers, and not for others', () => {
    const all = [at('2001:db8::1'), at('fe80::9', { isTentative: true }), at('fe80::1'), at('fe80::2')];
    assert.equal(sourceAddress(configOf(vip6), 2, all), 'fe80::1');
    assert.equal(sourceAddress(configOf({ ...vip6, unicast_peer: ['fe80::7'] }), 2, all), 'fe80::1');
    assert.equal(sourceAddress(configOf({ ...vip6, unicast_peer: ['2001:db8::7'] }), 2, all), '2001:db8::1');
    assert.equal(sourceAddress(configOf(vip6), 2, [at('2001:db8::1')]), undefined);
  });

  it('is the configured one; with track_src_ip only while it is there', () => {
    assert.equal(sourceAddress(configOf({ mcast_src_ip: '192.0.2.7' }), 2, []), '192.0.2.7');
    const tracked = configOf({ mcast_src_ip: '192.0.2.7', track_src_ip: '' });
    assert.equal(sourceAddress(tracked, 2, [at('192.0.2.1')]), undefined);
    assert.equal(sourceAddress(tracked, 2, [at('192.0.2.1'), at('192.0.2.7')]), '192.0.2.7');
  });
});
