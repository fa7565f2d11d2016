/** Two simulated hosts with a bfd_instance each, and what passes between them. For the tests of the bfd plugin. */
import { type ControlPacket, createBfdPlugin, decodeControl, encodeControl } from '@mainstay/bfd';
import type { ObjectStatus } from '@mainstay/sdk';
import { createRandom, type SimulatedHost, Simulation } from '@mainstay/testing';

export const address = { a: { 4: '192.0.2.1', 6: '2001:db8::1' }, b: { 4: '192.0.2.2', 6: '2001:db8::2' } } as const;
export type Side = 'a' | 'b';

/** A packet on the wire. */
export interface Seen {
  readonly at: number;
  readonly from: string;
  readonly hopLimit: number;
  readonly trafficClass: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly bytes: Uint8Array;
  readonly packet: ControlPacket;
}

/** A bfd_instance to the other side, with more or other keywords. */
export function conf(side: Side, more: readonly string[] = [], family: 4 | 6 = 4): string {
  const other = side === 'a' ? 'b' : 'a';
  const keywords = [`neighbor_ip ${address[other][family]}`, 'min_tx 50', 'min_rx 50', 'multiplier 3', ...more];
  return ['bfd_instance B1 {', ...keywords.map((keyword) => `  ${keyword}`), '}', ''].join('\n');
}

export class Pair {
  readonly wire: Seen[] = [];

  readonly clock: Simulation['clock'];

  constructor(
    readonly simulation: Simulation,
    readonly a: SimulatedHost,
    readonly b: SimulatedHost,
  ) {
    const { net, clock } = simulation;
    net.segment().watch(({ at, from, frame }) => {
      const { ip } = frame;
      if (ip?.protocol !== 17) return;
      const view = new DataView(ip.payload.buffer, ip.payload.byteOffset, ip.payload.length);
      const decoded = decodeControl(ip.payload.subarray(8));
      if (!decoded.ok) return;
      const { hopLimit, trafficClass } = ip;
      const [sourcePort, destinationPort] = [view.getUint16(0), view.getUint16(2)];
      const { packet, bytes } = decoded;
      this.wire.push({ at, from, hopLimit, trafficClass, sourcePort, destinationPort, bytes, packet });
    });
    this.clock = clock;
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** Lets time pass until both are Up. Answers how long it took. */
  async up(withinMs = 10_000): Promise<number> {
    const from = this.clock.now();
    while (this.state('a') !== 'up' || this.state('b') !== 'up') {
      if (this.clock.now() - from > withinMs) throw new Error(`not up: ${this.state('a')} and ${this.state('b')}`);
      await this.advance(10);
    }
    return this.clock.now() - from;
  }

  status(side: Side): ObjectStatus {
    const [found] = this[side].host.objectsNow();
    if (found === undefined) throw new Error(`no session on ${side}`);
    return found;
  }

  state(side: Side): string | undefined {
    return this[side].isRunning ? this[side].host.objectsNow()[0]?.state : undefined;
  }

  /** Changes of state as they were told: `down > init`. */
  changes(side: Side): readonly string[] {
    return this[side].events
      .filter(({ name }) => name === 'bfd.changed')
      .map(({ payload }) => `${payload.from} > ${payload.to} ${payload.diagnostic}`);
  }

  reload(side: Side, config: string): Promise<unknown> {
    return this.clock.drive(this[side].reload(config));
  }
  stop(side: Side): Promise<void> {
    return this.clock.drive(this[side].stop());
  }
  start(side: Side): Promise<void> {
    return this.clock.drive(this[side].start());
  }

  /** What one side has sent since `at`. */
  sent(side: Side, since = 0): readonly Seen[] {
    return this.wire.filter(({ from, at }) => from === side && at >= since);
  }
}

export interface PairOptions {
  readonly a?: readonly string[];
  readonly b?: readonly string[];
  readonly family?: 4 | 6;
  readonly seed?: number;
  readonly conditions?: ConstructorParameters<typeof Simulation>[0]['conditions'];
}

/** A plugin whose chance comes from a seed. */
export function seededPlugin(seed: number, name: string) {
  const random = createRandom(seed).fork(`bfd of ${name}`);
  return createBfdPlugin({ draw: (least, most) => least + Math.floor(random.next() * (most - least + 1)) });
}

export async function pair({ a = [], b = [], family = 4, seed = 1, conditions }: PairOptions = {}): Promise<Pair> {
  const simulation = new Simulation({ seed, ...(conditions === undefined ? {} : { conditions }) });
  const add = (side: Side, more: readonly string[]) => {
    const links = { eth0: [`${address[side][4]}/24`, `${address[side][6]}/64`] };
    const plugins = () => [seededPlugin(seed, side)];
    return simulation.addHost(side, { links, daemon: { config: conf(side, more, family), plugins } });
  };
  const both = new Pair(simulation, await add('a', a), await add('b', b));
  await both.start('a');
  await both.start('b');
  return both;
}

/** A packet of a peer that is made by hand. */
export function packetOf(more: Partial<ControlPacket> = {}): ControlPacket {
  return {
    diagnostic: 0,
    state: 'down',
    isPoll: false,
    isFinal: false,
    isIndependent: false,
    isDemand: false,
    multiplier: 3,
    myDiscriminator: 0x0b0b0b0b,
    yourDiscriminator: 0,
    desiredMinTxUs: 50_000,
    requiredMinRxUs: 50_000,
    requiredMinEchoRxUs: 0,
    ...more,
  };
}

export const bytesOf = (more: Partial<ControlPacket> = {}) => encodeControl(packetOf(more));
