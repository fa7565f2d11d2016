/** The checkers in a real daemon, each block bound in one lane and probed in another: their words cross between processes. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { freePort, startNameServer } from '../../support/real-servers.js';
import { root } from '../../support/repository.js';
import { plugin, runCommand, TestDaemon } from '../daemon-harness.js';

const names = ['dns', 'udp', 'ping', 'misc', 'file'];
const plugins = names.map((name) => `plugin checker-${name} { package ${join(root, 'plugins', `checker-${name}`)} }\n`).join('');

describe('checkers in a daemon', function () {
  this.timeout(120_000);
  let daemon: TestDaemon;
  beforeEach(() => {
    daemon = new TestDaemon();
  });
  afterEach(() => daemon.cleanUp());

  const path = (name: string) => join(daemon.directory, name);
  const server = (name: string, check: string) => `balanced ${name} {\n alpha\n ${check}\n}\n`;
  const configure = (...parts: readonly string[]) => daemon.configure(`${plugin('balancing')}${plugins}${parts.join('')}`);

  function script(name: string, text: string): string {
    writeFileSync(path(name), `#!/bin/sh\n${text}\n`);
    chmodSync(path(name), 0o755);
    return path(name);
  }

  it('find servers up and down', async () => {
    const zone = await startNameServer('example.test');
    const closed = await freePort();
    const misc = script('misc', `read code <${path('code')}; exit $code`);
    writeFileSync(path('code'), '0\n');
    const connect = (port: number) => `connect_ip 127.0.0.1\nconnect_port ${port}\n`;
    configure(
      server('name', `DNS_CHECK {\n${connect(zone.port)}type A\nname www.example.test\n}`),
      server('datagram', `UDP_CHECK {\n${connect(closed)}payload 00 ff\nconnect_timeout 0.5\n}`),
      server('host', 'PING_CHECK {\nconnect_ip 127.0.0.1\n}'),
      server('script', `MISC_CHECK {\nmisc_path ${misc}\nmisc_timeout 5\n}`),
    );
    const listener = createSocket('udp4').bind(closed, '127.0.0.1');
    try {
      await daemon.start();
      await daemon.said('name 0 turned up: A www.example.test: NOERROR, 1 answer');
      await daemon.said('datagram 0 turned up: no ICMP error came');
      await daemon.said('host 0 turned up: an echo reply came');
      await daemon.said('script 0 turned up: exit code 0');
      listener.close();
      writeFileSync(path('code'), '3\n');
      await zone.stop();
      await daemon.said('name 0 turned down: A www.example.test:');
      await daemon.said('datagram 0 turned down:');
      await daemon.said('script 0 turned down: exit code 3');
    } finally {
      await zone.stop();
    }
  });

  it('follow files, also over a reload and a new process', async () => {
    const trackFile = (name: string) => `track_file load {\nfile ${path(name)}\ninit_file 0 overwrite\n}\n`;
    const check = server('one', 'FILE_CHECK {\ntrack_file load\nweight 0\n}');
    const write = (name: string, text: string) => {
      writeFileSync(path('beside'), text);
      renameSync(path('beside'), path(name));
    };
    write('first', '5');
    configure(trackFile('first'), check);
    await daemon.start();
    await daemon.said('one 0 turned up: the file says 0');
    write('first', '1');
    await daemon.said('one 0 turned down: the file says 1');
    process.kill(await daemon.lanePid('health'), 'SIGKILL');
    await daemon.said('health lane (pid');
    write('first', '0');
    await daemon.said('one 0 turned up: the file says 0', 2);
    write('second', '7');
    configure(trackFile('second'), check);
    daemon.signal('SIGHUP');
    await daemon.said('one 0 turned down: the file says 7');
    const file = (await daemon.status()).objects.find(({ kind }) => kind === 'track_file');
    assert.deepEqual([file?.name, file?.state, file?.detail.file], ['load', '7', path('second')]);
  });

  it('are checked as a configuration: scripts that are missing, names that are wrong', async () => {
    configure(
      'track_file load {\nfile /run/load\n}\n',
      server('one', 'MISC_CHECK {\nmisc_path /nowhere/check\n}'),
      server('two', 'FILE_CHECK {\ntrack_file laod\n}'),
    );
    const wrong = await runCommand('check', '-f', daemon.file);
    assert.match(wrong.output, /there is no track_file laod.*did you mean "load"/);
    assert.notEqual(wrong.code, 0);
    configure('global_defs {\nscript_user nobody\n}\n', server('one', 'MISC_CHECK {\nmisc_path /nowhere/check\n}'));
    const missing = await runCommand('check', '-f', daemon.file);
    assert.match(missing.output, /one: misc_path: .*\/nowhere\/check.*this script will not run/);
    assert.notEqual(missing.code, 0);
  });

  it('do not start what only shares a keyword with others', async () => {
    daemon.configure(`global_defs {\nscript_user nobody\n}\n${plugin('balancing')}balanced one {\n}\n`);
    await daemon.start();
    const { lanes } = await daemon.status();
    // Neither the lane of notify scripts nor that of MISC_CHECK, which both know script_user.
    assert.deepEqual(lanes.map(({ lane }) => lane).sort(), ['balance', 'extension:notify-file']);
  });
});
