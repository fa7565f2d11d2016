/** Replies of SMTP servers (plugins/checker-smtp/src/replies.ts): whatever the pieces, the same replies; bounds hold. */
import assert from 'node:assert/strict';
import { longestLine, mostLines, NotSmtp, type Reply, ReplyReader } from '@mainstay/checker-smtp/internal/replies.js';
import fc from 'fast-check';
import { describe, it } from 'mocha';

function read(...pieces: readonly (string | Uint8Array)[]): Reply[] {
  const reader = new ReplyReader();
  return pieces.flatMap((piece) => reader.push(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece));
}

describe('SMTP replies', () => {
  it('are lines with a code', () => {
    assert.deepEqual(read('220 mx.example ESMTP\r\n'), [{ code: 220, text: 'mx.example ESMTP' }]);
    assert.deepEqual(read('250\r\n'), [{ code: 250, text: '' }]);
    assert.deepEqual(read('250 ok\n421 bye\n'), [
      { code: 250, text: 'ok' },
      { code: 421, text: 'bye' },
    ]);
  });

  it('may have several lines, the last without a hyphen', () => {
    assert.deepEqual(read('250-mx.example\r\n250-SIZE 10\r\n'), []);
    assert.deepEqual(read('250-mx.example\r\n250-SIZE 10\r\n250 HELP\r\n'), [{ code: 250, text: 'mx.example SIZE 10 HELP' }]);
  });

  it('are the same however the bytes are cut', () => {
    const text = '220-a\r\n220-\r\n220 c d\r\n250 ok\r\n';
    const cuts = fc.array(fc.nat(text.length), { maxLength: 8 }).map((all) => [0, ...all.sort((a, b) => a - b), text.length]);
    fc.assert(
      fc.property(cuts, (at) => {
        const pieces = at.slice(1).map((end, i) => text.slice(at[i], end));
        assert.deepEqual(read(...pieces), read(text));
      }),
    );
  });

  for (const [what, text] of Object.entries({
    'another protocol': 'SSH-2.0-OpenSSH_9.2\r\n',
    'a code out of range': '999 x\r\n',
    'a code that runs on': '2200 x\r\n',
    'two codes in one reply': '250-a\r\n220 b\r\n',
    'an empty line': '\r\n',
    'a line without end': 'x'.repeat(longestLine + 1),
    'lines without end': '250-x\r\n'.repeat(mostLines + 1),
  }))
    it(`are not ${what}`, () => assert.throws(() => read(text), NotSmtp));

  it('keep what the server sends out of the terminal', () => {
    assert.throws(() => read('\x1b[2Jevil\r\n'), { message: 'the line ".[2Jevil"' });
    const [reply] = read(`220 \x07${'y'.repeat(300)}\r\n`);
    assert.match(reply?.text ?? '', /^\.y{79}\.\.\.$/);
  });

  it('are read from any bytes without another error', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), (pieces) => {
        try {
          for (const { code } of read(...pieces)) assert.ok(code >= 200 && code < 600);
        } catch (error) {
          assert.ok(error instanceof NotSmtp);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
