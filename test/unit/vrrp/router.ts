/** A router of one vrrp_instance on a simulated host, and what it does on the wire and in the kernel. For the tests of vrrp. */
import assert from 'node:assert/strict';
import type { Plugin } from '@mainstay/sdk';
import { type TestedPlugin, type TestPluginOptions, testPlugin } from '@mainstay/testing';
import { createVrrpPlugin, decodeAdvert, encodeAdvert, noAuthentication } from '@mainstay/vrrp';

export const vips = ['192.0.2.100/24', '192.0.2.101/24'];

export function conf(more: readonly string[] = [], addresses: readonly string[] = vips): string {
  const list = addresses.map((address) => `    ${address}`);
  const keywords = ['interface eth0', 'virtual_router_id 51', 'version 3', ...more].map((keyword) => `  ${keyword}`);
  return ['vrrp_instance VI_1 {', ...keywords, '  virtual_ipaddress {', ...list, '  }', '}', ''].join('\n');
}

export interface Router extends TestedPlugin {
  /** What the router put on the wire and into the kernel since the last look, in order: `advert 100`, `add 192.0.2.100`. */
  seen(): readonly string[];
  /** An advertisement of another router; from the link unless `hopLimit` says otherwise. */
  hear(priority: number, source?: string, hopLimit?: number): Promise<void>;
}

const hosts = {
  router: { eth0: ['192.0.2.1/24'], eth1: { segment: 'other', addresses: ['10.0.0.1/24'] } },
  peer: { eth0: ['192.0.2.2/24'] },
};

export async function routerOf(
  config: string,
  options: Partial<TestPluginOptions> = {},
  plugin: Plugin = createVrrpPlugin(),
): Promise<Router> {
  const seen: string[] = [];
  const started = testPlugin(plugin, { config, hosts, ...options });
  const tested = await started;
  tested.net.segment().watch(({ at, from, frame }) => {
    if (from !== 'router') return;
    if (frame.ip?.protocol === 112) {
      const decoded = decodeAdvert(frame.ip.payload, frame.ip.family, frame.ip);
      seen.push(`${at} advert ${decoded.ok ? decoded.advert.priority : decoded.why}`);
    } else if (frame.etherType === 0x0806) seen.push(`${at} arp ${frame.bytes.subarray(28, 32).join('.')}`);
  });
  tested.ports.addresses.watch(({ kind, address }) => void seen.push(`${tested.clock.now()} ${kind} ${address.address}`));
  const hear = (priority: number, source = '192.0.2.2', hopLimit = 255) => {
    const ends = { source, destination: '224.0.0.18' };
    const addresses = vips.map((vip) => vip.split('/')[0] ?? '');
    const advert = {
      version: 3,
      virtualRouterId: 51,
      priority,
      intervalMs: 1000,
      addresses,
      authType: 0,
      authData: noAuthentication,
    } as const;
    const stack = tested.net.kernel('peer').stack;
    const packet = {
      family: 4,
      ...ends,
      protocol: 112,
      hopLimit,
      trafficClass: 0,
      payload: encodeAdvert(advert, ends),
    } as const;
    assert.equal(stack.send(2, packet), undefined);
    return tested.advance(1);
  };
  // Keeps the getters of the tested plugin.
  return Object.assign(Object.create(tested) as TestedPlugin, { seen: () => seen.splice(0), hear });
}

export const without = (times: readonly string[]) => times.map((line) => line.replace(/^[0-9.]+ /, ''));
export const stateOf = (router: TestedPlugin) => router.status()[0]?.state;
export const transitions = (router: TestedPlugin) =>
  router.events('vrrp.transitioned').map(({ payload }) => `${payload.from} > ${payload.to}: ${payload.reason}`);
export const held = (router: TestedPlugin) => vips.map((vip) => router.kernel.hasAddress(vip.split('/')[0] ?? ''));
