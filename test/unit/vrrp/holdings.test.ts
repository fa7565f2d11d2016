/** The virtual addresses of an instance in the kernel, exactly (plugins/vrrp/src/holdings.ts), and the races of taking and releasing. */
import assert from 'node:assert/strict';
import type { Addresses, AddressKey, ChangeResult, InterfaceAddress, Link, Links, NewAddress } from '@mainstay/sdk';
import { Holdings } from '@mainstay/vrrp/internal/holdings.js';
import { describe, it } from 'mocha';
import { configOf, type Written } from './by-hand.js';

const keyOf = ({ link, address, prefixLength }: AddressKey) => `${link} ${address}/${prefixLength}`;

/** A kernel that does what it is told at once, and answers when the test says so. */
class SlowKernel implements Addresses {
  readonly present = new Map<string, InterfaceAddress>();
  readonly requests: string[] = [];
  readonly refused = new Set<string>();
  /** What it does not let go of. */
  readonly kept = new Set<string>();
  private readonly answers: (() => void)[] = [];
  isSlow = false;
  /** Kernels before 5.18 do not keep our mark on an address. */
  hasMarks = true;

  put(address: string, more: Partial<InterfaceAddress> = {}): void {
    const whole: InterfaceAddress = { link: 2, family: 4, address, prefixLength: 24, scope: 'global', isOurs: false, ...more };
    this.present.set(keyOf(whole), whole);
  }
  list(): readonly InterfaceAddress[] {
    return [...this.present.values()];
  }
  get(key: AddressKey): InterfaceAddress | undefined {
    return this.present.get(keyOf(key));
  }
  onLink(index: number): readonly InterfaceAddress[] {
    return this.list().filter((address) => address.link === index);
  }
  add(addresses: readonly NewAddress[]): Promise<readonly ChangeResult[]> {
    return this.answer(addresses.map((address) => this.addOne(address)));
  }
  remove(addresses: readonly AddressKey[]): Promise<readonly ChangeResult[]> {
    return this.answer(
      addresses.map((address): ChangeResult => {
        this.requests.push(`- ${keyOf(address)}`);
        if (this.kept.has(address.address)) return { outcome: 'failed', error: 'EPERM' };
        return { outcome: this.present.delete(keyOf(address)) ? 'done' : 'unchanged' };
      }),
    );
  }
  watch(): () => void {
    return () => undefined;
  }
  /** Delivers the answers that wait, oldest first. */
  answerAll(): void {
    for (const answer of this.answers.splice(0)) answer();
  }

  private addOne(address: NewAddress): ChangeResult {
    this.requests.push(`+ ${keyOf(address)}`);
    if (this.refused.has(address.address)) return { outcome: 'failed', error: 'EPERM' };
    if (this.present.has(keyOf(address))) return { outcome: 'unchanged' };
    this.present.set(keyOf(address), { ...address, isOurs: this.hasMarks });
    return { outcome: 'done' };
  }
  private answer(results: readonly ChangeResult[]): Promise<readonly ChangeResult[]> {
    if (!this.isSlow) return Promise.resolve(results);
    return new Promise((resolve) => this.answers.push(() => resolve(results)));
  }
}

const link = (index: number, name: string): Link => ({
  index,
  name,
  isUp: true,
  mac: '02:00:00:00:00:01',
  mtu: 1500,
  isLoopback: false,
});
const links: Links = {
  list: () => [link(2, 'eth0'), link(3, 'eth1')],
  get: (name) => links.list().find((each) => each.name === name),
  byIndex: (index) => links.list().find((each) => each.index === index),
  watch: () => () => undefined,
};

function scene(written: Written = {}) {
  const kernel = new SlowKernel();
  const holdings = new Holdings({ addresses: kernel, links });
  const config = configOf({ virtual_ipaddress: ['192.0.2.100/24', '192.0.2.101/24'], ...written });
  return {
    kernel,
    holdings,
    config,
    held: () => holdings.current.map(({ address }) => address),
    present: () => [...kernel.present.keys()],
  };
}

const removed = (address: string, prefixLength = 24, on = 2) => ({
  kind: 'removed' as const,
  address: { link: on, family: 4 as const, address, prefixLength, scope: 'global' as const, isOurs: true },
});

describe('virtual addresses in the kernel', () => {
  it('are added in order, once, and removed', async () => {
    const { kernel, holdings, config, held } = scene({ virtual_ipaddress_excluded: ['10.0.0.1/8 dev eth1'] });
    const { isCurrent, failures } = await holdings.take(config);
    assert.deepEqual([isCurrent, failures, held()], [true, [], ['192.0.2.100', '192.0.2.101', '10.0.0.1']]);
    await holdings.take(config);
    assert.deepEqual(kernel.requests, ['+ 2 192.0.2.100/24', '+ 2 192.0.2.101/24', '+ 3 10.0.0.1/8']);
    assert.deepEqual(await holdings.release(), []);
    assert.deepEqual([held(), kernel.present.size], [[], 0]);
  });

  it('carry their options; IPv6 without duplicate address detection', async () => {
    const { kernel, holdings } = scene();
    const vips = ['192.0.2.100/24 brd + label eth0:v scope link'];
    await holdings.take(configOf({ virtual_ipaddress: vips, virtual_ipaddress_excluded: ['2001:db8::1'] }));
    assert.deepEqual(kernel.list(), [
      {
        link: 2,
        address: '192.0.2.100',
        family: 4,
        prefixLength: 24,
        scope: 'link',
        broadcast: '192.0.2.255',
        label: 'eth0:v',
        isOurs: true,
      },
      {
        link: 2,
        address: '2001:db8::1',
        family: 6,
        prefixLength: 128,
        scope: 'global',
        preferredLifetime: 0,
        noDad: true,
        isOurs: true,
      },
    ]);
  });

  it('that were there already are held all the same', async () => {
    const { kernel, holdings, config, held } = scene();
    kernel.put('192.0.2.100');
    await holdings.take(config);
    assert.deepEqual(held(), ['192.0.2.100', '192.0.2.101']);
    await holdings.release();
    assert.equal(kernel.present.size, 0);
  });

  it('that the kernel refuses, or whose link is missing, are named', async () => {
    const { kernel, holdings, held } = scene();
    kernel.refused.add('192.0.2.101');
    const config = configOf({ virtual_ipaddress: ['192.0.2.100/24', '192.0.2.101/24', '192.0.2.102/24 dev eth9'] });
    const { failures } = await holdings.take(config);
    assert.equal(failures.length, 2);
    assert.ok(failures.some((failure) => failure.includes('192.0.2.101/24') && failure.includes('EPERM')));
    assert.ok(failures.some((failure) => failure.includes('192.0.2.102/24') && failure.includes('eth9')));
    assert.deepEqual(held(), ['192.0.2.100']);
  });

  it("an owner's own address stays when it releases, and is not taken for a leftover", async () => {
    const { kernel, holdings, present } = scene();
    const owner = configOf({ priority: '255', virtual_ipaddress: ['192.0.2.1/24', '192.0.2.100/24'] });
    kernel.put('192.0.2.1');
    assert.deepEqual(await holdings.clean(owner), { removed: [], failures: [] });
    await holdings.take(owner);
    assert.deepEqual(
      holdings.current.map(({ address }) => address),
      ['192.0.2.1', '192.0.2.100'],
    );
    await holdings.release();
    assert.deepEqual(present(), ['2 192.0.2.1/24']);
  });

  it('left over from a crash are removed, of an owner only its own', async () => {
    const { kernel, holdings, config, present } = scene();
    kernel.put('192.0.2.1');
    kernel.put('192.0.2.100', { isOurs: true });
    kernel.put('192.0.2.101');
    kernel.put('192.0.2.100', { prefixLength: 32 });
    assert.deepEqual(await holdings.clean(config), { removed: ['192.0.2.100/24', '192.0.2.101/24'], failures: [] });
    assert.deepEqual(present(), ['2 192.0.2.1/24', '2 192.0.2.100/32']);
    kernel.put('192.0.2.100', { isOurs: true });
    kernel.put('192.0.2.101');
    assert.deepEqual(
      await holdings.clean(configOf({ priority: '255', virtual_ipaddress: ['192.0.2.100/24', '192.0.2.101/24'] })),
      { removed: ['192.0.2.100/24'], failures: [] },
    );
  });

  it('that the kernel keeps are named: of what a crash left, and of what the configuration no longer lists', async () => {
    const { kernel, holdings, config } = scene();
    kernel.put('192.0.2.100');
    kernel.put('192.0.2.101');
    kernel.kept.add('192.0.2.101');
    const failures = ['192.0.2.101/24: EPERM'];
    assert.deepEqual(await holdings.clean(config), { removed: ['192.0.2.100/24'], failures });
    await holdings.take(config);
    assert.deepEqual(await holdings.releaseUnlisted(configOf({ virtual_ipaddress: ['192.0.2.100/24'] })), failures);
  });

  it('that somebody else removes are lost, unless no_track; our own removals are not', async () => {
    const { holdings, held } = scene();
    await holdings.take(configOf({ virtual_ipaddress: ['192.0.2.100/24', '192.0.2.101/24 no_track'] }));
    assert.equal(holdings.lostBy(removed('192.0.2.7')), undefined);
    assert.equal(holdings.lostBy(removed('192.0.2.100', 32)), undefined);
    assert.equal(holdings.lostBy(removed('192.0.2.100', 24, 3)), undefined);
    assert.equal(holdings.lostBy({ ...removed('192.0.2.100'), kind: 'changed' }), undefined);
    assert.equal(holdings.lostBy(removed('192.0.2.101')), undefined);
    assert.equal(holdings.lostBy(removed('192.0.2.100')), '192.0.2.100/24');
    assert.deepEqual(held(), []);
    assert.equal(holdings.lostBy(removed('192.0.2.100')), undefined);
  });

  it('are not lost when we release them', async () => {
    const { holdings, config } = scene();
    await holdings.take(config);
    const released = holdings.release();
    assert.equal(holdings.lostBy(removed('192.0.2.100')), undefined);
    await released;
  });
});

describe('virtual addresses, while the kernel is at work', () => {
  it('released: nothing is held or left behind', async () => {
    const { kernel, holdings, config, held } = scene();
    kernel.isSlow = true;
    const taken = holdings.take(config);
    const released = holdings.release();
    kernel.answerAll();
    assert.equal((await taken).isCurrent, false);
    await released;
    assert.deepEqual([held(), kernel.present.size], [[], 0]);
  });

  it('released and taken again: held once more', async () => {
    const { kernel, holdings, config, held } = scene();
    kernel.isSlow = true;
    const first = holdings.take(config);
    const released = holdings.release();
    const second = holdings.take(config);
    kernel.answerAll();
    const results = await Promise.all([first, second]);
    await released;
    assert.deepEqual(
      results.map(({ isCurrent }) => isCurrent),
      [false, true],
    );
    assert.deepEqual(held(), ['192.0.2.100', '192.0.2.101']);
    assert.equal(kernel.present.size, 2);
    kernel.isSlow = false;
    await holdings.take(config);
    assert.equal(kernel.requests.filter((request) => request.startsWith('+')).length, 4);
  });

  it('a reload that drops an address leaves none behind', async () => {
    const { kernel, holdings, config, held, present } = scene();
    kernel.isSlow = true;
    const first = holdings.take(config);
    const smaller = configOf({ virtual_ipaddress: ['192.0.2.100/24'] });
    const dropped = holdings.releaseUnlisted(smaller);
    const second = holdings.take(smaller);
    kernel.answerAll();
    await Promise.all([first, dropped, second]);
    assert.deepEqual([held(), present()], [['192.0.2.100'], ['2 192.0.2.100/24']]);
  });

  it('a stop after such a reload leaves none behind', async () => {
    const { kernel, holdings, config } = scene();
    kernel.isSlow = true;
    const first = holdings.take(config);
    const second = holdings.take(configOf({ virtual_ipaddress: ['192.0.2.102/24'] }));
    const released = holdings.release();
    kernel.answerAll();
    await Promise.all([first, second, released]);
    assert.equal(kernel.present.size, 0);
  });

  it("an owner's own address is known as such by both of two takes", async () => {
    const { kernel, holdings, present } = scene();
    const owner = configOf({ priority: '255', virtual_ipaddress: ['192.0.2.1/24'] });
    kernel.put('192.0.2.1');
    kernel.isSlow = true;
    const taken = [holdings.take(owner), holdings.take(owner)];
    kernel.answerAll();
    await Promise.all(taken);
    const released = holdings.release();
    kernel.answerAll();
    await released;
    assert.deepEqual(present(), ['2 192.0.2.1/24']);
  });
});

describe('virtual addresses, in a kernel without marks', () => {
  it("of an owner are told from the host's own by who came first, also by two takes", async () => {
    const { kernel, holdings, present } = scene();
    const owner = configOf({ priority: '255', virtual_ipaddress: ['192.0.2.1/24', '192.0.2.100/24'] });
    kernel.put('192.0.2.1');
    kernel.hasMarks = false;
    kernel.isSlow = true;
    const taken = [holdings.take(owner), holdings.take(owner)];
    kernel.answerAll();
    await Promise.all(taken);
    kernel.isSlow = false;
    await holdings.release();
    assert.deepEqual(present(), ['2 192.0.2.1/24']);
  });
});

describe('virtual addresses, after a reload', () => {
  it('that are no longer listed go, the others are not touched', async () => {
    const { kernel, holdings, config, present } = scene();
    await holdings.take(config);
    const changed = configOf({ virtual_ipaddress: ['192.0.2.101/24', '192.0.2.102/24'] });
    await holdings.releaseUnlisted(changed);
    await holdings.take(changed);
    assert.deepEqual(kernel.requests.slice(2), ['- 2 192.0.2.100/24', '+ 2 192.0.2.102/24']);
    assert.deepEqual(present(), ['2 192.0.2.101/24', '2 192.0.2.102/24']);
  });
});
