/** The files of the daemon, its word to systemd, and the privileges it asks for. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  daemonOf,
  hasDied,
  type LanePlan,
  lackingFor,
  makePrivateDirectory,
  orphanOf,
  removePid,
  systemdNotifier,
  writeAtomically,
  writePid,
} from '@mainstay/core';
import type { PortName } from '@mainstay/sdk';
import { after, afterEach, beforeEach, describe, it } from 'mocha';

describe('files of the daemon', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mainstay-files-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are replaced whole, and a link in their place is replaced, not followed', () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, join(folder, 'state.json'));
    writeAtomically(join(folder, 'state.json'), 'new', 0o600);
    assert.equal(readFileSync(victim, 'utf8'), 'precious');
    assert.deepEqual(
      [lstatSync(join(folder, 'state.json')).isFile(), lstatSync(join(folder, 'state.json')).mode & 0o777],
      [true, 0o600],
    );
    assert.deepEqual(readdirSync(folder).sort(), ['state.json', 'victim']);
  });

  it('leave nothing half-written when the place is not there', () => {
    assert.throws(() => writeAtomically(join(folder, 'missing', 'x'), 'text', 0o600), { code: 'ENOENT' });
    mkdirSync(join(folder, 'taken'));
    assert.throws(() => writeAtomically(join(folder, 'taken'), 'text', 0o600));
    assert.deepEqual(readdirSync(folder), ['taken']);
  });

  it('stand in a directory of their own', () => {
    const path = join(folder, 'a', 'b');
    makePrivateDirectory(path);
    assert.equal(lstatSync(path).mode & 0o777, 0o700);
    chmodSync(path, 0o755);
    makePrivateDirectory(path);
    assert.equal(lstatSync(path).mode & 0o777, 0o700);
    symlinkSync('/tmp', join(folder, 'link'));
    assert.throws(() => makePrivateDirectory(join(folder, 'link')), /not a directory/);
  });

  it('name a daemon only while one of ours lives', () => {
    const path = join(folder, 'x.pid');
    assert.equal(daemonOf(path), undefined);
    for (const text of ['', 'nonsense', '-1', '0', '99999999999', `${process.ppid}\n`, '1\n']) {
      writeFileSync(path, text);
      assert.equal(daemonOf(path), undefined, text);
    }
    writePid(path, 4242);
    assert.equal(readFileSync(path, 'utf8'), '4242\n');
    removePid(path, 1);
    assert.equal(existsSync(path), true);
    removePid(path, 4242);
    assert.equal(existsSync(path), false);
  });
});

describe('processes that a PID file names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mainstay-pid-'));
  const path = join(folder, 'a.pid');
  after(() => rmSync(folder, { recursive: true }));

  /** A process of that title; what `look` answers about its PID file. */
  async function titled<T>(title: string, look: (path: string) => T): Promise<{ readonly pid: number; readonly found: T }> {
    const source = `process.title = ${JSON.stringify(title)}; console.log('up'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', source, ' '.repeat(100)], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await once(child.stdout, 'data');
      writePid(path, child.pid ?? 0);
      return { pid: child.pid ?? 0, found: look(path) };
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }

  it('are daemons, or lanes that their daemon left behind, by their titles', async () => {
    const daemon = await titled('mainstay', (file) => [daemonOf(file), orphanOf(file)]);
    assert.equal((await titled('mainstay', hasDied)).found, false);
    assert.equal((await titled('something else', hasDied)).found, true);
    assert.equal(hasDied(join(folder, 'none')), false);
    assert.deepEqual(daemon.found, [daemon.pid, undefined]);
    const lane = await titled('mainstay: realtime', (file) => [daemonOf(file), orphanOf(file)]);
    assert.deepEqual(lane.found, [undefined, lane.pid]);
    const other = await titled('something else', (file) => [daemonOf(file), orphanOf(file)]);
    assert.deepEqual(other.found, [undefined, undefined]);
  }).timeout(60_000);
});

describe('the word to systemd', () => {
  it('is said where systemd asked for it, one line for each fact', () => {
    const sent: string[] = [];
    const send = (path: string, bytes: Uint8Array) => {
      sent.push(`${path} ${Buffer.from(bytes)}`);
      return 'sent' as const;
    };
    const notifier = systemdNotifier('/run/systemd/notify', send, 7);
    notifier.ready('running\nREADY=0');
    notifier.reloading(5n);
    notifier.stopping('bye');
    assert.deepEqual(sent, [
      '/run/systemd/notify READY=1\nMAINPID=7\nSTATUS=running READY=0',
      '/run/systemd/notify RELOADING=1\nMONOTONIC_USEC=5\nSTATUS=reloading the configuration',
      '/run/systemd/notify STOPPING=1\nSTATUS=bye',
    ]);
    systemdNotifier(undefined, () => assert.fail('nobody asked'), 7).ready('x');
    systemdNotifier('/x', undefined, 7).ready('x');
  });
});

describe('privileges', () => {
  const planOf = (...needs: readonly PortName[]): LanePlan => ({
    lane: 'realtime',
    laneKind: 'realtime',
    schemaOf: [],
    hasChildren: false,
    plugins: [{ name: 'p', entry: '/p', version: '1', origin: 't', manifest: { api: '^0.1.0', lane: 'realtime', needs } }],
  });

  it('are asked for by name where they lack, and only for ports in use', () => {
    assert.equal(lackingFor([planOf('process', 'links')], 0n), undefined);
    assert.match(lackingFor([planOf('ipvs')], 0n) ?? '', /p cannot work without CAP_NET_ADMIN: /);
    assert.match(lackingFor([planOf('addresses', 'rawIp')], 0n) ?? '', /p cannot work without CAP_NET_ADMIN and CAP_NET_RAW/);
    assert.match(lackingFor([planOf('addresses', 'rawIp')], 1n << 13n) ?? '', /without CAP_NET_ADMIN:/);
    assert.equal(lackingFor([planOf('addresses', 'rawIp')], (1n << 12n) | (1n << 13n)), undefined);
  });
});
