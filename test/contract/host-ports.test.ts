/** What a plugin may rely on of the ports `process`, `modules` and `files`: the same on Linux and simulated. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openHostPorts } from '@mainstay/core';
import { type Files, isNotify, type Modules, type ProcessPort, type ScriptResult } from '@mainstay/sdk';
import { createVirtualClock, SimulatedFiles, SimulatedModules, SimulatedScripts } from '@mainstay/testing';
import { after, before, describe, it } from 'mocha';
import { until } from '../support/command.js';

/** A program of the test, in terms that both sides can make. */
interface Program {
  readonly code?: number;
  readonly output?: readonly string[];
  readonly hangs?: boolean;
}

interface Bench {
  readonly folder: string;
  readonly process: ProcessPort;
  readonly modules: Modules;
  readonly files: Files;
  program(name: string, program: Program): string;
  file(name: string, text: string): string;
  remove(name: string): void;
  /** Long enough for a change to be told. */
  settle(): Promise<void>;
  /** Waits for the promise; on the simulated side, lets time pass. */
  wait<T>(promise: Promise<T>): Promise<T>;
}

function linuxBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'mainstay-contract-'));
  chmodSync(folder, 0o755);
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  const program = (name: string, { code = 0, output = [], hangs = false }: Program) => {
    const lines = [...output.map((line) => `echo '${line}'`), hangs ? 'exec sleep 60' : `exit ${code}`];
    const path = file(name, `#!/bin/sh\n${lines.join('\n')}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const remove = (name: string) => rmSync(join(folder, name));
  const settle = () => new Promise<void>((resolve) => setTimeout(resolve, 200));
  return { folder, ...openHostPorts(), file, program, remove, settle, wait: (promise) => promise };
}

function simulatedBench(): Bench {
  const folder = '/simulated';
  const clock = createVirtualClock();
  const scripts = new SimulatedScripts(clock);
  const files = new SimulatedFiles();
  const modules = new SimulatedModules();
  const program = (name: string, { hangs = false, ...rest }: Program) => {
    // `sleep` obeys SIGTERM: it ends a little after the timeout, not two seconds.
    scripts.program(join(folder, name), { ...rest, ...(hangs ? { durationMs: 60_000 } : {}) });
    return join(folder, name);
  };
  const file = (name: string, text: string) => {
    files.write(join(folder, name), text);
    return join(folder, name);
  };
  const remove = (name: string) => files.remove(join(folder, name));
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { folder, process: scripts, modules, files, program, file, remove, settle, wait: (promise) => clock.drive(promise) };
}

const shape = (result: ScriptResult) => (result.outcome === 'exited' ? `exited ${result.code}` : result.outcome);

for (const [side, open] of [
  ['linux', linuxBench],
  ['simulated', simulatedBench],
] as const) {
  describe(`contract of the host ports: ${side}`, () => {
    let bench: Bench;
    before(() => {
      bench = open();
    });
    after(() => rmSync(bench.folder, { recursive: true, force: true }));

    const run = (path: string, more: object = {}) => bench.wait(bench.process.run({ command: [path], timeoutMs: 5000, ...more }));

    it('process: answers the exit code', async () => {
      assert.equal(shape(await run(bench.program('good', {}))), 'exited 0');
      assert.equal(shape(await run(bench.program('bad', { code: 7 }))), 'exited 7');
    });

    it('process: tells what is printed, line by line, before it answers', async () => {
      const lines: string[] = [];
      await run(bench.program('talks', { output: ['one', 'two'] }), { onOutput: (line: string) => lines.push(line) });
      assert.deepEqual(lines, ['one', 'two']);
    });

    it('process: ends what takes too long', async () => {
      const result = await run(bench.program('hangs', { hangs: true }), { timeoutMs: 50 });
      assert.equal(result.outcome, 'timedOut');
      assert.ok(result.outcome === 'timedOut' && result.durationMs >= 50 && result.durationMs < 4000);
    });

    it('process: an abort ends it; one before the start keeps it from starting', async () => {
      const abort = new AbortController();
      const options = { signal: abort.signal, onOutput: () => queueMicrotask(() => abort.abort()) };
      const result = await run(bench.program('aborted', { output: ['ready'], hangs: true }), options);
      assert.deepEqual([result.outcome, result.outcome === 'signalled' && result.signal], ['signalled', 'SIGTERM']);
      assert.equal((await run(bench.program('never', {}), { signal: abort.signal })).outcome, 'failed');
    });

    it('process: runs several at a time', async () => {
      const paths = ['a', 'b', 'c'].map((name, i) => bench.program(name, { code: i }));
      const results = await bench.wait(Promise.all(paths.map((path) => bench.process.run({ command: [path], timeoutMs: 5000 }))));
      assert.deepEqual(results.map(shape), ['exited 0', 'exited 1', 'exited 2']);
    });

    it('process: finds nothing wrong with a script that is there', async () => {
      assert.equal(await bench.process.inspect([bench.program('fine', {})], {}), undefined);
    });

    it('files: lists names sorted, and nothing for a folder that is missing', async () => {
      bench.file('folder/b.txt', 'b');
      bench.file('folder/a.txt', 'a');
      assert.deepEqual(await bench.files.list(join(bench.folder, 'folder')), ['a.txt', 'b.txt']);
      assert.deepEqual(await bench.files.list(join(bench.folder, 'none')), []);
    });

    it('files: reads what is written now, and refuses what is missing', async () => {
      const path = bench.file('text', 'first');
      assert.equal(await bench.files.readText(path), 'first');
      bench.file('text', 'second');
      assert.equal(await bench.files.readText(path), 'second');
      await assert.rejects(bench.files.readText(join(bench.folder, 'absent')), { code: 'PORT_FAILED', errno: 'ENOENT' });
    });

    it('files: reads the head of a file and no more', async () => {
      const path = bench.file('long', '12\n'.repeat(1000));
      assert.equal(await bench.files.readHead(path, 5), '12\n12');
      assert.equal(await bench.files.readHead(bench.file('short', '7'), 127), '7');
      assert.equal(await bench.files.readHead(bench.file('empty', ''), 127), '');
      await assert.rejects(bench.files.readHead(join(bench.folder, 'absent'), 5), { code: 'PORT_FAILED', errno: 'ENOENT' });
    });

    it('files: makes a file, and overwrites one only where it is asked to', async () => {
      const path = join(bench.folder, 'made');
      assert.equal(await bench.files.create(path, 'one'), true);
      assert.equal(await bench.files.create(path, 'two'), false);
      assert.equal(await bench.files.readText(path), 'one');
      assert.equal(await bench.files.create(path, '2', { overwrite: true }), true);
      assert.equal(await bench.files.readText(path), '2');
      assert.equal(await bench.files.create(join(bench.folder, 'made too'), '3', { overwrite: true }), true);
    });

    it('files: tells of changes of one file, and of nothing after the end', async () => {
      const path = bench.file('watched', '1');
      let calls = 0;
      const next = () => until('a change is told', 2000, () => Promise.resolve(calls > 0)).then(() => (calls = 0));
      const end = bench.files.watch(path, () => calls++);
      bench.file('watched', '2');
      await next();
      bench.remove('watched');
      await next();
      bench.file('watched', '3');
      await next();
      // What came together was told once; a late word about it must not count for what follows.
      await bench.settle();
      calls = 0;
      bench.file('another', '1');
      await bench.settle();
      assert.equal(calls, 0);
      end();
      end();
      bench.file('watched', '4');
      await bench.settle();
      assert.equal(calls, 0);
    });

    it('modules: answers the exports, and rejects where there is no file', async () => {
      const text = `import { defineNotify } from '@mainstay/sdk';\nexport default defineNotify({ on: ['bfd.changed'], run() {} });\n`;
      const path = bench.file('hook.ts', text);
      if (bench.modules instanceof SimulatedModules) {
        const { defineNotify } = await import('@mainstay/sdk');
        bench.modules.provide(path, { default: defineNotify({ on: ['bfd.changed'], run() {} }) });
      }
      assert.ok(isNotify((await bench.modules.load(path)).default));
      await assert.rejects(bench.modules.load(join(bench.folder, 'absent.ts')));
    });
  });
}
