/**
 * The daemon as an operator runs it, and what kill -9 of it costs clients: of the lane that checks, then of everything, while a client
 * asks 200 times a second and holds connections open. Started in the lab by scripts/test.mjs.
 */
import assert from 'node:assert/strict';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import { after, before, describe, it } from 'mocha';
import { TestDaemon } from '../integration/daemon-harness.js';
import { until } from '../support/command.js';
import { sortedTableText } from '../support/ipvsadm-text.js';
import { onlyInTheLab } from '../support/lab.js';
import { killTree } from '../support/process-tree.js';
import { Client } from './support/client-agent.js';
import type { Tally } from './support/load.js';
import { type RealServer, startNginx } from './support/real-servers.js';
import { client as addresses, Site } from './support/site.js';
import { TableWatch } from './support/table-watch.js';

const virtual = '192.0.2.1';
const way = { from: addresses[4].through, to: virtual, port: 80 };
const perSecond = 200;
const heldConnections = 8;
/** For what hangs; a daemon takes half a minute to start here, and several on a busy machine. */
const patienceMs = 300_000;

describe('a daemon that is killed under load', function () {
  this.timeout(2 * patienceMs);
  onlyInTheLab();
  const kernel = new LinuxIpvs();
  const daemon = new TestDaemon();
  const servers = new Map<string, RealServer>();
  let site: Site;
  let client: Client;

  const start = async (name: string) => void servers.set(name, await startNginx(site.host(name)));
  const configuration = () => {
    const server = ({ 4: address }: { readonly 4: string }) => `real_server ${address} 80 {\n TCP_CHECK {\n }\n}\n`;
    const timing = 'delay_loop 1\nretry 1\ndelay_before_retry 1\nconnect_timeout 10\n';
    // On a busy machine a lane of the lab takes long to load, and to end.
    const lanes = 'child_wait_time 120\nlanes {\nunresponsive_after 600\n}\n';
    return `${lanes}virtual_server ${virtual} 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\n${timing}${site.hosts.map(server).join('')}}\n`;
  };
  const table = async () =>
    sortedTableText((await kernel.read()).map((service) => ({ service, destinations: service.destinations })));
  const hosts = async () => (await kernel.read())[0]?.destinations.map(({ address }) => address) ?? [];
  const has = (name: string, isThere: boolean) =>
    until(
      `${name} is ${isThere ? 'in' : 'not in'} the table`,
      patienceMs,
      async () => (await hosts()).includes(site.host(name)[4]) === isThere,
    );

  before(async () => {
    site = await Site.build('one', 'two', 'three');
    await site.balance(virtual);
    for (const { name } of site.hosts) await start(name);
    client = await Client.start();
    daemon.configure(configuration());
    const startedAt = performance.now();
    await daemon.start();
    await has('three', true);
    console.log(`      the daemon started in ${Math.round(performance.now() - startedAt)} ms`);
    await client.driver.hold(way, heldConnections, 500);
    await client.driver.begin(way, perSecond);
  });
  after(async () => {
    await daemon.cleanUp();
    await client?.stop();
    for (const { kill } of servers.values()) await kill();
    await site?.destroy();
    await kernel.flush();
    kernel.close();
  });

  /** Until so many more requests were answered, those under way when it was called not among them. */
  async function answers(count: number): Promise<void> {
    const { started } = await client.driver.tally();
    await until(`${count} more answers`, patienceMs, async () => {
      const tally = await client.driver.tally();
      return Object.values(tally.answered).reduce((sum, one) => sum + one, 0) + tally.failures.length >= started + count;
    });
  }

  /** Each held connection has been answered once more, by the server that it began with. */
  async function heldGoOn(): Promise<void> {
    const { fewest } = await client.driver.held();
    await until(
      'each held connection is answered again',
      patienceMs,
      async () => (await client.driver.held()).fewest >= fewest + 2,
    );
    const { open, troubles } = await client.driver.held();
    assert.deepEqual({ open, troubles }, { open: heldConnections, troubles: [] });
  }

  const report = ({ started, answered, failures, slowestMs, beganAt }: Tally) => {
    const rate = Math.round((started * 1000) / (Date.now() - beganAt));
    const by = Object.entries(answered).map(([name, count]) => `${name} ${count}`);
    console.log(
      `      ${started} requests, ${rate} a second: ${by.join(', ')}, failed ${failures.length}; slowest ${slowestMs} ms`,
    );
  };

  it('loses nothing with its health lane, and checks again', async () => {
    const watch = new TableWatch(kernel);
    const before = await table();
    const pid = await daemon.lanePid('health');
    process.kill(pid, 'SIGKILL');
    await daemon.said(`health lane (pid ${pid}) ended: signal SIGKILL`);
    await answers(perSecond);
    await heldGoOn();
    assert.equal(await table(), before);
    assert.deepEqual((await watch.end()).troubles, []);
    const tally = await client.driver.tally();
    report(tally);
    assert.deepEqual(tally.failures, []);
    // Nobody noticed until now: the new lane does. What is held by three dies with it.
    await client.driver.release();
    await servers.get('three')?.kill();
    await has('three', false);
    await start('three');
    await has('three', true);
  });

  it('loses nothing where a reload gives the table to another lane, and checks again', async () => {
    // What was under way to three when it was killed has failed.
    await client.driver.end();
    await client.driver.begin(way, perSecond);
    const watch = new TableWatch(kernel);
    const before = await table();
    daemon.configure(`plugin ipvs {\nisolated\n}\n${configuration()}`);
    daemon.signal('SIGHUP');
    await daemon.said('configuration number 2 is in force');
    assert.ok((await daemon.lanePid('balance:ipvs')) > 0);
    await answers(perSecond);
    assert.equal(await table(), before);
    assert.deepEqual((await watch.end()).troubles, []);
    const tally = await client.driver.tally();
    report(tally);
    assert.deepEqual(tally.failures, []);
    await servers.get('three')?.kill();
    await has('three', false);
    await start('three');
    await has('three', true);
  });

  it('loses nothing with all its processes; the next one takes the table over as it is, and checks again', async () => {
    await client.driver.end();
    await servers.get('three')?.kill();
    await has('three', false);
    await client.driver.hold(way, heldConnections, 500);
    await client.driver.begin(way, perSecond);
    const watch = new TableWatch(kernel);
    const before = await table();
    const gone = killTree(daemon.pid);
    await daemon.ended();
    await answers(perSecond);
    await heldGoOn();
    assert.equal(await table(), before);
    assert.ok(gone.length >= 3, `${gone.length} processes were killed`);
    const startedAt = performance.now();
    await daemon.start();
    console.log(`      the daemon started again in ${Math.round(performance.now() - startedAt)} ms`);
    // Three is known to be down, and comes back when it answers the checks of the new daemon.
    assert.equal(await table(), before);
    await start('three');
    await has('three', true);
    await answers(perSecond);
    await heldGoOn();
    const { looks, troubles } = await watch.end();
    console.log(`      the table was looked at ${looks} times`);
    assert.deepEqual(troubles, []);
    const tally = await client.driver.end();
    report(tally);
    assert.deepEqual(tally.failures, []);
    assert.ok((tally.answered.three ?? 0) > 0);
  });

  it('takes its services out of the table when it is told to stop', async () => {
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
    assert.equal(await table(), '');
  });
});
