/** HTTP_GET (plugins/checker-http) against servers that behave, and servers that do not. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { checkerHttp } from '@mainstay/checker-http';
import type { Checker } from '@mainstay/sdk';
import { afterEach, describe, it } from 'mocha';
import { bindChecks } from '../../support/checker-config.js';
import { hostile, serve, type TestServer } from '../../support/hostile-servers.js';
import { type ProbingOptions, probing } from '../../support/probing.js';

const [httpGet] = bindChecks(checkerHttp(), '').checkers as [Checker];
const servers: TestServer[] = [];

async function server(greet: (socket: Socket) => void, options: { allowHalfOpen?: boolean } = {}): Promise<TestServer> {
  const started = await serve(greet, options);
  servers.push(started);
  return started;
}

/** Answers the request for each path. */
function pages(answers: Readonly<Record<string, string>>) {
  return (socket: Socket) => {
    let request = '';
    socket.on('data', (bytes) => {
      request += bytes.toString('latin1');
      if (!request.endsWith('\r\n\r\n')) return;
      const path = request.split(' ')[1] ?? '';
      socket.end(answers[path] ?? 'HTTP/1.1 404 Not Found\r\n\r\n', 'latin1');
    });
  };
}

function page(body: string, status = '200 OK', fields = ''): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body, 'latin1')}\r\n${fields}\r\n${body}`;
}

async function ask(greet: (socket: Socket) => void, options: Omit<ProbingOptions, 'port'> = {}, more = { allowHalfOpen: false }) {
  const { port, received } = await server(greet, more);
  const { probe, ports, log } = probing(httpGet, { config: 'url {\npath /\n}', ...options, port });
  const { durationMs, ...verdict } = await probe();
  assert.equal(ports.open(), 0, 'a connection was left open');
  return { verdict, durationMs, received: received(), log, port };
}

async function reason(greet: (socket: Socket) => void, config: string): Promise<string> {
  const { verdict, port } = await ask(greet, { config });
  return verdict.ok ? 'it is up' : verdict.reason.replace(`GET http://127.0.0.1:${port}`, 'GET ');
}

describe('HTTP_GET', () => {
  afterEach(async () => {
    for (const one of servers.splice(0)) await one.close();
  });

  it('asks as keepalived does, octet for octet', async () => {
    const one = await ask(pages({ '/': page('x') }));
    assert.deepEqual(one.verdict, { ok: true, detail: 'status 200' });
    assert.equal(one.received, `GET / HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 127.0.0.1:${one.port}\r\n\r\n`);
    const two = await ask(pages({}), { config: 'http_protocol 1.1\nvirtualhost a.example\nurl {\npath /x?y=z\n}' });
    assert.equal(
      two.received,
      'GET /x?y=z HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: a.example\r\n\r\n',
    );
    const three = await ask(pages({}), { config: 'http_protocol 1.0C\nurl {\npath /\n}' });
    assert.match(three.received, /^GET \/ HTTP\/1\.0\r\n.*\r\nConnection: close\r\n/);
  });

  it('takes the host of the url, else of the checker, else of the server', async () => {
    const host = async (config: string) => {
      const { received } = await ask(pages({}), { config, virtualHost: 'server.example' });
      return /Host: (.*)\r\n/.exec(received)?.[1];
    };
    assert.equal(await host('virtualhost c.example\nurl {\npath /\nvirtualhost u.example\n}'), 'u.example');
    assert.equal(await host('virtualhost c.example\nurl {\npath /\n}'), 'c.example');
    assert.equal(await host('url {\npath /\n}'), 'server.example');
  });

  it('wants 200 to 299, or what status_code lists', async () => {
    const says = (status: string) => pages({ '/': page('x', status) });
    assert.equal((await ask(says('204 No Content'))).verdict.ok, true);
    const plain = 'url {\npath /\n}';
    assert.equal(await reason(says('503 Busy'), plain), 'GET /: status 503 Busy, expected 200-299');
    const listed = 'url {\npath /\nstatus_code 200-204 301 404-410\n}';
    for (const status of ['204', '301 x', '404 x', '410 x']) assert.equal(await reason(says(status), listed), 'it is up');
    assert.equal(await reason(says('205 x'), listed), 'GET /: status 205 x, expected 200-204 301 404-410');
  });

  it('follows no redirects', async () => {
    const loop = pages({ '/': page('', '302 Found', 'Location: /\r\n') });
    assert.equal(await reason(loop, 'url {\npath /\n}'), 'GET /: status 302 Found, expected 200-299');
    const { verdict, received } = await ask(loop, { config: 'url {\npath /\nstatus_code 302\n}' });
    assert.equal(verdict.ok, true);
    assert.equal(received.split('GET').length, 2);
  });

  it('compares the digest of the body, in whatever way it comes', async () => {
    const body = 'hello\x00\xff world';
    const digest = createHash('md5').update(body, 'latin1').digest('hex');
    const config = `url {\npath /\ndigest ${digest.toUpperCase()}\n}`;
    const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n${body.slice(0, 5)}\r\n8\r\n${body.slice(5)}\r\n0\r\n\r\n`;
    for (const answer of [page(body), `HTTP/1.0 200 OK\r\n\r\n${body}`, chunked])
      assert.equal(await reason(pages({ '/': answer }), config), 'it is up');
    const other = createHash('md5').update('other').digest('hex');
    assert.equal(
      await reason(pages({ '/': page('other') }), config),
      `GET /: the digest of the body is ${other}, expected ${digest}`,
    );
  });

  it('searches the body for a regular expression', async () => {
    const answers = pages({ '/': page('status: OK, load 17') });
    const with_ = (lines: string) => reason(answers, `url {\npath /\n${lines}\n}`);
    assert.equal(await with_('regex "status: ok"\nregex_options caseless'), 'it is up');
    assert.equal(await with_('regex "load [0-9]+$"'), 'it is up');
    assert.equal(await with_('regex "load \\\\d{3}"'), 'GET /: regex does not match the body of 19 octets');
    assert.equal(
      await with_('regex OK\nregex_no_match'),
      'GET /: regex matches the body, and regex_no_match says that it must not',
    );
    assert.equal(await with_('regex ERROR\nregex_no_match'), 'it is up');
    assert.equal(await with_('regex s\nregex_min_offset 6'), 'GET /: regex does not match the body of 19 octets');
    assert.equal(await with_('regex load\nregex_max_offset 11'), 'GET /: regex does not match the body of 19 octets');
    assert.equal(await with_('regex load\nregex_max_offset 12'), 'it is up');
  });

  it('searches a long page in many turns of the event loop, and finds what ends it', async function () {
    this.timeout(70_000);
    const tags = Array.from({ length: 10_000 }, (_, i) => `<p>${'-'.repeat((Math.imul(i, 0x9e3779b1) >>> 20) % 17)}</p>`);
    const body = `${tags.join('')}<form id="login">`;
    const config = 'url {\npath /\nregex "<.{0,300}id=\\"login\\""\n}';
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const both = await Promise.all([1, 2].map(() => ask(pages({ '/': page(body) }), { config, timeoutMs: 60_000 })));
    isOver = true;
    for (const { verdict } of both) assert.deepEqual(verdict, { ok: true, detail: 'status 200' });
    assert.ok(turns > 10, `${turns} turns`);
  });

  it('judges what came of an answer that was cut short, and says so once; with tls_compliant it is a failure', async () => {
    const short = pages({ '/': 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello' });
    const { port } = await server(short);
    const { probe, log } = probing(httpGet, { port, config: 'url {\npath /\n}' });
    assert.deepEqual([(await probe()).ok, (await probe()).ok], [true, true]);
    assert.equal(log.length, 1);
    assert.match(log[0] ?? '', /the connection ended before 4 octets of its body had come/);
    assert.match(await reason(short, 'tls_compliant\nurl {\npath /\n}'), /before 4 octets of its body had come/);
  });

  it('asks for several URLs in turn, and after a failure for all of them', async () => {
    const answers: Record<string, string> = { '/a': page('a'), '/b': page('b') };
    const { port, received } = await server(pages(answers));
    const { probe } = probing(httpGet, { port, config: 'url {\npath /a\n}\nurl {\npath /b\n}' });
    for (let i = 0; i < 3; i++) assert.equal((await probe()).ok, true);
    answers['/b'] = page('', '500 x');
    assert.deepEqual([(await probe()).ok, (await probe()).ok, (await probe(2)).ok], [true, false, false]);
    answers['/b'] = page('b');
    const back = await probe();
    assert.ok(!back.ok && /it recovers: 1 of 2 URLs/.test(back.reason));
    assert.equal((await probe()).ok, true);
    const asked = [...received().matchAll(/GET (\S+)/g)].map(([, path]) => path);
    assert.deepEqual(asked, ['/a', '/b', '/a', '/b', '/a', '/b', '/b', '/b', '/a']);
  });

  it('draws no conclusions from a probe that is given up, and does from one that is late', async () => {
    for (const [name, later] of [
      ['AbortError', [true, true, true]],
      ['TimeoutError', [false, true, true]],
    ] as const) {
      let silent = false;
      let asked = () => {};
      const answer = pages({ '/a': page('a'), '/b': page('b') });
      const { port } = await server((socket) => {
        if (silent) asked();
        else answer(socket);
      });
      const { probe } = probing(httpGet, { port, config: 'url {\npath /a\n}\nurl {\npath /b\n}', timeoutMs: 5000 });
      assert.equal((await probe()).ok, true);
      silent = true;
      const abort = new AbortController();
      const isAsked = new Promise<void>((resolve) => {
        asked = resolve;
      });
      const probed = probe(1, abort);
      await isAsked;
      abort.abort(new DOMException('it ends here', name));
      assert.equal((await probed).ok, false);
      silent = false;
      assert.deepEqual([(await probe()).ok, (await probe()).ok, (await probe()).ok], later, name);
    }
  });

  it('does not care when the server answers before it has read, or ends its side first', async () => {
    const { verdict } = await ask((socket) => void socket.end(page('x')));
    assert.equal(verdict.ok, true);
    const half = await ask((socket) => void socket.write(page('x'), () => socket.end()), {}, { allowHalfOpen: true });
    assert.equal(half.verdict.ok, true);
  });

  for (const [what, greet] of Object.entries(hostile('HTTP/1.1 200 OK\r\n', 'X-Header: x\r\n')))
    it(`is down, in time, where the server ${what}`, async () => {
      const { verdict, durationMs } = await ask(greet, { timeoutMs: 300 });
      assert.ok(!verdict.ok && verdict.reason !== '');
      assert.ok(durationMs < 300 + 1000, `${durationMs} ms`);
    });

  it('reads no body without end', async function () {
    this.timeout(30_000);
    const endless = hostile('HTTP/1.1 200 OK\r\n\r\n', 'x\n')['sends lines without end'] ?? (() => {});
    const before = process.memoryUsage.rss();
    const judged = async (lines: string) => {
      const { verdict } = await ask(endless, { config: `url {\npath /\n${lines}\n}`, timeoutMs: 10_000 });
      return verdict.ok ? 'it is up' : verdict.reason.replace(/^.*?: /, '');
    };
    assert.equal(await judged(''), 'it is up');
    assert.match(await judged(`digest ${'0'.repeat(32)}`), /the body is longer than 16777216 octets: its digest was not taken$/);
    assert.match(await judged('regex y'), /regex does not match the first 16777216 octets, and the body is longer$/);
    assert.equal(await judged('regex x'), 'it is up');
    assert.ok(process.memoryUsage.rss() - before < 100 * 1024 * 1024);
  });

  it('gives each of several URLs its time', async () => {
    const { port } = await server((socket) => {
      socket.once('data', (bytes) => {
        if (bytes.toString().startsWith('GET /fast')) socket.end(page('x'));
      });
    });
    const { probe, ports } = probing(httpGet, { port, timeoutMs: 200, config: 'url {\npath /fast\n}\nurl {\npath /slow\n}' });
    const { durationMs: _, ...verdict } = await probe();
    // The time of one of them: where it were that of the probe, this would be a timeout.
    assert.deepEqual(verdict, { ok: false, reason: `GET http://127.0.0.1:${port}/slow: no complete answer within 0.2 s` });
    assert.equal(ports.open(), 0);
  });
});
