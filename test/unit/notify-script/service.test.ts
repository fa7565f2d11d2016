/** Notify scripts through core's own host on a virtual clock: order, limits, identity, shutdown, reload. */
import assert from 'node:assert/strict';
import { mostLogged, outdatedAfterMs, queueLimit } from '@mainstay/notify-script';
import type { TestedPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { ran, startScripts, tell, tellLower } from './harness.js';

const two = `
vrrp_instance VI_1 {
  notify_master "/m 'a b'"
  notify_backup /b
  notify_stop /s
  notify_master_rx_lower_pri /low
  notify "/any g"
}
vrrp_instance VI_2 {
  notify /any2
}
`;

const runs = ({ ports }: TestedPlugin) => ports.process.runs;
const warnings = (plugin: TestedPlugin) =>
  plugin.log.filter(({ level }) => level !== 'info' && level !== 'debug').map((r) => r.message);

describe('notify-script: service', () => {
  it('runs the specific and then the generic script', async () => {
    const plugin = await startScripts(two);
    tell(plugin, 'VI_1', 'master');
    await plugin.advance(1);
    assert.deepEqual(runs(plugin)[0]?.command, ['/m', 'a b']);
    assert.deepEqual(ran(plugin), ['/m a b', '/any g INSTANCE VI_1 MASTER 100']);
  });

  it('runs one script at a time for an instance, in the order of the events; instances do not wait for each other', async () => {
    const plugin = await startScripts(two);
    plugin.ports.process.program('/m', { durationMs: 5000 });
    tell(plugin, 'VI_1', 'master');
    tell(plugin, 'VI_1', 'backup');
    tell(plugin, 'VI_2', 'master');
    await plugin.advance(4999);
    assert.deepEqual(ran(plugin), ['/m a b', '/any2 INSTANCE VI_2 MASTER 100']);
    await plugin.advance(2);
    assert.deepEqual(ran(plugin).slice(2), ['/any g INSTANCE VI_1 MASTER 100', '/b', '/any g INSTANCE VI_1 BACKUP 100']);
  });

  it('goes on after a script that fails, and says so', async () => {
    const plugin = await startScripts(two);
    plugin.ports.process.program('/b', { code: 3 });
    tell(plugin, 'VI_1', 'backup');
    await plugin.advance(1);
    assert.equal(ran(plugin).length, 2);
    assert.ok(warnings(plugin).some((text) => /VI_1: notify_backup \(BACKUP\) \/b: exit code 3/.test(text)));
    const [status] = plugin.status();
    assert.deepEqual([status?.summary.ran, status?.summary.failed, status?.state], [2, 1, 'idle']);
  });

  it('logs what a script prints', async () => {
    const plugin = await startScripts(two);
    plugin.ports.process.program('/b', { output: ['hello'] });
    tell(plugin, 'VI_1', 'backup');
    await plugin.advance(1);
    assert.ok(plugin.log.some(({ message }) => message === 'VI_1: notify_backup (BACKUP) /b: hello'));
  });

  it('gives every script the configured time, by instance before by default', async () => {
    const config = `global_defs {\n notify_timeout 20\n}\n${two.replace('notify /any2', 'notify /any2\n  notify_timeout 7')}`;
    const plugin = await startScripts(config);
    tell(plugin, 'VI_1', 'backup');
    tell(plugin, 'VI_2', 'backup');
    await plugin.advance(1);
    assert.deepEqual(
      runs(plugin)
        .map(({ command, timeoutMs }) => `${command[0]} ${timeoutMs}`)
        .sort(),
      ['/any 20000', '/any2 7000', '/b 20000'],
    );
  });

  it('ends an outdated script once a newer state has waited, and leaves a current one alone', async () => {
    const plugin = await startScripts(two);
    plugin.ports.process.program('/m', { durationMs: 200_000 });
    tell(plugin, 'VI_1', 'master');
    await plugin.advance(30_000);
    tell(plugin, 'VI_1', 'backup');
    await plugin.advance(outdatedAfterMs - 30_001);
    assert.equal(ran(plugin).length, 1);
    await plugin.advance(2);
    assert.ok(ran(plugin).includes('/b'));
    const current = await startScripts(two);
    current.ports.process.program('/m', { durationMs: 200_000 });
    tell(current, 'VI_1', 'master');
    await current.advance(200_001);
    assert.equal(ran(current).length, 2);
    assert.equal(current.status()[0]?.summary.failed, 0);
  });

  it('keeps the newest events when scripts are slower than events, and says which it drops', async () => {
    const plugin = await startScripts(two);
    plugin.ports.process.program('/m', { durationMs: 50_000 });
    tell(plugin, 'VI_1', 'master');
    for (let i = 0; i < queueLimit + 3; i++) tell(plugin, 'VI_1', 'backup');
    assert.equal(plugin.status()[0]?.summary.waiting, queueLimit);
    assert.equal(plugin.status()[0]?.summary.dropped, 3);
    assert.ok(warnings(plugin).some((text) => /VI_1: the scripts for BACKUP are not run: newer events came/.test(text)));
  });

  it('never lets a flood of lower-priority adverts push out a change of state', async () => {
    const plugin = await startScripts(two);
    plugin.ports.process.program('/m', { durationMs: 1000 });
    tell(plugin, 'VI_1', 'master');
    tell(plugin, 'VI_1', 'backup');
    for (let i = 0; i < 1000; i++) tellLower(plugin, 'VI_1');
    assert.equal(plugin.status()[0]?.summary.waiting, 2);
    await plugin.advance(1001);
    assert.deepEqual(ran(plugin).filter((command) => command === '/low').length, 1);
  });

  it('hears nothing of instances without scripts', async () => {
    const plugin = await startScripts('vrrp_instance VI_9 {\n}\n');
    tell(plugin, 'VI_9', 'master');
    tell(plugin, 'unknown', 'master');
    await plugin.advance(1);
    assert.deepEqual(ran(plugin), []);
  });

  it('runs at most 32 scripts at a time', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `VI_${i}`);
    const plugin = await startScripts(names.map((name) => `vrrp_instance ${name} {\n notify /any\n}\n`).join(''));
    plugin.ports.process.program('/any', { durationMs: 100 });
    for (const name of names) tell(plugin, name, 'master');
    await plugin.advance(50);
    assert.equal(ran(plugin).length, 32);
    await plugin.advance(60);
    assert.equal(ran(plugin).length, 40);
  });
});

/** As many instances as may run scripts at once, and some more. */
const names = Array.from({ length: 40 }, (_, i) => `VI_${i}`);
const many = names.map((name) => `vrrp_instance ${name} {\n notify_master /slow\n notify_backup /quick\n}\n`).join('');

describe('notify-script: scripts that wait for their turn', () => {
  const statusOf = (plugin: TestedPlugin, instance: string) => plugin.status().find(({ name }) => name === instance)?.summary;

  it('are given up when newer events have waited long, and the log says which', async () => {
    const plugin = await startScripts(many);
    plugin.ports.process.program('/slow', { durationMs: 100_000 });
    for (const name of names) tell(plugin, name, 'master');
    tell(plugin, 'VI_39', 'backup');
    await plugin.advance(outdatedAfterMs - 1);
    assert.deepEqual(
      warnings(plugin).filter((text) => text.includes('not run')),
      [],
    );
    await plugin.advance(2);
    assert.deepEqual(
      warnings(plugin).filter((text) => text.includes('not run')),
      ['VI_39: notify_master (MASTER) /slow is not run: 32 others kept it waiting, and newer events came'],
    );
    assert.deepEqual([statusOf(plugin, 'VI_39')?.dropped, statusOf(plugin, 'VI_38')?.dropped], [1, 0]);
    await plugin.advance(100_000);
    assert.ok(ran(plugin).includes('/quick'));
    assert.equal(statusOf(plugin, 'VI_39')?.ran, 1);
  });

  it('have their whole time from their start on', async () => {
    const plugin = await startScripts(many);
    plugin.ports.process.program('/slow', { durationMs: 50_000 });
    for (const name of names) tell(plugin, name, 'master');
    tell(plugin, 'VI_39', 'backup');
    await plugin.advance(101_000);
    assert.deepEqual([statusOf(plugin, 'VI_39')?.ran, statusOf(plugin, 'VI_39')?.failed], [2, 0]);
  });

  it('are counted and named where the stop comes first', async () => {
    const plugin = await startScripts(many);
    plugin.ports.process.program('/slow', { durationMs: Number.POSITIVE_INFINITY });
    for (const name of names) tell(plugin, name, 'master');
    tell(plugin, 'VI_0', 'backup');
    await plugin.stop();
    const [told, ...others] = warnings(plugin).filter((text) => text.includes('not run'));
    assert.deepEqual(others, []);
    const waiting = names.slice(32).map((name) => `${name}: notify_master (MASTER) /slow`);
    assert.equal(told, `not run because of the stop: VI_0: the scripts for BACKUP; ${waiting.join('; ')}`);
  });

  it('are not all named', async () => {
    const plugin = await startScripts(many);
    plugin.ports.process.program('/slow', { durationMs: Number.POSITIVE_INFINITY });
    for (const name of names) tell(plugin, name, 'master');
    for (const name of names) tell(plugin, name, 'backup');
    await plugin.stop();
    const told = warnings(plugin).filter((text) => text.includes('not run'));
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /: VI_0: the scripts for BACKUP; .*; and 28 more$/);
  });
});

describe('notify-script: identity and security', () => {
  it('runs as the user of the script, else script_user, else keepalived_script', async () => {
    const config = (global: string) =>
      `global_defs {\n${global}\n}\nvrrp_instance V {\n notify_master "/m x" joe :staff\n notify /any\n}\n`;
    const who = async (global: string) => {
      const plugin = await startScripts(config(global));
      tell(plugin, 'V', 'master');
      await plugin.advance(1);
      return runs(plugin).map(({ user, group }) => [user, group]);
    };
    assert.deepEqual(await who('script_user svc'), [
      ['joe', 'staff'],
      ['svc', undefined],
    ]);
    assert.deepEqual(await who('script_user svc grp'), [
      ['joe', 'staff'],
      ['svc', 'grp'],
    ]);
    assert.deepEqual(await who(''), [
      ['joe', 'staff'],
      ['keepalived_script', undefined],
    ]);
  });

  it('runs an insecure script with a warning, and refuses it under enable_script_security', async () => {
    const start = async (global: string) => {
      const plugin = await startScripts(`global_defs {\n script_user root\n ${global}\n}\nvrrp_instance V {\n notify /any\n}\n`);
      plugin.ports.process.problem('/any', { kind: 'insecure', message: '/any may be written by everybody' });
      tell(plugin, 'V', 'master');
      await plugin.advance(1);
      return plugin;
    };
    assert.equal(ran(await start('')).length, 1);
    const refused = await start('enable_script_security');
    assert.equal(ran(refused).length, 0);
    assert.ok(warnings(refused).some((text) => /refused: \/any may be written by everybody/.test(text)));
  });

  it('runs nothing as root under enable_script_security where nobody is named', async () => {
    const absent = { kind: 'unknown-user', message: 'there is no user "keepalived_script" on this host' } as const;
    const start = async (global: string) => {
      const text = `global_defs {\n ${global}\n}\nvrrp_instance V {\n notify_backup /own joe\n notify /any\n}\n`;
      const plugin = await startScripts(text);
      plugin.ports.process.problem('/bin/sh', absent);
      return plugin;
    };
    const secured = await start('enable_script_security');
    const [found, ...others] = await secured.host.verify();
    assert.deepEqual(others, []);
    assert.deepEqual([found?.severity, found?.code, found?.at.line], ['error', 'SCRIPT_NO_USER', 6]);
    assert.match(found?.message ?? '', /^V: notify: it names no user, .*there is no user .*; this script will not run$/);
    assert.match(found?.hint ?? '', /set script_user .*or make the user keepalived_script/);
    tell(secured, 'V', 'backup');
    await secured.advance(1);
    assert.deepEqual(ran(secured), ['/own']);
    assert.ok(warnings(secured).some((text) => /^V: notify \(BACKUP\) \/any: not run: it names no user/.test(text)));
    secured.ports.process.problem('/bin/sh', { kind: 'insecure', message: 'of no concern here' });
    tell(secured, 'V', 'backup');
    await secured.advance(1);
    assert.equal(runs(secured).at(-1)?.user, 'keepalived_script', 'it was made meanwhile');
    const open = await start('');
    assert.deepEqual(await open.host.verify(), []);
    tell(open, 'V', 'backup');
    await open.advance(1);
    assert.equal(runs(open).at(-1)?.user, undefined);
  });

  it('finds what is wrong for `mainstay check`, with positions', async () => {
    const plugin = await startScripts('vrrp_instance V {\n  notify_master /gone\n  notify "/open x" root\n}\n');
    plugin.ports.process.problem('/gone', { kind: 'missing', message: '/gone does not exist' });
    plugin.ports.process.problem('/open', { kind: 'insecure', message: '/open may be written by everybody' });
    const found = (await plugin.host.verify()).map(({ severity, code, message, at }) => ({
      severity,
      code,
      message,
      line: at.line,
    }));
    assert.deepEqual(found, [
      {
        severity: 'error',
        code: 'SCRIPT_MISSING',
        message: 'V: notify_master: /gone does not exist; this script will not run',
        line: 2,
      },
      {
        severity: 'warning',
        code: 'SCRIPT_SECURITY_INSECURE',
        message: 'V: notify: /open may be written by everybody; it is run all the same',
        line: 3,
      },
    ]);
  });
});

describe('notify-script: review of many scripts', () => {
  const config = names
    .map(
      (name, i) =>
        `vrrp_instance ${name} {\n notify_master "/gone ${i}"\n notify_backup "/gone x" ${i % 2 === 0 ? 'joe' : 'jim'}\n}\n`,
    )
    .join('');

  it('looks at a program once for each user', async () => {
    const plugin = await startScripts(config);
    const { process } = plugin.ports;
    const asked: string[] = [];
    const inspect = process.inspect.bind(process);
    process.inspect = (command, identity) => {
      asked.push(`${command[0]} ${identity?.user}`);
      return inspect(command, identity);
    };
    process.problem('/gone', { kind: 'missing', message: '/gone does not exist' });
    const found = await plugin.host.verify();
    assert.equal(found.length, 80);
    assert.deepEqual(new Set(found.map(({ at }) => at.line)).size, 80);
    assert.deepEqual(asked.sort(), ['/bin/sh keepalived_script', '/gone jim', '/gone joe', '/gone keepalived_script']);
  });

  it('names the first in the log, and how many there are more', async () => {
    const plugin = await startScripts(config);
    plugin.ports.process.problem('/gone', { kind: 'missing', message: '/gone does not exist' });
    await plugin.reload(config.replace('/gone 0', '/gone zero'));
    await plugin.advance(1);
    const told = warnings(plugin);
    assert.equal(told.length, mostLogged + 1);
    assert.match(told[0] ?? '', /^VI_0: notify_master: \/gone does not exist; this script will not run/);
    assert.equal(told.at(-1), '60 more scripts are found wanting: "mainstay check" names them all');
  });
});

describe('notify-script: shutdown and reload', () => {
  it('finishes STOP scripts, skips what they make pointless and ends what is under way', async () => {
    const plugin = await startScripts(two);
    plugin.ports.process.program('/m', { durationMs: 60_000 });
    plugin.ports.process.program('/s', { durationMs: 2000 });
    tell(plugin, 'VI_1', 'master');
    await plugin.advance(10);
    tell(plugin, 'VI_1', 'backup');
    tell(plugin, 'VI_1', 'stopped');
    const before = plugin.clock.now();
    await plugin.stop();
    assert.deepEqual(plugin.machine.isRunning, false);
    const log = plugin.log.map(({ message }) => message);
    assert.ok(
      log.some((text) => /VI_1: notify_stop \(STOP\) \/s: done after 2000 ms/.test(text)),
      log.join('\n'),
    );
    assert.ok(!log.some((text) => /notify_backup/.test(text)));
    assert.ok(plugin.clock.now() - before < 5000);
  });

  it('does not wait longer than the host does', async () => {
    const plugin = await startScripts(two);
    plugin.ports.process.program('/s', { durationMs: Number.POSITIVE_INFINITY });
    tell(plugin, 'VI_1', 'stopped');
    const before = plugin.clock.now();
    await plugin.stop();
    assert.ok(plugin.clock.now() - before < 5000);
    assert.ok(!plugin.log.some(({ message }) => /did not stop cleanly/.test(message)));
  });

  it('takes over a new configuration, and still tells the scripts of an instance that it removes', async () => {
    const plugin = await startScripts(two);
    const result = await plugin.reload('vrrp_instance VI_1 {\n notify_backup /new\n}\n');
    assert.deepEqual(result.ok && result.restarted, []);
    tell(plugin, 'VI_2', 'deleted');
    tell(plugin, 'VI_1', 'backup');
    await plugin.advance(1);
    assert.deepEqual([...ran(plugin)].sort(), ['/any2 INSTANCE VI_2 FAULT 100', '/new']);
  });
});

describe('notify-script: configuration', () => {
  const refused = async (line: string, pattern: RegExp) => {
    await assert.rejects(startScripts(`vrrp_instance V {\n  ${line}\n}\n`), pattern);
  };

  it('refuses what it cannot run, with the position', async () => {
    await refused('notify_master', /test\.conf:2:\d+: error: the script is missing/);
    await refused('notify_master /m user group extra', /test\.conf:2:\d+: error: "extra" is one word too many/);
    await refused('notify ""', /the command is empty/);
    await refused('smtp_alert loud', /"loud" is not a boolean/);
  });
});
