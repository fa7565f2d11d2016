/**
 * Ten thousand changes by somebody else while the ports' process is busy: the kernel drops notifications. Nothing may be lost
 * in the end, and nobody may be killed (the npm package netlink aborts its process here).
 */
import assert from 'node:assert/strict';
import type { InterfaceAddress } from '@mainstay/sdk';
import { after, before, describe, it } from 'mocha';
import { until } from '../support/command.js';
import { type Host, Lan } from '../support/netns.js';
import { PortAgent } from '../support/port-agent.js';
import { requireRoot } from './support/linux-world.js';
import type { SeenEvent } from './support/world.js';

const count = 10_000;

function addressText(i: number): string {
  return `10.77.${i >> 8}.${i & 255}`;
}

function lines(command: 'add' | 'del', from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => `address ${command} ${addressText(from + i)}/32 dev eth0`).join('\n');
}

async function batch(host: Host, input: string): Promise<void> {
  await host.run('ip', ['-batch', '-'], input);
}

/** Every address that `ip` lists, in the words of the port. */
async function kernelAddresses(host: Host): Promise<string[]> {
  const links = JSON.parse(await host.ip('-j', 'address')) as {
    ifindex: number;
    addr_info: { local: string; prefixlen: number }[];
  }[];
  return links.flatMap(({ ifindex, addr_info }) => addr_info.map((a) => `${ifindex} ${a.local}/${a.prefixlen}`)).sort();
}

function copied(addresses: readonly InterfaceAddress[]): string[] {
  return addresses.map((a) => `${a.link} ${a.address}/${a.prefixLength}`).sort();
}

/** Replays what watchers heard: an address is added before it is removed, and never twice. */
function replay(events: readonly SeenEvent[]): Set<string> {
  const there = new Set<string>();
  for (const { of, kind, what } of events) {
    if (of !== 'address' || !what.startsWith('10.77.')) continue;
    if (kind === 'added') assert.ok(!there.has(what), `${what} was added twice`);
    if (kind === 'removed') assert.ok(there.has(what), `${what} was removed before it was added`);
    if (kind === 'removed') there.delete(what);
    else there.add(what);
  }
  return there;
}

describe('overrun of notifications (Linux)', function () {
  this.timeout(120_000);
  let lan: Lan;
  let host: Host;
  let agent: PortAgent;

  before(async () => {
    requireRoot();
    lan = await Lan.create('a');
    host = lan.host('a');
    agent = await PortAgent.start(host.namespace);
  });

  after(async () => {
    await agent?.stop();
    lan?.destroy();
  });

  /** The copy equals the kernel's table, and so does what a watcher has pieced together. */
  async function agrees(): Promise<void> {
    const expected = await kernelAddresses(host);
    await until('the copy equals the kernel', 30_000, async () => {
      const copy = copied(await agent.driver.addresses());
      return copy.length === expected.length && copy.every((entry, i) => entry === expected[i]);
    });
    const heard = replay(await agent.driver.events());
    const ours = expected.filter((entry) => entry.includes(' 10.77.')).map((entry) => entry.split(/[ /]/)[1] ?? '');
    assert.deepEqual([...heard].sort(), ours.sort());
    assert.deepEqual(await agent.driver.troubles(), []);
    assert.ok(agent.isRunning);
  }

  it('survives 10,000 additions while its loop is blocked, and knows every one', async () => {
    const blocked = agent.driver.block(3000);
    await batch(host, lines('add', 0, count));
    await blocked;
    await agrees();
    assert.ok((await agent.driver.overruns()) > 0, 'the notifications did overrun: otherwise this test shows nothing');
  });

  it('survives 10,000 removals and additions in turn while it reads', async () => {
    const blocked = agent.driver.block(1000);
    await batch(host, `${lines('del', 0, count / 2)}\n${lines('add', 0, 100)}`);
    await blocked;
    await agrees();
  });

  it('keeps its own requests in order and answered during the storm', async () => {
    const [link] = (await agent.driver.links()).filter(({ name }) => name === 'eth0');
    const own = Array.from({ length: 500 }, (_, i) => ({
      link: link?.index ?? 0,
      family: 4 as const,
      address: `10.78.0.${i % 250}`,
      prefixLength: i < 250 ? 32 : 24,
      scope: 'global' as const,
    }));
    const blocked = agent.driver.block(500);
    const storm = batch(host, lines('del', count / 2, count));
    const results = await agent.driver.addAddresses(own);
    await Promise.all([blocked, storm]);
    assert.ok(results.every(({ outcome }) => outcome === 'done'));
    await agrees();
    const marked = (await agent.driver.addresses()).filter(({ isOurs }) => isOurs);
    assert.equal(marked.length, 500);
  });
});
