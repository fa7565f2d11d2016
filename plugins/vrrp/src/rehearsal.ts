/**
 * Plays a takeover some dozen times on a stage where nothing is real. A takeover is code that hardly ever runs, and V8 runs what it
 * has not compiled yet twenty times slower: measured, 3 ms for the first takeover of a process and 0.15 ms for the twentieth. Called
 * by manager.ts after the start, where a thread keeps time; a simulation has nothing to gain.
 */
import type { Beacon, Clock, Ports, Run, Watch, WatchOptions } from '@mainstay/sdk';
import { advertsOf } from './adverts.js';
import { Afterwards } from './afterwards.js';
import { Instance } from './instance.js';
import type { InstanceConfig } from './instance-config.js';
import { step } from './machine.js';
import { Neighbours } from './neighbours.js';
import { Wires } from './wire.js';

const times = 40;
/** Between two takeovers, so that real packets have their turn. */
const pauseMs = 5;

const link = { index: 1, name: 'stage', isUp: true, mac: '02:00:00:00:00:01', mtu: 1500, isLoopback: false };
const own = { link: 1, family: 4, address: '192.0.2.1', prefixLength: 24, scope: 'global', isOurs: false } as const;
const nothing = () => undefined;

/** Plays the takeovers of a router like `model`. Settles when the last is over. */
export async function rehearse(model: InstanceConfig, clock: Clock): Promise<void> {
  const stage = new Stage(clock);
  const addresses = [{ ...vip, address: '192.0.2.100' }];
  const config = {
    ...model,
    name: 'rehearsal',
    interface: link.name,
    family: 4,
    version: 3,
    isUnicast: false,
    peers: [],
  } as const;
  const actor = new Instance({ ...config, ...plain, addresses, excluded: [] }, stage.surroundings);
  await actor.start();
  for (let i = 0; i < times; i++) {
    await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
    const { heard } = stage;
    heard?.onPacket(stage.advert(actor.config, 90, 'other'));
    heard?.onImminent?.(clock.now() + 10 * actor.config.advertIntervalMs);
    heard?.onSilence(clock.now() + 10 * actor.config.advertIntervalMs, i % 2 === 0);
    await null;
    stage.afterwards.flush();
    heard?.onPacket(stage.advert(actor.config, 150, 'another'));
    stage.afterwards.flush();
  }
  await actor.stop('shutdown', true);
  stage.neighbours.close();
}

const vip = {
  family: 4,
  prefixLength: 24,
  scope: 'global',
  home: false,
  detectsDuplicates: false,
  manageTemporary: false,
  noPrefixRoute: false,
  autoJoin: false,
  isTracked: true,
} as const;

const plain = {
  basePriority: 100,
  preempt: true,
  preemptDelayMs: 0,
  group: '224.0.0.18',
  trackSource: false,
  trackOwnLink: true,
  tracked: [],
  trackedSessions: [],
  hints: [],
  authType: 0,
  checksum: 'rfc',
  accept: true,
} as const;

/** Ports that do nothing, and say that it is done. */
class Stage {
  /** The ear of the actor's watch. */
  heard: WatchOptions | undefined;
  readonly afterwards: Afterwards;
  readonly neighbours: Neighbours;
  readonly surroundings: ConstructorParameters<typeof Instance>[1];

  constructor(private readonly clock: Clock) {
    // Its timers never fire: what happens on the stage is played by hand.
    const still: Clock = { now: () => clock.now(), wall: () => clock.wall(), at: () => timer, after: () => timer };
    const run = { ...quiet, clock: still, ports: this.ports(), signal: new AbortController().signal, facts } as unknown as Run;
    const wires = new Wires(run.ports.pacemaker, { onError: nothing, onUnknownVrid: nothing });
    this.afterwards = new Afterwards(still);
    this.neighbours = new Neighbours(run.ports, still, nothing);
    this.surroundings = { run, wires, neighbours: this.neighbours, afterwards: this.afterwards, sessionOf: nothing, step };
  }

  advert(config: InstanceConfig, priority: number, who: 'other' | 'another') {
    const source = who === 'other' ? '192.0.2.2' : '192.0.2.3';
    const [packet] = advertsOf(config, priority, source, 'rfc');
    if (packet === undefined) throw new Error('a rehearsal without an advertisement');
    return { ...packet, sourcePort: 0, link: link.index, receivedAt: this.clock.now() };
  }

  private ports(): Ports {
    const done = async (asked: readonly unknown[]) => asked.map(() => ({ outcome: 'done' }) as const);
    const watch: Watch = {
      arm: nothing,
      foresee: nothing,
      consent: nothing,
      turnAtSilence: nothing,
      disarm: nothing,
      close: nothing,
      heardAt: undefined,
      consumed: 0,
      repeatsAt: undefined,
      repeats: 0,
      returned: 0,
      withheld: 0,
    };
    const beacon: Beacon = { set: nothing, turns: 0, nextAt: 0, close: nothing };
    const socket = {
      join: nothing,
      leave: nothing,
      send: nothing,
      sendAll: nothing,
      close: nothing,
      beacon: () => beacon,
      watch: (options: WatchOptions) => {
        this.heard = options;
        return watch;
      },
    };
    const open = () => socket;
    return {
      links: { list: () => [link], get: () => link, byIndex: () => link, watch: () => nothing },
      addresses: { list: () => [own], get: nothing, onLink: () => [own], add: done, remove: done, watch: () => nothing },
      rawIp: { open },
      linkLayer: { open },
      pacemaker: { open, status: nothing },
    } as unknown as Ports;
  }
}

const timer = { cancel: nothing };
const facts = { isRestart: false, keepAddressesAtExit: false, configDirectory: '' };
const quiet = {
  log: { error: nothing, warn: nothing, info: nothing, debug: nothing },
  hooks: {
    observe: nothing,
    isTapped: () => false,
    guard: nothing,
    adjust: (_name: string, _key: string, value: number) => ({ value, contributions: [] }),
  },
  leases: { current: () => [], watch: () => nothing },
};
