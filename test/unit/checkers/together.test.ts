/**
 * A balancer and its checkers on one simulated host: what a script, a file or a server says is in the kernel's table a moment later.
 */
import assert from 'node:assert/strict';
import checkerDns from '@mainstay/checker-dns';
import { checkerFile } from '@mainstay/checker-file';
import { checkerMisc } from '@mainstay/checker-misc';
import checkerPing from '@mainstay/checker-ping';
import checkerUdp from '@mainstay/checker-udp';
import { createIpvsPlugin } from '@mainstay/ipvs';
import { type TestedPlugin, testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';

const [first, second] = ['192.0.2.10', '192.0.2.11'] as const;

/** A virtual server with two real servers that have the same checks. */
const site = (check: string, more = '') => {
  const server = (address: string) => `real_server ${address} 53 {\nweight 10\n${check}\n}\n`;
  const head = 'delay_loop 2\nwarmup 0\nlb_algo wrr\nlb_kind DR\nprotocol UDP\n';
  return `${more}virtual_server 192.0.2.53 53 {\n${head}${server(first)}${server(second)}}\n`;
};

function start(config: string): Promise<TestedPlugin> {
  const alongside = [checkerDns, checkerUdp, checkerPing, checkerMisc(), checkerFile()];
  return testPlugin(createIpvsPlugin(), { config, alongside });
}

/** `ADDRESS WEIGHT` of each real server in the table. */
const table = ({ kernel }: TestedPlugin): readonly string[] =>
  kernel.ipvs
    .list()
    .flatMap(({ destinations }) => destinations)
    .map(({ address, weight }) => `${address} ${weight}`)
    .sort();

describe('checkers beside the balancer', () => {
  it('take a name server out while it answers with an error, after its retries, and back in', async () => {
    const t = await start(site('DNS_CHECK {\nretry 1\ndelay_before_retry 1\n}'));
    let code = 0;
    for (const address of [first, second]) {
      t.kernel.servers.udp(address, 53, (query) => {
        const reply = Uint8Array.from(query);
        reply[2] = 0x81;
        reply[3] = address === second ? code : 0;
        return reply;
      });
    }
    await t.advance(3000);
    assert.deepEqual(table(t), [`${first} 10`, `${second} 10`]);
    code = 2;
    await t.advance(4000);
    assert.deepEqual(table(t), [`${first} 10`]);
    code = 0;
    await t.advance(2500);
    assert.deepEqual(table(t), [`${first} 10`, `${second} 10`]);
    await t.stop();
    assert.equal(t.kernel.servers.open, 0);
  });

  it('need every check of a server: silence to UDP_CHECK is no life where PING_CHECK finds none', async () => {
    const t = await start(site('UDP_CHECK {\nretry 0\nconnect_timeout 1\n}\nPING_CHECK {\nretry 0\nconnect_timeout 1\n}'));
    t.kernel.servers.udp(first, 53, () => undefined);
    t.kernel.servers.host(second, { state: 'silent' });
    await t.advance(5000);
    assert.deepEqual(table(t), [`${first} 10`]);
    await t.stop();
  });

  it('have a script set the weight of its server', async () => {
    const t = await start(site('MISC_CHECK {\nmisc_path /weigh\nmisc_dynamic\n}'));
    t.ports.process.program('/weigh', { code: 42 });
    await t.advance(3000);
    assert.deepEqual(table(t), [`${first} 40`, `${second} 40`]);
    t.ports.process.program('/weigh', { code: 0 });
    await t.advance(3000);
    assert.deepEqual(table(t), [`${first} 10`, `${second} 10`]);
    t.ports.process.program('/weigh', { code: 1 });
    await t.advance(3000);
    assert.deepEqual(table(t), []);
    await t.stop();
  });

  it('add the number of a file to the weight, at once, and clamp it', async () => {
    const t = await start(site('FILE_CHECK {\ntrack_file load\n}', 'track_file load {\nfile /run/load\nweight 2\n}\n'));
    await t.advance(10);
    assert.deepEqual(table(t), [`${first} 10`, `${second} 10`]);
    for (const [text, weight] of [
      ['5', 20],
      ['-3', 4],
      ['-100', 0],
      ['0', 10],
    ] as const) {
      t.ports.files.write('/run/load', text);
      await t.advance(10);
      assert.deepEqual(table(t), [`${first} ${weight}`, `${second} ${weight}`], text);
    }
    await t.stop();
  });
});
