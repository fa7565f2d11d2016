/** Answers in HTTP (plugins/checker-http/src/response.ts): framing, bounds, and whatever else a server may send. */
import assert from 'node:assert/strict';
import { longestHead, NotHttp, ResponseReader } from '@mainstay/checker-http/internal/response.js';
import fc from 'fast-check';
import { describe, it } from 'mocha';

interface Read {
  readonly status: number | undefined;
  readonly body: string;
  readonly isComplete: boolean;
  readonly missing: string | undefined;
}

function read(...pieces: readonly (string | Uint8Array)[]): Read {
  let body = '';
  const reader = new ResponseReader((bytes) => {
    assert.ok(bytes.length > 0);
    body += Buffer.from(bytes).toString('latin1');
  });
  for (const piece of pieces) reader.push(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
  return { status: reader.head?.status, body, isComplete: reader.isComplete, missing: reader.end() };
}

const complete = { isComplete: true, missing: undefined };

describe('HTTP answers', () => {
  it('end where their length says', () => {
    const answer = read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more');
    assert.deepEqual(answer, { status: 200, body: 'hello', ...complete });
    assert.deepEqual(read('HTTP/1.0 200 OK\nContent-Length:0\n\nx'), { status: 200, body: '', ...complete });
    assert.equal(read('HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello').isComplete, true);
  });

  it('end with the connection where nothing says how long they are', () => {
    const answer = read('HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\nhel', 'lo');
    assert.deepEqual(answer, { status: 404, body: 'hello', isComplete: false, missing: undefined });
    assert.equal(read('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx').missing, undefined);
  });

  it('may come in chunks', () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\nContent-Length: 3\r\n\r\n';
    assert.deepEqual(read(`${head}5\r\nhello\r\n6;name=value\r\n world\r\n0\r\nTrailer: x\r\n\r\nrest`), {
      status: 200,
      body: 'hello world',
      ...complete,
    });
    assert.equal(read(`${head}5\r\nhello\r\n`).missing, 'the last chunk of its body');
  });

  it('have no body where the status says so', () => {
    for (const status of [204, 304, 101])
      assert.deepEqual(read(`HTTP/1.1 ${status} x\r\nContent-Length: 5\r\n\r\nhello`), { status, body: '', ...complete });
  });

  it('follow interim answers', () => {
    const answer = read(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
    );
    assert.deepEqual(answer, { status: 200, body: 'x', ...complete });
  });

  it('say what is missing of them', () => {
    assert.equal(read().missing, 'all of it');
    assert.equal(read('HTT').missing, 'the rest of its head');
    assert.equal(read('HTTP/1.1 200 OK\r\nA: b\r\n').missing, 'the rest of its head');
    assert.equal(read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe').missing, '3 octets of its body');
  });

  for (const [what, text] of Object.entries({
    'another protocol': 'SSH-2.0-OpenSSH\r\n',
    'an empty line': '\r\n',
    'lower case': 'http/1.1 200 OK\r\n\r\n',
    'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
    'a status that runs on': 'HTTP/1.1 2000 OK\r\n\r\n',
    'a status below 100': 'HTTP/1.1 000 OK\r\n\r\n',
    'a negative length': 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
    'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    'a length beyond all measure': 'HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n',
    'a chunk size that is none': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n',
    'a chunk size beyond all measure': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n',
    'a chunk longer than its size': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nhello\r\n',
    'a chunk size without end': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0;${'x'.repeat(5000)}`,
    'a head without end': `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(longestHead / 6)}`,
    'a line without end': `HTTP/1.1 200 ${'x'.repeat(longestHead)}`,
    'trailers without end': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'A: b\r\n'.repeat(longestHead / 6)}`,
    'interim answers without end': 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(longestHead / 20),
  }))
    it(`are not ${what}`, () => assert.throws(() => read(text), NotHttp));

  it('keep what the server sends out of the terminal', () => {
    assert.throws(() => read('\x1b[2J\n'), { message: '".[2J"' });
    assert.throws(() => read('HTTP/1.1 x\x07y\r\n\r\n'), { message: 'the status line "HTTP/1.1 x.y"' });
  });

  const token = fc.stringMatching(/^[a-zA-Z-]{1,10}$/);
  const anyAnswer = fc
    .record({
      status: fc.integer({ min: 200, max: 599 }),
      fields: fc.array(fc.tuple(token, fc.stringMatching(/^[ -~]{0,20}$/)), { maxLength: 5 }),
      body: fc.array(fc.stringMatching(/^[ -~\r\n]{1,30}$/), { maxLength: 5 }),
      isChunked: fc.boolean(),
    })
    .filter(({ fields }) => fields.every(([name]) => !/^(content-length|transfer-encoding)$/i.test(name)));

  it('are read as they were written, however the octets are cut', () => {
    fc.assert(
      fc.property(anyAnswer, fc.integer({ min: 1, max: 40 }), ({ status, fields, body, isChunked }, size) => {
        const text = body.join('');
        const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${text.length}`;
        const chunks = [...body, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
        const head = [`HTTP/1.1 ${status} x`, ...fields.map(([name, value]) => `${name}: ${value}`), framing].join('\r\n');
        const whole = `${head}\r\n\r\n${isChunked ? chunks : text}trailing`;
        const pieces = whole.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
        const hasBody = status !== 204 && status !== 304;
        assert.deepEqual(read(...pieces), { status, body: hasBody ? text : '', ...complete });
      }),
      { numRuns: 2000 },
    );
  });

  it('are read from any octets without another error, and nothing is made up', () => {
    const start = fc.constantFrom(
      '',
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.1 200 OK\r\n\r\n',
    );
    const junk = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom('0\r\n', '5\r\n', '\r\n', 'a: b\r\n', 'ffffffff\r\n', '\n'),
    );
    fc.assert(
      fc.property(start, fc.array(junk, { maxLength: 8 }), (opening, pieces) => {
        try {
          const { body } = read(opening, ...pieces);
          assert.ok(body.length <= pieces.reduce((sum, { length }) => sum + length, 0));
        } catch (error) {
          assert.ok(error instanceof NotHttp, String(error));
        }
      }),
      { numRuns: 5000 },
    );
  });
});
