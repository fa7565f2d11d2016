/** What children get of this process's descriptors once all are marked, in a program of its own that has inherited some (closeOthersOnExec). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';

let folder = '';

/** Runs module text with the descriptors 7 and 90 open on a file, neither close-on-exec; answers what it prints. */
function withInherited(text: string): string {
  const runner = join(folder, 'runner.mjs');
  const secret = join(folder, 'secret');
  writeFileSync(secret, 'secret');
  writeFileSync(
    runner,
    `import { execFileSync, fork, spawnSync } from 'node:child_process';
     import { readFileSync } from 'node:fs';
     import { closeOthersOnExec } from ${JSON.stringify(import.meta.resolve('@mainstay/pacemaker'))};
     const inherited = () => execFileSync('/bin/ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }).split('secret').length - 1;
     ${text}`,
  );
  return execFileSync('/bin/bash', ['-c', `exec 7<${secret} 90<${secret}; exec ${process.execPath} ${runner}`], {
    encoding: 'utf8',
  }).trim();
}

describe('descriptors that are marked for children', () => {
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mainstay-descriptors-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const isOneCall of [true, false]) {
    it(`do not reach a program ${isOneCall ? 'by one call' : 'where the kernel has no such call'}, and stay open here`, () => {
      const text = `const before = inherited();
        closeOthersOnExec(${isOneCall});
        console.log(before, inherited(), readFileSync(90, 'utf8'));`;
      // Node marks some of what it inherits by itself, up to the first gap.
      assert.match(withInherited(text), /^[12] 0 secret$/);
    });

    it(`still go where stdio says, with the channel of a fork (${isOneCall ? 'one call' : 'one by one'})`, () => {
      const child = join(folder, 'child.mjs');
      writeFileSync(child, `process.once('message', (what) => { process.send(what + ' back', () => process.disconnect()); });`);
      const text = `closeOthersOnExec(${isOneCall});
        const { stdout } = spawnSync('/bin/cat', ['/proc/self/fd/7'], { stdio: ['ignore', 'pipe', 'inherit', 'ignore', 'ignore', 'ignore', 'ignore', 7] });
        const lane = fork(${JSON.stringify(child)});
        lane.on('message', (answer) => console.log(String(stdout), answer));
        lane.send('there and');`;
      assert.equal(withInherited(text), 'secret there and back');
    });
  }
});
