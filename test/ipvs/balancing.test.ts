/**
 * Real connections of a client through virtual servers to real servers, each in a namespace of its own: by every method of forwarding,
 * in the proportion of the weights, kept by Mainstay with its checkers. Started in the lab by scripts/test.mjs.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { until } from '../support/command.js';
import { onlyInTheLab } from '../support/lab.js';
import { Balancer } from './support/balancer.js';
import { Client } from './support/client-agent.js';
import { type RealServer, startNameServer, startNginx } from './support/real-servers.js';
import { client as addresses, Site } from './support/site.js';

/** The weights of the hosts, as wrr obeys them to the letter: in each round of so many connections, each server gets its share. */
const weights = { one: 3, two: 2, three: 1 } as const;
const round = 6;
const rounds = 4;

/** One virtual address for each way of forwarding. */
const nat = { 4: '192.0.2.1', 6: '2001:db8::1' } as const;
const direct = { 4: '192.0.2.2', 6: '2001:db8::2' } as const;
const marked = { 4: '192.0.2.3', 6: '2001:db8::3' } as const;
const tunnelled = '192.0.2.4';

describe('a client, a director and real servers', function () {
  this.timeout(120_000);
  onlyInTheLab();
  let site: Site;
  let client: Client;
  let balancer: Balancer;
  const servers: RealServer[] = [];

  const realServers = (family: 4 | 6, port: number, check: string) =>
    site.hosts.map((host) => `real_server ${host[family]} ${port} {\n weight ${weights[host.name as 'one']}\n ${check}\n}\n`);
  const tcpCheck = 'TCP_CHECK {\n connect_timeout 5\n}';
  const httpCheck = 'HTTP_GET {\n connect_timeout 5\n url {\n path /\n status_code 200\n }\n}';
  const dnsCheck = 'DNS_CHECK {\n type A\n name who.test\n connect_timeout 5\n}';
  const virtualServer = (header: string, method: string, lines: readonly string[]) =>
    `virtual_server ${header} {\n delay_loop 2\n lvs_sched wrr\n lvs_method ${method}\n alpha\n${lines.join('')}}\n`;

  before(async () => {
    site = await Site.build('one', 'two', 'three');
    await site.balance(nat[4], nat[6]);
    await site.share('lo', direct[4], direct[6], marked[4], marked[6]);
    await site.share('tunl0', tunnelled);
    await site.mark(marked[4], 4);
    await site.mark(marked[6], 6);
    servers.push(...(await Promise.all(site.hosts.map(startNginx))), ...(await Promise.all(site.hosts.map(startNameServer))));
    client = await Client.start();
    balancer = await Balancer.start(
      [
        virtualServer(`${nat[4]} 80`, 'NAT', ['protocol TCP\n', ...realServers(4, 80, httpCheck)]),
        virtualServer(`${nat[6]} 80`, 'NAT', ['protocol TCP\n', ...realServers(6, 80, httpCheck)]),
        virtualServer(`${direct[4]} 80`, 'DR', ['protocol TCP\n', ...realServers(4, 80, tcpCheck)]),
        virtualServer(`${direct[6]} 80`, 'DR', ['protocol TCP\n', ...realServers(6, 80, tcpCheck)]),
        virtualServer('fwmark 4', 'DR', realServers(4, 80, tcpCheck)),
        virtualServer('fwmark 6', 'DR', ['ip_family inet6\n', ...realServers(6, 80, tcpCheck)]),
        virtualServer(`${tunnelled} 80`, 'TUN', ['protocol TCP\n', ...realServers(4, 80, tcpCheck)]),
        virtualServer(`${nat[4]} 53`, 'NAT', ['protocol UDP\n', ...realServers(4, 53, dnsCheck)]),
      ].join(''),
    );
    // Each began as down and was checked from here.
    await until('all real servers are in the table', 60_000, async () =>
      (await balancer.table()).every(({ destinations }) => destinations.length === site.hosts.length),
    );
  });
  after(async () => {
    await balancer?.stop();
    await client?.stop();
    for (const { kill } of servers) await kill();
    await site?.destroy();
  });

  /** Answers by host. */
  const count = (answers: readonly string[]) => {
    const counts: Record<string, number> = {};
    for (const name of answers) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  };
  const expected = Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, weight * rounds]));

  /** Of the virtual server with this address and port, or this mark: the packets that the director saw go out again. */
  const answersThroughDirector = async (virtual: string) => {
    const table = await balancer.table();
    const service = table.find(({ id }) => ('fwmark' in id ? `fwmark ${id.fwmark}` : `${id.address} ${id.port}`) === virtual);
    assert.ok(service !== undefined);
    return service.statistics;
  };

  const cases = [
    { what: 'NAT', way: { from: addresses[4].through, to: nat[4], port: 80 }, virtual: `${nat[4]} 80` },
    { what: 'NAT, IPv6', way: { from: addresses[6].through, to: nat[6], port: 80 }, virtual: `${nat[6]} 80` },
    { what: 'DR', way: { from: addresses[4].direct, to: direct[4], port: 80 }, virtual: `${direct[4]} 80` },
    { what: 'DR, IPv6', way: { from: addresses[6].direct, to: direct[6], port: 80 }, virtual: `${direct[6]} 80` },
    { what: 'TUN', way: { from: addresses[4].direct, to: tunnelled, port: 80 }, virtual: `${tunnelled} 80` },
    { what: 'a firewall mark', way: { from: addresses[4].direct, to: marked[4], port: 80 }, virtual: 'fwmark 4' },
    { what: 'a firewall mark, IPv6', way: { from: addresses[6].direct, to: marked[6], port: 80 }, virtual: 'fwmark 6' },
  ];
  for (const { what, way, virtual } of cases) {
    it(`balances connections by weight: ${what}`, async () => {
      assert.deepEqual(count(await client.driver.ask(way, round * rounds)), expected);
      const { outPackets, connections } = await until('the connections are counted', 10_000, async () => {
        const statistics = await answersThroughDirector(virtual);
        return statistics.connections >= BigInt(round * rounds) && statistics;
      });
      assert.equal(connections, BigInt(round * rounds));
      // Only what is translated comes back this way.
      assert.equal(outPackets > 0n, what.startsWith('NAT'));
    });
  }

  it('balances datagrams by weight', async () => {
    const way = { from: addresses[4].through, to: nat[4], port: 53 };
    const answers = await client.driver.askName(way, round * rounds);
    const names = answers.map((address) => site.hosts.find((host) => host[4] === address)?.name ?? address);
    assert.deepEqual(count(names), expected);
  });
});
