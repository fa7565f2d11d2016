/** Contract of the port `tls`. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import { Authority, type CertificateOptions } from '../support/certificate.js';
import type { WorldTls } from './support/behaviours.js';
import { enough, type Wish } from './support/socket-driver.js';
import { at, failure, leavesNothing, open, readText, value } from './support/socket-steps.js';
import { describeSocketContract } from './support/socket-world.js';

let port = 3000;
let signals = 0;
const authority = new Authority();
const client = authority.sign('a client');
const day = 86_400_000;
const inAWeek = Math.floor((Date.now() + 7 * day) / 1000) * 1000;

function tls(options: CertificateOptions & { readonly wantsCertificate?: boolean } = {}): WorldTls {
  const { names = ['www.example.org'], until = new Date(inAWeek), wantsCertificate = false, ...rest } = options;
  const made = authority.sign('a server', { names, until, ...rest });
  return { ...made, names, expiresAt: until.getTime(), ca: authority.certificate, wantsCertificate };
}

describeSocketContract('tls', (world) => {
  const refused = async (to: number, wish: Wish = {}) => {
    const { errno, message } = failure(await world().drive(world().driver.open('tls', at(world(), to), wish)));
    assert.equal(errno, 'ETLS', message);
    return message;
  };

  it('shakes hands with anybody where the certificate is not to be verified', async () => {
    await world().serve(++port, ['text', 'secret'], tls());
    await leavesNothing(world(), async () => {
      const { id, protocol, expiresAt } = await open(world(), 'tls', at(world(), port));
      assert.equal(protocol, 'TLSv1.3');
      assert.equal(expiresAt, inAWeek);
      assert.equal(await readText(world(), id), 'secret');
      await world().driver.close(id);
    });
  });

  it('writes and reads', async () => {
    await world().serve(++port, ['echo'], tls());
    for (const address of [world().server[4], world().server[6]]) {
      const { id } = await open(world(), 'tls', at(world(), port, { address, link: world().local.link }));
      value(await world().drive(world().driver.write(id, 'x'.repeat(100_000))));
      assert.equal((await readText(world(), id, 100_000)).length, 100_000);
      await world().driver.close(id);
    }
  });

  it('sends a server name only where it was given one', async () => {
    await world().serve(++port, ['caller'], tls());
    for (const [wish, told] of [
      [{ serverName: 'www.example.org' }, /www\.example\.org$/],
      [{}, /undefined$/],
    ] as const) {
      const { id } = await open(world(), 'tls', at(world(), port), wish);
      assert.match(await readText(world(), id), told);
      await world().driver.close(id);
    }
  });

  it('verifies authority, name and time where it is asked to', async () => {
    const ca = authority.certificate;
    const serverName = 'www.example.org';
    await leavesNothing(world(), async () => {
      await world().serve(++port, ['text', 'secret'], tls());
      const { id } = await open(world(), 'tls', at(world(), port), { verify: true, ca, serverName });
      await world().driver.close(id);
      assert.match(await refused(port, { verify: true, serverName }), /the certificate is of no trusted authority/);
      const other = new Authority('another authority').certificate;
      assert.match(await refused(port, { verify: true, ca: other, serverName }), /the certificate is of no trusted authority/);
      assert.match(await refused(port, { verify: true, ca, serverName: 'example.net' }), /the certificate is for another name/);
      assert.match(await refused(port, { verify: true, ca }), /the certificate is for another name/);
      await world().serve(++port, ['text', 'secret'], tls({ names: [world().server[4]] }));
      const byAddress = await open(world(), 'tls', at(world(), port), { verify: true, ca });
      await world().driver.close(byAddress.id);
    });
  });

  it('shows its own certificate', async () => {
    await world().serve(++port, ['text', 'for members'], tls({ wantsCertificate: true }));
    const { certificate, key } = client;
    const { id } = await open(world(), 'tls', at(world(), port), { certificate, key });
    assert.equal(await readText(world(), id), 'for members');
    await world().driver.close(id);
  });

  it('says that a server does not speak TLS', async () => {
    await leavesNothing(world(), async () => {
      await world().serve(++port, ['text', '220 a greeting in plain text\r\n']);
      assert.match(await refused(port), /^no TLS with \S+ port \d+: the server does not speak TLS/);
    });
  });

  it('is refused as tcp is', async () => {
    const result = await world().drive(world().driver.open('tls', at(world(), 1)));
    assert.equal(failure(result).errno, 'ECONNREFUSED');
  });

  it('gives up at the moment of the abort: a connection, a handshake, a read', async () => {
    await leavesNothing(world(), async () => {
      const attempts = [{ address: world().silent, port: 443 }];
      for (const to of attempts) {
        const signal = ++signals;
        const opening = world().driver.open('tls', to, { signal });
        await world().pass(100);
        await world().driver.abort(signal);
        assert.equal(failure(await world().drive(opening)).message, enough);
      }
      await world().serve(++port, ['silence'], tls());
      const signal = ++signals;
      const { id } = await open(world(), 'tls', at(world(), port), { signal });
      const reading = world().driver.read(id);
      await world().pass(100);
      await world().driver.abort(signal);
      assert.equal(failure(await world().drive(reading)).message, enough);
    });
  });

  it('leaves nothing behind after two hundred handshakes, whether they worked or not', async () => {
    await world().serve(++port, ['silence'], tls());
    await leavesNothing(world(), async () => {
      assert.deepEqual(await world().drive(world().driver.storm('tls', at(world(), port), 100)), {});
      assert.deepEqual(await world().drive(world().driver.storm('tls', at(world(), 1), 100)), { ECONNREFUSED: 100 });
    });
  });
});
