/** SSL_GET and the block SSL (plugins/checker-http): names, certificates of both sides, files that cannot be used. */
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TlsOptions } from 'node:tls';
import { checkerHttp } from '@mainstay/checker-http';
import { settleMs } from '@mainstay/checker-http/internal/kept-credentials.js';
import type { Checker, Log, Run, Verdict } from '@mainstay/sdk';
import { createVirtualClock, SimulatedFiles } from '@mainstay/testing';
import { afterEach, describe, it } from 'mocha';
import { Authority } from '../../support/certificate.js';
import { bindChecks } from '../../support/checker-config.js';
import { hostile, serve } from '../../support/hostile-servers.js';
import { type ProbingOptions, probing } from '../../support/probing.js';

const authority = new Authority();
const own = authority.sign('web', { names: ['web.example', '127.0.0.1'] });
const elsewhere = authority.sign('other', { names: ['other.example'] });
const client = authority.sign('lb1');

const servers: Server[] = [];

interface Seen {
  readonly port: number;
  readonly names: (string | false)[];
  readonly clients: (string | undefined)[];
}

async function secure(options: TlsOptions = {}): Promise<Seen> {
  const names: (string | false)[] = [];
  const clients: (string | undefined)[] = [];
  const server = createServer({ cert: own.certificate, key: own.key, ...options }, (socket) => {
    names.push(socket.servername ?? false);
    clients.push(socket.getPeerCertificate().subject?.CN as string | undefined);
    socket.on('error', () => {});
    socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nhello'));
  });
  servers.push(server);
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, names, clients };
}

/** The plugin as a lane runs it, with files of these contents. */
async function plugin(ssl: string, texts: Readonly<Record<string, string>> = {}) {
  const http = checkerHttp();
  const { checkers, said, reloaded } = bindChecks(http, ssl);
  const files = new SimulatedFiles(texts);
  const clock = createVirtualClock();
  assert.deepEqual(said, []);
  const logged: string[] = [];
  const say = (message: string) => void logged.push(message);
  const run = {
    log: { error: say, warn: say, info: say, debug: say } satisfies Log,
    facts: { configDirectory: '/etc/mainstay' },
    clock,
    ports: { files },
  } as unknown as Run;
  await http.start?.(run);
  const reload = async () => {
    await http.reconfigure?.(run);
    await reloaded();
  };
  const stop = () => http.stop?.(run, 'shutdown');
  return { sslGet: checkers[1] as Checker, logged, files, clock, reload, stop, verify: () => http.verify?.(run) };
}

async function ask(sslGet: Checker, port: number, config = '', options: Partial<ProbingOptions> = {}): Promise<Verdict> {
  const { probe, ports } = probing(sslGet, { port, config: `${config}\nurl {\npath /\n}`, ...options });
  const { durationMs: _, ...verdict } = await probe();
  assert.equal(ports.open(), 0, 'a connection was left open');
  return verdict;
}

const ok: Verdict = { ok: true, detail: 'status 200' };

function reasonOf(verdict: Verdict): string {
  assert.ok(!verdict.ok);
  return verdict.reason;
}

describe('SSL_GET', () => {
  afterEach(async () => {
    for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed));
  });

  it('asks over TLS and believes every certificate, as keepalived does', async () => {
    const { sslGet } = await plugin('');
    const { port, names } = await secure({ cert: elsewhere.certificate, key: elsewhere.key });
    assert.deepEqual(await ask(sslGet, port, 'virtualhost web.example'), ok);
    assert.deepEqual(names, [false]);
  });

  it('sends the name that enable_sni or sni_name says, without a port, and no address', async () => {
    const { sslGet } = await plugin('');
    const { port, names } = await secure();
    await ask(sslGet, port, 'enable_sni', { virtualHost: 'server.example:8443' });
    await ask(sslGet, port, 'enable_sni\nvirtualhost web.example', { virtualHost: 'server.example' });
    await ask(sslGet, port, 'enable_sni\nsni_name sni.example\nvirtualhost web.example');
    await ask(sslGet, port, 'sni_name sni.example');
    await ask(sslGet, port, 'enable_sni\nvirtualhost 192.0.2.1');
    await ask(sslGet, port, 'enable_sni');
    assert.deepEqual(names, ['server.example', 'web.example', 'sni.example', 'sni.example', false, false]);
  });

  it('verifies the certificate where verify_certificate says so', async () => {
    const { sslGet } = await plugin('SSL {\nca ca.pem\n}', { '/etc/mainstay/ca.pem': authority.certificate });
    const good = await secure();
    assert.deepEqual(await ask(sslGet, good.port, 'verify_certificate\nvirtualhost web.example'), ok);
    assert.deepEqual(await ask(sslGet, good.port, 'verify_certificate'), ok);
    assert.deepEqual(good.names, ['web.example', false]);
    assert.match(
      reasonOf(await ask(sslGet, good.port, 'verify_certificate\nvirtualhost wrong.example')),
      /the certificate is for another name/,
    );
    const old = authority.sign('web', { names: ['web.example'], until: new Date(Date.now() - 1000) });
    const expired = await secure({ cert: old.certificate, key: old.key });
    assert.match(reasonOf(await ask(sslGet, expired.port, 'verify_certificate\nvirtualhost web.example')), /has expired/);
    assert.deepEqual(await ask(sslGet, expired.port, ''), ok);
    const { sslGet: withoutCa } = await plugin('');
    assert.match(reasonOf(await ask(withoutCa, good.port, 'verify_certificate')), /no trusted authority/);
  });

  it('shows its own certificate to servers that ask for one', async () => {
    const files = { '/k/lb.pem': client.certificate, '/k/lb.key': client.key, '/k/both.pem': client.certificate + client.key };
    const { port, clients } = await secure({ requestCert: true, ca: authority.certificate });
    for (const ssl of ['certificate /k/lb.pem\nkey /k/lb.key', 'certificate /k/both.pem', 'key /k/both.pem']) {
      const { sslGet, logged } = await plugin(`SSL {\n${ssl}\n}`, files);
      assert.deepEqual([await ask(sslGet, port), logged], [ok, []]);
    }
    assert.deepEqual(clients, ['lb1', 'lb1', 'lb1']);
  });

  it('opens a key with its password', async () => {
    const password = 'open sesame';
    const key = createPrivateKey(client.key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: password,
    });
    const files = { '/k/c': client.certificate, '/k/k': key.toString() };
    const { port, clients } = await secure({ requestCert: true, ca: authority.certificate });
    const { sslGet } = await plugin(`SSL {\ncertificate /k/c\nkey /k/k\npassword "${password}"\n}`, files);
    assert.deepEqual(await ask(sslGet, port), ok);
    assert.deepEqual(clients, ['lb1']);
    const { logged } = await plugin('SSL {\ncertificate /k/c\nkey /k/k\npassword "open barley"\n}', files);
    assert.deepEqual(logged, [
      'SSL: the key of /k/k cannot be used: it is not in PEM, or the password is wrong; SSL_GET goes on without it',
    ]);
  });

  it('says what is wrong with the files of SSL, and goes on without them', async () => {
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    const files = { '/k/c': client.certificate, '/k/stranger': stranger, '/k/empty': '' };
    for (const [ssl, problem] of [
      ['certificate /k/none', 'certificate: cannot read /k/none: no such file'],
      ['certificate /k/empty', 'certificate /k/empty holds no certificate in PEM'],
      ['certificate /k/c', 'the key of /k/c cannot be used: it is not in PEM, or has a password'],
      ['certificate /k/c\nkey /k/stranger', 'the key of /k/stranger does not belong to the certificate of /k/c'],
      ['ca /k/stranger', 'ca /k/stranger holds no certificate in PEM'],
    ] as const) {
      const { sslGet, logged, verify } = await plugin(`SSL {\n${ssl}\n}`, files);
      assert.deepEqual(logged, [`SSL: ${problem}; SSL_GET goes on without it`]);
      const [found, ...others] = (await verify()) ?? [];
      assert.deepEqual(
        [found?.code, found?.severity, found?.message, found?.at.line, others.length],
        ['SSL_FILE_UNUSABLE', 'error', `SSL: ${problem}: SSL_GET would go on without it`, 1, 0],
      );
      assert.deepEqual(await ask(sslGet, (await secure()).port), ok);
    }
  });

  it('keeps what worked where a reload finds files that do not', async () => {
    const whole: Record<string, string> = { '/k/c': client.certificate, '/k/k': client.key, '/k/ca': authority.certificate };
    const { sslGet, logged, reload, files } = await plugin('SSL {\ncertificate /k/c\nkey /k/k\nca /k/ca\n}', whole);
    const write = (texts: Readonly<Record<string, string>>) => {
      for (const [path, text] of Object.entries(texts)) files.write(path, text);
    };
    const { port, clients } = await secure({ requestCert: true, ca: authority.certificate });
    const asked = () => ask(sslGet, port, 'verify_certificate');
    const other = authority.sign('lb2');
    for (const [broken, problem] of [
      [{ '/k/k': other.key }, 'the key of /k/k does not belong to the certificate of /k/c'],
      [{ '/k/c': '' }, 'certificate /k/c holds no certificate in PEM'],
      [{ '/k/ca': '' }, 'ca /k/ca holds no certificate in PEM'],
    ] as const) {
      write(broken);
      await reload();
      assert.deepEqual(logged.splice(0), [`SSL: ${problem}; SSL_GET goes on with what worked before`]);
      assert.deepEqual(await asked(), ok);
      write(whole);
    }
    files.remove('/k/ca');
    write({ '/k/c': other.certificate, '/k/k': other.key });
    await reload();
    assert.equal(logged.length, 2);
    assert.equal(logged[1], 'SSL: SSL_GET has read anew: certificate, key');
    assert.deepEqual(await asked(), ok);
    assert.deepEqual(clients, ['lb1', 'lb1', 'lb1', 'lb2']);
  });

  it('reads files anew that were replaced under their names, without a reload and at each', async () => {
    const texts = { '/k/c': client.certificate, '/k/k': client.key };
    const { sslGet, logged, reload, files, clock, stop } = await plugin('SSL {\ncertificate /k/c\nkey /k/k\n}', texts);
    const { port, clients } = await secure({ requestCert: true, ca: authority.certificate });
    const asked = () => ask(sslGet, port);
    const [second, third, fourth] = ['lb2', 'lb3', 'lb4'].map((name) => authority.sign(name));
    const replace = async (by: typeof second) => {
      files.write('/k/c', by?.certificate ?? '');
      await clock.advance(500);
      files.write('/k/k', by?.key ?? '');
    };
    await replace(second);
    assert.deepEqual(await asked(), ok);
    await clock.advance(settleMs);
    assert.deepEqual(await asked(), ok);
    assert.deepEqual(logged.splice(0), ['SSL: SSL_GET has read anew: certificate, key']);
    await replace(third);
    await reload();
    assert.deepEqual(await asked(), ok);
    // Somebody writes slowly: a half is not used, and the whole is when it is there.
    files.write('/k/c', fourth?.certificate ?? '');
    await clock.advance(settleMs + 1);
    assert.deepEqual(await asked(), ok);
    assert.match(
      logged.splice(0).at(-1) ?? '',
      /does not belong to the certificate of .k.c; SSL_GET goes on with what worked before/,
    );
    files.write('/k/k', fourth?.key ?? '');
    await clock.advance(settleMs + 1);
    assert.deepEqual(await asked(), ok);
    assert.deepEqual(clients, ['lb1', 'lb2', 'lb3', 'lb3', 'lb4']);
    await stop();
    files.write('/k/k', '');
    await clock.advance(settleMs + 1);
    assert.deepEqual(await asked(), ok);
    assert.equal(clock.pending, 0);
  });

  it('says so where the server speaks no TLS', async () => {
    const { sslGet } = await plugin('');
    const plain = await serve((socket) => void socket.end('HTTP/1.0 400 Bad Request\r\n\r\n'));
    assert.match(reasonOf(await ask(sslGet, plain.port)), /does not speak TLS/);
    await plain.close();
  });

  it('gives up in time, whatever the server does instead of a handshake', async () => {
    const { sslGet } = await plugin('');
    for (const [what, greet] of Object.entries(hostile('HTTP/1.1 200 OK\r\n', 'x\r\n'))) {
      const server = await serve(greet);
      const began = performance.now();
      assert.ok(reasonOf(await ask(sslGet, server.port, '', { timeoutMs: 300 })) !== '', what);
      assert.ok(performance.now() - began < 300 + 1000, what);
      await server.close();
    }
  }).timeout(20_000);
});
