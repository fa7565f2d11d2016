/** How probes of HTTP_GET share the turns of the event loop (plugins/checker-http/src/turns.ts), and that pages are judged so. */
import assert from 'node:assert/strict';
import { exchange } from '@mainstay/checker-http/internal/exchange.js';
import { Turns } from '@mainstay/checker-http/internal/turns.js';
import { describe, it } from 'mocha';

/** An event loop that turns when it is told to. */
function byHand(most: number) {
  let soon: (() => void)[] = [];
  const turns = new Turns(most, (work) => soon.push(work));
  return {
    turns,
    get isTurnWanted() {
      return soon.length > 0;
    },
    async turn() {
      const now = soon;
      soon = [];
      for (const work of now) work();
      for (let i = 0; i < 10; i++) await Promise.resolve();
    },
  };
}

describe('turns of the event loop', () => {
  it('are waited for only where much was done in one', async () => {
    const loop = byHand(100);
    const { turns } = loop;
    turns.add(0);
    assert.ok(!loop.isTurnWanted);
    turns.add(99);
    assert.equal(turns.pause(), undefined);
    turns.add(1);
    assert.ok(turns.pause() instanceof Promise);
    await loop.turn();
    assert.equal(turns.pause(), undefined);
  });

  it('go to those who wait one after the other, and let nobody overtake them for ever', async () => {
    const { turns, turn } = byHand(100);
    const order: string[] = [];
    const worker = async (name: string, pieces: number) => {
      for (let i = 0; i < pieces; i++) {
        const paused = turns.pause();
        if (paused !== undefined) await paused;
        order.push(name);
        turns.add(100);
      }
    };
    const done = Promise.all([worker('a', 3), worker('b', 2), worker('c', 1)]);
    const perTurn: number[] = [];
    for (let before = -1; order.length < 6; ) {
      before = order.length;
      await turn();
      perTurn.push(order.length - before);
    }
    await done;
    assert.deepEqual(order, ['a', 'a', 'b', 'c', 'a', 'b']);
    assert.ok(
      perTurn.every((count) => count <= 1),
      perTurn.join(),
    );
  });

  it('are taken between pieces of a page, however it comes', async () => {
    const body = Buffer.from('x'.repeat(100_000));
    const chunks = [Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body])];
    const connection = {
      write: () => Promise.resolve(),
      read: () => Promise.resolve(chunks.shift()),
      end: () => {},
      close: () => {},
    };
    const pieces: Buffer[] = [];
    let pauses = 0;
    const answer = await exchange(connection, '', {
      limit: 90_000,
      body: (bytes) => pieces.push(Buffer.from(bytes)),
      pause: () => {
        pauses++;
        return pauses % 3 === 0 ? Promise.resolve() : undefined;
      },
    });
    assert.ok(answer.isLonger);
    assert.equal(answer.octets, 90_000);
    assert.ok(Buffer.concat(pieces).equals(body.subarray(0, 90_000)));
    assert.ok(pieces.every(({ length }) => length <= 2048));
    assert.ok(pauses >= pieces.length, `${pauses} pauses`);
  });

  it('end what is not wanted any more', async () => {
    const connection = {
      write: () => Promise.resolve(),
      read: () => Promise.resolve(Buffer.from('HTTP/1.1 200 OK\r\n\r\nx')),
      end: () => {},
      close: () => {},
    };
    const pause = () => Promise.reject(new Error('too late'));
    await assert.rejects(exchange(connection, '', { limit: 9, body: () => {}, pause }), { message: 'too late' });
  });
});
