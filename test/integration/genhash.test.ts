/** `mainstay genhash`, a command that a plugin brings: against a server of the test, as a person runs it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { runCommand } from './daemon-harness.js';

describe('mainstay genhash', function () {
  this.timeout(30_000);
  const page = 'a page with some words in it\n';
  const hosts: (string | undefined)[] = [];
  let server: Server;
  let url: string;

  before(async () => {
    server = createServer((request, response) => {
      hosts.push(request.headers.host);
      if (request.url === '/cut') response.writeHead(200, { 'content-length': '1000' }).write(page, () => response.destroy());
      else response.end(page);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  it('prints the digest of a page, and nothing else', async () => {
    const digest = createHash('md5').update(page).digest('hex');
    assert.deepEqual(await runCommand('genhash', `${url}/page`), { code: 0, output: `${digest}\n` });
  });

  it('asks for the virtual host that it is told', async () => {
    hosts.length = 0;
    await runCommand('genhash', url, '--virtualhost', 'www.example.com');
    assert.deepEqual(hosts, ['www.example.com']);
  });

  it('says when the digest is not that of the page', async () => {
    const { code, output } = await runCommand('genhash', `${url}/cut`);
    assert.equal(code, 1);
    assert.match(output, /genhash: this is not the digest of the page|genhash: .*ECONNRESET/);
  });

  it('says what is wrong with its arguments, and how it is written', async () => {
    for (const args of [[], ['ftp://x'], [url, url], [url, '--timeout', '0'], [url, '--protocol', '3'], [url, '--unknown']]) {
      const { code, output } = await runCommand('genhash', ...args);
      assert.equal(code, 1, args.join(' '));
      assert.match(output, /^mainstay genhash: .+\nmainstay genhash URL: /, args.join(' '));
    }
    assert.match((await runCommand('genhash', '--help')).output, /^mainstay genhash URL/);
  });

  it('says when nobody answers', async () => {
    const { code, output } = await runCommand('genhash', 'http://127.0.0.1:1/', '--timeout', '3');
    assert.equal(code, 1);
    assert.match(output, /^mainstay genhash: 127\.0\.0\.1 port 1: .*ECONNREFUSED/);
  });
});
