/** `rise`: how many successes in a row bring a server up, in the checking loop and in what operators see. */
import assert from 'node:assert/strict';
import { checkerBfd } from '@mainstay/checker-bfd';
import { checkerFile } from '@mainstay/checker-file';
import checkerPing from '@mainstay/checker-ping';
import { createIpvsPlugin } from '@mainstay/ipvs';
import { testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { bindChecks } from '../../support/checker-config.js';
import { bad, loopBench, ok, played, request } from './loop-bench.js';

describe('rise', () => {
  it('brings a server up after rise successes in a row, and counts from the beginning after a failure', async () => {
    const bench = loopBench();
    const { begins, attempts } = played(
      bench,
      bad('refused'),
      ok,
      ok,
      bad('again'),
      ok,
      ok,
      { ok: true, detail: 'status 200' },
      ok,
    );
    bench.put(request('a', { timing: { rise: 3 }, logsAllFailures: true }));
    const report = () => bench.loop.report('lb')[0];
    await bench.clock.advance(25_000);
    assert.deepEqual([report()?.isUp, report()?.rising], [false, { successes: 2, of: 3 }]);
    assert.equal(report()?.reason, 'it has succeeded 2 of 3 times: it works');
    assert.equal(bench.loop.counts().inRoutine, 0);
    await bench.clock.advance(10_000);
    assert.deepEqual([report()?.reason, report()?.rising], ['again', undefined]);
    await bench.clock.advance(30_000);
    assert.deepEqual([report()?.isUp, report()?.rising], [true, undefined]);
    // Successes that do not count are no retries: the next probe is due in its time.
    assert.deepEqual(begins, [0, 10, 20, 30, 40, 50, 60]);
    assert.deepEqual(new Set(attempts), new Set([1]));
    assert.deepEqual(bench.told(), ['a down', 'a up']);
    assert.deepEqual(bench.log, [
      'x warn: X_CHECK of server-a in 192.0.2.100:80 is down: refused',
      'x info: X_CHECK of server-a in 192.0.2.100:80, is still down: again',
      'x info: X_CHECK of server-a in 192.0.2.100:80 is up: status 200 (after 3 successes)',
    ]);
  });

  it('counts from the beginning after its checker was away', async () => {
    const bench = loopBench();
    played(bench, bad('refused'), ok);
    bench.put(request('a', { timing: { rise: 3 } }));
    await bench.clock.advance(25_000);
    assert.equal(bench.loop.report('lb')[0]?.rising?.successes, 2);
    bench.loop.withdraw('X_CHECK');
    assert.equal(bench.loop.report('lb')[0]?.rising, undefined);
    played(bench, ok);
    await bench.clock.advance(15_000);
    assert.deepEqual(bench.told(), ['a down']);
    await bench.clock.advance(10_000);
    assert.deepEqual(bench.told(), ['a down', 'a up']);
  });

  it('has an alpha server succeed rise times, and one that is up just once', async () => {
    const bench = loopBench();
    played(bench, ok);
    bench.put(request('a', { initial: 'down', timing: { rise: 3 } }), request('b', { timing: { rise: 3 } }));
    await bench.clock.advance(15_000);
    assert.deepEqual(bench.told(), ['b up']);
    await bench.clock.advance(10_000);
    assert.deepEqual(bench.told(), ['b up', 'a up']);
  });

  it('forgets successes that do not count where the probes pause', async () => {
    const bench = loopBench();
    played(bench, bad(), ok, ok, ok, ok, ok);
    const put = (isSuspended: boolean) => bench.put(request('a', { isSuspended, timing: { rise: 3 } }));
    put(false);
    await bench.clock.advance(25_000);
    put(true);
    await bench.clock.advance(60_000);
    put(false);
    await bench.clock.advance(15_000);
    assert.deepEqual(bench.loop.report('lb')[0]?.rising, { successes: 2, of: 3 });
    assert.equal(bench.told().includes('a up'), false);
    await bench.clock.advance(10_000);
    assert.equal(bench.told().at(-1), 'a up');
  });

  it('is said in status and explain while a server comes back', async () => {
    const server = 'real_server 192.0.2.10 80 {\nPING_CHECK {\nretry 0\nconnect_timeout 1\n}\n}';
    const config = `virtual_server 192.0.2.80 80 {\ndelay_loop 2\nwarmup 0\nrise 3\nprotocol TCP\n${server}\n}`;
    const t = await testPlugin(createIpvsPlugin(), { config, alongside: [checkerPing] });
    const name = '192.0.2.80 80 192.0.2.10 80';
    const weights = () => t.kernel.ipvs.list().flatMap(({ destinations }) => destinations.map(({ weight }) => weight));
    const { servers } = t.kernel;
    servers.host('192.0.2.10', { state: 'silent' });
    await t.advance(3000);
    assert.deepEqual(weights(), []);
    servers.host('192.0.2.10');
    await t.advance(4000);
    const status = JSON.stringify(await t.report());
    for (const said of [status, JSON.stringify(await t.explanation(name))]) assert.match(said, /it has succeeded 2 of 3 times/);
    assert.match(status, /"rising":"2 of 3"/);
    assert.deepEqual(weights(), []);
    await t.advance(2000);
    assert.deepEqual(weights(), [1]);
    assert.doesNotMatch(JSON.stringify(await t.report()), /rising|succeeded/);
    await t.stop();
  });

  it('has no effect where only changes are told, and says so', () => {
    for (const [plugin, block, around] of [
      [checkerFile(), 'FILE_CHECK {\ntrack_file x', 'track_file x {\nfile /x\n}\n'],
      [checkerBfd(), 'BFD_CHECK {\nname x', ''],
    ] as const) {
      const { said } = bindChecks(plugin, `${around}server s {\n${block}\nrise 3\n}\n}`);
      const about = said.filter((one) => one.includes('no effect'));
      assert.equal(about.length, 1, said.join());
      assert.match(about[0] ?? '', /warning: this has no effect: this check is told of changes, and the first one counts/);
    }
  });
});
