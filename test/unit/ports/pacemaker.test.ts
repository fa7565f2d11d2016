/** The native addon: what it refuses, what it survives. On loopback; raw and packet sockets need root. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  NativeSocketError,
  NetlinkSocket,
  PacketSocket,
  RawIpReceiver,
  sendUnixDatagram,
  setParentDeathSignal,
} from '@mainstay/pacemaker';
import { before, describe, it } from 'mocha';

const entry = createRequire(import.meta.url).resolve('@mainstay/pacemaker');
const loopback = 1;
const experimental = 254;
const onError = (error: Error) => assert.fail(error);

function refusedWith(errno: string) {
  return (error: unknown) => error instanceof NativeSocketError && error.errno === errno;
}

describe('pacemaker', function () {
  this.timeout(20_000);

  before(() => {
    assert.equal(process.getuid?.(), 0, 'raw and packet sockets need root');
  });

  it('says NATIVE_MISSING, and how to build it, where the addon is not there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mainstay-native-'));
    try {
      cpSync(dirname(entry), join(folder, 'dist'), { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
      const script = `import('${join(folder, 'dist/index.js')}').then((p) => p.sendUnixDatagram('/x', Buffer.alloc(0))).catch((e) => console.log(e.code, e.message))`;
      const output = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
      assert.match(output, /^NATIVE_MISSING .*npm rebuild @mainstay\/pacemaker/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses an interface that does not exist', () => {
    const missing = { interfaceIndex: 0x7ffffff0, onError };
    assert.throws(
      () => new RawIpReceiver({ ...missing, family: 6, protocol: experimental, onPacket: () => {} }),
      refusedWith('ENODEV'),
    );
    assert.throws(() => new PacketSocket({ ...missing, etherType: 0x88b5 }), refusedWith('ENODEV'));
  });

  it('refuses groups of the wrong length and arguments of the wrong type', () => {
    const receiver = new RawIpReceiver({
      family: 4,
      protocol: experimental,
      interfaceIndex: loopback,
      onPacket: () => {},
      onError,
    });
    assert.throws(() => receiver.join(new Uint8Array(16)), TypeError);
    assert.throws(() => receiver.join('224.0.0.18' as unknown as Uint8Array), TypeError);
    receiver.close();
    assert.throws(() => receiver.join(new Uint8Array(4)), refusedWith('EBADF'));
  });

  it('closes twice without harm, and leaves no descriptor behind', () => {
    const count = () => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let i = 0; i < 50; i++) {
      const sockets = [
        new RawIpReceiver({
          family: i % 2 === 0 ? 4 : 6,
          protocol: experimental,
          interfaceIndex: loopback,
          onPacket: () => {},
          onError,
        }),
        new PacketSocket({ interfaceIndex: loopback, etherType: 0x88b5, onFrame: () => {}, onError }),
        new NetlinkSocket({ protocol: 0, receiveBufferBytes: 4096, onReadable: () => {}, onError }),
      ];
      for (const socket of sockets) socket.close();
      for (const socket of sockets) socket.close();
    }
    assert.equal(count(), before);
  });

  it('answers the error of a Unix datagram instead of throwing it', () => {
    assert.equal(sendUnixDatagram('/nowhere/at/all', Buffer.from('x')), 'ENOENT');
    assert.equal(sendUnixDatagram(`@mainstay-nobody-${process.pid}`, Buffer.from('x')), 'ECONNREFUSED');
    assert.equal(sendUnixDatagram('/'.repeat(200), Buffer.from('x')), 'ENAMETOOLONG');
    assert.equal(sendUnixDatagram('', Buffer.from('x')), 'ENOENT');
  });

  it('asks for a signal at the death of the parent, and knows one who is not', () => {
    assert.equal(setParentDeathSignal('SIGTERM', process.ppid), true);
    assert.equal(setParentDeathSignal(undefined, process.ppid), true);
    assert.equal(setParentDeathSignal(undefined, 0x7fffffff), false);
    assert.throws(() => setParentDeathSignal('SIGTERM', 0), TypeError);
  });

  it('lets a worker thread end with sockets open', async () => {
    const source = `
      import('${entry}').then(({ NetlinkSocket }) => {
        new NetlinkSocket({ protocol: 0, receiveBufferBytes: 4096, onReadable() {}, onError() {} });
        require('node:worker_threads').parentPort.postMessage('open');
      });`;
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(source, { eval: true });
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      await worker.terminate();
    }
  });
});
