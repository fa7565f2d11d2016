/** Deadlines of parts of a probe where the process stood still: what came meanwhile counts (HTTP_GET and SMTP_CHECK of several). */
import assert from 'node:assert/strict';
import { checkerHttp } from '@mainstay/checker-http';
import smtpCheck from '@mainstay/checker-smtp';
import {
  type Checker,
  type Connection,
  type ConnectOptions,
  forbearance,
  type Ports,
  partOfProbe,
  type Verdict,
} from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { bindChecks } from '../../support/checker-config.js';
import { manualClock } from '../../support/manual-clock.js';
import { boundBlock } from '../../support/probing.js';

describe('a part of a probe', () => {
  function begun() {
    const clock = manualClock();
    const probe = new AbortController();
    const part = partOfProbe({ clock, signal: probe.signal }, 5000, 'no answer in time');
    return { clock, probe, part };
  }

  it('ends with its time, or with the probe', async () => {
    const { clock, part } = begun();
    await clock.advance(4999);
    assert.equal(part.signal.aborted, false);
    await clock.advance(1);
    assert.equal((part.signal.reason as Error).message, 'no answer in time');
    const other = begun();
    other.probe.abort(new Error('the probe is over'));
    assert.equal((other.part.signal.reason as Error).message, 'the probe is over');
  });

  it('has no end any more once it is over', async () => {
    const { clock, part } = begun();
    part.end();
    await clock.advance(60_000);
    assert.equal(part.signal.aborted, false);
  });

  it('ends what is left with the probe, also where it is over or the probe was over before', () => {
    const { clock, probe, part } = begun();
    part.end();
    probe.abort(new Error('the probe is over'));
    assert.equal((part.signal.reason as Error).message, 'the probe is over');
    assert.equal(partOfProbe({ clock, signal: probe.signal }, 5000, 'no answer').signal.aborted, true);
  });

  for (const [lateMs, moreMs] of [
    [10, 0],
    [100, 250],
    [60_000, 5000],
  ] as const)
    it(`has ${moreMs} ms more where its end is noticed ${lateMs} ms late, once`, async () => {
      const { clock, part } = begun();
      clock.spend(5000 + lateMs);
      await clock.advance(0);
      assert.equal(part.signal.aborted, moreMs === 0);
      if (moreMs === 0) return;
      await clock.advance(moreMs - 1);
      assert.equal(part.signal.aborted, false);
      clock.spend(10_000);
      await clock.advance(0);
      assert.equal(part.signal.aborted, true);
    });

  it('never has more than its own time once more', () => {
    assert.deepEqual([forbearance(100, 40), forbearance(300, 40), forbearance(20, 40)], [40, 40, 0]);
  });
});

/** A checker on connections whose bytes the test sends, on a clock of the test. */
function asking(checker: Checker, config: string) {
  const clock = manualClock();
  const answers: ((text: string) => void)[] = [];
  const connect = async (_to: unknown, { signal }: ConnectOptions): Promise<Connection> => ({
    write: async () => {},
    read: () =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        answers.push((text) => resolve(text === '' ? undefined : Buffer.from(text)));
      }),
    end() {},
    close() {},
  });
  const bound = boundBlock(checker, config);
  const timeoutMs = checker.timeoutMs?.(bound as never, { delayLoopMs: 60_000, timeoutMs: 5000 }) ?? 5000;
  const verdict = checker.check?.({
    target: { address: '192.0.2.10', port: 80 },
    config: bound as never,
    virtualHost: undefined,
    attempt: 1,
    delayLoopMs: 60_000,
    timeoutMs,
    memory: new Map(),
    signal: new AbortController().signal,
    clock,
    log: { error() {}, warn() {}, info() {}, debug() {} },
    ports: { tcp: { connect } } as unknown as Ports,
  }) as Promise<Verdict>;
  /** What the server sends next; '' is its end. */
  const say = async (text: string) => {
    await clock.advance(0);
    answers.at(-1)?.(text);
    await clock.advance(0);
  };
  return { clock, verdict, timeoutMs, say };
}

describe('HTTP_GET of several URLs', () => {
  const [httpGet] = bindChecks(checkerHttp(), '').checkers as [Checker];
  const page = 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx';
  const urls = 'url {\npath /a\n}\nurl {\npath /b\n}';

  it('judges by the answer that lies in the socket', async () => {
    const { clock, verdict, say, timeoutMs } = asking(httpGet, urls);
    assert.equal(timeoutMs, 15_000);
    await clock.advance(1000);
    clock.spend(60_000);
    await say(page);
    await say(page);
    assert.equal((await verdict).ok, true);
  });

  it('is down where the server is silent then, too', async () => {
    const { clock, verdict } = asking(httpGet, urls);
    await clock.advance(1000);
    clock.spend(60_000);
    await clock.advance(5001);
    assert.deepEqual(await verdict, { ok: false, reason: 'GET http://192.0.2.10:80/a: no complete answer within 5 s' });
  });
});

describe('SMTP_CHECK of several hosts', () => {
  const hosts = 'host {\nconnect_ip 192.0.2.11\n}\nhost {\nconnect_ip 192.0.2.12\nconnect_timeout 2\n}';

  it('judges by the answer that lies in the socket', async () => {
    const { clock, verdict, say, timeoutMs } = asking(smtpCheck as unknown as Checker, hosts);
    assert.equal(timeoutMs, 12_000);
    for (let host = 0; host < 2; host++) {
      clock.spend(60_000);
      await say('220 mx\r\n');
      // Its goodbye is not waited for, as the time is over.
      await say('250 mx\r\n');
    }
    assert.deepEqual(await verdict, { ok: true });
  });

  it('is down where a host is silent then, too', async () => {
    const { clock, verdict, say } = asking(smtpCheck as unknown as Checker, hosts);
    for (const line of ['220 mx\r\n', '250 mx\r\n', '221 bye\r\n']) await say(line);
    await clock.advance(0);
    clock.spend(60_000);
    await clock.advance(2001);
    assert.deepEqual(await verdict, { ok: false, reason: 'host 192.0.2.12 port 80: no answer within 2 s' });
  });
});
