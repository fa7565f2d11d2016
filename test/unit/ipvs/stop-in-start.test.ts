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

  it('takes nothing away when its start takes too long: the next process has the same table', async () => {
    const ipvs = await leftBehind();
    const before = ipvs.text;
    const answer = slowDown(ipvs, 'read');
    const stand = await Stand.ready(two, { ipvs });
    stand.clock.after(12_000, answer);
    await assert.rejects(stand.clock.drive(stand.host.start()), { code: 'PLUGIN_TIMEOUT' });
    assert.deepEqual([ipvs.text, taken(ipvs), stand.clock.pending], [before, [], 0]);
    const next = await Stand.start(two, { ipvs, facts: { isRestart: true } });
    assert.match(ipvs.text, /192\.0\.2\.2:80/);
    assert.deepEqual(taken(ipvs), []);
    await next.stop();
    assert.equal(ipvs.text, '');
  });
});
