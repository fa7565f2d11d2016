/** What the Linux ports rely on in the npm package raw-socket, beyond its documentation. Needs root (raw sockets). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { closeRawSocketsOnExec } from '@mainstay/pacemaker';
import { after, before, describe, it } from 'mocha';

interface RawSocket {
  readonly wrap: { send(buffer: Buffer, offset: number, length: number, address: string, done: (bytes: number) => void): void };
  setOption(level: number, option: number, value: number): void;
  setOption(level: number, option: number, value: Buffer, length: number): void;
  pauseRecv(): void;
  on(event: 'message', listener: (bytes: Buffer, source: string) => void): void;
  close(): void;
}
interface RawSocketPackage {
  createSocket(options: { addressFamily: number; protocol: number }): RawSocket;
}

const rawProtocol = 255;
const experimental = 254;

function packet(): Buffer {
  const bytes = Buffer.alloc(24);
  bytes[0] = 0x45;
  bytes[1] = 0x48;
  bytes.writeUInt16BE(24, 2);
  bytes[8] = 77;
  bytes[9] = experimental;
  bytes.set([127, 0, 0, 9], 12);
  bytes.set([127, 0, 0, 1], 16);
  bytes.write('pins', 20);
  return bytes;
}

describe('raw-socket 1.8', () => {
  let raw: RawSocketPackage;
  const open: RawSocket[] = [];
  const make = (protocol: number): RawSocket => {
    const socket = raw.createSocket({ addressFamily: 1, protocol });
    open.push(socket);
    return socket;
  };

  before(() => {
    assert.equal(process.getuid?.(), 0, 'raw sockets need root');
    const require = createRequire(new URL('../../../core/runtime/package.json', import.meta.url));
    raw = require('raw-socket') as RawSocketPackage;
  });
  after(() => {
    for (const socket of open) socket.close();
  });

  it('sends a whole IPv4 packet of ours, unchanged but for identification and checksum', async () => {
    const receiver = make(experimental);
    const received = new Promise<{ bytes: Buffer; source: string }>((resolve) => {
      receiver.on('message', (bytes, source) => resolve({ bytes: Buffer.from(bytes), source }));
    });
    const sender = make(rawProtocol);
    sender.pauseRecv();
    sender.setOption(0, 3, 1);
    sender.wrap.send(packet(), 0, 24, '127.0.0.1', () => undefined);
    const { bytes, source } = await received;
    assert.equal(source, '127.0.0.9');
    for (const blank of [bytes, packet()]) blank.fill(0, 4, 6).fill(0, 10, 12);
    assert.deepEqual(bytes, packet());
  });

  it('hands a packet to the kernel before wrap.send returns', () => {
    const sender = make(rawProtocol);
    let bytes = 0;
    sender.wrap.send(packet(), 0, 24, '127.0.0.1', (sent) => {
      bytes = sent;
    });
    assert.equal(bytes, 24);
  });

  it("throws from wrap.send with the C library's text", () => {
    const sender = make(rawProtocol);
    assert.throws(() => sender.wrap.send(packet(), 0, 10, '127.0.0.1', () => undefined), /^Error: Invalid argument$/);
  });

  it('takes option values of any struct as bytes, and numbers as 32-bit integers', () => {
    const sender = make(rawProtocol);
    const request = Buffer.alloc(12);
    new Int32Array(request.buffer, request.byteOffset + 8, 1)[0] = 1;
    sender.setOption(0, 32, request, 12);
    sender.setOption(0, 34, 0);
    assert.throws(() => sender.setOption(0, 32, Buffer.alloc(12, 0xff), 12));
  });

  it('leaks its descriptors into children, until they are marked', () => {
    make(rawProtocol);
    const inherited = () =>
      Number(
        execFileSync('sh', ['-c', 'ls -l /proc/$$/fd | grep -c "socket:" || true'], { stdio: ['ignore', 'pipe', 'ignore'] }),
      );
    const own = readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
      } catch {
        return false;
      }
    });
    assert.ok(own.length > 0);
    const before = inherited();
    assert.ok(closeRawSocketsOnExec() > 0);
    assert.ok(inherited() < before, 'marked sockets do not reach children');
    assert.equal(closeRawSocketsOnExec(), 0);
  });
});
