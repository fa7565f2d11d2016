/** HTTP_GET in its steady state (plugins/checker-http/src/routine.ts): what the addon may take for the same answer is the same answer. */
import assert from 'node:assert/strict';
import { type Answer, exchange } from '@mainstay/checker-http/internal/exchange.js';
import { remember, routine } from '@mainstay/checker-http/internal/routine.js';
import type { Connection, RoutineAnswer } from '@mainstay/sdk';
import fc from 'fast-check';
import { describe, it } from 'mocha';

const target = { address: '192.0.2.1', port: 80 };

/** A server that sends this, and then ends or waits for ever. */
function server(text: string, isEnded: boolean): Connection {
  const pieces: (Uint8Array | undefined)[] = [Buffer.from(text, 'latin1'), ...(isEnded ? [undefined] : [])];
  return {
    async write() {},
    async read() {
      if (pieces.length === 0) throw new Error('timeout');
      return pieces.shift();
    },
    end() {},
    close() {},
  };
}

const hear = (text: string, isEnded: boolean): Promise<Answer> =>
  exchange(server(text, isEnded), '', { limit: 1 << 20, body: () => {} });

function likenessOf(answer: Answer, url: object = {}) {
  const memory = new Map<string, unknown>();
  remember(memory, answer);
  const config = { url: [{ path: '/', ...url }], http_protocol: '1.0' };
  return routine({ target, memory, virtualHost: undefined, config: config as never })?.answer;
}

/** As native/routine.c does it. */
function isAsBefore(text: string, isEnded: boolean, { octets, parts, isEnded: untilEnd = false }: RoutineAnswer): boolean {
  const bytes = Buffer.from(text, 'latin1');
  if (untilEnd ? !isEnded || bytes.length !== octets : bytes.length < octets) return false;
  return parts.every(({ at, text: part }) => {
    const wanted = Buffer.from(part as Uint8Array);
    return bytes.subarray(at, at + wanted.length).equals(wanted);
  });
}

describe('the routine of HTTP_GET', () => {
  it('compares the status line, the length and the end of the head', async () => {
    const answer = await hear('HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\nhello', false);
    const likeness = likenessOf(answer);
    const parts = likeness?.parts.map(({ at, text }) => [at, Buffer.from(text as Uint8Array).toString()]);
    assert.deepEqual(parts, [
      [0, 'HTTP/1.1 200 OK\r\n'],
      [28, 'Content-Length: 5\r\n'],
      [45, '\r\n\r\n'],
    ]);
    assert.deepEqual([likeness?.octets, likeness?.isEnded], [54, false]);
  });

  it('is for what ends with the connection, too, and for answers without a body', async () => {
    const open = likenessOf(await hear('HTTP/1.0 200 OK\n\nhello', true));
    assert.deepEqual([open?.octets, open?.isEnded, open?.parts.length], [22, true, 2]);
    const empty = likenessOf(await hear('HTTP/1.1 204 No Content\r\n\r\n', false));
    assert.deepEqual([empty?.octets, empty?.isEnded], [27, false]);
  });

  it('is not for chunks, interim answers, two lengths and long answers', async () => {
    for (const text of [
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n',
      `HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`,
      `HTTP/1.1 200 ${'x'.repeat(5000)}\r\nContent-Length: 0\r\n\r\n`,
    ])
      assert.equal(likenessOf(await hear(text, false)), undefined, text.slice(0, 60));
  });

  it('is not where the content counts, nor for several URLs', async () => {
    const answer = await hear('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', false);
    assert.equal(likenessOf(answer, { digest: 'x' }), undefined);
    assert.equal(likenessOf(answer, { regex: { source: 'x' } }), undefined);
    const memory = new Map<string, unknown>();
    remember(memory, answer);
    const config = { url: [{ path: '/' }, { path: '/x' }], http_protocol: '1.0' };
    assert.equal(routine({ target, memory, virtualHost: undefined, config: config as never }), undefined);
  });

  it('takes no answer for the same that the checker would judge otherwise', async () => {
    const line = fc.constantFrom(
      'Server: a',
      'Server: bb',
      'Content-Length: 5',
      'Content-Length: 0',
      'Content-Length: 10',
      'X: y',
      'Date: 1',
    );
    const text = fc
      .record({
        status: fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.1 503 No', 'HTTP/1.0 200 OK', 'HTTP/1.1 2003 x', 'HTTP/1.1 204 OK'),
        lines: fc.array(line, { maxLength: 4 }),
        hasEnd: fc.boolean(),
        body: fc.constantFrom('', 'hello', 'hallo', 'hello hell'),
      })
      .map(({ status, lines, hasEnd, body }) => `${[status, ...lines].join('\r\n')}\r\n${hasEnd ? '\r\n' : ''}${body}`);
    let same = 0;
    await fc.assert(
      fc.asyncProperty(text, text, fc.boolean(), fc.boolean(), async (first, second, firstEnds, secondEnds) => {
        const known = await hear(first, firstEnds).catch(() => undefined);
        const likeness = known && likenessOf(known);
        for (const next of [first, second]) {
          if (likeness === undefined || known === undefined || !isAsBefore(next, secondEnds, likeness)) continue;
          same++;
          const { head, missing } = await hear(next, secondEnds);
          assert.deepEqual([head.status, missing], [known.head.status, known.missing]);
        }
      }),
      { numRuns: 2000 },
    );
    assert.ok(same > 100, `${same}`);
  });
});
