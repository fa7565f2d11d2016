/** SMTP_CHECK (plugins/checker-smtp) against servers that behave, and servers that do not. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import smtpCheck from '@mainstay/checker-smtp';
import { timeOfEach, timeoutMs } from '@mainstay/checker-smtp/internal/check.js';
import type { SmtpConfig } from '@mainstay/checker-smtp/internal/config.js';
import fc from 'fast-check';
import { afterEach, describe, it } from 'mocha';
import { nothingBut, openNow } from '../../support/descriptors.js';
import { hostile, type ServeOptions, serve, type TestServer } from '../../support/hostile-servers.js';
import { boundBlock, type ProbingOptions, probing } from '../../support/probing.js';

const servers: TestServer[] = [];

async function server(greet: (socket: Socket) => void, options?: ServeOptions): Promise<TestServer> {
  const started = await serve(greet, options);
  servers.push(started);
  return started;
}

/** Answers each line with the next of `replies`. */
function mail(banner: string, ...replies: readonly string[]) {
  return (socket: Socket) => {
    let i = 0;
    socket.write(banner);
    socket.on('data', (bytes) => {
      const lines = bytes.toString('latin1').split('\n').length - 1;
      for (let n = 0; n < lines; n++) socket.write(replies[i++] ?? '500 what?\r\n');
    });
  };
}

async function ask(greet: (socket: Socket) => void, options: Omit<ProbingOptions, 'port'> = {}) {
  const { port, received } = await server(greet);
  const { probe, ports } = probing(smtpCheck, { port, ...options });
  const { durationMs, ...verdict } = await probe();
  assert.equal(ports.open(), 0, 'a connection was left open');
  return { verdict, durationMs, received: received() };
}

describe('SMTP_CHECK', () => {
  afterEach(async () => {
    for (const one of servers.splice(0)) await one.close();
  });

  it('is up where the server greets and accepts HELO, and says goodbye', async () => {
    const { verdict, received } = await ask(mail('220 mx.example\r\n', '250 hello\r\n', '221 bye\r\n'));
    assert.deepEqual(verdict, { ok: true, detail: 'mx.example' });
    assert.equal(received, 'HELO smtpchecker.keepalived.org\r\nQUIT\r\n');
  });

  it('understands replies of several lines', async () => {
    const { verdict } = await ask(mail('220-mx.example\r\n220-no spam\r\n220 go\r\n', '250-a\r\n250 b\r\n', '221 bye\r\n'));
    assert.equal(verdict.ok, true);
  });

  it('says the name that helo_name gives', async () => {
    const { received } = await ask(mail('220 x\r\n', '250 x\r\n', '221 x\r\n'), { config: 'helo_name "lb1.example"' });
    assert.match(received, /^HELO lb1\.example\r\n/);
  });

  it('does not wait long for the goodbye, nor mind how it ends', async () => {
    const mute = await ask((socket) => {
      socket.write('220 x\r\n');
      socket.once('data', () => socket.write('250 x\r\n'));
    });
    assert.equal(mute.verdict.ok, true);
    assert.ok(mute.durationMs < 800, `${mute.durationMs} ms`);
    const abrupt = await ask((socket) => {
      socket.write('220 x\r\n');
      socket.once('data', () => {
        socket.write('250 x\r\n');
        socket.once('data', () => socket.resetAndDestroy());
      });
    });
    assert.equal(abrupt.verdict.ok, true);
  });

  for (const [what, greet, reason] of [
    ['is busy', mail('421 too many connections\r\n'), 'its banner was "421 too many connections", expected 220'],
    ['refuses HELO', mail('220 x\r\n', '550 go away\r\n'), 'to HELO it answered "550 go away", expected 250'],
    [
      'is something else',
      mail('HTTP/1.0 400 Bad Request\r\n'),
      'it does not speak SMTP: it sent the line "HTTP/1.0 400 Bad Request"',
    ],
    [
      'ends after the banner',
      (socket: Socket) => {
        socket.write('220 x\r\n');
        socket.once('data', () => socket.end());
      },
      'to HELO it answered the end of the connection, expected 250',
    ],
  ] as const)
    it(`is down where the server ${what}, and says so`, async () => {
      assert.deepEqual((await ask(greet)).verdict, { ok: false, reason });
    });

  for (const [what, greet] of Object.entries(hostile('220-mx.example\r\n', '220-x\r\n')))
    it(`is down, in time, where the server ${what}`, async () => {
      const { verdict, durationMs } = await ask(greet, { timeoutMs: 300 });
      assert.ok(!verdict.ok && verdict.reason !== '');
      assert.ok(durationMs < 300 + 1000, `${durationMs} ms`);
    });

  it('judges by what a server said that ends its half of the connection and reads on', async () => {
    const half = async (...words: string[]) => {
      const open = openNow();
      const started = await server(
        (socket) => {
          const say = () => {
            socket.write(words.shift() ?? '');
            if (words.length === 0) socket.end();
            else socket.once('data', say);
          };
          say();
        },
        { allowHalfOpen: true },
      );
      const { probe, ports } = probing(smtpCheck, { port: started.port });
      const { durationMs: _, ...verdict } = await probe();
      assert.equal(ports.open(), 0);
      await servers.pop()?.close();
      await nothingBut(open, 'half-close');
      return verdict;
    };
    const banner = 'its banner was the end of the connection, expected 220';
    const helo = 'to HELO it answered the end of the connection, expected 250';
    assert.deepEqual(await half(''), { ok: false, reason: banner });
    assert.deepEqual(await half('220-x\r\n'), { ok: false, reason: banner });
    assert.deepEqual(await half('220 x\r\n'), { ok: false, reason: helo });
    assert.deepEqual(await half('220 x\r\n', '250-x\r\n'), { ok: false, reason: helo });
    assert.deepEqual(await half('220 x\r\n', '250 x\r\n'), { ok: true, detail: 'x' });
  });

  it('asks every host of deprecated host blocks, each with its own time', async () => {
    const good = await server(mail('220 x\r\n', '250 x\r\n', '221 x\r\n'));
    const silent = await server(() => {});
    const host = ({ port }: TestServer, more = '') => `host {\nconnect_ip 127.0.0.1\nconnect_port ${port}\n${more}\n}`;
    const both = probing(smtpCheck, { port: 9, config: `${host(good)}\n${host(good)}` });
    assert.deepEqual({ ...(await both.probe()), durationMs: 0 }, { ok: true, durationMs: 0 });
    assert.equal(both.ports.asked.length, 2);
    const one = probing(smtpCheck, { port: 9, config: `${host(good)}\n${host(silent, 'connect_timeout 0.2')}` });
    const { durationMs, ...verdict } = await one.probe();
    assert.deepEqual(verdict, { ok: false, reason: `host 127.0.0.1 port ${silent.port}: no answer within 0.2 s` });
    assert.ok(durationMs < 1200, `${durationMs} ms`);
    assert.equal(both.ports.open() + one.ports.open(), 0);
  });

  it('leaves each host its time, whichever of them needs it twice', () => {
    const times = fc.array(fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 100_000 }), (own, usual) => {
        const host = own.map((ms) => (ms === undefined ? {} : { connect_timeout: ms }));
        const config = { helo_name: 'x', host } as unknown as SmtpConfig;
        const each = own.map((ms) => ms ?? usual);
        const total = timeoutMs(config, { timeoutMs: usual });
        assert.equal(total, each.reduce((sum, ms) => sum + ms, 0) + Math.max(...each));
        if (own.includes(undefined)) assert.ok(Math.abs(timeOfEach(config, total) - usual) < 1e-6);
      }),
    );
    assert.equal(timeoutMs({ helo_name: 'x', host: [] }, { timeoutMs: 5000 }), 5000);
  });

  it('refuses a name that would be more than a name', () => {
    assert.throws(() => boundBlock(smtpCheck, 'helo_name ""'), /at least one character/);
    assert.throws(() => boundBlock(smtpCheck, 'helo_name'), /the name is missing/);
  });
});
