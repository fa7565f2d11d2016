/** One session of the bfd plugin on a simulated host, and a peer whose packets a test makes by hand. For the tests of the plugin. */
import assert from 'node:assert/strict';
import { type ControlPacket, decodeControl } from '@mainstay/bfd';
import type { Plugin } from '@mainstay/sdk';
import { Frame, type TestedPlugin, testPlugin } from '@mainstay/testing';
import { bytesOf, seededPlugin } from './pair.js';

export const hosts = {
  router: { eth0: ['192.0.2.1/24', '192.0.2.4/24', 'fd00::1/64', 'fe80::1/64'] },
  peer: { eth0: ['192.0.2.2/24', '192.0.2.3/24', 'fd00::2/64', 'fe80::2/64'] },
};

export interface Lone extends TestedPlugin {
  /** What the router has said since the last look. */
  said(): readonly ControlPacket[];
  /** A datagram from the peer: to the BFD port, over IPv4 and with TTL 255 unless it is said otherwise. */
  hear(payload: Uint8Array, how?: How): Promise<void>;
  /** A control packet that knows the router's discriminator. */
  tell(more?: Partial<ControlPacket>, how?: How): Promise<void>;
  /** Has the session come up with the peer. */
  up(more?: Partial<ControlPacket>): Promise<void>;
  /** Packets dropped, by cause. */
  dropped(): Readonly<Record<string, number>>;
  readonly discriminator: number;
}

export interface How {
  readonly source?: string;
  readonly destination?: string;
  readonly hopLimit?: number;
  readonly port?: number;
  readonly sourcePort?: number;
}

export const lines = (...keywords: readonly string[]) =>
  ['bfd_instance B1 {', ...keywords.map((keyword) => `  ${keyword}`), '}', ''].join('\n');
export const usual = ['neighbor_ip 192.0.2.2', 'min_tx 50', 'min_rx 50', 'multiplier 3'] as const;

export async function lone(config = lines(...usual), seed = 1, alongside: readonly Plugin[] = []): Promise<Lone> {
  const tested = await testPlugin(seededPlugin(seed, 'router'), { config, hosts, alongside });
  const said: ControlPacket[] = [];
  tested.net.segment().watch(({ from, frame }) => {
    if (from !== 'router' || frame.ip?.protocol !== 17) return;
    const decoded = decodeControl(frame.ip.payload.subarray(8));
    if (decoded.ok) said.push(decoded.packet);
  });
  const detail = () => tested.status()[0]?.detail ?? {};
  const hear = async (payload: Uint8Array, how: How = {}) => {
    const { source = '192.0.2.2', destination = '192.0.2.1', hopLimit = 255, port = 3784, sourcePort = 50_000 } = how;
    const datagram = new Uint8Array(8 + payload.length);
    const view = new DataView(datagram.buffer);
    for (const [i, word] of [sourcePort, port, datagram.length].entries()) view.setUint16(2 * i, word);
    datagram.set(payload, 8);
    const packet = { family: 4, source, destination, protocol: 17, hopLimit, trafficClass: 0, payload: datagram } as const;
    assert.equal(tested.net.kernel('peer').stack.send(2, packet), undefined);
    await tested.advance(1);
  };
  const mine = () => detail().local_discriminator as number;
  const tell = (more: Partial<ControlPacket> = {}, how: How = {}) => hear(bytesOf({ yourDiscriminator: mine(), ...more }), how);
  // Addresses are resolved first: the beginning would be lost otherwise.
  await tested.advance(2000);
  said.splice(0);
  const up = async (more: Partial<ControlPacket> = {}) => {
    await tell({ state: 'down', ...more });
    await tell({ state: 'up', ...more });
    assert.equal(tested.status()[0]?.state, 'up');
    said.splice(0);
  };
  const dropped = () => (detail().statistics as { dropped: Record<string, number> }).dropped;
  const made = Object.assign(Object.create(tested) as TestedPlugin, { said: () => said.splice(0), hear, tell, up, dropped });
  return Object.defineProperty(made as typeof made & { discriminator: number }, 'discriminator', { get: mine });
}

/** The forwarding plane of the peer of a lone session. */
export function forwards(router: Lone, change: (frame: Uint8Array) => Uint8Array | undefined = (frame) => frame): Uint8Array[] {
  const seen: Uint8Array[] = [];
  const { stack } = router.net.kernel('peer');
  const mac = (bytes: Uint8Array, at: number) => bytes.slice(at, at + 6);
  router.net.segment().watch(({ from, frame: { bytes, ip } }) => {
    if (from !== 'router' || ip === undefined || ip.source !== ip.destination) return;
    seen.push(bytes);
    const hopLimitAt = ip.family === 4 ? 22 : 21;
    const back = bytes.slice();
    back.set(mac(bytes, 6), 0);
    back.set(mac(bytes, 0), 6);
    back[hopLimitAt] = 254;
    // As RFC 1141: one less there is 0x100 more here.
    if (ip.family === 4) {
      const view = new DataView(back.buffer);
      const sum = view.getUint16(24) + 0x100;
      view.setUint16(24, sum > 0xffff ? sum - 0xffff : sum);
    }
    const changed = change(back);
    const sent = changed && Frame.ofBytes(changed);
    const link = router.net.kernel('peer').links.get(2);
    if (sent !== undefined && link !== undefined) stack.transmit(link, sent);
  });
  return seen;
}

export const stateOf = (router: TestedPlugin) => router.status()[0]?.state;
export const changes = (router: TestedPlugin) =>
  router.events('bfd.changed').map(({ payload }) => `${payload.from} > ${payload.to} ${payload.diagnostic}`);
