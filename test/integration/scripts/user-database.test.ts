/** Users that /etc/passwd does not have: what getent(1) says of them, or does not, with a getent of the test in PATH. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHostPorts } from '@mainstay/core';
import { afterEach, beforeEach, describe, it } from 'mocha';

const port = openHostPorts().process;
const path = process.env.PATH;
let folder = '';

/** From now on, the program getent is this; answers the file in which it counts its runs. */
function getent(text: string): string {
  const runs = join(folder, 'runs');
  writeFileSync(runs, '');
  writeFileSync(join(folder, 'getent'), `#!/bin/sh\necho "$@" >> ${runs}\n${text}\n`);
  chmodSync(join(folder, 'getent'), 0o755);
  process.env.PATH = folder;
  return runs;
}

const look = (user: string, group?: string) => port.inspect(['/bin/sh'], group === undefined ? { user } : { user, group });

describe('users of another database', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mainstay-users-'));
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  });

  it('are there when getent says so', async () => {
    getent('echo "$3:x:4321:8765::/:/bin/sh"');
    assert.equal(await look('user-of-ldap'), undefined);
    const told: string[] = [];
    const who = { user: 'user-of-ldap', timeoutMs: 10_000, onOutput: (line: string) => void told.push(line) };
    await port.run({ command: ['/usr/bin/id', '-u'], ...who });
    assert.deepEqual(told, ['4321']);
  });

  it('are not there when it says so, and when there is no such program', async () => {
    const runs = getent('exit 2');
    const found = await Promise.all(Array.from({ length: 20 }, () => look('absent-one')));
    for (const problem of found) {
      assert.deepEqual(problem, { kind: 'unknown-user', message: 'there is no user "absent-one" on this host' });
    }
    assert.equal(readFileSync(runs, 'utf8'), 'passwd -- absent-one\n', 'asked once for all');
    process.env.PATH = join(folder, 'nothing');
    assert.equal((await look('absent-two'))?.kind, 'unknown-user');
  });

  it('are unknown where it fails', async () => {
    getent('echo "nss: connection refused" >&2; exit 1');
    const problem = await look('unclear-one');
    assert.equal(problem?.kind, 'unanswered');
    assert.match(
      problem?.message ?? '',
      /^whether there is a user "unclear-one" is not known now: getent failed: .*connection refused/,
    );
    assert.equal((await look('nobody', 'unclear-group'))?.kind, 'unanswered');
    const number = await look('4567');
    assert.equal(number?.kind, 'unanswered', 'its primary group');
    assert.equal(await look('4567', '8765'), undefined);
    const run = await port.run({ command: ['/bin/true'], timeoutMs: 1000, user: 'unclear-one' });
    assert.match(run.outcome === 'failed' ? run.error : '', /\/bin\/true was not run: whether there is a user/);
  });

  it('are unknown where it does not answer in two seconds', async function () {
    this.timeout(20_000);
    getent('exec /bin/sleep 60');
    const problem = await look('unclear-two');
    assert.equal(problem?.kind, 'unanswered');
    assert.match(problem?.message ?? '', /getent did not answer within 2 s/);
  });
});
