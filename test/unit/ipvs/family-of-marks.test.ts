/** Families of firewall marks, as `ipvsadm -Ln` shows them after a start of keepalived 2.2.7 with the same text. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readServers } from './configs.js';

const v4 = 'real_server 10.0.0.1 {\n}';
const v6 = 'real_server 2001:db8::1 {\n}';
const markOf = (...lines: readonly string[]) => `virtual_server fwmark 10 {\n${lines.join('\n')}\n}`;
const groupOf = (entries: string, ...lines: readonly string[]) =>
  `virtual_server_group g {\n${entries.replaceAll('; ', '\n')}\n}\nvirtual_server group g {\nprotocol TCP\n${lines.join('\n')}\n}`;

const cases: readonly (readonly [what: string, text: string, family: 4 | 6])[] = [
  ['a mark with an IPv6 server', markOf(v6), 6],
  ['a mark with a tunnel to an IPv6 server', markOf('lvs_method TUN', v6), 6],
  ['a mark with tunnels to both families', markOf('lvs_method TUN', v6, v4), 4],
  ['a mark with a tunnel to IPv6, and one to an IPv4 sorry server', markOf('lvs_method TUN', 'sorry_server 10.0.0.9 80', v6), 4],
  [
    'a mark with a tunnel to IPv6, and an IPv4 sorry server by NAT',
    markOf('lvs_method TUN', 'sorry_server 10.0.0.9 80', 'sorry_server_lvs_method NAT', v6),
    4,
  ],
  [
    'a mark with a tunnel to IPv4, and an IPv6 sorry server by DR',
    markOf('lvs_method TUN', 'sorry_server 2001:db8::9', 'sorry_server_lvs_method DR', v4),
    6,
  ],
  [
    'a mark with a tunnel to IPv6, and a mask for IPv4 clients',
    markOf('lvs_method TUN', 'persistence_granularity 255.255.255.0', v6),
    4,
  ],
  ['a mark with a tunnel to IPv4, and a prefix for IPv6 clients', markOf('lvs_method TUN', 'persistence_granularity 64', v4), 6],
  ['a mark that says inet, with a tunnel to IPv6', markOf('ip_family inet', 'lvs_method TUN', v6), 4],
  ['a mark that says inet6, with a tunnel to IPv4', markOf('ip_family inet6', 'lvs_method TUN', v4), 6],
  ['a mark beside an IPv4 address, with a tunnel to IPv6', groupOf('192.0.2.7 80; fwmark 10', 'lvs_method TUN', v6), 4],
  ['a mark beside an IPv6 address, with a tunnel to IPv4', groupOf('2001:db8::7 80; fwmark 10', 'lvs_method TUN', v4), 6],
  ['a group of a mark alone, with a tunnel to IPv6', groupOf('fwmark 10', 'lvs_method TUN', v6), 4],
  ['a group of a mark alone, with an IPv6 server', groupOf('fwmark 10', v6), 6],
  ['a mark beside one that says inet6', groupOf('fwmark 5 inet6; fwmark 10', 'lvs_method TUN', v6), 6],
  ['a group that says inet6, with a tunnel', groupOf('fwmark 10', 'ip_family inet6', 'lvs_method TUN', v4), 6],
  ['a line of a group that says inet6', groupOf('192.0.2.7 80; fwmark 10 inet6', 'lvs_method TUN', v4), 6],
  ['a line of a group that says inet', groupOf('2001:db8::7 80; fwmark 10 inet', 'lvs_method TUN', v6), 4],
];

describe('ipvs: family of a firewall mark', () => {
  for (const [what, text, family] of cases) {
    it(`${what}: IPv${family}`, async () => {
      const { servers, diagnostics } = await readServers(text);
      assert.deepEqual(
        diagnostics.filter(({ severity }) => severity === 'error'),
        [],
      );
      const marks = servers.flatMap(({ services }) => services.flatMap(({ id }) => ('fwmark' in id ? [id] : [])));
      assert.deepEqual(marks.at(-1), { family, fwmark: 10 });
    });
  }

  it('is IPv4 beside addresses of both, which keepalived takes for a mistake', async () => {
    const { servers } = await readServers(groupOf('192.0.2.7 80; 2001:db8::7 80; fwmark 10', 'lvs_method TUN', v6));
    assert.deepEqual(servers[0]?.services.at(-1)?.id, { family: 4, fwmark: 10 });
  });

  it('says of two blocks of one mark that both are of one family, where a sorry server makes them so', async () => {
    const second = markOf('lvs_method TUN', 'sorry_server 10.0.0.9 80', v6);
    const { said } = await readServers(`${markOf(v4)}\n${second}`);
    assert.match(said.join('\n'), /error: .*FWM 10 is already served by another block with the same address/);
  });
});
