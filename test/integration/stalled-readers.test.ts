/** A lane that talks while nobody reads: neither a supervisor that stands still nor a log that stalls may hold it up. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { askDaemon, type DaemonReport } from '@mainstay/core';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { command, plugin, TestDaemon } from './daemon-harness.js';

interface Talked {
  readonly said: number;
  /** Milliseconds of the longest turn of the event loop. */
  readonly longest: number;
  /** MiB. */
  readonly grown: number;
}

describe('a lane that talks while nobody reads', function () {
  this.timeout(30_000);
  let daemon: TestDaemon;
  const ends: (() => void)[] = [];

  beforeEach(() => {
    daemon = new TestDaemon();
    daemon.configure(`${plugin('talkative')}`);
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) end();
    await daemon.cleanUp();
  });

  async function talk(lanePid: number): Promise<Talked> {
    const file = join(daemon.directory, 'talked.json');
    process.kill(lanePid, 'SIGUSR2');
    while (!existsSync(file)) await pause(20);
    const talked = JSON.parse(readFileSync(file, 'utf8')) as Talked;
    // Waiting for a reader would take for ever; a busy machine takes some time, too.
    assert.ok(talked.longest < 1000, `a turn of the event loop took ${talked.longest} ms`);
    assert.ok(talked.grown < 120, `the lane grew by ${talked.grown} MiB`);
    return talked;
  }

  it('goes on while the supervisor is stopped, bounded, and counts what was lost', async () => {
    await daemon.start();
    const lane = await daemon.lanePid('realtime');
    daemon.signal('SIGSTOP');
    const { said } = await talk(lane);
    daemon.signal('SIGCONT');
    await daemon.said('realtime lane: lost 0 events and');
    const lost = Number(/lost 0 events and (\d+) log records/.exec(daemon.output)?.[1]);
    assert.ok(lost > 0 && lost < said, `lost ${lost} of ${said}`);
    assert.equal(await daemon.lanePid('realtime'), lane);
  });

  it('goes on while the log of the daemon is a pipe that nobody reads', async () => {
    const words = [process.execPath, command, '-nlD', '-G', ...daemon.args].map((word) => `'${word}'`).join(' ');
    const shell = spawn('sh', ['-c', `${words} | sleep 60`], { stdio: 'ignore', detached: true });
    ends.push(() => process.kill(-(shell.pid ?? 0), 'SIGKILL'));
    const status = async () => (await askDaemon(daemon.socket, 'GET', '/v1/status')).body as DaemonReport;
    const laneOf = (report: DaemonReport) => report.lanes.find(({ lane, phase }) => lane === 'realtime' && phase === 'started');
    let report = await status().catch(() => undefined);
    while (report === undefined || laneOf(report) === undefined) {
      await pause(50);
      report = await status().catch(() => undefined);
    }
    await talk(laneOf(report)?.pid ?? 0);
    while ((await status()).logRecordsDropped === 0) await pause(50);
  });
});
