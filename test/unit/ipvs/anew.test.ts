/** The plugin begins again: within its process, after a predecessor that was cut short, and with a kernel that is slow to tell its table. */
import assert from 'node:assert/strict';
import { type IpvsEdit, ipvsTogether } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { FakeIpvs } from './fake-ipvs.js';
import { Stand } from './stand.js';

const real = (address: string) => `\n real_server ${address} 80 {\n TCP_CHECK {\n }\n }`;
const virtual = (address: string, body: string) => `virtual_server ${address} 80 {\n protocol TCP\n ${body}\n}\n`;
const two = virtual('192.0.2.1', real('10.0.0.1') + real('10.0.0.2'));
const service = 'TCP  192.0.2.1:80 wlc\n';
const line = (n: number) => `  -> 10.0.0.${n}:80 Masq 1\n`;

describe('ipvs: begins anew', function () {
  this.timeout(30_000);

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

  describe('after a daemon that was killed while it wrote its first table', () => {
    const many = virtual('192.0.2.1', Array.from({ length: 520 }, (_, n) => real(`10.0.${n >> 8}.${n & 255}`)).join(''));

    /** So much of it was done. */
    async function killedAfter(edits: number, config: string): Promise<FakeIpvs> {
      const ipvs = new FakeIpvs();
      const apply = ipvs.apply.bind(ipvs);
      const killed = async (all: readonly IpvsEdit[]) => {
        await apply(all.slice(0, edits));
        return new Promise<never>(() => {});
      };
      Object.assign(ipvs, { apply: killed });
      await Stand.start(config, { ipvs });
      Object.assign(ipvs, { apply });
      assert.equal(ipvs.takeEdits().length, edits);
      return ipvs;
    }
    async function initials(ipvs: FakeIpvs, config: string) {
      const stand = await Stand.start(config, { ipvs });
      return stand.checks.requests.map(({ initial }) => initial);
    }

    it('believes servers that were not written yet, and puts them in', async () => {
      for (const edits of [ipvsTogether, 2 * ipvsTogether]) {
        const ipvs = await killedAfter(edits, many);
        assert.deepEqual(new Set(await initials(ipvs, many)), new Set(['up']));
        assert.equal(ipvs.text.split('->').length - 1, 520);
        assert.ok(ipvs.takeEdits().every((edit) => edit.do === 'addDestination'));
      }
    });

    it('with alpha believes none of them', async () => {
      const alpha = many.replace('TCP\n', 'TCP\n alpha\n');
      const ipvs = await killedAfter(ipvsTogether, many);
      const states = await initials(ipvs, alpha);
      assert.equal(states.filter((state) => state === 'down').length, 520 - (ipvsTogether - 1));
    });

    it('takes those for down that are missing among the others, or in another number than is written together', async () => {
      const without = async (...down: readonly number[]) => {
        const stand = await Stand.start(many);
        for (const n of down) stand.checks.tell(` 10.0.${n >> 8}.${n & 255}:80 `, false);
        await stand.clock.advance(1);
        const states = await initials(stand.ipvs, many);
        return states.flatMap((state, n) => (state === 'down' ? [n] : []));
      };
      const last = Array.from({ length: 520 - (2 * ipvsTogether - 1) }, (_, i) => 2 * ipvsTogether - 1 + i);
      assert.deepEqual(await without(3, 518, 519), [3, 518, 519]);
      assert.deepEqual(await without(...last.slice(1)), last.slice(1));
      assert.deepEqual(await without(7, ...last.slice(1)), [7, ...last.slice(1)]);
    });

    it('has one probed at once that may be down as well, and so every time: only the last of 256 is missing', async () => {
      const config = virtual('192.0.2.1', Array.from({ length: ipvsTogether }, (_, n) => real(`10.0.0.${n}`)).join(''));
      const first = await Stand.start(config);
      await first.tell(' 10.0.0.255:80 ', false);
      const stand = await Stand.start(config, { ipvs: first.ipvs });
      const hurried = () =>
        stand.checks.requests.filter(({ timing }) => timing.warmupMs === 0).map(({ target }) => target.address);
      assert.deepEqual(hurried(), ['10.0.0.255']);
      // The pace is a part of the question: another one would begin the check anew.
      await stand.reload(config + virtual('192.0.2.2', real('10.0.0.1')));
      assert.deepEqual(hurried(), ['10.0.0.255']);
      await stand.tell(' 10.0.0.255:80 ', false);
      await stand.tell(' 10.0.0.7:80 ', false);
      const third = await Stand.start(config, { ipvs: first.ipvs });
      assert.equal(third.checks.requests.filter(({ timing }) => timing.warmupMs === 0).length, 0);
      assert.equal(third.checks.requests.filter(({ initial }) => initial === 'down').length, 2);
    });

    it('believes an inhibited server that is not there at all where another that is down is there', async () => {
      const inhibited = (...servers: readonly number[]) =>
        virtual('192.0.2.1', `inhibit_on_failure${servers.map((n) => real(`10.0.0.${n}`)).join('')}`);
      const first = await Stand.start(inhibited(1, 2));
      await first.tell('10.0.0.1', false);
      assert.deepEqual(await initials(first.ipvs, inhibited(1, 2, 3)), ['down', 'up', 'up']);
    });

    it('takes one for down that is not there and has become inhibited only now', async () => {
      const first = await Stand.start(two);
      await first.tell('10.0.0.1', false);
      assert.deepEqual(await initials(first.ipvs, two.replace('TCP\n', 'TCP\n inhibit_on_failure\n')), ['down', 'up']);
    });
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

    it('and its start fails in the end, it says what to do, and a reload with news begins it anew', async () => {
      const { stand, ipvs } = await begun();
      const { watch } = stand.checks;
      const gone = () => {
        throw new Error('the port is gone');
      };
      Object.assign(stand.checks, { watch: gone });
      await stand.clock.advance(60_000);
      const [told] = stand.complaints().slice(-1);
      const means = 'connections go on as the kernel has them, and servers that fail are not taken out';
      assert.ok(told?.startsWith(`the start failed: the port is gone; ${means}. A reload with any change`), told);
      Object.assign(stand.checks, { watch });
      assert.ok((await stand.reload(two)).ok);
      assert.match(
        stand.complaints().slice(-1)[0] ?? '',
        /could not take over .*what was to be done before had failed: the port is gone/,
      );
      await stand.tell('10.0.0.1', true);
      assert.equal(ipvs.text, `${service}${line(1)}${line(2)}`);
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
