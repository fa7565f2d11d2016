/** The plugin begins again: within its process, after a predecessor that was cut short, and with a kernel that is slow to tell its table. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Stand } from './stand.js';

const real = (address: string) => `\n real_server ${address} 80 {\n TCP_CHECK {\n }\n }`;
const virtual = (address: string, body: string) => `virtual_server ${address} 80 {\n protocol TCP\n ${body}\n}\n`;
const two = virtual('192.0.2.1', real('10.0.0.1') + real('10.0.0.2'));
const service = 'TCP  192.0.2.1:80 wlc\n';
const line = (n: number) => `  -> 10.0.0.${n}:80 Masq 1\n`;

describe('ipvs: begins anew', () => {
  it('does not empty with lvs_flush what is its own when it starts again within its process', async () => {
    const flush = 'global_defs {\n lvs_flush\n}\n';
    const stand = await Stand.start(flush + two);
    await stand.tell('10.0.0.1', false);
    stand.ipvs.takeEdits();
    let flushes = 0;
    const { set } = stand.checks;
    Object.assign(stand.checks, {
      set: () => {
        Object.assign(stand.checks, { set });
        throw new Error('a reload goes wrong');
      },
    });
    const empty = stand.ipvs.flush.bind(stand.ipvs);
    const counted = () => {
      flushes++;
      return empty();
    };
    Object.assign(stand.ipvs, { flush: counted });
    const result = await stand.reload(flush + two + virtual('192.0.2.2', real('10.0.0.3')));
    assert.deepEqual(result.ok && result.restarted, ['ipvs']);
    assert.equal(flushes, 0);
    assert.equal(stand.ipvs.text, `${service}${line(2)}TCP  192.0.2.2:80 wlc\n${line(3)}`);
  });
});
