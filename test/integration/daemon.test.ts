/** The daemon as its operator meets it: start, questions, reload, stop, and the files it leaves. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { ReloadOutcome } from '@mainstay/core';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { isAlive, plugin, runCommand, TestDaemon } from './daemon-harness.js';

const base = `${plugin('steady')}${plugin('crashing')}`;

describe('the daemon', function () {
  this.timeout(30_000);
  let daemon: TestDaemon;

  beforeEach(() => {
    daemon = new TestDaemon();
    daemon.configure(`${base}steady_object one { size 5 }\n`);
  });
  afterEach(() => daemon.cleanUp());

  it('starts the lanes of the plugins in use, extension lanes first, and answers about them', async () => {
    await daemon.start();
    assert.ok(daemon.output.indexOf('crashing started') < daemon.output.indexOf('steady started'));
    const { lanes, objects } = await daemon.status();
    const phases = lanes.filter(({ phase }) => phase === 'started').map(({ lane }) => lane);
    assert.deepEqual(phases, ['realtime', 'extension:crashing']);
    assert.deepEqual(
      objects.map(({ name, summary }) => [name, summary.size]),
      [['one', 5]],
    );
    const table = await runCommand('status', '--run-dir', daemon.runDirectory);
    assert.match(table.output, /STEADY_OBJECT +STATE +SIZE/);
    const why = await runCommand('explain', 'one', '--run-dir', daemon.runDirectory);
    assert.match(why.output, /steady_object one is steady: nothing ever happens to it/);
    const unknown = await runCommand('explain', 'two', '--run-dir', daemon.runDirectory);
    assert.deepEqual([unknown.code, /there are: one/.test(unknown.output)], [1, true]);
  });

  it('writes PID files, keeps its directory private, refuses a second daemon, and leaves nothing behind', async () => {
    const own = join(daemon.directory, 'own.pid');
    await daemon.start('-p', own);
    assert.equal(readFileSync(own, 'utf8'), `${daemon.pid}\n`);
    assert.equal(statSync(daemon.runDirectory).mode & 0o777, 0o700);
    assert.equal(statSync(daemon.socket).mode & 0o777, 0o600);
    const second = await runCommand('-n', ...daemon.args);
    assert.deepEqual([second.code, /the daemon is already running/.test(second.output)], [1, true]);
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
    assert.equal(existsSync(own), false);
  });

  it('takes over a stale PID file', async () => {
    const { mkdirSync, writeFileSync } = await import('node:fs');
    mkdirSync(daemon.runDirectory, { mode: 0o700 });
    writeFileSync(join(daemon.runDirectory, 'mainstay.pid'), `${process.pid}\n`);
    await daemon.start();
    assert.equal(readFileSync(join(daemon.runDirectory, 'mainstay.pid'), 'utf8'), `${daemon.pid}\n`);
  });

  it('reloads in place on SIGHUP', async () => {
    await daemon.start();
    const before = await daemon.lanePid('realtime');
    daemon.configure(`${base}steady_object one { size 6 }\n`);
    daemon.signal('SIGHUP');
    await daemon.said('configuration number 2 is in force');
    const { objects, generation } = await daemon.status();
    assert.deepEqual([generation, objects[0]?.summary], [2, { size: 6, starts: 1, reloads: 1 }]);
    assert.equal(await daemon.lanePid('realtime'), before);
  });

  it('keeps the running configuration when the new one has errors, and says where', async () => {
    await daemon.start();
    daemon.configure(`${base}steady_object one { size 600 }\n`);
    const outcome = await daemon.ask<ReloadOutcome>('/v1/reload', 'POST');
    assert.equal(outcome.ok, false);
    const [first] = outcome.diagnostics;
    assert.deepEqual(
      [first?.code, first?.at.file, first?.at.line, first?.at.column],
      ['CONFIG_OUT_OF_RANGE', daemon.file, 4, 26],
    );
    assert.match(daemon.output, /test\.conf:4:26: error/);
    const { generation, objects } = await daemon.status();
    assert.deepEqual([generation, objects[0]?.summary.size], [1, 5]);
    const byCommand = await runCommand('reload', '--run-dir', daemon.runDirectory);
    assert.deepEqual([byCommand.code, /stays in force/.test(byCommand.output)], [1, true]);
  });

  it('starts and ends lanes as a reload brings and takes plugins', async () => {
    daemon.configure(`${plugin('steady')}steady_object one { size 5 }\n`);
    await daemon.start();
    const realtime = await daemon.lanePid('realtime');
    daemon.configure(`${base}steady_object one { size 5 }\n`);
    daemon.signal('SIGHUP');
    await daemon.said('crashing started');
    daemon.configure(`${plugin('steady')}steady_object one { size 5 }\n`);
    daemon.signal('SIGHUP');
    await daemon.said('crashing stopped (shutdown)');
    await daemon.said('configuration number 3 is in force');
    assert.equal(await daemon.lanePid('realtime'), realtime);
  });

  it('stops the realtime lane first, then the others', async () => {
    await daemon.start();
    const lanes = await Promise.all([daemon.lanePid('realtime'), daemon.lanePid('extension:crashing')]);
    daemon.signal('SIGINT');
    assert.equal(await daemon.ended(), 0);
    const order = ['stopping (SIGINT)', 'steady stopped (shutdown)', 'crashing stopped (shutdown)', 'mainstay: stopped'];
    const places = order.map((text) => daemon.output.indexOf(text));
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
    assert.ok(!places.includes(-1), daemon.output);
    assert.deepEqual(lanes.map(isAlive), [false, false]);
  });

  it('writes no secret to the log', async () => {
    await daemon.start();
    assert.match(daemon.output, /password=\*\*\*/);
    assert.doesNotMatch(daemon.output, /hunter2/);
  });

  it('dumps its state into the run directory on SIGUSR1', async () => {
    await daemon.start();
    daemon.signal('SIGUSR1');
    await daemon.said('the state is written to');
    const path = join(daemon.runDirectory, 'state.json');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal((JSON.parse(readFileSync(path, 'utf8')) as { objects: { name: string }[] }).objects[0]?.name, 'one');
  });

  it('survives garbage and floods on its control socket', async () => {
    await daemon.start();
    const send = (text: string) =>
      new Promise<void>((resolve) => {
        const socket = connect(daemon.socket);
        socket.on('error', () => {});
        socket.on('close', () => resolve());
        socket.resume();
        socket.end(text);
      });
    await send('\u0000\u0001garbage\r\n\r\n');
    await send(`GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await send(`POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`);
    await send('GET /v1/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await send('GET /v1/explain/%2e%2e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await send('DELETE /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.equal((await daemon.status()).generation, 1);
  });

  it('refuses to start with a bad configuration: exit code 2 and positions', async () => {
    daemon.configure(`${base}steady_object one { size 0 }\nlinkbeat_use_polling\n`);
    const { code, output } = await runCommand('-n', ...daemon.args);
    assert.equal(code, 2);
    assert.match(output, /test\.conf:4:26: error: 0 is out of range/);
    assert.match(output, /test\.conf:5:1: error: .*polling of links.* not built/);
  });

  it('passes over the blocks of parts that are switched off', async () => {
    daemon.configure(`${base}steady_object one { size 5 }\nvirtual_server 10.0.0.1 80 { }\n`);
    await daemon.start('-P');
    assert.match(daemon.output, /test\.conf:5:1: virtual_server 10\.0\.0\.1 is passed over: load balancing is switched off/);
  });

  it('goes to the background, and its exit code tells whether it came up', async () => {
    const up = await runCommand(...daemon.args, '-G');
    assert.deepEqual([up.code, up.output], [0, '']);
    const pid = Number(readFileSync(join(daemon.runDirectory, 'mainstay.pid'), 'utf8'));
    assert.equal((await daemon.ask<{ pid: number }>('/v1/status')).pid, pid);
    const again = await runCommand(...daemon.args, '-G');
    assert.deepEqual([again.code, /already running/.test(again.output)], [1, true]);
    process.kill(pid, 'SIGTERM');
    while (existsSync(join(daemon.runDirectory, 'mainstay.pid'))) await new Promise((r) => setTimeout(r, 20));
    daemon.configure('steady_object one {\n  size 5\n}\n');
    const bad = await runCommand(...daemon.args, '-G', '--strict');
    assert.deepEqual([bad.code, /test\.conf:2:1: error: .*steady_object/.test(bad.output)], [2, true]);
  });
});

describe('the commands without a daemon', () => {
  it('say so with exit code 3', async () => {
    const { code, output } = await runCommand('status', '--run-dir', '/nonexistent');
    assert.deepEqual([code, /no daemon answers on \/nonexistent\/control\.sock/.test(output)], [3, true]);
  });

  it('refuse options that are not built', async () => {
    const { code, output } = await runCommand('-n', '--snmp');
    assert.deepEqual([code, /-x, --snmp is not available: SNMP is not built yet/.test(output)], [1, true]);
  });
});
