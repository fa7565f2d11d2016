/** The Linux port `files` where a disk has more to offer than a table of paths: links, pipes, folders that come and go. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHostPorts } from '@mainstay/core';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { until } from '../../support/command.js';

describe('files on Linux', () => {
  const { files } = openHostPorts();
  let folder: string;
  const at = (name: string) => join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mainstay-files-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('never reads a pipe that nobody writes to, nor a device without end', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    assert.equal(await files.readHead(at('pipe'), 100), '');
    assert.equal(await files.readHead('/dev/zero', 3), '\0\0\0');
  });

  it('overwrites neither through a link nor a file with two names, nor what is no file', async () => {
    writeFileSync(at('precious'), 'precious');
    symlinkSync(at('precious'), at('link'));
    linkSync(at('precious'), at('twin'));
    symlinkSync(at('nothing'), at('dangling'));
    mkdirSync(at('folder'));
    execFileSync('mkfifo', [at('pipe')]);
    for (const name of ['link', 'twin', 'dangling', 'folder', 'pipe', '/dev/null']) {
      const path = name.startsWith('/') ? name : at(name);
      await assert.rejects(files.create(path, '0', { overwrite: true }), /cannot (overwrite|make)/, name);
      assert.equal(await files.create(path, '0'), false, name);
    }
    assert.equal(readFileSync(at('precious'), 'utf8'), 'precious');
    await assert.rejects(files.create(at('none/file'), '0'), { errno: 'ENOENT' });
  });

  it('leaves the rights of a file that it overwrites', async () => {
    writeFileSync(at('shared'), 'long before', { mode: 0o666 });
    const { mode } = statSync(at('shared'));
    await files.create(at('shared'), '7\n', { overwrite: true });
    assert.deepEqual([readFileSync(at('shared'), 'utf8'), statSync(at('shared')).mode], ['7\n', mode]);
    await files.create(at('new'), '7\n');
    assert.equal(statSync(at('new')).mode & 0o022, 0);
  });

  describe('watching', function () {
    this.timeout(30_000);
    let calls = 0;
    let ends: (() => void)[] = [];
    beforeEach(() => {
      calls = 0;
      ends = [];
    });
    afterEach(() => {
      for (const end of ends) end();
    });
    const watch = (path: string) => ends.push(files.watch(path, () => calls++));
    const told = async () => {
      await until('it is told', 5000, () => calls > 0);
      calls = 0;
    };

    it('tells of a file that is renamed into place, and away', async () => {
      watch(at('file'));
      writeFileSync(at('beside'), '1');
      renameSync(at('beside'), at('file'));
      await told();
      renameSync(at('file'), at('beside'));
      await told();
    });

    it('tells many small writes a few times only', async () => {
      watch(at('file'));
      for (let i = 0; i < 100; i++) writeFileSync(at('file'), String(i));
      await until('it is told', 5000, () => calls > 0);
      assert.ok(calls < 20, `${calls} calls`);
    });

    it('tells of a file behind a link that leads elsewhere, as often as it does', async () => {
      // As Kubernetes mounts secrets: files are links through ..data, and only that is replaced.
      const replaceBy = (folder: string, text: string) => {
        mkdirSync(at(folder));
        writeFileSync(at(`${folder}/key`), text);
        symlinkSync(folder, at('..next'));
        renameSync(at('..next'), at('..data'));
      };
      replaceBy('..1', 'one');
      symlinkSync('..data/key', at('key'));
      symlinkSync(folder, at('mount'));
      watch(at('mount/key'));
      for (const [i, text] of ['two', 'three', 'four'].entries()) {
        replaceBy(`..${i + 2}`, text);
        rmSync(at(`..${i + 1}`), { recursive: true });
        await told();
        assert.equal(await files.readText(at('mount/key')), text);
      }
      writeFileSync(at('..4/key'), 'five');
      await told();
      writeFileSync(at('..data/beside'), '');
      renameSync(at('mount'), at('gone'));
      await told();
      symlinkSync(at('..4'), at('mount'));
      await told();
    });

    it('survives links in a circle, and links to nothing', async () => {
      symlinkSync('b', at('a'));
      symlinkSync('a', at('b'));
      symlinkSync('nothing/there', at('c'));
      for (const name of ['a', 'a/file', 'c']) watch(at(name));
      mkdirSync(at('nothing'));
      writeFileSync(at('nothing/there'), '1');
      await told();
      rmSync(at('b'));
      writeFileSync(at('b'), '1');
      await told();
    });

    it('waits for a folder, and for one that is made anew', async () => {
      const path = at('run/state');
      watch(path);
      mkdirSync(at('run'));
      await told();
      writeFileSync(path, '1');
      await told();
      rmSync(at('run'), { recursive: true });
      await told();
      mkdirSync(at('run'));
      writeFileSync(path, '2');
      await told();
      await until('the folder is watched again', 5000, () => {
        writeFileSync(path, '3');
        return calls > 0;
      });
    });

    it('has one watch for a folder, given back with the last file of it', () => {
      const inotify = () =>
        Number(execFileSync('sh', ['-c', `cat /proc/${process.pid}/fdinfo/* 2>/dev/null | grep -c ^inotify || true`]).toString());
      const before = inotify();
      for (let i = 0; i < 100; i++) watch(at(`file${i}`));
      assert.equal(inotify() - before, 1);
      for (const end of ends.splice(0)) end();
      assert.equal(inotify() - before, 0);
    });
  });
});
