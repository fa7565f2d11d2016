/** What the keywords of load balancing mean, and what is said of mistakes: where, what follows, what to write. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readServers, serverOf, serversOf } from './configs.js';

const one = (body: string, head = '192.0.2.1 80', server = '10.0.0.1 80') =>
  `virtual_server ${head} {\n  protocol TCP\n  ${body}\n  real_server ${server} {\n  }\n}\n`;

async function said(text: string): Promise<readonly string[]> {
  return (await readServers(text)).said;
}

/** Mistakes of one body, each as position and beginning of the message. */
const mistakes: readonly (readonly [what: string, text: string, expected: RegExp])[] = [
  ['a port joined to the address', one('', '192.0.2.1:80'), /^1:16: error: "192.0.2.1:80" is not an IP address \(a blank stands/],
  ['a port out of range', one('', '192.0.2.1 65536'), /^1:26: error: the port must be a whole number 0..65535, not "65536"/],
  ['a word too many', one('', '192.0.2.1 80 tcp'), /^1:29: error: there is one word too many after virtual_server/],
  ['a mark of zero', one('', 'fwmark 0'), /^1:23: error: the firewall mark must be a whole number 1\.\.4294967295/],
  [
    'a method in small letters',
    one('lvs_method nat'),
    /^3:14: error: "nat" is not a forwarding method \(known: NAT DR TUN, in capitals\)/,
  ],
  ['gue without a port', one('lvs_method TUN type gue'), /^3:26: error: the port of the GUE tunnel is missing/],
  ['an unknown type of tunnel', one('lvs_method TUN type vxlan'), /^3:23: error: "vxlan" is not a type of tunnel/],
  ['remcsum with gre', one('lvs_method TUN type gre remcsum'), /^3:27: error: a tunnel of type gre has no remcsum/],
  ['a checksum of ipip', one('lvs_method TUN csum'), /^3:18: error: a tunnel of type ipip has no csum/],
  ['a scheduler that nobody knows', one('lb_algo wlx'), /^3:11: warning: "wlx" is no scheduler that Mainstay knows/],
  ['a scheduler of sixteen octets', one('lb_algo abcdefghijklmnop'), /^3:11: error: "abcdefghijklmnop" is too long/],
  ['a mask of three parts', one('persistence_granularity 255.255.0'), /^3:27: error: "255.255.0" is not a network mask/],
  ['an unknown protocol', one('').replace('TCP', 'tpc'), /^2:12: error: "tpc" is not one of TCP, UDP, SCTP/],
  [
    'a prefix length for IPv4',
    one('persistence_granularity 24'),
    /^3:3: error: 192.0.2.1 80: persistence_granularity of an IPv4 service is a mask \(such as 255/,
  ],
  ['persistence beyond 31 days', one('persistence_timeout 2678401'), /^3:23: error: the persistence timeout in seconds must be/],
  [
    'an engine without persistence',
    one('persistence_engine sip'),
    /^3:3: warning: 192.0.2.1 80: persistence_engine does nothing without/,
  ],
  [
    'a quorum above all weights',
    one('quorum 5'),
    /^3:3: warning: 192.0.2.1 80: quorum 5 is more than all real servers weigh together: 1 is used/,
  ],
  [
    'a hysteresis not below the quorum',
    one('hysteresis 1'),
    /^3:3: warning: 192.0.2.1 80: hysteresis 1 is not below the quorum of 1: 0 is used/,
  ],
  ['ops of TCP', one('ops'), /^3:3: warning: 192.0.2.1 80: ops is for UDP and ignored with TCP/],
  [
    'a flag of another scheduler',
    one('sh-port'),
    /^3:3: warning: 192.0.2.1 80: sh-port is ignored, because the scheduler is wlc/,
  ],
  ['a flag before its scheduler', one('mh-port\n  lb_algo mh'), /^3:3: warning: 192.0.2.1 80: mh-port stands before lb_algo mh/],
  [
    'ha_suspend of a mark',
    one('ha_suspend', 'fwmark 3').replace('  protocol TCP\n', ''),
    /^2:3: warning: fwmark 3: ha_suspend is ignored: a firewall mark/,
  ],
  [
    'alpha without a checker',
    one('alpha'),
    /^3:3: warning: 192.0.2.1 80: real server 10.0.0.1 80 has no checker, so alpha means nothing/,
  ],
  ['snmp_name', one('snmp_name web'), /^3:13: warning: this has no effect: SNMP is not built yet/],
  ['mail', one('smtp_alert'), /^3:3: warning: mail is not built yet/],
  ['ip_family of an address', one('ip_family inet6'), /^3:3: warning: 192.0.2.1 80: ip_family is ignored/],
  [
    'a real server of the other family',
    one('', '192.0.2.1 80', '2001:db8::1 80'),
    /^4:3: error: 192.0.2.1 80: real server 2001:db8::1 80 is an IPv6 address, and the service is of the other family/,
  ],
  [
    'another port with DR',
    one('lvs_method DR', '192.0.2.1 80', '10.0.0.1 8080'),
    /^4:3: warning: 192.0.2.1 80: the port of real server 10.0.0.1 8080 is 8080, and with DR it is that of the service: 80/,
  ],
  [
    'a sorry server of the other family',
    one('sorry_server 2001:db8::1 80'),
    /^3:3: error: 192.0.2.1 80: the sorry server is an IPv6 address/,
  ],
  [
    'a misspelt keyword',
    one('lb_alog rr'),
    /^3:3: error: "lb_alog" is not a keyword of virtual_server 192.0.2.1 80 \(did you mean "lb_algo"\?\)/,
  ],
  ['no group of that name', one('', 'group WEB'), /^1:1: error: group WEB: there is no virtual_server_group WEB/],
  ['an empty group', `virtual_server_group WEB {\n}\n${one('', 'group WEB')}`, /^3:1: error: group WEB: the group is empty/],
];

describe('ipvs: configuration', () => {
  for (const [what, text, expected] of mistakes) {
    it(`says where and why: ${what}`, async () => {
      const messages = await said(text);
      assert.match(messages[0] ?? 'nothing', expected);
    });
  }

  it('takes a protocol in any case, and masks with holes, as keepalived does', async () => {
    const { services } = await serverOf(one('persistence_granularity 255.255.0.255').replace('TCP', 'sctp'));
    const [service] = services;
    assert.deepEqual(service?.id, { family: 4, protocol: 'sctp', address: '192.0.2.1', port: 80 });
    assert.deepEqual(
      [service?.persistence, service?.persistencePrefix, service?.persistenceMask],
      [360, undefined, '255.255.0.255'],
    );
    const prefixOf = async (mask: string) =>
      (await serverOf(one(`persistence_granularity ${mask}`))).services[0]?.persistencePrefix;
    assert.deepEqual([await prefixOf('255.255.255.0'), await prefixOf('0.0.0.0')], [24, 0]);
  });

  it('serves UDP without a protocol, and says so', async () => {
    const { servers, said: messages } = await readServers('virtual_server 192.0.2.1 80 {\n real_server 10.0.0.1 80 {\n }\n}');
    assert.deepEqual(messages, [
      '1:1: warning: 192.0.2.1 80 has no protocol and serves UDP, as in keepalived: TCP connections do not reach it (write protocol TCP or protocol UDP) [IPVS_PROTOCOL]',
    ]);
    assert.deepEqual(servers[0]?.services[0]?.id, { family: 4, protocol: 'udp', address: '192.0.2.1', port: 80 });
  });

  it('makes a service without a port persistent, and says so', async () => {
    const { servers, said: messages } = await readServers(one('', '192.0.2.1'));
    assert.match(messages[0] ?? '', /^1:1: warning: 192.0.2.1 has no port, so it serves all of them/);
    assert.equal(servers[0]?.services[0]?.persistence, 360);
  });

  it('drops a virtual server without real servers, and says so', async () => {
    const { servers, said: messages } = await readServers('virtual_server 192.0.2.1 80 {\n protocol TCP\n}');
    assert.deepEqual(servers, []);
    assert.match(messages[0] ?? '', /^1:1: warning: 192.0.2.1 80 has no real server and is ignored/);
  });

  it('drops a real server that is written twice, and says where', async () => {
    const text = one('').replace('  real_server', '  real_server 10.0.0.1 80 {\n    weight 7\n  }\n  real_server');
    const { servers, said: messages } = await readServers(text);
    assert.match(messages[0] ?? '', /^7:3: warning: 192.0.2.1 80: real server 10.0.0.1 80 is written twice: the first counts/);
    assert.deepEqual(
      servers[0]?.servers.map(({ weight }) => weight),
      [7],
    );
  });

  const weightless = (virtual: string, real: string) =>
    `virtual_server 192.0.2.1 80 {\n protocol TCP\n ${virtual}\n real_server 10.0.0.1 80 {\n weight 0\n ${real}\n }\n}`;

  it('refuses a pool in which everything weighs nothing, and nothing can change that', async () => {
    assert.match((await said(weightless('', '')))[0] ?? '', /^1:1: error: 192.0.2.1 80: every real server has weight 0/);
  });

  it('warns of such a pool with checks, of which one may raise a weight', async () => {
    const { servers, said } = await readServers(
      weightless('quorum 3\n hysteresis 1', 'MISC_CHECK {\n misc_path /x\n misc_dynamic\n }'),
    );
    assert.deepEqual(
      said.map((one) => one.replace(/ \(.*/, '')),
      [
        '1:1: warning: 192.0.2.1 80: every real server has weight 0, so none of them gets a connection until a check raises one',
        '3:2: warning: 192.0.2.1 80: quorum 3 is more than all real servers weigh together: 1 is used',
        '4:2: warning: 192.0.2.1 80: hysteresis 1 is not below the quorum of 1: 0 is used',
      ],
    );
    assert.deepEqual(
      servers.map(({ quorum, hysteresis }) => [quorum, hysteresis]),
      [[1, 0]],
    );
  });

  it('refuses a lower threshold above the upper one, at its line', async () => {
    const text = 'virtual_server 192.0.2.1 80 {\n protocol TCP\n real_server 10.0.0.1 80 {\n  lthreshold 5\n }\n}';
    assert.match((await said(text))[0] ?? '', /^4:3: error: 192.0.2.1 80: real server 10.0.0.1 80 has an lthreshold \(5\) above/);
  });

  it('refuses a check of a link-local address that does not say on which link', async () => {
    const checked = (address: string, ...checks: readonly string[]) =>
      `virtual_server 2001:db8::1 80 {\n protocol TCP\n real_server ${address} 80 {\n ${checks.join('\n ')}\n }\n}`;
    const bare = 'TCP_CHECK {\n }';
    const asks = (body: string) => `DNS_CHECK {\n  ${body}\n }`;
    assert.deepEqual(await said(checked('fe80::1', bare, asks('bind_if eth0'), 'MISC_CHECK {\n misc_path /x\n }')), [
      '4:2: error: 2001:db8::1 80: TCP_CHECK of real server fe80::1 80 asks fe80::1, a link-local address, and does not say on which link: it cannot be probed (write bind_if and the interface; and mind that IPVS takes no link-local server but this host itself) [IPVS_ZONE]',
    ]);
    assert.match(
      (await said(checked('2001:db8::9', bare, asks('connect_ip febf::1')))).join('\n'),
      /^7:3: error: .*: DNS_CHECK of real server 2001:db8::9 80 asks febf::1, a link-local address.*$/,
    );
    assert.deepEqual(await said(checked('2001:db8::9', bare, asks('connect_ip fe80::1\n bind_if eth0'))), []);
    assert.deepEqual(await said(checked('fe80::1', asks('connect_ip 2001:db8::9'))), []);
  });

  it('refuses two blocks for one service, be it by a group', async () => {
    assert.match((await said(one('') + one('')))[0] ?? '', /^7:1: error: .*TCP 192.0.2.1:80 is already served by another block/);
    const group = `virtual_server_group G {\n 192.0.2.0/30 80\n}\n${one('', 'group G')}${one('')}`;
    assert.match((await said(group))[0] ?? '', /error: 192.0.2.1 80: TCP 192.0.2.1:80 is already served by group G/);
  });

  it('warns of a quorum that is never gained', async () => {
    const text = one('quorum 2\n  hysteresis 1').replace('real_server', 'real_server 10.0.0.2 80 {\n  }\n  real_server');
    assert.match((await said(text))[0] ?? '', /^4:3: warning: .*begins without quorum and never gains it/);
  });

  it('tells TCP and UDP of one address apart by name, other virtual servers not', async () => {
    const text = one('') + one('').replace('TCP', 'UDP') + one('', '192.0.2.2 80');
    const servers = await serversOf(text);
    assert.deepEqual(
      servers.map(({ name }) => name),
      ['192.0.2.1 80 tcp', '192.0.2.1 80 udp', '192.0.2.2 80'],
    );
    assert.deepEqual(
      servers.map(({ block, servers: [server] }) => [block, server?.block]),
      [
        ['192.0.2.1 80 TCP', '192.0.2.1 80 TCP 10.0.0.1 80'],
        ['192.0.2.1 80 UDP', '192.0.2.1 80 UDP 10.0.0.1 80'],
        ['192.0.2.2 80 TCP', '192.0.2.2 80 TCP 10.0.0.1 80'],
      ],
    );
  });

  it('warns of marks whose scripts a reload could mix up, because nothing that is written tells the blocks apart', async () => {
    const mark = (family: string, address: string) => one('', 'fwmark 5', address).replace('protocol TCP', family);
    const blocks = async (text: string) => (await readServers(text)).servers.map(({ block }) => block);
    const text = mark('', '10.0.0.1') + mark('', '2001:db8::1');
    assert.match(
      (await said(text)).join('\n'),
      /^7:1: warning: fwmark 5 inet6: another block has the same words.*write ip_family/m,
    );
    assert.deepEqual(await blocks(text), ['fwmark 5', 'fwmark 5#2']);
    const told = mark('ip_family inet', '10.0.0.1') + mark('ip_family inet6', '2001:db8::1');
    assert.deepEqual(await said(told), []);
    assert.deepEqual(await blocks(told), ['fwmark 5 inet', 'fwmark 5 inet6']);
  });

  it('takes addresses in any spelling, and keeps the words for names', async () => {
    const server = await serverOf(one('', '2001:DB8:0:0::1 443', '2001:DB8::0:9 443'));
    assert.equal(server.key, 'TCP [2001:db8::1]:443');
    assert.equal(server.name, '2001:DB8:0:0::1 443');
    assert.deepEqual([server.servers[0]?.key, server.servers[0]?.name], ['[2001:db8::9]:443', '2001:DB8::0:9 443']);
  });

  it('reads every LVS keyword of global_defs', async () => {
    const text = `global_defs {
  lvs_timeouts tcp 7200 tcpfin 30 udp 60
  lvs_flush
  lvs_flush_on_stop VS
  lvs_sync_daemon eth0 VI_1 id 51 maxlen 1400 port 8849 ttl 2 group 224.0.0.82
  lvs_audit_interval 10
  rs_init_notifies
  checker_log_all_failures on
}
${one('')}`;
    assert.deepEqual(await said(text), []);
  });

  const globalMistakes: readonly (readonly [text: string, expected: RegExp])[] = [
    ['lvs_timeouts', /a timeout is missing/],
    ['lvs_timeouts icmp 5', /"icmp" is not a timeout \(known: tcp tcpfin udp/],
    ['lvs_timeouts tcp 2678401', /the timeout tcp in seconds must be a whole number 0\.\.2678400/],
    ['lvs_flush_on_stop RS', /"RS" is not known here \(write VS, or nothing\)/],
    ['lvs_flush_onstop', /lvs_flush_onstop is deprecated \(write lvs_flush_on_stop\)/],
    ['lvs_sync_daemon', /the interface is missing/],
    ['lvs_sync_daemon eth0 id 256', /the id of the sync daemon must be a whole number 0..255/],
    ['lvs_sync_daemon eth0 VI_1 idd 5', /"idd" is not an option of the sync daemon/],
    [
      'lvs_sync_daemon eth0 VI_1 7',
      /^2:28: warning: the id of the sync daemon without "id" in front of it is deprecated \(write id 7\) \[CONFIG_DEPRECATED\]/,
    ],
    ['lvs_sync_daemon eth0 VI_1 256', /the id of the sync daemon must be a whole number 0..255/],
    ['lvs_sync_daemon eth0 inst VI_1 7', /"7" is not an option of the sync daemon/],
    ['lvs_sync_daemon eth0 group 10.0.0.1', /10.0.0.1 is not a multicast group/],
    ['nftables_ipvs', /nftables_ipvs \(one firewall mark for a whole group\)/],
  ];
  for (const [line, expected] of globalMistakes) {
    it(`says what is wrong with: ${line}`, async () => {
      assert.match((await said(`global_defs {\n ${line}\n}`))[0] ?? 'nothing', expected);
    });
  }
});
