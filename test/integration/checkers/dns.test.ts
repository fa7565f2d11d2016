/** DNS_CHECK against dnsmasq: answers, errors, a name server that is gone. */
import assert from 'node:assert/strict';
import { dnsCheck } from '@mainstay/checker-dns';
import { after, before, describe, it } from 'mocha';
import { inShort, probe } from '../../support/probe.js';
import { freePort, type RealServer, startNameServer } from '../../support/real-servers.js';

describe('DNS_CHECK against dnsmasq', function () {
  this.timeout(30_000);
  let server: RealServer;
  before(async () => {
    server = await startNameServer('example.test');
  });
  after(() => server.stop());

  const ask = async (config: string) => inShort(await probe(dnsCheck, { port: server.port }, config));

  it('is up with an answer, and with an empty one', async () => {
    assert.equal(await ask('type A\nname www.example.test'), 'up: A www.example.test: NOERROR, 1 answer');
    assert.equal(await ask('type AAAA\nname www.example.test.'), 'up: AAAA www.example.test.: NOERROR, 0 answers');
  });

  it('is down where the server says that the name is not there, or refuses to say', async () => {
    assert.equal(await ask('type TXT\nname nobody.example.test'), 'down: TXT nobody.example.test: answered NXDOMAIN');
    assert.equal(await ask(''), 'down: SOA .: answered REFUSED');
  });

  it('asks for every type in a way that the server understands', async () => {
    for (const type of ['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA', 'RRSIG', 'DNSKEY']) {
      assert.match(await ask(`type ${type}\nname www.example.test`), /^up: /, type);
    }
  });

  it('is down at once where nobody listens', async () => {
    const gone = await probe(dnsCheck, { port: await freePort() });
    assert.match(inShort(gone), /^down: SOA \.: .*refused/);
    assert.ok(gone.durationMs < 1000);
  });
});
