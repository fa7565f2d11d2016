/** Lines of virtual_ipaddress (plugins/vrrp/src/address-entry.ts). */
import assert from 'node:assert/strict';
import { addressEntry, type VirtualAddress } from '@mainstay/vrrp/internal/address-entry.js';
import { describe, it } from 'mocha';
import { parseWords, type Said } from './by-hand.js';

const parse = (text: string, said: Said[] = []) => parseWords(addressEntry, text, said);

const plain = {
  scope: 'global',
  home: false,
  detectsDuplicates: false,
  manageTemporary: false,
  noPrefixRoute: false,
  autoJoin: false,
  isTracked: true,
} as const;

function agrees(text: string, expected: Partial<VirtualAddress>): void {
  assert.deepEqual(parse(text), { ...plain, ...expected }, text);
}

describe('virtual_ipaddress', () => {
  it('has prefix lengths /32 and /128 where none is written', () => {
    agrees('192.0.2.100', { address: '192.0.2.100', family: 4, prefixLength: 32 });
    agrees('192.0.2.100/24', { address: '192.0.2.100', family: 4, prefixLength: 24 });
    agrees('192.0.2.100/0', { address: '192.0.2.100', family: 4, prefixLength: 0 });
    agrees('2001:db8::1', { address: '2001:db8::1', family: 6, prefixLength: 128, preferredLifetime: 0 });
    agrees('2001:DB8:0::1/64', { address: '2001:db8::1', family: 6, prefixLength: 64 });
    agrees('fe80::1/64', { address: 'fe80::1', family: 6, prefixLength: 64, scope: 'link' });
  });

  it('has the options of keepalived', () => {
    const base = { address: '192.0.2.100', family: 4, prefixLength: 24 } as const;
    agrees('192.0.2.100/24 dev eth1', { ...base, dev: 'eth1' });
    agrees('192.0.2.100/24 brd 192.0.2.255', { ...base, broadcast: '192.0.2.255' });
    agrees('192.0.2.100/24 brd +', { ...base, broadcast: '192.0.2.255' });
    agrees('192.0.2.100/24 brd -', { ...base, broadcast: '192.0.2.0' });
    agrees('172.16.37.5/20 brd +', { address: '172.16.37.5', family: 4, prefixLength: 20, broadcast: '172.16.47.255' });
    agrees('172.16.37.5/20 brd -', { address: '172.16.37.5', family: 4, prefixLength: 20, broadcast: '172.16.32.0' });
    agrees('192.0.2.100/24 scope link', { ...base, scope: 'link' });
    agrees('192.0.2.100/24 scope 77', { ...base, scope: 77 });
    agrees('192.0.2.100/24 label eth0:vip', { ...base, label: 'eth0:vip' });
    agrees('192.0.2.100 peer 192.0.2.1/24', { ...base, peer: '192.0.2.1' });
    agrees('192.0.2.100/24 noprefixroute autojoin no_track', { ...base, noPrefixRoute: true, autoJoin: true, isTracked: false });
    agrees('192.0.2.100/24 preferred_lft 60', { ...base, preferredLifetime: 60 });
    agrees('192.0.2.100/24 dev eth1 scope host label a brd +', {
      ...base,
      dev: 'eth1',
      scope: 'host',
      label: 'a',
      broadcast: '192.0.2.255',
    });
  });

  it('has the options of IPv6', () => {
    const base = { address: '2001:db8::1', family: 6, prefixLength: 128 } as const;
    agrees('2001:db8::1 preferred_lft forever', base);
    agrees('2001:db8::1 preferred_lft 30', { ...base, preferredLifetime: 30 });
    agrees('2001:db8::1/64 home mngtmpaddr -nodad', {
      ...base,
      prefixLength: 64,
      home: true,
      detectsDuplicates: true,
      manageTemporary: true,
    });
  });

  it('warns about what has no meaning for the family, and goes on', () => {
    for (const [text, count] of [
      ['192.0.2.1/24 home -nodad mngtmpaddr', 3],
      ['2001:db8::1/64 scope link label x', 2],
    ] as const) {
      const said: Said[] = [];
      const { scope, label, home } = parse(text, said);
      assert.deepEqual([scope, label, home], ['global', undefined, false]);
      assert.deepEqual(
        said.map(({ code }) => code),
        new Array(count).fill('VRRP_ADDRESS_OPTION'),
      );
    }
  });

  it('refuses what is wrong, with its code', () => {
    const table = {
      '': 'CONFIG_MISSING_VALUE',
      '192.0.2': 'CONFIG_BAD_VALUE',
      '192.0.2.1/33': 'CONFIG_OUT_OF_RANGE',
      '192.0.2.1/': 'CONFIG_OUT_OF_RANGE',
      '192.0.2.1/-1': 'CONFIG_OUT_OF_RANGE',
      '192.0.2.1/24/24': 'CONFIG_BAD_VALUE',
      '2001:db8::1/129': 'CONFIG_OUT_OF_RANGE',
      '192.0.2.1 dev': 'CONFIG_MISSING_VALUE',
      '192.0.2.1 brd 2001:db8::1': 'CONFIG_BAD_VALUE',
      '2001:db8::1 brd +': 'CONFIG_BAD_VALUE',
      '192.0.2.1 scope galaxy': 'CONFIG_BAD_VALUE',
      '192.0.2.1 scope 256': 'CONFIG_BAD_VALUE',
      '192.0.2.1 label eth0:sixteenchars': 'CONFIG_OUT_OF_RANGE',
      '192.0.2.1 peer 2001:db8::1': 'CONFIG_BAD_VALUE',
      '192.0.2.1 preferred_lft soon': 'CONFIG_BAD_VALUE',
      '192.0.2.1 preferred_lft 4294967295': 'CONFIG_BAD_VALUE',
      '192.0.2.1 use_vmac': 'CONFIG_NOT_BUILT',
      '192.0.2.1 track_group G': 'CONFIG_NOT_BUILT',
      '192.0.2.1 device eth0': 'CONFIG_BAD_VALUE',
    };
    for (const [text, code] of Object.entries(table)) assert.throws(() => parse(text), { code }, text);
  });
});
