/**
 * Somebody works on our part of the kernel's table with ipvsadm, and unloads its module: the next audit repairs what is ours, says so,
 * and leaves alone what is not; and an edit that meets such a table (EEXIST, ENOENT, ESRCH) finds its way. Time is virtual, so that an
 * audit comes when the test says. Started in the lab by scripts/test.mjs.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { Host } from '@mainstay/core';
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import { createVirtualClock, type LogRecord, type VirtualClock } from '@mainstay/testing';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { until } from '../support/command.js';
import { sortedTableText } from '../support/ipvsadm-text.js';
import { onlyInTheLab } from '../support/lab.js';
import { Shell } from '../support/shell.js';
import { treeOf } from '../unit/ipvs/configs.js';
import { FakeAddresses, FakeChecks, hostOf } from '../unit/ipvs/stand.js';

/** For what hangs. */
const patienceMs = 120_000;
const auditMs = 60_000;
const server = (n: number) => `real_server 10.0.0.${n} 80 {\n weight 3\n TCP_CHECK {\n }\n}\n`;
const virtual = (n: number) => `virtual_server 192.0.2.${n} 80 {\n protocol TCP\n lvs_sched wlc\n ${server(1)}${server(2)}}\n`;
const globals = 'global_defs {\n lvs_timeouts tcp 111 udp 55\n lvs_sync_daemon lo id 7\n}\n';
const one = 'TCP  192.0.2.1:80 wlc\n  -> 10.0.0.1:80 Masq 3\n  -> 10.0.0.2:80 Masq 3\n';
const two = `${one}${one.replace('192.0.2.1', '192.0.2.2')}`;
const foreign = 'TCP  192.0.2.99:443 rr\n  -> 10.0.0.9:443 Route 1\n';
const addForeign = 'ipvsadm -A -t 192.0.2.99:443 -s rr; ipvsadm -a -t 192.0.2.99:443 -r 10.0.0.9:443 -g';
const service = '-t 192.0.2.1:80';

describe('somebody with ipvsadm', function () {
  this.timeout(2 * patienceMs);
  onlyInTheLab();
  const kernel = new LinuxIpvs();
  const shell = new Shell();
  let clock: VirtualClock;
  let checks: FakeChecks;
  let host: Host;
  let log: LogRecord[];

  const table = async () =>
    sortedTableText((await kernel.read()).map((found) => ({ service: found, destinations: found.destinations })));
  const becomes = (expected: string) => until(`the table is\n${expected}`, patienceMs, async () => (await table()) === expected);
  const complaints = () => log.filter(({ level }) => level === 'warn' || level === 'error').map(({ message }) => message);
  const says = (...expected: readonly string[]) =>
    until(`it says ${expected.join('\n')}`, patienceMs, () => complaints().length >= expected.length).finally(() =>
      assert.deepEqual([...complaints()].sort(), [...expected].sort()),
    );
  /** Begins one; what comes of it takes real time. */
  const audit = () => clock.advance(auditMs + 1);

  async function start(config: string): Promise<void> {
    host = hostOf({ ipvs: kernel, clock, log, checks, addresses: new FakeAddresses() });
    const wrong = host.bind(await treeOf(config), { unknownKeywords: 'error' });
    assert.deepEqual(wrong, []);
    host.freeze();
    await host.start();
  }

  before(() => kernel.flush());
  beforeEach(() => {
    clock = createVirtualClock();
    checks = new FakeChecks();
    log = [];
  });
  afterEach(async () => {
    await host.stop('shutdown');
    await kernel.flush();
  });
  after(() => {
    shell.close();
    kernel.close();
  });

  it('who deletes a server and a service, changes a weight, a threshold and a scheduler', async () => {
    await start(virtual(1) + virtual(2));
    await becomes(two);
    await shell.run(
      [
        `ipvsadm -d ${service} -r 10.0.0.1:80`,
        `ipvsadm -e ${service} -r 10.0.0.2:80 -m -w 9 -x 50`,
        `ipvsadm -E ${service} -s rr`,
        'ipvsadm -D -t 192.0.2.2:80',
        addForeign,
        `ipvsadm -a ${service} -r 10.0.0.77:80 -m -w 2`,
      ].join(' && '),
    );
    await audit();
    const kept = `${two.replace('\nTCP', '\n  -> 10.0.0.77:80 Masq 2\nTCP')}${foreign}`;
    await becomes(kept);
    await says(
      'somebody else has changed the service TCP 192.0.2.1:80: its lvs_sched is rr, we left it at wlc; it is changed back',
      'somebody else has removed 10.0.0.1:80 from TCP 192.0.2.1:80: it is put back',
      'somebody else has changed 10.0.0.2:80 in TCP 192.0.2.1:80: its weight is 9, we left it at 3; its uthreshold is 50, we left it at 0; it is changed back',
      'somebody else has added 10.0.0.77:80 to TCP 192.0.2.1:80: it is not ours and stays, unchecked',
      'somebody else has removed the service TCP 192.0.2.2:80: it is put back',
    );
    await audit();
    checks.tell('10.0.0.1', false);
    await becomes(kept.replaceAll('  -> 10.0.0.1:80 Masq 3\n', ''));
    assert.equal(complaints().filter((text) => text.startsWith('somebody')).length, 5);
    await host.stop('shutdown');
    assert.equal(await table(), foreign);
  });

  it('who leaves a service without a scheduler', async () => {
    await start(virtual(1));
    await shell.run(`ipvsadm -E ${service} -s none`);
    await becomes(one.replace('wlc', 'none'));
    await audit();
    await becomes(one);
    const why = 'somebody else has left it so, or the kernel, which had let go of it for a change that failed';
    await says(`the service TCP 192.0.2.1:80 has lost its scheduler and takes no new connections: ${why}; it gets one`);
  });

  it('who empties the table', async () => {
    await start(virtual(1) + virtual(2));
    await shell.run(`${addForeign}; ipvsadm -C`);
    await audit();
    await becomes(two);
    await says(
      'somebody else has removed the service TCP 192.0.2.1:80: it is put back',
      'somebody else has removed the service TCP 192.0.2.2:80: it is put back',
    );
  });

  it('who has added what we add (EEXIST), with other settings', async () => {
    await start(virtual(1));
    checks.tell('10.0.0.1', false);
    await becomes(one.replace('  -> 10.0.0.1:80 Masq 3\n', ''));
    log.length = 0;
    await shell.run(`ipvsadm -a ${service} -r 10.0.0.1:80 -m -w 9; ipvsadm -A -t 192.0.2.2:80 -s rr`);
    checks.tell('10.0.0.1', true);
    await becomes(`${one}TCP  192.0.2.2:80 rr\n`);
    await host.reload(await treeOf(virtual(1) + virtual(2)), { unknownKeywords: 'error' });
    await becomes(two);
    // A service that was there before the configuration had it is taken over as at a start.
    await says('somebody else has added 10.0.0.1:80 to TCP 192.0.2.1:80: it is ours now');
  });

  it('who has deleted what we change (ENOENT) and what we change something in (ESRCH)', async () => {
    await start(virtual(1) + virtual(2));
    await shell.run(`ipvsadm -d ${service} -r 10.0.0.1:80; ipvsadm -D -t 192.0.2.2:80`);
    checks.tell('10.0.0.1', true, { weight: 5 });
    await becomes(two.replaceAll('10.0.0.1:80 Masq 3', '10.0.0.1:80 Masq 5'));
    await says(
      'somebody else has removed 10.0.0.1:80 from TCP 192.0.2.1:80: it is put back',
      'somebody else has removed the service TCP 192.0.2.2:80: it is put back',
    );
  });

  it('who has taken away what we remove: nothing to say', async () => {
    await start(virtual(1));
    await shell.run(`ipvsadm -d ${service} -r 10.0.0.1:80`);
    checks.tell('10.0.0.1', false);
    await becomes(one.replace('  -> 10.0.0.1:80 Masq 3\n', ''));
    assert.deepEqual(
      complaints().filter((text) => text.startsWith('somebody')),
      [],
    );
  });

  it('who changes timeouts and ends a sync daemon, and unloads the module', async () => {
    const timeouts = () => shell.run('ipvsadm -l --timeout');
    const daemons = async () => (await shell.run('ipvsadm -l --daemon')).match(/^(master|backup) sync.*syncid=\d+/gm)?.sort();
    const isAsConfigured = async () =>
      / 111 120 55/.test(await timeouts()) && JSON.stringify(await daemons()) === JSON.stringify(both);
    const both = ['backup sync daemon (mcast=lo, syncid=7', 'master sync daemon (mcast=lo, syncid=7'];
    await start(globals + virtual(1));
    await until('timeouts and sync daemons are as configured', patienceMs, isAsConfigured);
    await audit();
    await shell.run('ipvsadm --set 0 0 77; ipvsadm --stop-daemon master');
    await audit();
    await until('timeouts and sync daemons are as configured again', patienceMs, isAsConfigured);
    await says(
      'lvs_timeouts was not in force: udp is 77 s, not 55 s. Somebody else has changed it, or the module ip_vs was loaded anew: it is set again',
      'the master sync daemon on lo did not run, so connections were not synchronised: somebody else has ended it, or the module ip_vs was loaded anew; it is started again',
    );
    await shell.run('ipvsadm -C; ipvsadm --stop-daemon master; ipvsadm --stop-daemon backup');
    await shell.run('for name in $(grep -o "^ip_vs_[a-z_]*" /proc/modules) ip_vs; do /sbin/modprobe -r $name; done; true');
    assert.equal(existsSync('/proc/net/ip_vs'), false);
    await audit();
    await becomes(one);
    await until('timeouts and sync daemons are as configured again', patienceMs, isAsConfigured);
    assert.equal(complaints().length, 2 + 4);
  });
});
