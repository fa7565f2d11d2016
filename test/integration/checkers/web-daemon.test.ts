/** TCP_CHECK, HTTP_GET, SSL_GET and SMTP_CHECK in a real daemon: bound in one lane, probed in another, against nginx and a mail server. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Authority } from '../../support/certificate.js';
import { root } from '../../support/repository.js';
import { startMailServer, startNginx } from '../../support/web-servers.js';
import { plugin, runCommand, TestDaemon } from '../daemon-harness.js';

const plugins = ['tcp', 'http', 'smtp']
  .map((name) => `plugin checker-${name} { package ${join(root, 'plugins', `checker-${name}`)} }\n`)
  .join('');

describe('checkers of web and mail servers in a daemon', function () {
  this.timeout(60_000);
  let daemon: TestDaemon;
  beforeEach(() => {
    daemon = new TestDaemon();
  });
  afterEach(() => daemon.cleanUp());

  const server = (name: string, check: string) => `balanced ${name} {\n alpha\n ${check}\n}\n`;
  const configure = (...parts: readonly string[]) => daemon.configure(`${plugin('balancing')}${plugins}${parts.join('')}`);

  it('find servers up and down', async () => {
    const authority = new Authority();
    const web = authority.sign('web', { names: ['web.example'] });
    const client = authority.sign('lb1');
    const files = {
      'web.pem': web.certificate,
      'web.key': web.key,
      'ca.pem': authority.certificate,
      'www/index.html': 'status: OK',
    };
    const nginx = await startNginx(
      2,
      files,
      ([plain, secure]) => `
        server { listen 127.0.0.1:${plain}; root www; }
        server { listen 127.0.0.1:${secure} ssl; server_name web.example; root www; ssl_certificate web.pem; ssl_certificate_key web.key;
          ssl_client_certificate ca.pem; ssl_verify_client on; }`,
    );
    const mail = await startMailServer();
    try {
      writeFileSync(join(daemon.directory, 'lb1.pem'), client.certificate + client.key);
      writeFileSync(join(daemon.directory, 'ca.pem'), authority.certificate);
      const [plain = 0, secure = 0] = nginx.ports;
      const connect = (port: number) => `connect_ip 127.0.0.1\nconnect_port ${port}\n`;
      configure(
        'SSL {\ncertificate lb1.pem\nca ca.pem\n}\n',
        server('listener', `TCP_CHECK {\n${connect(plain)}}`),
        server('page', `HTTP_GET {\n${connect(plain)}url {\npath /\nregex "^STATUS: \\\\w+$"\nregex_options caseless\n}\n}`),
        server('secure', `SSL_GET {\n${connect(secure)}virtualhost web.example\nverify_certificate\nurl {\npath /\n}\n}`),
        server('mail', `SMTP_CHECK {\n${connect(mail.ports[0] ?? 0)}}`),
      );
      await daemon.start();
      await daemon.said('listener 0 turned up');
      await daemon.said('page 0 turned up: status 200');
      await daemon.said('secure 0 turned up: status 200');
      await daemon.said('mail 0 turned up');
      await Promise.all([nginx.stop(), mail.stop()]);
      await daemon.said('listener 0 turned down');
      await daemon.said('page 0 turned down: GET http://127.0.0.1:');
      await daemon.said('secure 0 turned down: GET https://web.example/');
      await daemon.said('mail 0 turned down');
    } finally {
      await Promise.all([nginx.stop(), mail.stop()]);
    }
  });

  it('are checked as a configuration: patterns, and the files of SSL', async () => {
    configure(server('one', 'HTTP_GET {\nurl {\npath /\nregex "a(b"\n}\n}'));
    const wrong = await runCommand('check', '-f', daemon.file);
    assert.match(wrong.output, /:\d+:7: error: regex of url \/: a parenthesis is not closed, at character 2/);
    assert.notEqual(wrong.code, 0);
    configure('SSL {\nkey nowhere.pem\n}\n', server('one', 'SSL_GET {\nurl {\npath /\n}\n}'));
    const missing = await runCommand('check', '-f', daemon.file);
    assert.match(missing.output, /SSL: key: cannot read .*nowhere\.pem.*SSL_FILE_UNUSABLE/);
    assert.notEqual(missing.code, 0);
  });
});
