/** What holds for the BFD machine under any sequence of events, and for two of them over a faulty path (plugins/bfd/src/machine.ts). */
import assert from 'node:assert/strict';
import {
  type ControlPacket,
  type Effect,
  type Event,
  initialState,
  isSettled,
  type MachineConfig,
  type State,
  step,
} from '@mainstay/bfd';
import { deadlineOf, detectionMs, echoDeadlineOf, echoIntervalUs, rhythmOf } from '@mainstay/bfd/internal/timing.js';
import { controlPacket } from '@mainstay/bfd/internal/voice.js';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { packetOf } from './pair.js';

const usual: MachineConfig = {
  minTxUs: 50_000,
  minRxUs: 50_000,
  idleTxUs: 1_000_000,
  multiplier: 3,
  isPassive: false,
  isShut: false,
};
const intervals = fc.constantFrom(3_300, 10_000, 50_000, 100_000, 1_000_000, 2_500_000);
const configs: fc.Arbitrary<MachineConfig> = fc.record({
  minTxUs: intervals,
  minRxUs: intervals,
  idleTxUs: fc.constantFrom(1_000_000, 3_000_000),
  multiplier: fc.constantFrom(1, 3, 5),
  isPassive: fc.boolean(),
  isShut: fc.boolean(),
  echo: fc.option(fc.record({ intervalUs: intervals, slowRxUs: fc.constantFrom(1_000_000, 3_000_000) }), { nil: undefined }),
}) as fc.Arbitrary<MachineConfig>;
const packets: fc.Arbitrary<ControlPacket> = fc
  .record({
    state: fc.constantFrom('adminDown', 'down', 'init', 'up') as fc.Arbitrary<ControlPacket['state']>,
    isPoll: fc.boolean(),
    isFinal: fc.boolean(),
    isDemand: fc.boolean(),
    multiplier: fc.integer({ min: 1, max: 255 }),
    myDiscriminator: fc.constantFrom(34, 35),
    desiredMinTxUs: intervals,
    requiredMinRxUs: fc.oneof(intervals, fc.constant(0)),
    requiredMinEchoRxUs: fc.oneof(intervals, fc.constant(0)),
    diagnostic: fc.integer({ min: 0, max: 31 }),
  })
  .map((more) => packetOf({ yourDiscriminator: 17, ...more }));

type Move = { readonly after: number } & ({ readonly event: Event } | { readonly config: MachineConfig });
const moves: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ after: fc.integer({ min: 0, max: 5000 }), event: fc.constant<Event>({ kind: 'timer' }) }),
  fc.record({ after: fc.integer({ min: 0, max: 300 }), event: packets.map<Event>((packet) => ({ kind: 'packet', packet })) }),
  fc.record({ after: fc.constant(0), config: configs }),
  fc.record({ after: fc.integer({ min: 0, max: 100 }), event: fc.constant<Event>({ kind: 'echoing' }) }),
  fc.record({ after: fc.integer({ min: 0, max: 100 }), event: fc.nat(5000).map<Event>((at) => ({ kind: 'echo', at })) }),
);

/** Plays moves; `look` sees each step. */
function play(
  first: MachineConfig,
  list: readonly Move[],
  look: (before: State, event: Event, effects: readonly Effect[], after: State, config: MachineConfig, now: number) => void,
): void {
  let config = first;
  let state = initialState(config, 17);
  let now = 0;
  for (const move of list) {
    now += move.after;
    if ('config' in move) config = move.config;
    const event: Event = 'config' in move ? { kind: 'configured' } : move.event;
    const next = step(state, event, config, now);
    look(state, event, next.effects, next.state, config, now);
    state = next.state;
  }
}

const legal: Readonly<Record<string, readonly string[]>> = {
  adminDown: ['down'],
  down: ['init', 'up', 'adminDown'],
  init: ['up', 'down', 'adminDown'],
  up: ['down', 'adminDown'],
};

describe('the BFD machine, in any sequence of events', () => {
  const always = (what: string, look: Parameters<typeof play>[2]) =>
    it(what, () => {
      fc.assert(
        fc.property(configs, fc.array(moves, { maxLength: 60 }), (config, list) => play(config, list, look)),
        { numRuns: 10, endOnFailure: true },
      );
    });

  always('changes state only as the RFC draws it, and tells each change once', (before, _event, effects, after) => {
    const told = effects.filter(({ kind }) => kind === 'transitioned');
    assert.equal(told.length, before.kind === after.kind ? 0 : 1);
    if (before.kind !== after.kind) assert.ok(legal[before.kind]?.includes(after.kind), `${before.kind} to ${after.kind}`);
  });

  always('is never Up without having heard Init or Up of the peer', (before, event, _effects, after) => {
    if (before.kind === 'up' || after.kind !== 'up') return;
    assert.ok(event.kind === 'packet' && (event.packet.state === 'init' || event.packet.state === 'up'));
    assert.ok(after.remoteDiscriminator !== 0);
  });

  always('is slow while not Up, and never shut while configured otherwise', (_before, event, _effects, after, config) => {
    if (after.kind !== 'up') assert.ok(after.desiredTxUs >= 1_000_000 && after.usedTxUs >= 1_000_000);
    if (event.kind === 'configured') assert.equal(after.kind === 'adminDown', config.isShut);
  });

  always('keeps its discriminator, and the reason until the next change', (before, _event, _effects, after) => {
    assert.equal(after.localDiscriminator, before.localDiscriminator);
    if (before.kind === after.kind) assert.equal(after.diagnostic, before.diagnostic);
  });

  always('answers each poll once, and nothing else', (before, event, effects) => {
    const isPoll = event.kind === 'packet' && event.packet.isPoll && before.kind !== 'adminDown';
    assert.equal(effects.filter(({ kind }) => kind === 'answer').length, isPoll ? 1 : 0);
  });

  always('is down at the end of the detection time', (before, event, _effects, after, _config, now) => {
    const deadline = deadlineOf(before);
    if (event.kind !== 'timer' || deadline === undefined || now < deadline) return;
    assert.ok(after.kind === 'down' || after.kind === 'adminDown');
    if (before.kind === 'up' || before.kind === 'init') assert.equal(after.diagnostic, 1);
    else assert.equal(after.remoteDiscriminator, 0);
  });

  always(
    'never sends faster than the peer can take, nor slower while the peer has not confirmed',
    (before, event, _effects, after, config) => {
      const rhythm = rhythmOf(after, config);
      if (rhythm !== undefined) assert.ok(rhythm.intervalUs >= after.remoteMinRxUs);
      const isChange = event.kind === 'configured' && before.kind === 'up' && after.kind === 'up';
      if (isChange) assert.ok(after.usedTxUs <= before.usedTxUs || after.poll === 'none', 'the sending waits');
      if (isChange) assert.ok(detectionMs(after) >= detectionMs(before) || after.poll === 'none', 'the patience waits');
    },
  );

  always(
    'sends echo packets only while Up, to a peer that wants them, and no faster',
    (_before, _event, _effects, after, config) => {
      const intervalUs = echoIntervalUs(after, config);
      const isWanted = config.echo !== undefined && after.kind === 'up' && (after.echo?.remoteMinRxUs ?? 0) > 0;
      assert.equal(intervalUs !== undefined, isWanted);
      if (intervalUs !== undefined)
        assert.ok(intervalUs >= Math.max(config.echo?.intervalUs ?? 0, after.echo?.remoteMinRxUs ?? 0));
    },
  );

  always(
    'is down at the end of the detection time of the echo, and only of one that has worked',
    (before, event, _e, after, config, now) => {
      const deadline = echoDeadlineOf(before, config);
      if (event.kind !== 'timer') return;
      if (deadline !== undefined && now >= deadline) assert.equal(after.kind, 'down');
      if (before.kind === 'up' && after.diagnostic === 2 && after.kind === 'down') assert.ok(before.echo?.isTrusted);
    },
  );

  always('asks for slow control packets only while echo packets come back', (_before, _event, _effects, after, config) => {
    if (after.kind === 'adminDown') return;
    const isSlow = after.echo?.phase === 'working' && config.echo !== undefined;
    assert.equal(after.requiredRxUs, isSlow ? Math.max(config.minRxUs, config.echo?.slowRxUs ?? 0) : config.minRxUs);
  });

  always('may believe again unseen only what changes nothing', (_before, event, _effects, after, config, now) => {
    if (event.kind !== 'packet' || !isSettled(after, event.packet, config)) return;
    const again = step(after, event, config, now + 7);
    assert.deepEqual(again.effects, []);
    assert.deepEqual({ ...again.state, detectingSince: 0 }, { ...after, detectingSince: 0 });
  });
});

/** Two machines in virtual time, each sending at its interval, over a path that loses, delays and duplicates. */
class Two {
  now = 0;
  readonly changes: string[] = [];
  private readonly flying: { readonly at: number; readonly to: 0 | 1; readonly packet: ControlPacket }[] = [];
  /** When each has sent last, and the share of its interval until the next time. */
  private readonly last = [
    { at: 0, share: 0 },
    { at: 0, share: 0 },
  ];
  readonly states: State[];
  isCut = false;
  /** When the last packet to each side arrives: none overtakes another. */
  private readonly arrivals = [0, 0];

  constructor(
    readonly configs: MachineConfig[],
    private readonly path: { readonly loss: number; readonly delayMs: number; readonly duplicates: number; random(): number },
  ) {
    this.states = configs.map((config, i) => initialState(config, 100 + i));
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 1) {
      for (const side of [0, 1] as const) this.turn(side);
      const due = this.flying.filter(({ at }) => at <= this.now);
      for (const one of due) this.flying.splice(this.flying.indexOf(one), 1);
      for (const { to, packet } of due) {
        if (packet.yourDiscriminator === 0 && packet.state !== 'down' && packet.state !== 'adminDown') continue;
        this.step(to, { kind: 'packet', packet });
      }
    }
  }

  step(side: 0 | 1, event: Event): void {
    const { state, effects } = step(this.state(side), event, this.config(side), this.now);
    this.states[side] = state;
    for (const effect of effects) {
      if (effect.kind === 'answer') this.send(side, true);
      if (effect.kind === 'announce') this.last[side] = { at: this.now, share: 0 };
      if (effect.kind === 'transitioned') this.changes.push(`${side} ${effect.to} at ${this.now}`);
    }
  }

  state(side: 0 | 1): State {
    return this.states[side] ?? assert.fail();
  }
  config(side: 0 | 1): MachineConfig {
    return this.configs[side] ?? assert.fail();
  }

  private turn(side: 0 | 1): void {
    const deadline = deadlineOf(this.state(side));
    if (deadline !== undefined && deadline <= this.now) this.step(side, { kind: 'timer' });
    const rhythm = rhythmOf(this.state(side), this.config(side));
    const { at, share } = this.last[side] ?? assert.fail();
    if (rhythm === undefined || this.now < at + (rhythm.intervalUs / 1000) * share) return;
    this.send(side, false);
    this.last[side] = { at: this.now, share: 0.75 + 0.25 * this.path.random() };
  }

  private send(side: 0 | 1, isFinal: boolean): void {
    const { loss, delayMs, duplicates, random } = this.path;
    const packet = controlPacket(this.state(side), this.config(side), isFinal);
    const copies = random() < duplicates ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.isCut || random() < loss) continue;
      const to = side === 0 ? 1 : 0;
      const at = Math.max(this.now + 1 + random() * delayMs, this.arrivals[to] ?? 0);
      this.arrivals[to] = at;
      this.flying.push({ at, to, packet });
    }
  }
}

const worlds = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 - 2 }),
  loss: fc.double({ min: 0, max: 0.15, noNaN: true }),
  duplicates: fc.double({ min: 0, max: 0.3, noNaN: true }),
  delayMs: fc.integer({ min: 0, max: 20 }),
});

function two(world: { seed: number; loss: number; duplicates: number; delayMs: number }, left = usual, right = usual): Two {
  let seed = world.seed;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  return new Two([left, right], { ...world, random });
}

const patient: MachineConfig = { ...usual, multiplier: 20 };

describe('two BFD machines over a faulty path', () => {
  it('come Up, agree, and stay so', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const both = two(world, patient, patient);
        both.run(20_000);
        assert.deepEqual([both.state(0).kind, both.state(1).kind], ['up', 'up'], both.changes.join('; '));
        assert.deepEqual([both.state(0).poll, both.state(1).poll], ['none', 'none']);
        assert.deepEqual([both.state(0).remoteDiscriminator, both.state(1).remoteDiscriminator], [101, 100]);
        const before = both.changes.length;
        both.run(20_000);
        assert.equal(both.changes.length, before, both.changes.join('; '));
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });

  it('are Down within the detection time once the path is cut', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const both = two(world, patient, patient);
        both.run(20_000);
        both.isCut = true;
        const at = both.now;
        both.run(1000 + 50 + world.delayMs);
        for (const side of [0, 1] as const) assert.equal(both.state(side).kind, 'down', `${both.now - at} ms`);
        both.run(1100);
        for (const side of [0, 1] as const) assert.equal(both.state(side).remoteDiscriminator, 0);
        both.isCut = false;
        both.run(20_000);
        assert.deepEqual([both.state(0).kind, both.state(1).kind], ['up', 'up']);
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });

  it('change their parameters without a flap', () => {
    const changes = fc.array(
      fc.record({
        side: fc.constantFrom<0 | 1>(0, 1),
        minTxUs: intervals,
        minRxUs: intervals,
        after: fc.integer({ min: 6000, max: 12_000 }),
      }),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(worlds, changes, (world, list) => {
        const both = two({ ...world, loss: 0.02 }, patient, patient);
        both.run(10_000);
        const before = both.changes.length;
        for (const { side, minTxUs, minRxUs, after } of list) {
          both.configs[side] = { ...patient, minTxUs, minRxUs };
          both.step(side, { kind: 'configured' });
          both.run(after);
        }
        both.run(30_000);
        assert.equal(both.changes.length, before, both.changes.join('; '));
        for (const side of [0, 1] as const) {
          const other = side === 0 ? 1 : 0;
          assert.equal(both.state(side).poll, 'none');
          assert.equal(both.state(side).usedTxUs, both.config(side).minTxUs);
          assert.equal(
            detectionMs(both.state(side)),
            (20 * Math.max(both.config(side).minRxUs, both.config(other).minTxUs)) / 1000,
          );
        }
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });
});
