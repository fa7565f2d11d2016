/** The modules and files ports on real files; the examples are loaded and run as an operator would. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openHostPorts } from '@mainstay/core';
import { isNotify, type Log, MainstayError, type Notify, type NotifyEvent } from '@mainstay/sdk';
import { after, before, describe, it } from 'mocha';

const { modules, files } = openHostPorts();
const examples = fileURLToPath(new URL('../../../../examples/hooks', import.meta.url));
let folder = '';

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function refusal(path: string): Promise<string> {
  try {
    await modules.load(path);
  } catch (error) {
    assert.ok(error instanceof MainstayError && error.code === 'MODULE_LOAD_FAILED', String(error));
    return error.message;
  }
  return assert.fail('it was loaded');
}

const header = `import { defineNotify } from '@mainstay/sdk';\n`;
const hook = `${header}enum To { M = 'master' }\nexport default defineNotify({ on: ['vrrp.transitioned'], run(e: { to: string }) { if (e.to === To.M) return; } });\n`;

describe('modules port', function () {
  this.timeout(10_000);
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mainstay-modules-'));
    chmodSync(folder, 0o755);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('loads TypeScript that imports the SDK, from anywhere', async () => {
    for (const name of ['a.ts', 'a.mts']) assert.ok(isNotify((await modules.load(write(name, hook))).default), name);
    const plain = `${header}export default defineNotify({ on: ['bfd.changed'], run() {} });\n`;
    for (const name of ['a.js', 'a.mjs']) assert.ok(isNotify((await modules.load(write(name, plain))).default), name);
  });

  it('loads what a file imports from beside it, and sees an edit of either at the next load', async () => {
    write('_part.ts', 'export const part: string = "one";\n');
    const main = write('main.ts', `import { part } from './_part';\nexport default part + ' a';\n`);
    assert.equal((await modules.load(main)).default, 'one a');
    write('_part.ts', 'export const part: string = "two";\n');
    assert.equal((await modules.load(main)).default, 'two a');
    write('main.ts', `import { part } from './_part';\nexport default part + ' b';\n`);
    assert.equal((await modules.load(main)).default, 'two b');
  });

  it('waits for top-level await', async () => {
    assert.equal((await modules.load(write('await.ts', 'export default await Promise.resolve(5);\n'))).default, 5);
  });

  it('names file, line and column of a syntax error', async () => {
    const path = write('syntax.ts', 'const a: number = 1;\n\nconst b = = 2;\n');
    assert.match(await refusal(path), new RegExp(`^${path}:3:\\d+: cannot be loaded: syntax error: Unexpected token`));
  });

  it('names file and line of an error at load', async () => {
    const path = write('throws.ts', 'interface A { a: 1 }\n\n\nthrow new Error("no database");\n');
    assert.match(await refusal(path), new RegExp(`^${path}:4: cannot be loaded: no database`));
    assert.match(await refusal(write('text.ts', 'throw "text";\n')), /text\.ts: cannot be loaded: text/);
  });

  it('says which package is missing, and where to put it', async () => {
    const message = await refusal(write('needs.ts', `import x from 'no-such-package-here';\nexport default x;\n`));
    assert.match(message, /Cannot find module 'no-such-package-here'.*\(install the package in a node_modules folder/);
  });

  it('says that a file is missing or its path is not absolute', async () => {
    assert.match(await refusal(join(folder, 'absent.ts')), /absent\.ts: cannot be loaded: it does not exist/);
    assert.match(await refusal('a.ts'), /its path is not absolute/);
  });

  it('as root, loads nothing that others could have written', async () => {
    const world = write('world.ts', 'export default 1;\n');
    chmodSync(world, 0o666);
    assert.match(await refusal(world), /would run as root, but .*world\.ts may be written by everybody/);
    const foreign = write('foreign.ts', 'export default 1;\n');
    chownSync(foreign, 65534, 65534);
    assert.match(await refusal(foreign), /belongs to uid 65534/);
  });
});

describe('files port', () => {
  it('lists a folder sorted, answers nothing for one that is missing, and refuses what is none', async () => {
    const list = await files.list(examples);
    assert.deepEqual([...list], [...list].sort());
    assert.ok(list.includes('webhook.ts'));
    assert.deepEqual(await files.list(join(examples, 'no-such-folder')), []);
    await assert.rejects(files.list(join(examples, 'webhook.ts')), /cannot list the folder/);
    await assert.rejects(files.readText(join(examples, 'absent')), /cannot read .*absent/);
  });
});

describe('examples of notify hooks', function () {
  this.timeout(10_000);
  const said: string[] = [];
  const say = (message: string) => void said.push(message);
  const log: Log = { error: say, warn: say, info: say, debug: say };
  const event: NotifyEvent<'vrrp.transitioned'> = {
    name: 'vrrp.transitioned',
    instance: 'VI_1',
    interface: 'eth0',
    virtualRouterId: 51,
    family: 4,
    from: 'backup',
    to: 'master',
    reason: 'master-down',
    detail: 'nothing heard from 192.0.2.2',
    priority: 100,
    at: 1_700_000_000_000,
  };
  const context = { log, signal: new AbortController().signal };
  it('the README has one that loads', async () => {
    const text = /```ts\n(.*?)```/s.exec(readFileSync(join(examples, '../../plugins/notify-file/README.md'), 'utf8'))?.[1] ?? '';
    const own = mkdtempSync(join(tmpdir(), 'mainstay-readme-'));
    writeFileSync(join(own, 'readme.ts'), text);
    assert.ok(isNotify((await modules.load(join(own, 'readme.ts'))).default));
    rmSync(own, { recursive: true });
  });

  const load = async (name: string): Promise<Notify> => {
    const { default: notify } = await modules.load(join(examples, name));
    assert.ok(isNotify(notify), name);
    return notify;
  };

  it('log-json writes a line for each event', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'mainstay-log-')), 'events.jsonl');
    process.env.MAINSTAY_EVENT_LOG = file;
    const notify = await load('log-json.ts');
    await Promise.all([notify.run(event, context), notify.run(event, context)]);
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    assert.equal(lines.length, 2);
    assert.deepEqual(JSON.parse(lines[0] ?? ''), { ...event, at: '2023-11-14T22:13:20.000Z' });
    rmSync(file);
  });

  it('webhook posts changes of mastership and nothing else', async () => {
    const posted: string[] = [];
    const server = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => posted.push(chunk.toString()));
      request.on('end', () => response.end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      process.env.MAINSTAY_WEBHOOK_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const notify = await load('webhook.ts');
      await notify.run(event, context);
      await notify.run({ ...event, to: 'fault' }, context);
    } finally {
      server.close();
      server.closeAllConnections();
    }
    assert.equal(posted.length, 1);
    assert.match(JSON.parse(posted[0] ?? '').text, /VI_1 is master \(was backup\): nothing heard/);
  });

  it('on-call tells of faults and flapping, once', async () => {
    const notify = await load('on-call.ts');
    for (let i = 0; i < 10; i++)
      await notify.run({ ...event, to: i % 2 === 0 ? 'fault' : 'backup', at: event.at + i * 1000 }, context);
    assert.deepEqual(
      said.filter((text) => text.startsWith('ALERT')).map((text) => text.split(':')[0]),
      ['ALERT VI_1 fault', 'ALERT VI_1 flapping'],
    );
  });
});
