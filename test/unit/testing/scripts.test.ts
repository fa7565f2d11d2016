/** The programmable ports process, files and modules (sdk/testing/src/ports). */
import assert from 'node:assert/strict';
import { createVirtualClock, SimulatedFiles, SimulatedModules, SimulatedScripts } from '@mainstay/testing';
import { describe, it } from 'mocha';

describe('simulated scripts', () => {
  it('record what was run, and take the time and the end that the test says', async () => {
    const clock = createVirtualClock();
    const scripts = new SimulatedScripts(clock);
    scripts.program('/bin/notify', (run) => ({ code: run.command.length, durationMs: 250, output: ['hello'] }));
    scripts.program('/bin/killed', { signal: 'SIGSEGV' });
    scripts.program('/bin/none', { error: 'no such file' });
    const lines: string[] = [];
    const options = { command: ['/bin/notify', 'INSTANCE', 'VI_1'], timeoutMs: 1000, user: 'nobody' };
    const result = await clock.drive(scripts.run({ ...options, onOutput: (line) => lines.push(line) }));
    assert.deepEqual(result, { outcome: 'exited', code: 3, durationMs: 250 });
    assert.deepEqual(lines, ['hello']);
    assert.deepEqual(scripts.runs, [{ ...options, group: undefined, startedAt: 0 }]);
    const ends = await clock.drive(
      Promise.all(['/bin/killed', '/bin/none', '/bin/other'].map((path) => scripts.run({ command: [path], timeoutMs: 10 }))),
    );
    assert.deepEqual(ends, [
      { outcome: 'signalled', signal: 'SIGSEGV', durationMs: 0 },
      { outcome: 'failed', error: 'no such file' },
      { outcome: 'exited', code: 0, durationMs: 0 },
    ]);
  });

  it('time out: on SIGTERM, or two seconds later where they hang', async () => {
    const clock = createVirtualClock();
    const scripts = new SimulatedScripts(clock);
    scripts.program('/slow', { durationMs: 5000 });
    scripts.program('/hung', { durationMs: Number.POSITIVE_INFINITY });
    const run = (path: string) => clock.drive(scripts.run({ command: [path], timeoutMs: 1000 }));
    assert.deepEqual(await run('/slow'), { outcome: 'timedOut', durationMs: 1000 });
    assert.deepEqual(await run('/hung'), { outcome: 'timedOut', durationMs: 3000 });
  });

  it('end when they are aborted', async () => {
    const clock = createVirtualClock();
    const scripts = new SimulatedScripts(clock);
    scripts.program('/slow', { durationMs: 5000 });
    const abort = new AbortController();
    clock.after(40, () => abort.abort());
    const result = await clock.drive(scripts.run({ command: ['/slow'], timeoutMs: 9000, signal: abort.signal }));
    assert.deepEqual(result, { outcome: 'signalled', signal: 'SIGTERM', durationMs: 40 });
    const late = await scripts.run({ command: ['/slow'], timeoutMs: 9000, signal: abort.signal });
    assert.equal(late.outcome, 'failed');
    assert.equal(scripts.runs.length, 1);
  });

  it('are inspected as the test says', async () => {
    const scripts = new SimulatedScripts(createVirtualClock());
    scripts.problem('/bad', { kind: 'insecure', message: 'others may write it' });
    assert.equal((await scripts.inspect(['/bad']))?.kind, 'insecure');
    assert.equal(await scripts.inspect(['/good']), undefined);
  });
});

describe('simulated files and modules', () => {
  it('list a folder, read a text, and miss what is not there', async () => {
    const files = new SimulatedFiles({
      '/etc/hooks/b.ts': 'b',
      '/etc/hooks/a.ts': 'a',
      '/etc/hooks/sub/c.ts': 'c',
      '/etc/x': '',
    });
    assert.deepEqual(await files.list('/etc/hooks'), ['a.ts', 'b.ts', 'sub']);
    assert.deepEqual(await files.list('/nowhere'), []);
    assert.equal(await files.readText('/etc/hooks/a.ts'), 'a');
    files.remove('/etc/hooks/a.ts');
    await assert.rejects(files.readText('/etc/hooks/a.ts'), { errno: 'ENOENT' });
  });

  it('load modules, and throw what they throw', async () => {
    const modules = new SimulatedModules({ '/a.ts': { default: 1 } });
    modules.provide('/broken.ts', () => {
      throw new SyntaxError('unexpected token');
    });
    assert.deepEqual(await modules.load('/a.ts'), { default: 1 });
    await assert.rejects(modules.load('/broken.ts'), SyntaxError);
    await assert.rejects(modules.load('/none.ts'), { errno: 'ENOENT' });
    assert.deepEqual(modules.loads, ['/a.ts', '/broken.ts', '/none.ts']);
  });
});
