/**
 * The native addon where lifetimes meet: callbacks that throw, close or are forgotten, traffic under way, environments that
 * end. On loopback, as root. `npm run test:sanitize` of @mainstay/pacemaker runs it under the address sanitizer.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { NetlinkSocket, PacketSocket, RawIpReceiver } from '@mainstay/pacemaker';
import { before, describe, it } from 'mocha';

const entry = createRequire(import.meta.url).resolve('@mainstay/pacemaker');
const loopback = 1;
const etherType = 0x88b6;
const rtnlLinks = 1;
const onError = (error: Error) => assert.fail(error);

function frame(text: string): Buffer {
  const type = Buffer.from([etherType >> 8, etherType & 0xff]);
  return Buffer.concat([Buffer.alloc(12), type, Buffer.from(text.padEnd(46))]);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function turnsUntil(what: string, isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 100_000; i++) {
    if (isSo()) return;
    await turn();
  }
  assert.fail(`never so: ${what}`);
}

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

describe('pacemaker lifetimes', function () {
  this.timeout(30_000);

  before(() => {
    assert.equal(process.getuid?.(), 0, 'raw and packet sockets need root');
  });

  it('delivers nothing after a close within the callback, not even of the same batch', async () => {
    const heard: string[] = [];
    const receiver: PacketSocket = new PacketSocket({
      interfaceIndex: loopback,
      etherType,
      onError,
      onFrame: () => {
        heard.push('frame');
        receiver.close();
      },
    });
    const sender = new PacketSocket({ interfaceIndex: loopback, etherType, onError });
    for (let i = 0; i < 10; i++) sender.send(frame('x'));
    await turnsUntil('a frame arrived', () => heard.length > 0);
    for (let i = 0; i < 10; i++) await turn();
    sender.close();
    assert.deepEqual(heard, ['frame']);
  });

  it('keeps a socket alive that nobody holds, through garbage collections, until its loop ends', async () => {
    const collect = collector();
    let heard = 0;
    const stop: { close?: () => void } = {};
    (() => {
      const held: PacketSocket = new PacketSocket({
        interfaceIndex: loopback,
        etherType,
        onError,
        onFrame: () => {
          heard++;
          stop.close?.();
        },
      });
      const weak = new WeakRef(held);
      stop.close = () => weak.deref()?.close();
    })();
    for (let i = 0; i < 5; i++) {
      collect();
      await turn();
    }
    const sender = new PacketSocket({ interfaceIndex: loopback, etherType, onError });
    sender.send(frame('still there'));
    await turnsUntil('the frame arrived', () => heard === 1);
    sender.close();
  });

  it('frees handles that were closed and forgotten', async () => {
    const collect = collector();
    const before = readdirSync('/proc/self/fd').length;
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 20; i++) new NetlinkSocket({ protocol: 0, receiveBufferBytes: 0, onReadable() {}, onError }).close();
      collect();
      await turn();
    }
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });

  it('passes what a callback throws to the process, and calls it again', () => {
    const script = `
      import { PacketSocket } from '${entry}';
      let heard = 0;
      const onError = (error) => { throw error; };
      process.on('uncaughtException', (error) => console.log(error.message));
      const open = (more) => new PacketSocket({ interfaceIndex: 1, etherType: ${etherType}, onError, ...more });
      const sender = open({});
      const receiver = open({ onFrame: () => {
        heard++;
        if (heard === 2) { receiver.close(); sender.close(); }
        else setImmediate(() => sender.send(frame));
        throw new Error('thrown ' + heard);
      } });
      const frame = Buffer.from('${frame('x').toString('hex')}', 'hex');
      sender.send(frame);`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 20_000 });
    assert.equal(output, 'thrown 1\nthrown 2\n');
  });

  it('lets environments end, by themselves or by force, while frames arrive', async () => {
    const source = `
      import('${entry}').then(({ NetlinkSocket, PacketSocket, RawIpReceiver }) => {
        const { parentPort } = require('node:worker_threads');
        const onError = () => {};
        new PacketSocket({ interfaceIndex: 1, etherType: ${etherType}, onFrame() {}, onError });
        new RawIpReceiver({ family: 6, protocol: 254, interfaceIndex: 1, onPacket() {}, onError });
        const netlink = new NetlinkSocket({ protocol: 0, receiveBufferBytes: 4096, onReadable() {}, onError });
        netlink.join(${rtnlLinks});
        netlink.close();
        parentPort.postMessage('open');
        parentPort.once('message', () => process.exit(0));
      });`;
    const sender = new PacketSocket({ interfaceIndex: loopback, etherType, onError });
    const before = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 6; i++) {
      const worker = new Worker(source, { eval: true });
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      if (i % 2 === 0) void worker.terminate();
      else worker.postMessage('end');
      let isOver = false;
      void ended.then(() => {
        isOver = true;
      });
      await turnsUntil('the worker ended', () => {
        sender.send(frame('x'));
        return isOver;
      });
    }
    assert.equal(readdirSync('/proc/self/fd').length, before);
    sender.close();
  });

  it('survives every argument of the wrong kind', () => {
    const addon = createRequire(import.meta.url)(entry.replace(/dist\/index\.js$/, 'build/Release/pacemaker.node'));
    const receiver = addon.rawIpOpen(4, 254, loopback, 0, () => {});
    const packet = addon.packetOpen(loopback, etherType, true, () => {});
    const netlink = addon.netlinkOpen(0, 0, () => {});
    const odd = [
      undefined,
      null,
      Number.NaN,
      -1,
      2 ** 53,
      1.5,
      'x',
      {},
      [],
      () => {},
      new Uint8Array(0),
      receiver,
      packet,
      netlink,
    ];
    let state = 1;
    const draw = () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return odd[(state >>> 16) % odd.length];
    };
    for (const [name, call] of Object.entries(addon as Record<string, (...args: unknown[]) => unknown>)) {
      if (['setParentDeathSignal', 'closeRawSocketsOnExec', 'closeOthersOnExec', 'pacerStart'].includes(name)) continue;
      for (let i = 0; i < 300; i++) {
        try {
          call(...Array.from({ length: i % 7 }, draw));
        } catch (error) {
          assert.ok(error instanceof Error);
        }
      }
    }
    for (const handle of [receiver, packet, netlink]) addon.socketClose(handle);
  });

  it('opens raw sockets of both families at once on one interface, many times', () => {
    const open = (family: 4 | 6) =>
      new RawIpReceiver({ family, protocol: 254, interfaceIndex: loopback, onPacket() {}, onError });
    const sockets = Array.from({ length: 40 }, (_, i) => open(i % 2 === 0 ? 4 : 6));
    for (const socket of sockets) assert.equal(socket.drops, 0);
    for (const socket of sockets) socket.close();
  });
});
