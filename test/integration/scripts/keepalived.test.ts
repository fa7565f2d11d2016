/**
 * What scripts are given, compared with the real keepalived: one configuration, one story (start, master, fault, recovery,
 * removal by reload, stop), and each program's scripts write down their arguments and identity.
 */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { until } from '../../support/command.js';
import { Lan } from '../../support/netns.js';
import { Daemon, type Program } from '../../support/peers.js';

let folder = '';
let lan: Lan;

const recorder = `#!/bin/bash
line="$(basename "$0")$(printf ' <%s>' "$@") as $(id -u):$(id -g):$(id -G)"
echo "$line" >> "$(dirname "$0")/log"
`;

function instance(name: string, id: number, lines: readonly string[]): string {
  const body = [
    'interface eth0',
    `virtual_router_id ${id}`,
    'version 3',
    'advert_int 0.1',
    'priority 150',
    `virtual_ipaddress {\n    10.9.0.${100 + id}/24\n  }`,
    ...lines,
  ];
  return `vrrp_instance ${name} {\n${body.map((line) => `  ${line}\n`).join('')}}\n`;
}

function configurations(scripts: string): { readonly first: string; readonly reloaded: string } {
  const kept = instance('VI_1', 51, [
    `notify_master "${scripts}/specific master 'a b' \\"c d\\"" nobody`,
    `notify_backup "${scripts}/specific backup" nobody daemon`,
    `notify_fault ${scripts}/specific`,
    `notify_stop "${scripts}/specific stop"`,
    `notify "${scripts}/generic g"`,
  ]);
  const removed = [
    instance('WITH', 52, [`notify "${scripts}/generic with"`, `notify_deleted "${scripts}/specific deleted"`]),
    instance('BARE', 53, [`notify "${scripts}/generic bare"`, 'notify_deleted']),
    instance('NONE', 54, [`notify "${scripts}/generic none"`, `notify_fault "${scripts}/specific fault"`]),
  ];
  const global = 'global_defs {\n  script_user root\n}\n';
  return { first: global + kept + removed.join(''), reloaded: global + kept };
}

/** Tells the story to one program; answers the lines that its scripts wrote in each chapter, sorted: keepalived's race. */
async function story(program: Program): Promise<Readonly<Record<string, readonly string[]>>> {
  const scripts = join(folder, program);
  const host = lan.host('a');
  const { first, reloaded } = configurations(scripts);
  const log = () =>
    existsSync(`${scripts}/log`) ? readFileSync(`${scripts}/log`, 'utf8').trim().split('\n').filter(Boolean) : [];
  let seen = 0;
  const chapters: Record<string, readonly string[]> = {};
  const chapter = async (name: string, lines: number) => {
    await until(
      `${program} runs ${lines} scripts for ${name}, after ${log().slice(seen).join(' | ')}`,
      8000,
      () => log().length >= seen + lines,
    );
    chapters[name] = log().slice(seen).sort();
    seen = log().length;
  };
  const daemon = Daemon.start({ program, host, conf: first, id: 'a' });
  try {
    // Backup and master of four instances; three have one script, the first has two.
    await chapter('start', 10);
    await host.ip('link', 'set', 'eth0', 'down');
    await chapter('fault', 6);
    await host.ip('link', 'set', 'eth0', 'up');
    await chapter('recovery', 10);
    writeFileSync(join(daemon.folder, 'keepalived.conf'), reloaded);
    daemon.process.signal('SIGHUP');
    await chapter('removal', 4);
    daemon.process.signal('SIGTERM');
    await chapter('stop', 2);
    await daemon.process.ended;
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${daemon.log}`);
  } finally {
    await daemon.process.stop('SIGKILL', 1000);
  }
  return chapters;
}

describe('notify scripts beside keepalived', function () {
  this.timeout(60_000);
  let reference: Awaited<ReturnType<typeof story>>;

  before(async () => {
    // Reachable for every user, and owned by root: nothing for script security to say.
    folder = mkdtempSync(join(tmpdir(), 'mainstay-notify-'));
    chmodSync(folder, 0o755);
    for (const program of ['keepalived', 'mainstay']) {
      mkdirSync(join(folder, program));
      for (const name of ['specific', 'generic']) writeFileSync(join(folder, program, name), recorder, { mode: 0o755 });
      writeFileSync(join(folder, program, 'log'), '');
      chmodSync(join(folder, program, 'log'), 0o666);
    }
    lan = await Lan.create('a');
    reference = await story('keepalived');
  });
  after(() => {
    lan?.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  it('keepalived gives specific scripts no arguments of its own, and the generic one four', () => {
    assert.deepEqual(reference.removal, [
      'generic <bare> <INSTANCE> <BARE> <DELETED> <150> as 0:0:0',
      'generic <none> <INSTANCE> <NONE> <FAULT> <150> as 0:0:0',
      'generic <with> <INSTANCE> <WITH> <DELETED> <150> as 0:0:0',
      'specific <deleted> as 0:0:0',
    ]);
    assert.ok(reference.start?.includes('specific <master> <a b> <c d> as 65534:65534:65534'));
    assert.deepEqual(reference.stop, ['generic <g> <INSTANCE> <VI_1> <STOP> <150> as 0:0:0', 'specific <stop> as 0:0:0']);
  });

  it('Mainstay runs the same scripts with the same arguments as the same users', async () => {
    assert.deepEqual(await story('mainstay'), reference);
  });
});
