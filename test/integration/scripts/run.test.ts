/** The process port against real programs: identity, environment, descriptors, limits and the certain end of a run. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHostPorts } from '@mainstay/core';
import type { ScriptOptions, ScriptResult } from '@mainstay/sdk';
import { after, before, describe, it } from 'mocha';

const port = openHostPorts().process;
let folder = '';

interface Told {
  readonly result: ScriptResult;
  readonly lines: readonly string[];
}

/** Runs a shell text as a script file. */
async function sh(text: string, options: Partial<ScriptOptions> = {}, args: readonly string[] = []): Promise<Told> {
  const path = script(text);
  const lines: string[] = [];
  const result = await port.run({
    command: [path, ...args],
    timeoutMs: 10_000,
    onOutput: (line) => lines.push(line),
    ...options,
  });
  return { result, lines };
}

let count = 0;
function script(text: string, firstLine = '#!/bin/bash\n'): string {
  const path = join(folder, `script-${++count}`);
  writeFileSync(path, firstLine + text);
  chmodSync(path, 0o755);
  return path;
}

/** Resolves when the process has gone or is a zombie. Polls: there is no event for somebody else's child. */
async function gone(pid: number): Promise<void> {
  for (const end = Date.now() + 5000; Date.now() < end; ) {
    let state = '';
    try {
      state = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '');
    } catch {
      return;
    }
    if (state.startsWith('Z')) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`process ${pid} is still there`);
}

describe('process port: run', () => {
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mainstay-scripts-'));
    chmodSync(folder, 0o755);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('hands over the arguments as they are and answers the exit code', async () => {
    const { result, lines } = await sh('printf "<%s>" "$@"; exit 3', {}, ['a b', '', '$HOME', ';id']);
    assert.equal(result.outcome, 'exited');
    assert.equal(result.outcome === 'exited' && result.code, 3);
    assert.deepEqual(lines, ['<a b><><$HOME><;id>']);
  });

  it('tells standard output and standard error apart, line by line, also the unfinished last one', async () => {
    const heard: string[] = [];
    await sh('echo one; echo two >&2; printf three', { onOutput: (line, stream) => heard.push(`${stream}:${line}`) });
    assert.deepEqual(heard.sort(), ['stderr:two', 'stdout:one', 'stdout:three']);
  });

  it('runs as the named user and group, without any supplementary group', async () => {
    const { lines } = await sh('id -u; id -g; id -G', { user: 'nobody', group: 'daemon' });
    const daemonGid = /^daemon:[^:]*:(\d+)/m.exec(readFileSync('/etc/group', 'utf8'))?.[1] ?? '?';
    assert.deepEqual(lines, ['65534', daemonGid, daemonGid]);
  });

  it('takes the primary group of the user where no group is named, and numbers for both', async () => {
    assert.deepEqual((await sh('id -u; id -G', { user: 'nobody' })).lines, ['65534', '65534']);
    assert.deepEqual((await sh('id -u; id -G', { user: '4321', group: '8765' })).lines, ['4321', '8765']);
  });

  it('drops the supplementary groups of a daemon that was started with some', async function () {
    this.timeout(10_000);
    const runner = join(folder, 'groups.mjs');
    const module = import.meta.resolve('@mainstay/core');
    writeFileSync(
      runner,
      `import { openHostPorts } from ${JSON.stringify(module)};
       for (const who of [{}, { user: 'nobody' }, { user: 'root' }])
         await openHostPorts().process.run({ command: ['/usr/bin/id', '-G'], timeoutMs: 5000, onOutput: (l) => console.log(l), ...who });`,
    );
    const child = spawn('setpriv', ['--groups', '4,27', process.execPath, runner], { stdio: ['ignore', 'pipe', 'inherit'] });
    const text = await new Response(child.stdout as never).text();
    assert.deepEqual(text.trim().split('\n'), ['0', '65534', '0']);
  });

  it('hands no capability on, not even an ambient one', async function () {
    this.timeout(10_000);
    const runner = join(folder, 'caps.mjs');
    const module = import.meta.resolve('@mainstay/core');
    writeFileSync(
      runner,
      `import { openHostPorts } from ${JSON.stringify(module)};
       import { readFileSync } from 'node:fs';
       console.log(readFileSync('/proc/self/status', 'utf8').match(/CapAmb.*/)[0]);
       const command = ['/bin/grep', '-E', 'Cap(Inh|Prm|Eff|Amb)', '/proc/self/status'];
       await openHostPorts().process.run({ command, timeoutMs: 5000, onOutput: (l) => console.log(l) });`,
    );
    const ambient = [
      '--inh-caps',
      '+net_raw',
      '--ambient-caps',
      '+net_raw',
      '--reuid',
      '65534',
      '--regid',
      '65534',
      '--clear-groups',
    ];
    const child = spawn('setpriv', [...ambient, process.execPath, runner], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [own, ...script] = (await new Response(child.stdout as never).text()).trim().split('\n');
    assert.doesNotMatch(own ?? '', /CapAmb:\s*0+$/, 'the daemon has one');
    assert.equal(script.length, 4);
    for (const line of script) assert.match(line, /:\s*0+$/);
  });

  it('says which user is missing, and does not run the script', async () => {
    const { result } = await sh('touch ran', { user: 'no-such-user-here' });
    assert.equal(result.outcome, 'failed');
    assert.match(result.outcome === 'failed' ? result.error : '', /there is no user "no-such-user-here"/);
  });

  it('leads its own session, with standard input empty and the root folder as working directory', async () => {
    const { lines } = await sh('cat; echo "$(ps -o pgid=,sid= -p $$ | xargs)" $$; pwd');
    const [pgid, sid, pid] = (lines[0] ?? '').split(' ');
    assert.equal(pgid, pid);
    assert.equal(sid, pid);
    assert.equal(lines[1], '/');
  });

  it('removes IFS, LD_PRELOAD and LD_LIBRARY_PATH from the environment and keeps the rest', async () => {
    const dangerous = { IFS: 'x', LD_LIBRARY_PATH: '/nowhere' };
    Object.assign(process.env, dangerous, { MAINSTAY_TEST_KEEP: 'kept' });
    try {
      const lines: string[] = [];
      await port.run({ command: ['/usr/bin/env'], timeoutMs: 5000, onOutput: (line) => lines.push(line) });
      assert.ok(lines.includes('MAINSTAY_TEST_KEEP=kept'));
      assert.deepEqual(
        lines.filter((line) => /^(IFS|LD_\w+|NODE_CHANNEL\w*)=/.test(line)),
        [],
      );
    } finally {
      for (const name of [...Object.keys(dangerous), 'MAINSTAY_TEST_KEEP']) delete process.env[name];
    }
  });

  it('leaks no descriptor, not even one that lacks close-on-exec and lies above a gap', async function () {
    this.timeout(10_000);
    const runner = join(folder, 'fds.mjs');
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'secret');
    const module = import.meta.resolve('@mainstay/core');
    writeFileSync(
      runner,
      `import { openHostPorts } from ${JSON.stringify(module)};
       await openHostPorts().process.run({ command: ['/bin/ls', '-l', '/proc/self/fd'], timeoutMs: 5000, onOutput: (l) => console.log(l) });`,
    );
    const text = `exec 7<${secret} 90<${secret}; exec ${process.execPath} ${runner}`;
    const child = spawn('/bin/bash', ['-c', text], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = (await new Response(child.stdout as never).text()).trim().split('\n');
    const targets = lines.filter((line) => line.includes('->')).map((line) => line.replace(/^.* (\d+) -> /, '$1 '));
    assert.ok(targets.length >= 4, lines.join('\n'));
    for (const target of targets) assert.match(target, /^[12] pipe|^[12] socket|\/dev\/null$|\/proc\//);
  });

  it('runs a text file without an interpreter line through the shell', async () => {
    const path = script('echo shell "$1"\n', '');
    const lines: string[] = [];
    const result = await port.run({ command: [path, 'x y'], timeoutMs: 5000, onOutput: (line) => lines.push(line) });
    assert.equal(result.outcome, 'exited');
    assert.deepEqual(lines, ['shell x y']);
  });

  it('answers a failure for a script that is missing or not executable', async () => {
    const absent = await port.run({ command: ['/no/such/script'], timeoutMs: 1000 });
    assert.match(absent.outcome === 'failed' ? absent.error : '', /does not exist/);
    const plain = script('true');
    chmodSync(plain, 0o644);
    const closed = await port.run({ command: [plain], timeoutMs: 1000 });
    assert.match(closed.outcome === 'failed' ? closed.error : '', /may not be executed/);
    assert.equal((await port.run({ command: [], timeoutMs: 1000 })).outcome, 'failed');
    assert.equal((await port.run({ command: ['/bin/echo', 'a\0b'], timeoutMs: 1000 })).outcome, 'failed');
  });

  it('ends the whole group at the timeout, with SIGTERM first', async () => {
    const { result, lines } = await sh('trap "echo told; exit 0" TERM; sleep 60 & echo $!; wait', { timeoutMs: 150 });
    assert.equal(result.outcome, 'timedOut');
    assert.equal(lines[1], 'told');
    await gone(Number(lines[0]));
  });

  it('kills what ignores SIGTERM two seconds later, children included', async function () {
    this.timeout(8000);
    const { result, lines } = await sh('trap "" TERM; (trap "" TERM; sleep 60) & echo $!; while :; do sleep 60; done', {
      timeoutMs: 100,
    });
    assert.equal(result.outcome, 'timedOut');
    assert.ok(result.outcome === 'timedOut' && result.durationMs > 2000 && result.durationMs < 4000);
    await gone(Number(lines[0]));
  });

  it('kills children that ignore SIGTERM when only the script itself obeyed', async function () {
    this.timeout(8000);
    const { result, lines } = await sh('(trap "" TERM; sleep 60) & echo $!; wait', { timeoutMs: 100 });
    assert.equal(result.outcome, 'timedOut');
    await gone(Number(lines[0]));
  });

  it('ends at an abort; an abort before the start runs nothing', async () => {
    const abort = new AbortController();
    const { result } = await sh('echo ready; exec sleep 60', { signal: abort.signal, onOutput: () => abort.abort() });
    assert.deepEqual({ ...result, durationMs: 0 }, { outcome: 'signalled', signal: 'SIGTERM', durationMs: 0 });
    const never = await sh('echo ran', { signal: abort.signal });
    assert.equal(never.result.outcome, 'failed');
    assert.deepEqual(never.lines, []);
  });

  it('does not wait for a background child that keeps the output open, and does not kill it', async () => {
    const { result, lines } = await sh('(sleep 0.4; echo late; echo alive > "$1") & echo $!; exit 0', {}, [
      join(folder, 'alive'),
    ]);
    assert.equal(result.outcome, 'exited');
    assert.ok(result.outcome === 'exited' && result.durationMs < 400);
    await gone(Number(lines[0]));
    assert.equal(readFileSync(join(folder, 'alive'), 'utf8'), 'alive\n');
    assert.equal(lines.length, 1, 'what a background child says later is not heard');
  });

  it('bounds what it hears of endless output, and still ends it in time', async () => {
    const before = process.cpuUsage();
    const { result, lines } = await sh('exec yes "$(printf %2000s x)"', { timeoutMs: 500 });
    assert.equal(result.outcome, 'timedOut');
    assert.equal(lines.length, 101);
    assert.equal(lines[100], '(more output was dropped)');
    assert.ok(lines.every((line) => line.length <= 503));
    assert.ok(process.cpuUsage(before).user < 400_000, 'endless output is read slowly');
  });

  it('survives a listener that throws', async () => {
    const { result } = await sh('echo one; echo two', {
      onOutput() {
        throw new Error('from the listener');
      },
    });
    assert.equal(result.outcome, 'exited');
  });

  it('shows control characters and broken UTF-8 as harmless text', async () => {
    const { lines } = await sh(`printf 'a\\033[2Jb\\377c\\n'`);
    assert.deepEqual(lines, ['a [2Jb\ufffdc']);
  });
});
