/** Probes that this host cannot make: they say nothing of the server, which stays as it is. */
import assert from 'node:assert/strict';
import { dnsCheck } from '@mainstay/checker-dns';
import { checkerHttp } from '@mainstay/checker-http';
import { pingCheck } from '@mainstay/checker-ping';
import smtpCheck from '@mainstay/checker-smtp';
import tcpCheck from '@mainstay/checker-tcp';
import { udpCheck } from '@mainstay/checker-udp';
import { type Checker, down, failure, PortError, unprobed } from '@mainstay/sdk';
import { runChecker } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { bindChecks } from '../../support/checker-config.js';
import { bad, loopBench, ok, played, request } from './loop-bench.js';

const noAddress = unprobed('no such source address');
const name = 'X_CHECK of server-a in 192.0.2.100:80';

describe('an error of a probe', () => {
  it('is of the server, unless a port says that this host has refused it', () => {
    const here = ['EADDRNOTAVAIL', 'EADDRINUSE', 'ENODEV', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EPERM', 'EINVAL'];
    const there = [
      'ECONNREFUSED',
      'ETIMEDOUT',
      'EHOSTUNREACH',
      'ENETUNREACH',
      'ECONNRESET',
      'EPIPE',
      'EACCES',
      'ETLS',
      undefined,
    ];
    for (const errno of here) assert.deepEqual(failure(new PortError('why', errno)), unprobed('why'), errno);
    for (const errno of there) assert.deepEqual(failure(new PortError('why', errno)), down('why'), errno);
    assert.deepEqual(failure(new PortError('why', 'EMFILE'), 'what'), unprobed('what: why'));
    // What only looks like one may be of the server's making.
    const others = [Object.assign(new Error('why'), { errno: 'EMFILE', code: 'EMFILE' }), 'why', { message: 'why' }, null];
    for (const other of others) assert.equal(failure(other).isUnprobed, undefined);
  });
});

describe('a probe that cannot be made', () => {
  it('leaves a server up, says so once, and the next comes after delay_loop', async () => {
    const bench = loopBench();
    const { begins } = played(bench, ok, noAddress, noAddress, noAddress, ok);
    bench.put(request('a'));
    await bench.clock.advance(35_000);
    assert.deepEqual([begins, bench.told()], [[0, 10, 20, 30], ['a up']]);
    assert.deepEqual(bench.log, [`x warn: ${name} is not probed, and stays up: no such source address`]);
    assert.equal(bench.loop.report('lb')[0]?.reason, 'it works; not probed since: no such source address');
    await bench.clock.advance(10_000);
    assert.deepEqual(bench.log.slice(1), [`x info: ${name} is probed again`]);
    assert.equal(bench.loop.report('lb')[0]?.reason, 'it works');
    assert.deepEqual(bench.told(), ['a up']);
  });

  it('leaves a server down', async () => {
    const bench = loopBench();
    played(bench, bad('refused'), noAddress, ok);
    bench.put(request('a'));
    await bench.clock.advance(15_000);
    assert.deepEqual(bench.told(), ['a down']);
    assert.equal(bench.loop.report('lb')[0]?.reason, 'refused; not probed since: no such source address');
    await bench.clock.advance(5000);
    assert.deepEqual(bench.told(), ['a down', 'a up']);
  });

  it('is no first verdict: that still counts at once', async () => {
    for (const initial of ['up', 'down'] as const) {
      const bench = loopBench();
      played(bench, noAddress, bad('refused'));
      bench.put(request('a', { initial }));
      await bench.clock.advance(9000);
      assert.deepEqual(bench.told(), []);
      assert.equal(bench.loop.report('lb')[0]?.isUp, initial === 'up');
      await bench.clock.advance(1000);
      assert.deepEqual(bench.told(), ['a down']);
    }
  });

  it('is no retry, and takes none away', async () => {
    const bench = loopBench();
    const { begins } = played(bench, ok, bad(), noAddress, bad(), bad());
    bench.put(request('a', { logsAllFailures: true }));
    await bench.clock.advance(22_000);
    // 10 fails, 11 is not made, 20 and 21 fail.
    assert.deepEqual(
      [begins, bench.told()],
      [
        [0, 10, 11, 20, 21],
        ['a up', 'a down'],
      ],
    );
    const tellings = bench.log.map((line) => line.slice(line.indexOf(name) + name.length));
    assert.deepEqual(tellings, [
      ', failed attempt 1 of 3: no',
      ' is not probed, and stays up: no such source address',
      ' is probed again',
      ' is down: no (after 2 retries)',
    ]);
  });

  it('is what a checker that throws such an error means, and passes taps by', async () => {
    const bench = loopBench((taps) => taps.shape('checker.verdict', async (verdict) => ({ ...verdict })));
    bench.serve(() => {
      throw new PortError('no descriptor', 'EMFILE');
    });
    bench.put(request('a'));
    await bench.clock.advance(5000);
    assert.deepEqual(bench.told(), []);
    assert.match(bench.log.join(), /is not probed, and stays up: no descriptor/);
  });
});

describe('checkers', () => {
  const refuse = (errno: string) => () => Promise.reject(new PortError(`refused [${errno}]`, errno));
  const [httpGet, sslGet] = bindChecks(checkerHttp(), '').checkers as [Checker, Checker];
  const all: readonly (readonly [Checker, config?: string])[] = [
    [tcpCheck],
    [httpGet, 'HTTP_GET { \n url {\n path /\n }\n url {\n path /2\n }\n }'],
    [sslGet, 'SSL_GET {\n url {\n path /\n }\n }'],
    [smtpCheck],
    [smtpCheck, 'SMTP_CHECK {\n host {\n connect_ip 192.0.2.7\n }\n }'],
    [dnsCheck],
    [udpCheck],
    [pingCheck],
  ];
  for (const [checker, config] of all) {
    it(`tell what is of this host: ${config ?? checker.keyword}`.replace(/\s+/g, ' '), async () => {
      for (const [errno, isUnprobed] of [
        ['EADDRNOTAVAIL', true],
        ['EMFILE', true],
        ['ECONNREFUSED', undefined],
      ] as const) {
        const fails = refuse(errno);
        const ports = { tcp: { connect: fails }, tls: { connect: fails }, udp: { open: fails }, icmp: { echo: fails } };
        const { verdict } = await runChecker(checker, { ...(config !== undefined && { config }), ports });
        assert.ok(!verdict.ok);
        assert.match(verdict.reason, new RegExp(`refused \\[${errno}\\]$`));
        assert.equal(verdict.isUnprobed, isUnprobed, errno);
      }
    });
  }
});
