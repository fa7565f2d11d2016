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

  describe('where the kernel takes a minute to tell a large table', () => {
    const three = two + virtual('192.0.2.2', real('10.0.0.3'));

    /** Of two servers of the first service one was down; the second service is new. */
    async function begun() {
      const first = await Stand.start(two);
      await first.tell('10.0.0.1', false);
      const { ipvs } = first;
      ipvs.takeEdits();
      const stand = await Stand.ready(three, { ipvs });
      const read = ipvs.read.bind(ipvs);
      let reads = 0;
      const slowly = async () => {
        reads++;
        await new Promise<void>((resolve) => stand.clock.after(60_000, resolve));
        return read();
      };
      Object.assign(ipvs, { read: slowly });
      const since = stand.clock.now();
      await stand.clock.drive(stand.host.start());
      assert.ok(stand.clock.now() - since < 10_000);
      Object.assign(ipvs, { read });
      assert.deepEqual([reads, ipvs.takeEdits()], [1, []]);
      return { stand, ipvs };
    }

    it('its start is over all the same, says so, and goes on with what it reads in the end', async () => {
      const { stand, ipvs } = await begun();
      assert.match(stand.complaints().join('\n'), /the start goes on.*the kernel takes long.*connections go on/);
      await stand.clock.advance(60_000);
      assert.equal(ipvs.text, `${service}${line(2)}TCP  192.0.2.2:80 wlc\n${line(3)}`);
      assert.deepEqual(
        ipvs.takeEdits().map((edit) => edit.do),
        ['addService', 'addDestination'],
      );
      assert.deepEqual(
        stand.checks.requests.map(({ initial }) => initial),
        ['down', 'up', 'up'],
      );
      await stand.stop();
      assert.equal(ipvs.text, '');
    });

    it('a reload waits its turn, and is what holds in the end', async () => {
      const { stand, ipvs } = await begun();
      assert.equal((await stand.reload(three + virtual('192.0.2.3', real('10.0.0.4')))).ok, true);
      assert.equal((await stand.reload(two + virtual('192.0.2.3', real('10.0.0.5')))).ok, true);
      assert.equal(ipvs.text, service + line(2), 'nothing was touched yet');
      await stand.clock.advance(60_000);
      assert.equal(ipvs.text, `${service}${line(2)}TCP  192.0.2.3:80 wlc\n${line(5)}`);
      assert.deepEqual(
        stand.checks.requests.map(({ initial }) => initial),
        ['down', 'up', 'up'],
      );
    });

    it('a restart of its lane takes nothing away, and begins nothing later', async () => {
      const { stand, ipvs } = await begun();
      await stand.stop('restart');
      assert.doesNotMatch(stand.complaints().join('\n'), /did not stop cleanly/);
      await stand.clock.advance(120_000);
      assert.deepEqual([ipvs.takeEdits(), ipvs.text, stand.clock.pending], [[], service + line(2), 0]);
    });
  });
});
