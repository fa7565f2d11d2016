/** TCP_CHECK, HTTP_GET, SSL_GET and SMTP_CHECK against servers that people use, and genhash against keepalived's. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { checkerHttp, genhash } from '@mainstay/checker-http';
import smtpCheck from '@mainstay/checker-smtp';
import tcpCheck from '@mainstay/checker-tcp';
import type { Checker, Verdict } from '@mainstay/sdk';
import { after, before, describe, it } from 'mocha';
import { Authority } from '../../support/certificate.js';
import { bindChecks } from '../../support/checker-config.js';
import { run } from '../../support/command.js';
import { probing } from '../../support/probing.js';
import { streamPorts } from '../../support/stream-ports.js';
import { startMailServer, startNginx, type WebServer } from '../../support/web-servers.js';

const authority = new Authority();
const own = authority.sign('web', { names: ['web.example', '127.0.0.1'] });
const foreign = authority.sign('other', { names: ['other.example'] });
const large = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 31) % 251));
const page = '<html><body>status: OK</body></html>\n';

const files = {
  'www/index.html': page,
  'www/large.bin': large,
  'www/parts.shtml': `one <!--# echo var="host" --> three`,
  'own.pem': own.certificate,
  'own.key': own.key,
  'foreign.pem': foreign.certificate,
  'foreign.key': foreign.key,
};

const servers = ([plain, secure, wrong]: readonly number[]) => `
  server { listen 127.0.0.1:${plain}; root www; ssi on;
    location = /busy { return 503; }
    location = /moved { return 301 /moved; }
    location = /nothing { return 204; }
    location = /drip { limit_rate 100; alias www/large.bin; } }
  server { listen 127.0.0.1:${secure} ssl default_server; server_name _; ssl_certificate own.pem; ssl_certificate_key own.key;
    location / { return 421 "which host?"; } }
  server { listen 127.0.0.1:${secure} ssl; server_name web.example; ssl_certificate own.pem; ssl_certificate_key own.key; root www; }
  server { listen 127.0.0.1:${wrong} ssl; ssl_certificate foreign.pem; ssl_certificate_key foreign.key; root www; }`;

describe('checkers and servers', function () {
  this.timeout(60_000);
  const [httpGet, sslGet] = bindChecks(checkerHttp(), '').checkers as [Checker, Checker];
  let web: WebServer;
  let mail: WebServer;
  let [plain, secure, wrong]: readonly number[] = [];

  before(async () => {
    [web, mail] = await Promise.all([startNginx(3, files, servers), startMailServer()]);
    [plain, secure, wrong] = web.ports;
  });
  after(async () => {
    await Promise.all([web?.stop(), mail?.stop()]);
  });

  async function ask(checker: Checker, port: number | undefined, config = '', timeoutMs = 5000): Promise<Verdict> {
    const { probe, ports } = probing(checker, { port: port ?? 0, config, timeoutMs });
    const { durationMs, ...verdict } = await probe();
    assert.equal(ports.open(), 0, 'a connection was left open');
    assert.ok(durationMs < timeoutMs + 1000);
    return verdict;
  }

  const url = (path: string, lines = '') => `url {\npath ${path}\n${lines}\n}`;
  const reason = (verdict: Verdict) => (verdict.ok ? 'it is up' : verdict.reason.replace(/^GET \S+ /, ''));

  it('TCP_CHECK: nginx accepts, a closed port does not', async () => {
    assert.deepEqual(await ask(tcpCheck as Checker, plain), { ok: true });
    assert.match(reason(await ask(tcpCheck as Checker, 1)), /refused/i);
  });

  for (const protocol of ['1.0', '1.0C', '1.1']) {
    const version = `http_protocol ${protocol}\n`;

    it(`HTTP_GET ${protocol}: status, content and digest of pages of nginx`, async () => {
      const md5 = (body: string | Uint8Array) => createHash('md5').update(body).digest('hex');
      assert.equal((await ask(httpGet, plain, version + url('/', `digest ${md5(page)}\nregex 'status: OK'`))).ok, true);
      assert.equal((await ask(httpGet, plain, version + url('/large.bin', `digest ${md5(large)}`))).ok, true);
      assert.equal((await ask(httpGet, plain, version + url('/nothing'))).ok, true);
      assert.equal(
        reason(await ask(httpGet, plain, version + url('/busy'))),
        'status 503 Service Temporarily Unavailable, expected 200-299',
      );
      assert.equal(reason(await ask(httpGet, plain, version + url('/moved'))), 'status 301 Moved Permanently, expected 200-299');
      assert.match(
        reason(await ask(httpGet, plain, version + url('/', `digest ${'0'.repeat(32)}`))),
        /^the digest of the body is/,
      );
    });

    it(`HTTP_GET ${protocol}: a page whose length nginx does not know before`, async () => {
      const parts = url('/parts.shtml', "regex '^one site.example three$'\nvirtualhost site.example");
      assert.deepEqual(await ask(httpGet, plain, version + parts), { ok: true, detail: 'status 200' });
    });
  }

  it('HTTP_GET: a page that drips is given up in time', async () => {
    assert.match(reason(await ask(httpGet, plain, url('/drip'), 1000)), /^timeout$/);
  });

  it('HTTP_GET: TLS is no HTTP', async () => {
    assert.match(reason(await ask(httpGet, secure, url('/'))), /^status 400 Bad Request/);
  });

  it('SSL_GET: the name decides which server of nginx answers', async () => {
    const named = 'virtualhost web.example\nenable_sni\n';
    assert.equal((await ask(sslGet, secure, named + url('/', "regex 'status: OK'"))).ok, true);
    assert.match(reason(await ask(sslGet, secure, url('/'))), /^status 421/);
  });

  it('SSL_GET: a wrong certificate is believed, unless verify_certificate says otherwise', async () => {
    assert.equal((await ask(sslGet, wrong, url('/'))).ok, true);
    assert.match(reason(await ask(sslGet, wrong, `verify_certificate\n${url('/')}`)), /trusted authority|another name/);
  });

  it('SSL_GET: nginx without TLS is refused', async () => {
    assert.match(reason(await ask(sslGet, plain, url('/'))), /does not speak TLS/);
  });

  it('SMTP_CHECK: a mail server is up, nginx is not one', async () => {
    const verdict = await ask(smtpCheck as Checker, mail.ports[0]);
    assert.ok(verdict.ok && /SMTP/.test(verdict.detail ?? ''));
    assert.match(reason(await ask(smtpCheck as Checker, plain, '', 1000)), /^timeout$/);
  });

  it('genhash prints what that of keepalived prints', async () => {
    for (const [port, path, tls] of [
      [plain, '/', false],
      [plain, '/large.bin', false],
      [plain, '/busy', false],
      [wrong, '/', true],
    ] as const) {
      const theirs = await run('keepalived', [
        '--genhash',
        ...(tls ? ['-S'] : []),
        '-s',
        '127.0.0.1',
        '-p',
        `${port}`,
        '-u',
        path,
      ]);
      const target = { address: '127.0.0.1', port: port ?? 0 };
      const ours = await genhash({ target, path, tls, signal: AbortSignal.timeout(5000) }, streamPorts());
      assert.equal(ours.digest, theirs.trim(), path);
      assert.equal(ours.missing, undefined);
    }
  });
});
