/** defineChecker of the SDK and runChecker of the harness. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { defineChecker, down, isChecker, s, up } from '@mainstay/sdk';
import { ConfigRefused, runChecker } from '@mainstay/testing';
import { describe, it } from 'mocha';

const echo = defineChecker({
  keyword: 'ECHO_CHECK',
  fields: { path: s.word('a path').default('/'), slow: s.seconds(0, 60).default(0), weight: s.int(0, 255).optional() },
  async check({ config, target, attempt, clock, log }) {
    log.debug(`${target.address}:${target.port}${config.path}`);
    await new Promise<void>((resolve) => clock.after(config.slow, resolve));
    return attempt > 1
      ? up(config.path, config.weight === undefined ? {} : { weight: config.weight })
      : down('the first attempt never works');
  },
});

/** Really connects: to be tried with real time. */
const connects = defineChecker({
  keyword: 'CONNECT_CHECK',
  fields: {},
  check: ({ target, signal }) =>
    new Promise((resolve) => {
      const socket = connect({ host: target.address, port: target.port, signal });
      socket.once('connect', () => resolve(up()));
      socket.once('error', (error) => resolve(down(error.message)));
      socket.once('connect', () => socket.destroy());
    }),
});

describe('runChecker', () => {
  it('binds the block and answers the verdict', async () => {
    const run = await runChecker(echo, { config: 'ECHO_CHECK {\n  path /health\n  slow 2\n  weight 7\n}', attempt: 2 });
    assert.deepEqual(run.verdict, { ok: true, detail: '/health', weight: 7 });
    assert.equal(run.durationMs, 2000);
    assert.equal(run.log[0]?.message, '192.0.2.10:80/health');
  });

  it('uses the defaults of a block that is not written', async () => {
    const { verdict } = await runChecker(echo, { target: { port: 8080 } });
    assert.deepEqual(verdict, { ok: false, reason: 'the first attempt never works' });
  });

  it('has the verdict timeout at the deadline, and aborts the signal', async () => {
    let isAborted = false;
    const hangs = defineChecker({
      keyword: 'HANG_CHECK',
      fields: {},
      check: ({ signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            isAborted = true;
          });
        }),
    });
    const run = await runChecker(hangs, { deadlineMs: 300 });
    assert.deepEqual(run.verdict, { ok: false, reason: 'timeout' });
    assert.equal(run.durationMs, 300);
    assert.equal(isAborted, true);
    assert.deepEqual((await runChecker(echo, { config: 'ECHO_CHECK {\n  slow 60\n}' })).verdict, {
      ok: false,
      reason: 'timeout',
    });
  });

  it('turns a throw into a verdict, and refuses a port that was not declared', async () => {
    const throws = defineChecker({
      keyword: 'THROW_CHECK',
      fields: {},
      check() {
        throw new Error('broken');
      },
    });
    assert.deepEqual((await runChecker(throws)).verdict, { ok: false, reason: 'broken' });
    const greedy = defineChecker({ keyword: 'G_CHECK', fields: {}, check: ({ ports }) => up(String(ports.files)) });
    const { verdict } = await runChecker(greedy);
    assert.ok(!verdict.ok && /"files"/.test(verdict.reason));
  });

  it('has the common keywords of every checker, which move the target and the deadline', async () => {
    const seen: unknown[] = [];
    const looks = defineChecker({
      keyword: 'LOOK_CHECK',
      fields: {},
      check({ target, delayLoopMs, virtualHost, memory }) {
        seen.push({ target, delayLoopMs, virtualHost, remembered: memory.get('x') });
        memory.set('x', 1);
        return new Promise(() => {});
      },
    });
    const config =
      'LOOK_CHECK {\n connect_ip 192.0.2.99\n connect_port 81\n bindto 192.0.2.2\n fwmark 3\n connect_timeout 0.3\n delay_loop 7\n}';
    const memory = new Map<string, unknown>();
    const { durationMs } = await runChecker(looks, { config, memory, virtualHost: 'www.example' });
    await runChecker(looks, { memory });
    assert.equal(durationMs, 300);
    const target = { address: '192.0.2.99', port: 81, localAddress: '192.0.2.2', mark: 3 };
    assert.deepEqual(seen, [
      { target, delayLoopMs: 7000, virtualHost: 'www.example', remembered: undefined },
      { target: { address: '192.0.2.10', port: 80 }, delayLoopMs: 60_000, virtualHost: undefined, remembered: 1 },
    ]);
  });

  it("ends a checker that watches at its first report, and at the checker's own deadline", async () => {
    let ends = 0;
    const watches = defineChecker({
      keyword: 'WATCH_CHECK',
      fields: { after: s.seconds(0, 60).default(1000) },
      timeoutMs: (_, { delayLoopMs }) => delayLoopMs / 10,
      watch({ config, clock, report }) {
        clock.after(config.after, () => report(up('there it is')));
        return () => void ends++;
      },
    });
    const run = await runChecker(watches);
    assert.deepEqual([run.verdict, run.durationMs, ends], [{ ok: true, detail: 'there it is' }, 1000, 1]);
    const late = await runChecker(watches, { config: 'WATCH_CHECK {\n after 60\n}' });
    assert.deepEqual([late.verdict.ok, late.durationMs, ends], [false, 6000, 2]);
    const knows = defineChecker({
      ...watches,
      watch({ report }) {
        report(up('it is known'));
        return () => ends++;
      },
    });
    assert.deepEqual([(await runChecker(knows)).verdict, ends], [{ ok: true, detail: 'it is known' }, 3]);
  });

  it('refuses a wrong block with its position', async () => {
    await assert.rejects(runChecker(echo, { config: 'ECHO_CHECK {\n  weight 300\n}' }), (error: unknown) => {
      assert.ok(error instanceof ConfigRefused);
      assert.match(error.message, /test\.conf:2:10: error: 300 is out of range/);
      return true;
    });
  });

  it('tries a real server in real time', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const target = { address: '127.0.0.1', port };
    assert.deepEqual((await runChecker(connects, { target, time: 'real' })).verdict, { ok: true });
    server.close();
    await once(server, 'close');
    const { verdict } = await runChecker(connects, { target, time: 'real' });
    assert.ok(!verdict.ok && /ECONNREFUSED/.test(verdict.reason));
  });

  it('knows a checker when it sees one', () => {
    assert.equal(isChecker(echo), true);
    assert.equal(isChecker({ keyword: 'X', fields: {}, check() {} }), false);
  });
});
