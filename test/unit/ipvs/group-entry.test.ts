/** Entries of virtual_server_group: what each stands for, and mistakes in them. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { readServers } from './configs.js';

const conf = (line: string, more = '') =>
  `virtual_server_group G {\n ${line}\n}\nvirtual_server group G {\n ${more}\n real_server 10.0.0.1 80 {\n }\n}`;

async function addressesOf(line: string, server = '10.0.0.1'): Promise<readonly string[]> {
  const { servers, said } = await readServers(conf(line, 'protocol TCP').replace('10.0.0.1', server));
  if (servers.length === 0) return said;
  return (servers[0]?.services ?? []).map(({ id }) => ('fwmark' in id ? `fwmark ${id.fwmark}` : `${id.address} ${id.port}`));
}

describe('ipvs: entries of groups', () => {
  const meanings: readonly (readonly [line: string, expected: readonly string[]])[] = [
    ['192.0.2.1', ['192.0.2.1 0']],
    ['192.0.2.1-3 80', ['192.0.2.1 80', '192.0.2.2 80', '192.0.2.3 80']],
    ['192.0.2.7-7 80', ['192.0.2.7 80']],
    ['192.0.2.255-192.0.3.0 80', ['192.0.2.255 80', '192.0.3.0 80']],
    ['192.0.2.8/31 80', ['192.0.2.8 80', '192.0.2.9 80']],
    ['192.0.2.8/32 80', ['192.0.2.8 80']],
  ];
  for (const [line, expected] of meanings) {
    it(line, async () => {
      assert.deepEqual(await addressesOf(line), expected);
    });
  }

  it('counts IPv6 in hexadecimal', async () => {
    assert.deepEqual(await addressesOf('2001:db8::8-a 80', '2001:db8::99'), [
      '2001:db8::8 80',
      '2001:db8::9 80',
      '2001:db8::a 80',
    ]);
  });

  it('takes an address that stands twice once', async () => {
    assert.deepEqual(await addressesOf('192.0.2.1-2 80\n 192.0.2.2-3 80'), ['192.0.2.1 80', '192.0.2.2 80', '192.0.2.3 80']);
  });

  const mistakes: readonly (readonly [line: string, expected: RegExp])[] = [
    ['192.0.2.300 80', /^2:2: error: "192.0.2.300" is not an IP address/],
    ['192.0.2.9-3 80', /^2:2: error: 192.0.2.9-3 ends before it begins/],
    ['192.0.2.9-2001:db8::1 80', /^2:2: error: .* begins in one family and ends in the other/],
    ['192.0.2.9-x 80', /^2:2: error: "x" is not the end of a range/],
    ['192.0.2.9/24 80', /^2:2: error: 192.0.2.9\/24 is not a subnet: .* \(write 192.0.2.0\/24\)/],
    ['192.0.2.0/33 80', /^2:2: error: "33" is not a prefix length/],
    ['10.0.0.0/8 80', /^2:2: error: 10.0.0.0\/8 has more than 65536 addresses.* \(mark the packets/],
    ['192.0.2.1 http', /^2:12: error: the port must be/],
    ['192.0.2.1 80 81', /^2:15: error: there is one word too many/],
    ['fwmark', /error: the firewall mark is missing/],
    ['fwmark 3 ipv6', /^2:11: error: "ipv6" is not a family \(write inet or inet6\)/],
    ['WEB', /^2:2: error: "WEB" is not an IP address/],
  ];
  for (const [line, expected] of mistakes) {
    it(`says what is wrong with: ${line}`, async () => {
      assert.match((await addressesOf(line))[0] ?? 'nothing', expected);
    });
  }

  it('never throws, whatever stands there', async function () {
    this.timeout(30_000);
    const word = fc.stringMatching(/^[0-9a-f.:/-]{1,24}$/);
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 3 }), async (words) => {
        const { servers, said } = await readServers(conf(words.join(' '), 'protocol TCP'));
        assert.ok(servers.length === 1 || said.length > 0);
      }),
      { numRuns: 100 },
    );
  });
});
