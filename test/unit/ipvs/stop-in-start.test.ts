/** A daemon, or only its process, that is stopped while its virtual servers are on their way into the kernel (plugins/ipvs/src/manager.ts). */
import assert from 'node:assert/strict';
import type { IpvsResult } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import type { FakeIpvs } from './fake-ipvs.js';
import { Stand } from './stand.js';

const virtual = (address: string, server: string) =>
  `virtual_server ${address} 80 {\n protocol TCP\n real_server ${server} 80 {\n TCP_CHECK {\n }\n }\n}\n`;
const one = virtual('192.0.2.1', '10.0.0.1');
const two = one + virtual('192.0.2.2', '10.0.0.2');

/** Of the daemon before, which was killed, one service is there. */
async function leftBehind(): Promise<FakeIpvs> {
  const { ipvs } = await Stand.start(one);
  ipvs.takeEdits();
  return ipvs;
}

/** The kernel answers this call only when it is told to. */
function slowDown(ipvs: FakeIpvs, call: 'read' | 'apply' | 'flush'): () => void {
  let answer = () => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const quick = ipvs[call].bind(ipvs) as (...args: readonly unknown[]) => Promise<never>;
  const slowly = async (...args: readonly unknown[]) => {
    await slow;
    return quick(...args);
  };
  Object.assign(ipvs, { [call]: slowly });
  return () => answer();
}

const taken = (ipvs: FakeIpvs) => ipvs.takeEdits().filter(({ do: what }) => what.startsWith('delete'));

describe('ipvs: a stop in the middle of a start', () => {
  /** Both services are to be there. */
  async function stopInStart(ipvs: FakeIpvs, call: 'read' | 'apply' | 'flush', why: 'shutdown' | 'restart', config = two) {
    const answer = slowDown(ipvs, call);
    const stand = await Stand.ready(config, { ipvs });
    const start = stand.host.start().catch((error: unknown) => error);
    await stand.clock.advance(100);
    const stop = stand.host.stop(why);
    await stand.clock.advance(1000);
    answer();
    await stand.clock.drive(stop);
    assert.ok((await start) instanceof Error, 'the start is given up');
    assert.equal(stand.clock.pending, 0);
  }

  for (const call of ['read', 'apply'] as const) {
    it(`leaves nothing behind, also where the kernel is slow to answer: ${call}`, async () => {
      const ipvs = await leftBehind();
      await stopInStart(ipvs, call, 'shutdown');
      assert.equal(ipvs.text, '');
    });

    it(`ends sync daemons of an earlier life, too: ${call}`, async () => {
      const ipvs = await leftBehind();
      ipvs.daemons.push({ role: 'master', link: 'eth0', syncId: 7 });
      await stopInStart(ipvs, call, 'shutdown', `global_defs {\n lvs_sync_daemon eth0 id 7\n}\n${two}`);
      assert.deepEqual(ipvs.daemons, []);
    });

    it(`takes nothing away where only the process is replaced: ${call}`, async () => {
      const ipvs = await leftBehind();
      await stopInStart(ipvs, call, 'restart');
      assert.match(ipvs.text, /192\.0\.2\.1:80/);
      assert.deepEqual(taken(ipvs), []);
    });
  }

  it('leaves nothing behind where the kernel takes its time to refuse lvs_flush', async () => {
    const ipvs = await leftBehind();
    const refused: IpvsResult = { outcome: 'failed', code: 'EPERM', error: 'not permitted' };
    Object.assign(ipvs, { flush: async () => refused });
    await stopInStart(ipvs, 'flush', 'shutdown', `global_defs {\n lvs_flush\n}\n${two}`);
    assert.equal(ipvs.text, '');
  });

  it('leaves nothing behind where the kernel does not tell its table in the end', async () => {
    const ipvs = await leftBehind();
    ipvs.blind = 'no memory';
    await stopInStart(ipvs, 'read', 'shutdown');
    assert.equal(ipvs.text, '');
  });

  it('leaves nothing behind of a start that a reload found unfinished: neither the old nor the new services', async () => {
    const { ipvs } = await Stand.start(two);
    const answer = slowDown(ipvs, 'read');
    const stand = await Stand.ready(one, { ipvs });
    await stand.clock.drive(stand.host.start());
    assert.ok((await stand.reload(two.replace(one, ''))).ok);
    const stop = stand.host.stop('shutdown');
    ipvs.blind = 'no memory';
    answer();
    await stand.clock.drive(stop);
    assert.equal(ipvs.text, '');
  });

  it('takes nothing away when its start fails: the next process has the same table', async () => {
    const ipvs = await leftBehind();
    const before = ipvs.text;
    const stand = await Stand.ready(two, { ipvs });
    const watch = () => {
      throw new Error('the port is gone');
    };
    Object.assign(stand.checks, { watch });
    await assert.rejects(stand.clock.drive(stand.host.start()), { code: 'PLUGIN_START_FAILED' });
    assert.deepEqual([ipvs.text, taken(ipvs), stand.clock.pending], [before, [], 0]);
    const next = await Stand.start(two, { ipvs, facts: { isRestart: true } });
    assert.match(ipvs.text, /192\.0\.2\.2:80/);
    assert.deepEqual(taken(ipvs), []);
    await next.stop();
    assert.equal(ipvs.text, '');
  });
});

describe('ipvs: a stop without a start', () => {
  async function withdraw(ipvs: FakeIpvs, config: string, facts = {}) {
    const stand = await Stand.ready(config, { ipvs, facts });
    await stand.stop();
    const left = await stand.clock.drive(stand.host.withdraw());
    assert.equal(stand.clock.pending, 0);
    return { left, log: stand.log.map(({ message }) => message).join('\n') };
  }

  it('takes back what an earlier life left, of the configuration and nothing else', async () => {
    const { ipvs } = await Stand.start(two);
    await Stand.start(virtual('192.0.2.9', '10.0.0.9'), { ipvs });
    ipvs.takeEdits();
    // It need not be read.
    ipvs.blind = 'no memory';
    assert.deepEqual((await withdraw(ipvs, two)).left, []);
    assert.equal(ipvs.text, 'TCP  192.0.2.9:80 wlc\n  -> 10.0.0.9:80 Masq 1\n');
    assert.deepEqual(
      ipvs.takeEdits().map((edit) => edit.do),
      ['deleteService', 'deleteService'],
    );
  });

  it('empties the table with lvs_flush_on_stop, never with lvs_flush, and ends sync daemons', async () => {
    const ipvs = await leftBehind();
    ipvs.daemons.push({ role: 'master', link: 'eth0', syncId: 7 });
    const defs = (keyword: string) => `global_defs {\n ${keyword}\n lvs_sync_daemon eth0 id 7\n}\n`;
    await withdraw(ipvs, defs('lvs_flush') + virtual('192.0.2.8', '10.0.0.8'));
    assert.match(ipvs.text, /192\.0\.2\.1:80/);
    assert.deepEqual(ipvs.daemons, []);
    await withdraw(ipvs, defs('lvs_flush_on_stop') + virtual('192.0.2.8', '10.0.0.8'));
    assert.equal(ipvs.text, '');
  });

  it('leaves it where the daemon is told to', async () => {
    const ipvs = await leftBehind();
    const before = ipvs.text;
    assert.deepEqual((await withdraw(ipvs, one, { keepServicesAtExit: true })).left, []);
    assert.equal(ipvs.text, before);
  });

  it('says so where the kernel refuses', async () => {
    const ipvs = await leftBehind();
    ipvs.refuse = () => 'EPERM';
    const { left, log } = await withdraw(ipvs, one);
    assert.deepEqual(left, ['ipvs']);
    assert.match(log, /could not take back what is left of it: the kernel did not let go/);
    assert.match(log, /refuses to remove 1 of 1 services.*192\.0\.2\.1:80/);
  });
});
