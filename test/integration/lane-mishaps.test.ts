/** What becomes of mistakes inside lanes, who hears of them, and of lanes whose supervisor is gone. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FromLane, type LaneSetup, loadKeepalivedText, toSend } from '@mainstay/core';
import type { LaneKind } from '@mainstay/sdk';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { root } from '../support/repository.js';
import { isAlive, plugin, TestDaemon } from './daemon-harness.js';

const laneProgram = join(root, 'core/runtime/dist/lanes/main.js');

const hook = `import { defineNotify } from '@mainstay/sdk';
export default defineNotify({
  on: ['lane.crashed', 'plugin.parked'],
  run: (event, { log }) => log.info(event.name === 'lane.crashed' ? 'hook: ' + event.lane + ' ' + event.cause
    : event.name === 'plugin.parked' ? 'hook: ' + event.plugin + ' parked in ' + event.lane + ' for ' + event.lastError : ''),
});
`;

async function gone(...pids: readonly number[]): Promise<void> {
  for (const pid of pids) while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** A lane that has started, and whose supervisor then hangs up without a word. Settles when it has ended. */
async function abandonedLane(kind: LaneKind, entry: string): Promise<void> {
  const child = fork(laneProgram, [kind, kind], { serialization: 'advanced' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const said = (word: FromLane['kind']) =>
    new Promise<void>((resolve) => {
      child.on('message', ({ batch }: { readonly batch: readonly FromLane[] }) => {
        if (batch.some((message) => message.kind === word)) resolve();
      });
    });
  const { tree } = loadKeepalivedText('', { file: '/test.conf', configId: '', env: {} });
  const manifest = { api: '^0.1.0', lane: kind, needs: [] };
  const setup: LaneSetup = {
    lane: kind,
    laneKind: kind,
    plugins: [{ name: 'stopping', entry, version: '1.0.0', manifest, origin: 'the test' }],
    schemaOf: [],
    elsewhere: [],
    tree,
    facts: { isRestart: false, keepAddressesAtExit: false, configDirectory: '/' },
    consent: [],
    generation: 1,
  };
  const [ready, started] = [said('ready'), said('started')];
  child.send({ batch: [toSend({ kind: 'setup', setup })] });
  await ready;
  child.send({ batch: [{ kind: 'start' }] });
  await started;
  child.disconnect();
  await ended;
}

describe('mishaps in lanes', function () {
  this.timeout(30_000);
  let daemon: TestDaemon;

  beforeEach(() => {
    daemon = new TestDaemon();
  });
  afterEach(() => daemon.cleanUp());

  it('reach a notify hook in another lane: a crash, and a plugin that is parked', async () => {
    daemon.configure(`${plugin('steady')}${plugin('crashing')}${plugin('faulty')}steady_object one { size 1 }\n`);
    mkdirSync(join(daemon.directory, 'hooks'));
    writeFileSync(join(daemon.directory, 'hooks', 'tell.ts'), hook);
    await daemon.start();
    process.kill(await daemon.lanePid('extension:crashing'), 'SIGKILL');
    await daemon.said('hook: extension:crashing signal SIGKILL');
    await daemon.said('hook: faulty parked in realtime for threw: mistake 3');
    const { plugins } = await daemon.ask<{ plugins: readonly { name: string; state: string }[] }>('/v1/plugins');
    assert.equal(plugins.find(({ name }) => name === 'faulty')?.state, 'degraded');
  });

  it('of an added plugin do not end the realtime lane, and are told with its name and place', async () => {
    daemon.configure(`${plugin('steady')}${plugin('stray')}steady_object one { size 1 }\n`);
    await daemon.start();
    const before = await daemon.lanePid('realtime');
    await daemon.said('lane:realtime: printed');
    assert.match(daemon.output, /stray: error: nobody handled the rejection of a promise: left alone \(at .*stray\/index\.js:8:/);
    assert.match(daemon.output, /stray: error: nobody caught an exception: thrown by a timer \(at .*stray\/index\.js:10:/);
    assert.match(daemon.output, /printed x{1992}\.\.\.\n/);
    assert.equal(await daemon.lanePid('realtime'), before);
  });

  it('do not outlive the supervisor: a lane that spins ends with it', async () => {
    daemon.configure(`${plugin('steady')}${plugin('hanging')}steady_object one { size 1 }\n`);
    await daemon.start();
    const pids = await Promise.all([daemon.lanePid('realtime'), daemon.lanePid('extension:hanging')]);
    while ((await daemon.status()).lanes.some(({ lane, answered }) => lane === 'extension:hanging' && answered));
    daemon.signal('SIGKILL');
    await gone(...pids);
  });

  it('do not end the work of a supervisor that is gone: only the realtime lane stops its plugins', async () => {
    const entry = join(daemon.directory, 'stopping.mjs');
    const stopped = join(daemon.directory, 'stopped');
    const code = `import { definePlugin } from '${import.meta.resolve('@mainstay/sdk')}';
      import { appendFileSync } from 'node:fs';
      const stop = () => appendFileSync('${stopped}', process.title + '\\n');
      export default definePlugin({ name: 'stopping', setup() {}, start() {}, stop });`;
    writeFileSync(entry, code);
    for (const kind of ['balance', 'health', 'extension', 'realtime'] as const) await abandonedLane(kind, entry);
    assert.equal(readFileSync(stopped, 'utf8'), 'mainstay: realtime\n');
  });

  it('lose no log record of a quiet daemon', async () => {
    daemon.configure(`${plugin('steady')}steady_object one { size 1 }\n`);
    await daemon.start();
    assert.equal((await daemon.status()).logRecordsDropped, 0);
    assert.doesNotMatch(daemon.output, /started; lanes:.*notify-file/);
  });

  it('reload only after the start when asked too early, and not at all while it stops', async () => {
    daemon.configure(`${plugin('steady')}steady_object one { size 1 }\n`);
    const started = daemon.start();
    await daemon.said('starts, configuration');
    daemon.signal('SIGHUP');
    await started;
    await daemon.said('configuration number 2 is in force');
    assert.ok(daemon.output.indexOf('started; lanes') < daemon.output.indexOf('reloading the configuration'));
    daemon.signal('SIGTERM');
    await daemon.said('stopping (SIGTERM)');
    daemon.signal('SIGHUP');
    assert.equal(await daemon.ended(), 0);
    assert.equal(daemon.output.split('reloading the configuration').length, 2);
  });
});
