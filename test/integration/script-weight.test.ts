/** Scripts of a lane are ordinary processes to the scheduler and to the out-of-memory killer; the lane keeps its own weight. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { describe, it } from 'mocha';

const core = createRequire(import.meta.url).resolve('@mainstay/core');

/** Runs a script from a process of that weight; answers the weight of the script, and that of the process afterwards. */
function weigh(nice: number, badness: number): { readonly script: string; readonly after: readonly [number, string] } {
  const source = `
    import { getPriority, setPriority } from 'node:os';
    import { readFileSync, writeFileSync } from 'node:fs';
    import { openHostPorts } from ${JSON.stringify(core)};
    setPriority(0, ${nice});
    writeFileSync('/proc/self/oom_score_adj', '${badness}');
    const lines = [];
    const command = ['/bin/sh', '-c', 'nice; cat /proc/self/oom_score_adj'];
    await openHostPorts().process.run({ command, timeoutMs: 5000, onOutput: (line) => lines.push(line) });
    const after = [getPriority(0), readFileSync('/proc/self/oom_score_adj', 'utf8').trim()];
    console.log(JSON.stringify({ script: lines.join(' '), after }));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' }));
}

describe('the weight of scripts', function () {
  this.timeout(20_000);

  it('is that of any process, whatever the lane weighs', () => {
    assert.deepEqual(weigh(10, 500), { script: '0 0', after: [10, '500'] });
    assert.deepEqual(weigh(-10, 0), { script: '0 0', after: [-10, '0'] });
  });
});
