/** MISC_CHECK with real scripts: what they get, how they end, and that nothing of them is left. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkerMisc } from '@mainstay/checker-misc';
import { after, before, describe, it } from 'mocha';
import { bindChecks } from '../../support/checker-config.js';
import { until } from '../../support/command.js';
import { nothingBut, openNow } from '../../support/descriptors.js';
import { inShort, probe } from '../../support/probe.js';

describe('MISC_CHECK with real scripts', function () {
  this.timeout(30_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mainstay-misc-'));
    chmodSync(folder, 0o755);
  });
  after(() => rmSync(folder, { recursive: true }));

  function script(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  async function run(config: string, deadlineMs = 10_000): Promise<string> {
    const [checker] = bindChecks(checkerMisc(), '').checkers;
    assert.ok(checker !== undefined);
    return inShort(await probe(checker, {}, config, deadlineMs));
  }

  it('goes by the exit code, and tells what a failing one said', async () => {
    const path = script('exits', 'echo "arguments: $*"\nexit $1');
    assert.equal(await run(`misc_path "${path} 0"`), 'up: exit code 0');
    assert.equal(await run(`misc_path "${path} 3 'a b' c"`), 'down: exit code 3: arguments: 3 a b c');
    assert.equal(await run(`misc_path "${path} 3"\nmisc_dynamic`), 'up: exit code 3');
  });

  it('ends a script that takes too long, with its children', async () => {
    const pidFile = join(folder, 'child.pid');
    const path = script('hangs', `sleep 300 &\necho $! >${pidFile}\nwait`);
    // What a process has from its first child on is there before anything is counted.
    await run(`misc_path ${script('warms', 'exit 0')}`);
    const open = openNow();
    assert.match(await run(`misc_path ${path}\nmisc_timeout 0.5`), /^down: the script did not end in [0-9.]+ s$/);
    assert.match(await run(`misc_path ${path}\nmisc_timeout 60`, 500), /^down: /);
    await nothingBut(open, 'a script that took too long');
    const child = Number(readFileSync(pidFile, 'utf8'));
    await until('its child is gone', 5000, () => !isAlive(child));
  });

  it('runs a text without an interpreter line by the shell, and says what cannot run', async () => {
    const path = join(folder, 'plain');
    writeFileSync(path, 'exit 0\n');
    chmodSync(path, 0o755);
    assert.equal(await run(`misc_path ${path}`), 'up: exit code 0');
    assert.match(await run(`misc_path ${join(folder, 'absent')}`), /^up: not checked: .*absent/);
    assert.match(await run(`misc_path ${path}\nuser nobody-of-this-name`), /^up: not checked: .*nobody-of-this-name/);
  });

  it('runs as another user', async () => {
    const path = script('who', 'test "$(id -un)" = nobody');
    assert.equal(await run(`misc_path ${path}\nuser nobody`), 'up: exit code 0');
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie that nobody has collected yet is none of ours.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
