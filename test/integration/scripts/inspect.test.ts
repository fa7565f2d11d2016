/** The process port's look at a script before it runs, on real files with real owners. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openHostPorts } from '@mainstay/core';
import { after, before, describe, it } from 'mocha';

const port = openHostPorts().process;
let folder = '';

function file(name: string, mode = 0o755, owner = 0, group = 0): string {
  const path = join(folder, name);
  writeFileSync(path, '#!/bin/sh\n');
  chownSync(path, owner, group);
  chmodSync(path, mode);
  return path;
}

function directory(name: string, mode: number, owner = 0, group = 0): string {
  const path = join(folder, name);
  mkdirSync(path);
  chownSync(path, owner, group);
  chmodSync(path, mode);
  return name;
}

async function kind(path: string, user = 'root', group?: string): Promise<string | undefined> {
  return (await port.inspect([path], { user, ...(group === undefined ? {} : { group }) }))?.kind;
}

describe('process port: inspect', () => {
  before(() => {
    // Not in /tmp alone: its sticky bit is one of the cases.
    folder = mkdtempSync('/var/tmp/mainstay-inspect-');
    chmodSync(folder, 0o755);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('finds nothing wrong with a script of root that only root may change', async () => {
    assert.equal(await kind(file('good')), undefined);
    assert.equal(await kind(file('good-for-all', 0o755), 'nobody'), undefined);
  });

  it('says that a script is missing', async () => {
    assert.equal(await kind(join(folder, 'absent')), 'missing');
    assert.equal(await kind(join(file('not-a-folder'), 'x')), 'missing');
    assert.equal(await kind(''), 'missing');
  });

  it('says that a script is not executable for its user', async () => {
    assert.equal(await kind(file('plain', 0o644)), 'not-executable');
    assert.equal(await kind(file('root-only', 0o700), 'nobody'), 'not-executable');
    assert.equal(await kind(file('by-group', 0o710, 0, 1), 'nobody', 'daemon'), undefined);
    assert.equal(await kind(folder), 'not-executable');
    const closed = directory('closed', 0o700);
    assert.equal(await kind(file(`${closed}/inside`), 'nobody'), 'not-executable');
    symlinkSync(file('reachable'), join(folder, closed, 'link'));
    assert.equal(await kind(join(folder, closed, 'link'), 'nobody'), 'not-executable');
  });

  it('says that a user or group does not exist', async () => {
    assert.equal(await kind(file('user'), 'no-such-user-here'), 'unknown-user');
    assert.equal(await kind(file('group'), 'nobody', 'no-such-group-here'), 'unknown-user');
    assert.equal(await kind(file('number'), '4321'), 'unknown-user', 'a bare number needs a group');
    assert.equal(await kind(file('numbers'), '4321', '8765'), undefined);
  });

  it('says who could change a script that would run as root', async () => {
    assert.equal(await kind(file('foreign', 0o755, 65534)), 'insecure');
    assert.equal(await kind(file('world', 0o757)), 'insecure');
    assert.equal(await kind(file('grouped', 0o775, 0, 1)), 'insecure');
    assert.equal(await kind(file('root-group', 0o775, 0, 0)), undefined);
    assert.equal(await kind(file(`${directory('open', 0o777)}/inside`)), 'insecure');
    assert.equal(await kind(file(`${directory('owned', 0o755, 65534)}/inside`)), 'insecure');
    assert.equal(await kind(file(`${directory('sticky', 0o1777)}/inside`)), undefined);
    const problem = await port.inspect([join(folder, 'open/inside')], { user: 'root' });
    assert.match(
      problem?.message ?? '',
      /would run as root, but .*open may be written by everybody: whoever may write there would have the same rights/,
    );
  });

  it('does not mind any of it where the script does not run as root', async () => {
    assert.equal(await kind(file('foreign-2', 0o755, 65534), 'nobody'), undefined);
    assert.equal(await kind(file('set-id-of-another', 0o6757, 65534, 1), 'nobody'), undefined);
  });

  it('minds it also where group 0 runs the script, or the script changes to root by itself', async () => {
    const found = async (mode: number, owner: number, group: number, runs: string) =>
      (await port.inspect([file('powerful', mode, owner, group)], { user: 'nobody', group: runs }))?.message ?? '';
    assert.match(await found(0o757, 0, 0, 'root'), /would run with group 0, but .* may be written by everybody/);
    assert.match(await found(0o4757, 0, 1, 'daemon'), /runs as root whoever starts it \(set-user-ID\), but /);
    assert.match(await found(0o2757, 65534, 0, 'daemon'), /runs with group 0 whoever starts it \(set-group-ID\), but /);
    assert.equal(await found(0o6755, 0, 0, 'daemon'), '');
    assert.equal(await found(0o757, 0, 0, 'daemon'), '');
  });

  it('follows symbolic links, and minds the folder that a link lies in', async () => {
    const target = file('target');
    const bad = file('bad-target', 0o757);
    symlinkSync(bad, join(folder, 'to-bad'));
    assert.equal(await kind(join(folder, 'to-bad')), 'insecure');
    symlinkSync(target, join(folder, directory('open-links', 0o777), 'link'));
    assert.equal(await kind(join(folder, 'open-links/link')), 'insecure');
    symlinkSync(target, join(folder, 'to-good'));
    assert.equal(await kind(join(folder, 'to-good')), undefined);
  });

  it('minds the folders and links between two links', async () => {
    const where = async (path: string) => (await port.inspect([path], { user: 'root' }))?.message;
    file(`${directory('opt', 0o755)}/x.sh`);
    directory('bin', 0o755);
    for (const [name, mode, owner] of [
      ['app', 0o755, 1000],
      ['shared', 0o777, 0],
    ] as const) {
      const between = directory(name, mode, owner);
      symlinkSync(join(folder, 'opt/x.sh'), join(folder, between, 'current.sh'));
      symlinkSync(`../${between}/current.sh`, join(folder, `bin/by-${between}`));
    }
    const app = join(folder, 'app');
    assert.match((await where(join(folder, 'bin/by-app'))) ?? '', new RegExp(`but ${app} belongs to uid 1000, not to root`));
    assert.match((await where(join(folder, 'bin/by-shared'))) ?? '', /shared may be written by everybody/);
    symlinkSync(app, join(folder, 'bin/folder'));
    assert.match((await where(`${folder}/bin/folder/../opt/x.sh`)) ?? '', new RegExp(`but ${app} belongs to uid 1000`));
    mkdirSync(join(app, 'deep'));
    assert.match((await where(`${app}/deep/../../opt/x.sh`)) ?? '', new RegExp(`but ${app} belongs to uid 1000`));
  });

  it('minds who has made a link, where only its owner replaces it', async () => {
    const target = file('linked');
    const sticky = directory('sticky-links', 0o1777);
    for (const [name, owner] of [
      ['of-root', 0],
      ['of-another', 1000],
    ] as const) {
      symlinkSync(target, join(folder, sticky, name));
      lchownSync(join(folder, sticky, name), owner, owner);
    }
    assert.equal(await kind(join(folder, sticky, 'of-root')), undefined);
    assert.equal(await kind(join(folder, sticky, 'of-another')), 'insecure');
    symlinkSync(target, join(folder, 'elsewhere'));
    lchownSync(join(folder, 'elsewhere'), 1000, 1000);
    assert.equal(await kind(join(folder, 'elsewhere')), undefined, 'as with keepalived');
  });

  it('says that links which lead in a circle cannot be followed', async () => {
    symlinkSync(join(folder, 'round-2'), join(folder, 'round-1'));
    symlinkSync(join(folder, 'round-1'), join(folder, 'round-2'));
    assert.equal(await kind(join(folder, 'round-1')), 'not-executable');
  });

  it('searches a name without a slash in PATH', async () => {
    assert.equal(await kind('sh'), undefined);
    assert.equal(await kind('no-such-command-here'), 'missing');
  });
});
