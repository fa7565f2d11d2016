/** UDP_CHECK against peers that the test writes: silence, ICMP errors, replies that match and that do not. */
import assert from 'node:assert/strict';
import checkerUdp, { bytesOf, firstMismatch, normalHex, silenceMarginMs, udpCheck } from '@mainstay/checker-udp';
import { runChecker } from '@mainstay/testing';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { bindChecks } from '../../support/checker-config.js';
import { refused, scriptedUdp, type UdpAnswers } from '../../support/scripted-ports.js';

const hex = (text: string) => Buffer.from(text, 'hex');

async function against(answer: (datagram: Uint8Array) => UdpAnswers, keywords = '') {
  const udp = scriptedUdp(answer);
  const config = `UDP_CHECK {\n${keywords}\n}`;
  const { verdict, durationMs } = await runChecker(udpCheck, { config, ports: { udp }, deadlineMs: 5000 });
  assert.equal(udp.openCount, 0, 'a socket stayed open');
  return { verdict, durationMs, sent: Buffer.from(udp.sent[0] ?? []) };
}

const replying = (reply: string, keywords: string) => against(() => [hex(reply)], keywords);

describe('UDP_CHECK', () => {
  it('takes silence for being up, a moment before the deadline', async () => {
    const { verdict, durationMs, sent } = await against(() => []);
    assert.deepEqual(verdict, { ok: true, detail: 'no ICMP error came' });
    assert.equal(durationMs, 5000 - silenceMarginMs);
    assert.equal(sent.toString(), 'mainstay check - mainstay check ');
  });

  it('looks at the socket once more where the process stood still, while there is time', async () => {
    const turns = () => new Promise((resolve) => setImmediate(resolve));
    for (const [lateMs, looksAgain] of [
      [0, false],
      [50, false],
      [60, true],
      [200, true],
      // The deadline of the loop is there already.
      [240, false],
      [450, false],
      [10_000, true],
    ] as const) {
      for (const ending of ['silence', 'error'] as const) {
        let now = 1000;
        const timers: (() => void)[] = [];
        const after = (_ms: number, fire: () => void) => {
          timers.push(fire);
          return { cancel() {} };
        };
        let refuse = (_error: Error) => {};
        const received = new Promise<Uint8Array>((_, reject) => {
          refuse = reject;
        });
        const exchange = { send: async () => {}, receive: () => received, close() {} };
        const verdict = udpCheck.check?.({
          target: { address: '192.0.2.10', port: 53 },
          config: { payload: undefined, require_reply: undefined },
          timeoutMs: 3000 + silenceMarginMs,
          signal: new AbortController().signal,
          clock: { now: () => now, after },
          ports: { udp: { open: async () => exchange } },
        } as never);
        await turns();
        now += 3000 + lateMs;
        timers.shift()?.();
        await turns();
        assert.equal(timers.length, looksAgain ? 1 : 0, `${lateMs} ms late`);
        if (ending === 'error') refuse(refused());
        else timers.shift()?.();
        assert.equal((await verdict)?.ok, ending === 'silence' || !looksAgain, `${ending}, ${lateMs} ms late`);
      }
    }
  });

  it('gives itself that moment more than connect_timeout, unless a reply is required', () => {
    const timing = { delayLoopMs: 60_000, timeoutMs: 3000 };
    const config = { payload: undefined, require_reply: undefined, min_reply_length: 0, max_reply_length: 255 };
    assert.equal(udpCheck.timeoutMs?.(config, timing), 3000 + silenceMarginMs);
    assert.equal(udpCheck.timeoutMs?.({ ...config, require_reply: '' }, timing), 3000);
  });

  it('is up at once with any datagram where none is required', async () => {
    const { verdict, durationMs } = await replying('', '');
    assert.deepEqual([verdict, durationMs], [{ ok: true, detail: 'a reply came' }, 0]);
  });

  it('is down at once with an ICMP error', async () => {
    for (const keywords of ['', 'require_reply', 'require_reply 00']) {
      const { verdict, durationMs } = await against(() => [refused()], keywords);
      assert.deepEqual([verdict, durationMs], [{ ok: false, reason: '192.0.2.10 port 53: connection refused' }, 0]);
    }
  });

  it('sends the payload', async () => {
    assert.equal((await against(() => [], 'payload Ab12f 3 456 546443123')).sent.toString('hex'), 'ab120f0345065464431203');
    assert.equal((await against(() => [], 'payload 0')).sent.toString('hex'), '00');
  });

  it('is down without a reply that is required', async () => {
    const { verdict, durationMs } = await against(() => [], 'require_reply');
    assert.deepEqual([verdict, durationMs], [{ ok: false, reason: 'timeout' }, 5000]);
  });

  it('looks at neither octets nor length of a reply that is required without octets', async () => {
    const { verdict } = await replying('00'.repeat(1000), 'require_reply\nmin_reply_length 1\nmax_reply_length 2');
    assert.deepEqual(verdict, { ok: true, detail: 'a reply came' });
  });

  it('compares a reply with what is required, half octet by half octet', async () => {
    const required = 'require_reply 24 x1 fX 3';
    assert.equal((await replying('2401ff03', required)).verdict.ok, true);
    assert.equal((await replying('24d1f003ffff', required)).verdict.ok, true);
    const wrong = await replying('24d2f003', required);
    assert.deepEqual(wrong.verdict, { ok: false, reason: 'octet 2 of the reply is d2, not x1' });
    assert.equal((await replying('24d1e003', required)).verdict.ok, false);
    assert.equal((await replying('24d1f013', required)).verdict.ok, false);
  });

  it('compares only as far as the reply goes, as keepalived', async () => {
    assert.equal((await replying('24', 'require_reply 24 01')).verdict.ok, true);
    assert.equal((await replying('', 'require_reply 24 01')).verdict.ok, true);
    const short = await replying('24', 'require_reply 24 01\nmin_reply_length 2');
    assert.deepEqual(short.verdict, { ok: false, reason: 'the reply has 1 octets, not 2 to 255' });
  });

  it('has a reply of 255 octets at most, or as many as are allowed', async () => {
    assert.equal((await replying('00'.repeat(255), 'require_reply 00')).verdict.ok, true);
    assert.equal((await replying('00'.repeat(256), 'require_reply 00')).verdict.ok, false);
    assert.equal((await replying('00'.repeat(256), 'require_reply 00\nmax_reply_length 256')).verdict.ok, true);
  });

  it('refuses what is not hexadecimal', async () => {
    await assert.rejects(
      against(() => [], 'payload 12 zz'),
      /"12 zz" is not made of hexadecimal digits/,
    );
    await assert.rejects(
      against(() => [], 'payload 1x'),
      /hexadecimal digits/,
    );
    await assert.rejects(
      against(() => [], 'payload'),
      /the payload is missing/,
    );
    await assert.rejects(
      against(() => [], 'require_reply 0xg'),
      /hexadecimal digits or x/,
    );
    await assert.rejects(against(() => [], `payload ${'00'.repeat(65_508)}`));
  });

  it('refuses lengths that no reply can have, and warns of those that nobody looks at', () => {
    const said = (keywords: string) => bindChecks(checkerUdp, `server A {\nUDP_CHECK {\n${keywords}\n}\n}`).said;
    assert.match(
      said('require_reply 00\nmin_reply_length 300')[0] ?? '',
      /^4:1: error: no reply has 300 octets at least and 255 at/,
    );
    assert.match(said('require_reply\nmax_reply_length 3')[0] ?? '', /^4:1: warning: the length of a reply is looked at only/);
    assert.deepEqual(said('require_reply 00\nmax_reply_length 3'), []);
    assert.deepEqual(said('require_reply'), []);
  });

  it('reads hexadecimal text as keepalived does, however it is written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.array(fc.boolean(), { maxLength: 40 }), (bytes, gaps) => {
        const text = [...bytes].map((b, i) => b.toString(16).padStart(2, '0') + (gaps[i] === true ? ' ' : '')).join('');
        const normal = normalHex(text.trim().split(' '), { hasWildcards: true }) ?? '';
        assert.deepEqual(Uint8Array.from(bytesOf(normal)), bytes);
        assert.equal(firstMismatch(bytes, normal), undefined);
        for (const [i, byte] of bytes.entries()) {
          const other = Uint8Array.from(bytes);
          other[i] = byte ^ 0x10;
          assert.equal(firstMismatch(other, normal), i);
          assert.equal(firstMismatch(other, `${normal.slice(0, 2 * i)}x${normal.slice(2 * i + 1)}`), undefined);
        }
      }),
    );
  });
});
