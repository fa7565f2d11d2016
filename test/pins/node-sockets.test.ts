/** What the ports to servers rely on in Node's own sockets, beyond its documentation. Runs on each Node that is tested. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { prepareStream } from '@mainstay/pacemaker';
import { after, before, describe, it } from 'mocha';

describe("Node's sockets", () => {
  let server: Server;
  let port = 0;
  const accepted: Socket[] = [];
  before(async () => {
    server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      accepted.push(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  after(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });

  const prepared = () => {
    const fd = prepareStream({ family: 4, localAddress: Uint8Array.of(127, 0, 0, 9) });
    const options = { fd, allowHalfOpen: true, manualStart: true };
    return { fd, socket: new Socket(options) };
  };

  it('connect by a descriptor that they were given, and close it', async () => {
    const { fd, socket } = prepared();
    socket.connect({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    assert.equal(socket.localAddress, '127.0.0.9');
    socket.destroy();
    await once(socket, 'close');
    assert.equal(existsSync(`/proc/self/fd/${fd}`), false);
  });

  it('tell a refusal on such a descriptor as on any other, and close it', async () => {
    const { fd, socket } = prepared();
    socket.connect({ host: '127.0.0.1', port: 1 });
    const [error] = (await once(socket, 'error').catch((thrown: unknown) => [thrown])) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
    if (!socket.closed) await once(socket, 'close');
    assert.equal(existsSync(`/proc/self/fd/${fd}`), false);
  });

  it('know no peer any more after a reset, and still know it after an end', async () => {
    for (const [ending, knowsPeer] of [
      ['reset', false],
      ['end', true],
    ] as const) {
      const client = new Socket({ allowHalfOpen: true }).connect({ host: '127.0.0.1', port });
      await once(client, 'connect');
      while (accepted.at(-1)?.remotePort !== client.localPort) await new Promise(setImmediate);
      const peer = accepted.at(-1);
      const over = new Promise<boolean>((resolve) => {
        client.on('error', () => resolve(false));
        client.on('end', () => resolve(client.remoteAddress !== undefined));
      });
      client.resume();
      peer?.write('last words');
      if (ending === 'end') peer?.end();
      else Object.assign(peer ?? {}, { resetAndClosing: true }) && peer?.destroy();
      assert.equal(await over, knowsPeer, ending);
      client.destroy();
    }
  });
});
