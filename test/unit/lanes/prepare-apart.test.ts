/** The process that reads a configuration ends with whoever asked for it (core/runtime/src/supervisor/prepare-process.ts). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareApart } from '@mainstay/core';
import { describe, it } from 'mocha';

const childrenOf = (pid: number) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);

describe('a configuration that is read in a process of its own', () => {
  const common = { configId: '', plugins: [], reserved: [], disabledParts: [], unknownKeywords: 'error', verify: false } as const;

  it('is given up at a stop, and nobody goes on reading it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mainstay-prepare-'));
    // Nobody ever writes to it.
    const file = join(directory, 'pipe.conf');
    execFileSync('mkfifo', [file]);
    const before = childrenOf(process.pid);
    const stop = new AbortController();
    const reading = prepareApart({ ...common, file }, { signal: stop.signal });
    const [child, ...others] = childrenOf(process.pid).filter((pid) => !before.includes(pid));
    assert.ok(child !== undefined && others.length === 0);
    stop.abort();
    await assert.rejects(reading, /^Error: the daemon stops$/);
    while (childrenOf(process.pid).includes(child)) await new Promise((resolve) => setImmediate(resolve));
    rmSync(directory, { recursive: true });
  });

  it('is not even begun after it', async () => {
    const before = childrenOf(process.pid);
    await assert.rejects(prepareApart(common, { signal: AbortSignal.abort() }), /the daemon stops/);
    assert.deepEqual(childrenOf(process.pid), before);
  });
});
