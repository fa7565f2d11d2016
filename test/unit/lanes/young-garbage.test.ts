/** Young garbage is collected without being asked for, and no plugin gets the collector. In a process of its own: flags of V8 are global. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'mocha';

const module = new URL('../../../../core/runtime/dist/young-garbage.js', import.meta.url);

/** What a program prints that has this module. */
function outputOf(program: string): string {
  const source = `import { collectYoungGarbage } from ${JSON.stringify(module.href)};\n${program}`;
  return execFileSync(process.execPath, ['--input-type=module', '--eval', source], { encoding: 'utf8', timeout: 30_000 });
}

describe('young garbage', () => {
  it('is collected again and again', function () {
    this.timeout(30_000);
    const program = `
      import { PerformanceObserver } from 'node:perf_hooks';
      let forced = 0;
      new PerformanceObserver((list) => {
        for (const { detail } of list.getEntries()) if (detail.kind === 1 && detail.flags === 4) forced++;
        if (forced < 2) return;
        console.log('collected');
        process.exit();
      }).observe({ entryTypes: ['gc'] });
      setTimeout(() => {}, 20_000);
      collectYoungGarbage(5);`;
    assert.equal(outputOf(program), 'collected\n');
  });

  it('keeps no process alive, and hands its collector to nobody', function () {
    this.timeout(30_000);
    const program = `
      import { runInNewContext } from 'node:vm';
      collectYoungGarbage();
      console.log(typeof globalThis.gc, runInNewContext('typeof gc'));`;
    assert.equal(outputOf(program), 'undefined undefined\n');
  });
});
