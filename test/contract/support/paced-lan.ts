/** The two hosts of a contract world as the suites of the port `pacemaker` use them: `a` sends, `b` listens. */
import type { HeardPacket, PacedPacket, PacedSocketOptions } from '@mainstay/sdk';
import { afterEach } from 'mocha';
import { linuxTimersWorld, linuxWorld } from './linux-world.js';
import type { PacedBench, PacedCall, PacedEvent } from './paced-bench.js';
import { simulatedWorld } from './simulated-world.js';
import { describePortContract } from './suite.js';
import { lanLink, type World, type WorldHost, type WorldMaker } from './world.js';

/** An IP protocol that nobody else speaks: 253 and 254 are for experiments (RFC 3692). */
export const protocol = 253;
export const groups = { 4: '224.0.0.18', 6: 'ff02::12' } as const;
export const address = { a: { 4: '10.9.0.1', 6: 'fd09::1' }, b: { 4: '10.9.0.2', 6: 'fd09::2' } } as const;

export const pacemakerWorlds: readonly WorldMaker[] = [simulatedWorld, linuxWorld, linuxTimersWorld];

type Calls = { [Name in keyof PacedBench]: (...args: Parameters<PacedBench[Name]>) => Promise<ReturnType<PacedBench[Name]>> };

/** A packet of these bytes from `a` to the group that every socket joins: nothing waits for address resolution. */
export function packet(bytes: number | readonly number[], more: Partial<PacedPacket> = {}, family: 4 | 6 = 4): PacedPacket {
  const payload = Uint8Array.from(typeof bytes === 'number' ? [bytes] : bytes);
  const ends = { source: address.a[family], destination: groups[family] };
  return { ...ends, hopLimit: 255, trafficClass: 0, payload, ...more };
}

export class PacedHost {
  /** Each method of the bench, by itself. */
  readonly calls: Calls;

  constructor(readonly host: WorldHost) {
    const call = (method: string, args: readonly unknown[]) =>
      host.ports.pace([[method, ...args] as unknown as PacedCall]).then(([value]) => value);
    this.calls = new Proxy({} as Calls, {
      get: (_, method) => (typeof method === 'string' ? (...args: readonly unknown[]) => call(method, args) : undefined),
    });
  }

  /** Within one turn of the event loop. */
  together(...calls: readonly PacedCall[]): Promise<readonly unknown[]> {
    return this.host.ports.pace(calls);
  }

  async open(
    options: Partial<Pick<PacedSocketOptions, 'transport' | 'key' | 'link'>> & { readonly isDeaf?: boolean } = {},
    family: 4 | 6 = 4,
  ): Promise<number> {
    const { index } = await lanLink(this.host);
    const socket = await this.calls.open({ transport: { kind: 'ip', family, protocol }, link: index, ...options });
    if (options.transport === undefined) await this.calls.join(socket, groups[family]);
    return socket;
  }

  /** What one socket, beacon or watch told, of one kind. */
  async told<Kind extends PacedEvent['kind']>(kind: Kind, of: number): Promise<readonly (PacedEvent & { kind: Kind })[]> {
    const events = await this.calls.told();
    return events.filter((event): event is PacedEvent & { kind: Kind } => event.kind === kind && event.of === of);
  }

  async packets(kind: 'packet' | 'stray', of: number): Promise<readonly HeardPacket[]> {
    return (await this.told(kind, of)).map((event) => (event as PacedEvent & { kind: 'stray' }).packet);
  }

  /** The first byte of each packet that a socket or watch told. */
  async heads(kind: 'packet' | 'stray', of: number): Promise<readonly number[]> {
    return (await this.packets(kind, of)).map(({ payload }) => payload[0] ?? -1);
  }
}

export class PacedLan {
  readonly a: PacedHost;
  readonly b: PacedHost;

  constructor(readonly world: World) {
    this.a = new PacedHost(world.a);
    this.b = new PacedHost(world.b);
  }

  /** Waits for packets to be told, and answers them. */
  async arrive(host: PacedHost, kind: 'packet' | 'stray', of: number, count: number): Promise<readonly HeardPacket[]> {
    const check = async () => (await host.packets(kind, of)).length >= count;
    await this.world.eventually(`${count} packets are told as ${kind}`, check);
    return host.packets(kind, of);
  }

  async happens(host: PacedHost, kind: PacedEvent['kind'], of: number, count = 1): Promise<void> {
    await this.world.eventually(`${kind} is told ${count} times`, async () => (await host.told(kind, of)).length >= count);
  }

  async turns(host: PacedHost, beacon: number, count: number): Promise<void> {
    const check = async () => (await host.calls.beaconState(beacon)).turns >= count;
    await this.world.eventually(`${count} turns are taken`, check);
  }
}

export function describePacemaker(what: string, suite: (lan: () => PacedLan) => void, makers = pacemakerWorlds): void {
  const declare = (world: () => World) => {
    afterEach(async () => {
      const { a, b } = new PacedLan(world());
      await a.calls.reset();
      // What is still under way would be heard by the sockets of the next case.
      await world().pass(50);
      await b.calls.reset();
    });
    suite(() => new PacedLan(world()));
  };
  describePortContract(`pacemaker, ${what}`, declare, makers);
}
