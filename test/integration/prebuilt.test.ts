/**
 * The prebuilt binary for x64 and glibc, as an operator gets it: packed, installed without a network on a machine without a
 * compiler, loaded and used. And the install on a machine for which there is none. As root.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'mocha';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const source = join(root, 'core/pacemaker');
const target = 'linux-x64-glibc';

/** Twenty frames of the native thread over loopback, heard by a packet socket. */
const use = `
import { PacemakerThread, PacketSocket } from '@mainstay/pacemaker';
const etherType = 0x88b7;
const onError = (error) => { throw error; };
const bytes = Buffer.alloc(60);
bytes.writeUInt16BE(etherType, 12);
let heard = 0;
new PacketSocket({ interfaceIndex: 1, etherType, onError, onFrame: () => {
  if (++heard === 20) { console.log('heard'); process.exit(0); }
} });
const line = PacemakerThread.start().openLine({ transport: { kind: 'frames', etherType }, interfaceIndex: 1, onPacket: () => {}, onError });
line.beacon({ packets: [bytes], intervalUs: 5000, firstAt: 1, onEnd: () => {} });
setTimeout(() => process.exit(1), 10_000);
`;

describe('prebuilt binaries', function () {
  this.timeout(120_000);
  const base = mkdtempSync(join(tmpdir(), 'mainstay-prebuilt-'));
  const bin = join(base, 'bin');
  const env = { PATH: bin, HOME: base, npm_config_cache: join(base, 'cache'), npm_config_offline: 'true' };

  /** What `npm` finds: a shell, node and npm itself. */
  function makePath(): void {
    mkdirSync(bin);
    const found = (name: string) => execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    for (const name of ['sh', 'npm']) symlinkSync(found(name), join(bin, name));
    symlinkSync(process.execPath, join(bin, 'node'));
  }

  /** Packs the package with these binaries alone and installs the tarball in a folder of its own. */
  function install(name: string, prebuild: (folder: string) => void): { folder: string; output: string } {
    const copy = join(base, name, 'package');
    for (const part of ['dist', 'native', 'scripts', 'binding.gyp', 'package.json', 'README.md'])
      cpSync(join(source, part), join(copy, part), { recursive: true });
    prebuild(join(copy, 'prebuilds'));
    execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', join(base, name)], { cwd: copy, env });
    const tarball = readdirSync(join(base, name)).find((file) => file.endsWith('.tgz')) ?? '';
    const folder = join(base, name, 'site');
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'site', private: true, type: 'module' }));
    const flags = ['--no-audit', '--no-fund', '--foreground-scripts', join('..', tarball)];
    const { status, stdout, stderr } = spawnSync('npm', ['install', ...flags], { cwd: folder, env, encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
    return { folder, output: stdout + stderr };
  }

  before(function () {
    if (process.arch !== 'x64') this.skip();
    assert.equal(process.getuid?.(), 0, 'packet sockets need root');
    makePath();
    for (const tool of ['gcc', 'cc', 'make', 'python3', 'g++']) assert.equal(existsSync(join(bin, tool)), false);
  });
  after(() => rmSync(base, { recursive: true }));

  it('come with the package, load without a compiler, and work', () => {
    const { folder, output } = install('with', (to) =>
      execFileSync('bash', [join(source, 'scripts/prebuild.sh'), '--all', '--to', to, target], {
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    assert.doesNotMatch(output, /gyp|no native part/);
    const installed = join(folder, 'node_modules/@mainstay/pacemaker');
    assert.equal(existsSync(join(installed, 'build')), false);
    assert.deepEqual(readdirSync(join(installed, 'prebuilds')), [target]);
    writeFileSync(join(folder, 'use.js'), use);
    assert.equal(execFileSync(process.execPath, ['use.js'], { cwd: folder, encoding: 'utf8' }), 'heard\n');
  });

  it('that do not load fail no install: it says what is missing, and so does the first use', () => {
    const { folder, output } = install('without', (to) => {
      mkdirSync(join(to, target), { recursive: true });
      writeFileSync(join(to, target, 'pacemaker.node'), 'not a binary');
    });
    assert.match(output, /^mainstay: no native part for linux x64 .*npm rebuild @mainstay\/pacemaker/m);
    writeFileSync(join(folder, 'use.js'), use);
    const { status, stderr } = spawnSync(process.execPath, ['use.js'], { cwd: folder, encoding: 'utf8' });
    assert.notEqual(status, 0);
    assert.match(
      stderr,
      /NativeMissingError: .*prebuilds\/linux-x64-glibc\/pacemaker\.node \(.*(invalid ELF header|file too short)/,
    );
  });

  it('leave out no source file: binding.gyp, the one list for them and for node-gyp, has all', () => {
    const { targets } = JSON.parse(readFileSync(join(source, 'binding.gyp'), 'utf8')) as { targets: { sources: string[] }[] };
    const written = readdirSync(join(source, 'native')).filter((name) => name.endsWith('.c'));
    assert.deepEqual([...(targets[0]?.sources ?? [])].sort(), written.map((name) => `native/${name}`).sort());
  });
});
