/**
 * A hundred thousand answers each of web and mail servers, damaged and cut anywhere, and of patterns. Readers accept or refuse them in
 * their own words, the same in one piece as octet by octet, and keep nothing that grows.
 */
import assert from 'node:assert/strict';
import { NotUtf8, Pattern, PatternError, type PatternOptions } from '@mainstay/checker-http/internal/pattern/pattern.js';
import { NotHttp, ResponseReader } from '@mainstay/checker-http/internal/response.js';
import { NotSmtp, ReplyReader } from '@mainstay/checker-smtp/internal/replies.js';
import { describe, it } from 'mocha';
import { Prng } from '../support/prng.js';

const answers = 100_000;
const seed = Number(process.env.MAINSTAY_FUZZ_SEED ?? 20260101);

const pieces = {
  http: [
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.0 100 Continue\r\n\r\n',
    'Content-Length: 7\r\n',
    'content-length:0\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: gzip\r\n',
    'X: y\r\n',
    '\r\n',
    '\n',
    '5\r\nhello\r\n',
    '0\r\n\r\n',
    'ffffffff\r\n',
    'hello, world',
    ' \t',
  ],
  smtp: ['220 mx\r\n', '220-mx\r\n', '250 ok\r\n', '250\r\n', '421-', '\r\n', '\n', 'x', '999 ', '25', '0 '],
  pattern: [
    'a',
    'b',
    '(',
    ')',
    '(?i)',
    '(?:',
    '[',
    ']',
    '[^',
    '-',
    '|',
    '*',
    '+',
    '?',
    '{2}',
    '{1,3}',
    '\\',
    '\\d',
    '^',
    '$',
    '.',
    '\\b',
    '[[:alpha:]]',
  ],
} as const;

function mixture(random: Prng, from: readonly string[], longest: number): Uint8Array {
  const text = Array.from({ length: random.below(longest) }, () => from[random.below(from.length)] ?? '').join('');
  const bytes = Buffer.from(text, 'latin1');
  for (let changes = random.below(3); changes > 0 && bytes.length > 0; changes--)
    bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

/** Whole, or an octet at a time. */
function outcome(
  bytes: Uint8Array,
  size: number,
  push: (piece: Uint8Array) => void,
  end: () => string,
  Refusal: typeof NotHttp,
): string {
  try {
    for (let i = 0; i < bytes.length; i += size) push(bytes.subarray(i, i + size));
    return end();
  } catch (error) {
    if (error instanceof Refusal) return 'refused';
    throw error;
  }
}

describe('fuzz: answers of servers', function () {
  this.timeout(120_000);

  it(`HTTP: ${answers.toLocaleString('en')}`, () => {
    const random = new Prng(seed);
    const seen = new Map<string, number>();
    for (let i = 0; i < answers; i++) {
      const head = i % 2 === 0 ? 'HTTP/1.1 200 OK\r\n' : '';
      const bytes = Buffer.concat([Buffer.from(head), mixture(random, pieces.http, 12)]);
      const results = [bytes.length + 1, 1].map((size) => {
        let body = '';
        const reader = new ResponseReader((piece) => {
          body += Buffer.from(piece).toString('latin1');
        });
        const end = () => `${reader.head?.status} ${JSON.stringify(body)} ${reader.isComplete} ${reader.end()}`;
        return outcome(bytes, size, (piece) => reader.push(piece), end, NotHttp);
      });
      assert.equal(results[0], results[1], `seed ${seed}, answer ${i}: ${JSON.stringify(bytes.toString('latin1'))}`);
      const kind = results[0] === 'refused' ? 'refused' : /true undefined$/.test(results[0] ?? '') ? 'complete' : 'incomplete';
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
    for (const kind of ['refused', 'complete', 'incomplete']) assert.ok((seen.get(kind) ?? 0) > answers / 100, kind);
  });

  it(`SMTP: ${answers.toLocaleString('en')}`, () => {
    const random = new Prng(seed);
    const seen = new Map<string, number>();
    for (let i = 0; i < answers; i++) {
      const bytes = mixture(random, pieces.smtp, 8);
      const results = [bytes.length + 1, 1].map((size) => {
        const reader = new ReplyReader();
        const codes: number[] = [];
        const push = (piece: Uint8Array) => void codes.push(...reader.push(piece).map(({ code }) => code));
        return outcome(bytes, size, push, () => codes.join(), NotSmtp);
      });
      assert.equal(results[0], results[1], `seed ${seed}, answer ${i}: ${JSON.stringify(Buffer.from(bytes).toString('latin1'))}`);
      const kind = results[0] === 'refused' ? 'refused' : results[0] === '' ? 'none' : 'replies';
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
    for (const kind of ['refused', 'none', 'replies']) assert.ok((seen.get(kind) ?? 0) > answers / 100, kind);
  });

  it(`patterns: ${(answers / 10).toLocaleString('en')}`, () => {
    const random = new Prng(seed);
    let compiled = 0;
    for (let i = 0; i < answers / 10; i++) {
      const source = Buffer.from(mixture(random, pieces.pattern, 12)).toString('latin1');
      const flags = random.below(256);
      const options: PatternOptions = {
        caseless: (flags & 1) !== 0,
        dotall: (flags & 2) !== 0,
        multiline: (flags & 4) !== 0,
        extended: (flags & 8) !== 0,
        dollar_endonly: (flags & 16) !== 0,
        utf: (flags & 32) !== 0,
        ucp: false,
        allow_empty_class: (flags & 64) !== 0,
        alt_bsux: (flags & 128) !== 0,
        alt_circumflex: false,
        firstline: false,
      };
      try {
        const search = new Pattern(source, options).search();
        compiled++;
        search.feed(mixture(random, ['a', 'b', '1', ' ', '\n', 'A'], 20));
        search.end();
      } catch (error) {
        assert.ok(
          error instanceof PatternError || error instanceof NotUtf8,
          `seed ${seed}, pattern ${i} ${JSON.stringify(source)}: ${error}`,
        );
      }
    }
    assert.ok(compiled > answers / 100, `${compiled} compiled`);
  });
});
