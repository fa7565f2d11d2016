/** What the Linux ports read from and write into rtnetlink messages. */
import assert from 'node:assert/strict';
import { additionOf, addressFormat } from '@mainstay/core/linux-ports/address-format';
import { body, type Message, text, u32 } from '@mainstay/core/linux-ports/codec';
import { linkFormat } from '@mainstay/core/linux-ports/link-format';
import { answerOf } from '@mainstay/core/linux-ports/request-channel';
import { parseDestination, routeAdditionOf, routeFormat } from '@mainstay/core/linux-ports/route-format';
import type { InterfaceAddress, NewAddress, NewRoute } from '@mainstay/sdk';
import { describe, it } from 'mocha';

const newAddress = 20;
const newLink = 16;
const delLink = 17;
const newRoute = 24;
const addresses = addressFormat((index) => (index === 3 ? 'eth0' : undefined));

function message(type: number, data: Buffer, flags = 0): Message {
  return { type, flags, seq: 0, data };
}

function readAddress(data: Buffer): InterfaceAddress | undefined {
  return addresses.read(message(newAddress, data))?.value;
}

describe('rtnetlink formats', () => {
  it('reads back every property of an address that it writes', () => {
    const wanted: NewAddress[] = [
      { link: 3, family: 4, address: '10.0.0.1', prefixLength: 24, scope: 'global', label: 'eth0:1', broadcast: '10.0.0.255' },
      { link: 3, family: 4, address: '10.0.0.1', peer: '10.0.0.2', prefixLength: 32, scope: 'link', noPrefixRoute: true },
      {
        link: 3,
        family: 6,
        address: 'fd00::1',
        prefixLength: 64,
        scope: 'site',
        noDad: true,
        home: true,
        manageTemporary: true,
        autoJoin: true,
      },
      { link: 3, family: 6, address: 'fe80::1', prefixLength: 10, scope: 99, preferredLifetime: 0 },
    ];
    for (const address of wanted) assert.deepEqual(readAddress(additionOf(address)), { ...address, isOurs: true });
  });

  it("takes no notice of a label that is the link's name, and of another daemon's mark", () => {
    const header = Buffer.from([2, 24, 0, 0, ...u32(3)]);
    const data = body(header, [
      [2, Uint8Array.of(10, 0, 0, 1)],
      [3, text('eth0')],
      [11, Uint8Array.of(2)],
    ]);
    assert.deepEqual(readAddress(data), {
      link: 3,
      family: 4,
      address: '10.0.0.1',
      prefixLength: 24,
      scope: 'global',
      isOurs: false,
    });
  });

  it('calls a lifetime that counts down the same, and a deprecated address different', () => {
    const address: InterfaceAddress = {
      link: 3,
      family: 6,
      address: 'fd00::1',
      prefixLength: 64,
      scope: 'global',
      isOurs: false,
    };
    assert.ok(addresses.isSame({ ...address, preferredLifetime: 900 }, { ...address, preferredLifetime: 899 }));
    assert.ok(!addresses.isSame({ ...address, preferredLifetime: 1 }, { ...address, preferredLifetime: 0 }));
    assert.ok(!addresses.isSame(address, { ...address, isTentative: true }));
  });

  it('is not fooled by a bridge that reports the loss of a port', () => {
    const header = Buffer.alloc(16);
    header.set(u32(5), 4);
    const removed = linkFormat.read(message(delLink, body(header, [[3, text('eth0')]])));
    assert.equal(removed?.kind, 'delete');
    header[0] = 7;
    assert.equal(linkFormat.read(message(delLink, body(header, [[3, text('eth0')]]))), undefined);
  });

  it('calls a link up when it is enabled and running', () => {
    const header = Buffer.alloc(16);
    header.set(u32(5), 4);
    const isUp = (flags: number) => {
      header.set(u32(flags), 8);
      return linkFormat.read(message(newLink, body(header, [])))?.value.isUp;
    };
    assert.deepEqual([0x0, 0x1, 0x40, 0x41].map(isUp), [false, false, false, true]);
  });

  it('reads back every property of a route that it writes', () => {
    let replaced = 0;
    const routes = routeFormat(() => {
      replaced++;
    });
    const wanted: NewRoute[] = [
      {
        family: 4,
        destination: '10.0.0.0/8',
        gateway: '192.0.2.1',
        link: 3,
        source: '192.0.2.9',
        table: 254,
        metric: 5,
        scope: 'global',
        type: 'unicast',
      },
      { family: 4, destination: '0.0.0.0/0', gateway: 'fe80::1', link: 3, table: 100_000, scope: 'global', type: 'unicast' },
      { family: 4, destination: '10.1.0.0/16', link: 3, table: 7, scope: 'link', type: 'unicast' },
      { family: 6, destination: '2001:db8::/32', table: 254, metric: 1024, type: 'blackhole' },
    ];
    for (const route of wanted) {
      const destination = parseDestination(route);
      assert.ok(destination);
      const data = routeAdditionOf(route, destination);
      assert.deepEqual(routes.read(message(newRoute, data))?.value.route, { ...route, isOurs: true });
      routes.read(message(newRoute, data, 0x100));
    }
    assert.equal(replaced, wanted.length);
  });

  it('refuses destinations that are none', () => {
    const parse = (destination: string, family: 4 | 6 = 4) =>
      parseDestination({ family, destination, table: 254, type: 'unicast' });
    for (const bad of ['', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', '::/0', '10.0.0.0/8/8', '10.0.0.0/-1']) {
      assert.equal(parse(bad), undefined, bad);
    }
    assert.equal(parse('::/129', 6), undefined);
    assert.equal(parse('::/0', 6)?.prefixLength, 0);
  });

  it("reads the kernel's own words from an acknowledgement, with the request capped or whole", () => {
    const words = body(Buffer.alloc(0), [[1, text('Nexthop has invalid gateway')]]);
    const errno = Buffer.alloc(4);
    errno.writeInt32LE(-101);
    const capped = Buffer.concat([errno, u32(60), Buffer.alloc(12), words]);
    assert.deepEqual(answerOf(message(2, capped, 0x300)), { errno: 101, text: 'Nexthop has invalid gateway' });
    const whole = Buffer.concat([errno, u32(60), Buffer.alloc(56), words]);
    assert.deepEqual(answerOf(message(2, whole, 0x200)), { errno: 101, text: 'Nexthop has invalid gateway' });
    assert.deepEqual(answerOf(message(2, Buffer.alloc(20))), { errno: 0 });
  });
});
