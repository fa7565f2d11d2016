/** A daemon that is stopped while its virtual servers are on their way into the kernel (plugins/ipvs/src/manager.ts). */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Stand } from './stand.js';

const virtual = (address: string, server: string) =>
  `virtual_server ${address} 80 {\n protocol TCP\n real_server ${server} 80 {\n TCP_CHECK {\n }\n }\n}\n`;
const one = virtual('192.0.2.1', '10.0.0.1');

describe('ipvs: a stop in the middle of a start', () => {
  for (const call of ['read', 'apply'] as const) {
    it(`leaves nothing behind, also where the kernel is slow to answer: ${call}`, async () => {
      // Of the daemon before, which was killed, one service is there; the other is to come.
      const { ipvs } = await Stand.start(one);
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
      const stand = await Stand.ready(one + virtual('192.0.2.2', '10.0.0.2'), { ipvs });
      const start = stand.host.start().catch((error: unknown) => error);
      await stand.clock.advance(100);
      const stop = stand.host.stop('shutdown');
      await stand.clock.advance(1000);
      answer();
      await stand.clock.drive(stop);
      assert.ok((await start) instanceof Error, 'the start is given up');
      assert.equal(ipvs.text, '');
      assert.equal(stand.clock.pending, 0);
    });
  }
});
