/** Whom a change of a link or an address concerns (concerns.ts), and when a source address may change by it (source.ts). */
import assert from 'node:assert/strict';
import type { AddressEvent, InterfaceAddress, Link, LinkEvent } from '@mainstay/sdk';
import { Concerns } from '@mainstay/vrrp/internal/concerns.js';
import type { InstanceConfig } from '@mainstay/vrrp/internal/instance-config.js';
import { mayChangeSource, sourceAddress } from '@mainstay/vrrp/internal/source.js';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { configOf, type Written } from './by-hand.js';

const link = (index: number, name: string): Link => ({ index, name, isUp: true, mac: '', mtu: 1500, isLoopback: false });

function address(text: string, more: Partial<InterfaceAddress> = {}): InterfaceAddress {
  const family = text.includes(':') ? 6 : 4;
  return { link: 2, family, address: text, prefixLength: 24, scope: 'global', isOurs: false, ...more };
}

interface Member {
  readonly name: string;
  config: InstanceConfig;
}

function scene() {
  const links = [link(2, 'eth0'), link(3, 'eth1')];
  const concerns = new Concerns<Member>({ list: () => links, byIndex: (index) => links.find((one) => one.index === index) });
  const member = (name: string, written: Written): Member => {
    const made = { name, config: configOf(written) };
    concerns.set(made);
    return made;
  };
  const ofLink = (kind: LinkEvent['kind'], of: Link) => [...concerns.ofLink({ kind, link: of })].map(({ name }) => name);
  const ofAddress = (kind: AddressEvent['kind'], of: InterfaceAddress) =>
    [...concerns.ofAddress({ kind, address: of })].map(({ name }) => name);
  return { concerns, member, ofLink, ofAddress };
}

describe('whom a change concerns', () => {
  it('of a link: those on it and those who track it, also under its old name', () => {
    const { member, ofLink } = scene();
    member('on', { interface: 'eth0' });
    member('tracks', { interface: 'eth1', track_interface: ['eth0'] });
    member('apart', { interface: 'eth1' });
    assert.deepEqual(ofLink('changed', link(2, 'eth0')), ['on', 'tracks']);
    assert.deepEqual(ofLink('changed', link(2, 'lan')), ['on', 'tracks']);
    assert.deepEqual(ofLink('changed', link(2, 'lan')), []);
    assert.deepEqual(ofLink('removed', link(2, 'lan')), []);
    assert.deepEqual(ofLink('added', link(7, 'eth0')), ['on', 'tracks']);
  });

  it('of one of our addresses: those who have it, on whatever link', () => {
    const { member, ofAddress } = scene();
    member('has', { interface: 'eth0', virtual_ipaddress: ['192.0.2.100/24'] });
    member('elsewhere', { interface: 'eth1', virtual_ipaddress_excluded: ['192.0.2.100/32 dev eth0'] });
    member('other', { interface: 'eth0', virtual_ipaddress: ['192.0.2.101/24'] });
    assert.deepEqual(ofAddress('removed', address('192.0.2.100', { isOurs: true })), ['has', 'elsewhere']);
    assert.deepEqual(ofAddress('added', address('192.0.2.101', { isOurs: true, link: 3 })), ['other']);
  });

  it('of any other address: all who are on its link as well, and those who follow it', () => {
    const { member, ofAddress } = scene();
    member('one', { interface: 'eth0', virtual_ipaddress: ['192.0.2.100/24'] });
    member('two', { interface: 'eth0', virtual_ipaddress: ['192.0.2.101/24'] });
    const follows = { interface: 'eth1', virtual_ipaddress: ['192.0.2.102/24'], mcast_src_ip: '10.0.0.9', track_src_ip: '' };
    member('follows', follows);
    assert.deepEqual(ofAddress('added', address('192.0.2.1')), ['one', 'two']);
    assert.deepEqual(ofAddress('changed', address('192.0.2.100', { isOurs: true })), ['one', 'two']);
    assert.deepEqual(ofAddress('removed', address('10.0.0.9', { isOurs: true })), ['follows']);
    assert.deepEqual(ofAddress('removed', address('10.0.0.1', { link: 99 })), ['one', 'two', 'follows']);
  });

  it('follows a reload', () => {
    const { concerns, member, ofAddress } = scene();
    const changing = member('changing', { virtual_ipaddress: ['192.0.2.100/24'] });
    const going = member('going', { virtual_ipaddress: ['192.0.2.100/24'] });
    changing.config = configOf({ virtual_ipaddress: ['192.0.2.200/24'] });
    concerns.set(changing);
    concerns.delete(going);
    assert.deepEqual(ofAddress('added', address('192.0.2.100', { isOurs: true })), []);
    assert.deepEqual(ofAddress('added', address('192.0.2.200', { isOurs: true })), ['changing']);
  });
});

describe('a source address', () => {
  it('changes only by events of which that is said', () => {
    const texts = ['192.0.2.1', '192.0.2.2', '192.0.2.100', '192.0.2.101', 'fe80::1', 'fe80::100', '2001:db8::1'];
    const one = fc.record({ text: fc.constantFrom(...texts), isOurs: fc.boolean(), isTentative: fc.boolean() });
    const step = fc.record({ one, isRemoval: fc.boolean() });
    const written = fc.constantFrom<Written>(
      {},
      { priority: '255' },
      { mcast_src_ip: '192.0.2.2', track_src_ip: '' },
      { mcast_src_ip: '192.0.2.2' },
      { virtual_ipaddress: ['fe80::100/64'] },
      { virtual_ipaddress: ['fe80::100/64'], priority: '255' },
      { virtual_ipaddress: ['fe80::100/64', '2001:db8::1/64'], unicast_peer: ['2001:db8::9'], unicast_src_ip: '2001:db8::1' },
    );
    fc.assert(
      fc.property(written, fc.array(step, { maxLength: 30 }), (words, steps) => {
        const config = configOf(words);
        const there = new Map<string, InterfaceAddress>();
        const source = () => sourceAddress(config, 2, [...there.values()]);
        for (const { one, isRemoval } of steps) {
          const before = source();
          const { text, isOurs, isTentative } = one;
          const known = there.get(text);
          if (isRemoval && known === undefined) continue;
          const changed = address(text, { isOurs, ...(isTentative && { isTentative }) });
          const event: AddressEvent = isRemoval
            ? { kind: 'removed', address: known ?? changed }
            : { kind: known === undefined ? 'added' : 'changed', address: changed };
          if (isRemoval) there.delete(text);
          else there.set(text, changed);
          if (!mayChangeSource(config, before, event)) assert.equal(source(), before);
        }
      }),
    );
  });
});
