/** Virtual routers that follow BFD sessions: track_bfd, and bfd_hint with its distrust (sessions.ts, hints.ts). */
import assert from 'node:assert/strict';
import { ConfigRefused, Simulation } from '@mainstay/testing';
import { createVrrpPlugin } from '@mainstay/vrrp';
import { distrustMs } from '@mainstay/vrrp/internal/hints.js';
import { sessionFaults, sessionWeights } from '@mainstay/vrrp/internal/sessions.js';
import { hintSkewTime } from '@mainstay/vrrp/internal/timers.js';
import { describe, it } from 'mocha';
import { peer, sayer } from '../../support/bfd-sayer.js';
import { seededPlugin } from '../bfd/pair.js';
import { conf, held, type Router, routerOf, stateOf, transitions, without } from './router.js';

const session = (more = '', name = 'B1') => `bfd_instance ${name} {\n  neighbor_ip ${peer}\n  ${more}\n}\n`;

async function start(keywords: readonly string[], sessions = session()) {
  const { plugin, say } = sayer();
  const router = await routerOf(sessions + conf(keywords), { alongside: [plugin] });
  return { router, say };
}

const priorityOf = (router: Router) => router.status()[0]?.summary.priority;

describe('track_bfd', () => {
  it('adds a positive weight while up, a negative one while down; reverse turns the sign', () => {
    const known = { up: { isUp: true, why: '' }, down: { isUp: false, why: 'silence' } } as const;
    const delta = (weight: number, isReversed: boolean, state: 'up' | 'down' | 'unknown') =>
      sessionWeights([{ name: 'B1', weight, isReversed }], () => (state === 'unknown' ? undefined : known[state])).reduce(
        (sum, part) => sum + part.delta,
        0,
      );
    const table = [
      [20, false, 20, 0, 0],
      [-20, false, 0, -20, -20],
      [20, true, -20, 0, 0],
      [-20, true, 0, 20, 20],
      [0, false, 0, 0, 0],
    ] as const;
    for (const [weight, isReversed, up, down, unknown] of table) {
      const found = (['up', 'down', 'unknown'] as const).map((state) => delta(weight, isReversed, state));
      assert.deepEqual(found, [up, down, unknown], `${weight} ${isReversed}`);
    }
  });

  it('without a weight is a fault while down, or while up in reverse', () => {
    const fault = (isReversed: boolean, isUp: boolean | undefined) =>
      sessionFaults([{ name: 'B1', weight: 0, isReversed }], () =>
        isUp === undefined ? undefined : { isUp, why: 'silence' },
      ).join();
    assert.deepEqual(
      [fault(false, true), fault(false, false), fault(false, undefined)],
      ['', 'BFD session B1 is down: silence', 'BFD session B1 has not come up yet'],
    );
    assert.deepEqual([fault(true, true), fault(true, false), fault(true, undefined)], ['BFD session B1 is up', '', '']);
  });

  it('keeps a router from serving until the session is up, and from then on while it is down', async () => {
    const { router, say } = await start(['track_bfd B1']);
    await router.advance(5000);
    assert.equal(stateOf(router), 'fault');
    say(true);
    await router.advance(5000);
    assert.deepEqual([stateOf(router), held(router)], ['master', [true, true]]);
    router.seen();
    say(false);
    // Within the call: nothing waits for a timer.
    assert.deepEqual(router.status()[0]?.detail.faults, ['BFD session B1 is down: nothing was heard for 30 ms']);
    await router.advance(1);
    assert.deepEqual([stateOf(router), held(router)], ['fault', [false, false]]);
    assert.equal(without(router.seen())[0], 'advert 0');
    assert.match(router.explain('VI_1')[0]?.because ?? '', /BFD session B1 is down: nothing was heard for 30 ms/);
  });

  it('with a weight changes the priority, by the weight of the session where none is written', async () => {
    const { router, say } = await start(
      ['priority 100', 'track_bfd {', 'B1 weight 10', 'B2', '}'],
      [session(), session('weight -30', 'B2')].join(''),
    );
    assert.equal(priorityOf(router), 70);
    say(true);
    say(true, false, 'B2');
    assert.equal(priorityOf(router), 110);
    say(false);
    assert.equal(priorityOf(router), 100);
    const parts = router.explain('VI_1')[0]?.contributors ?? [];
    assert.ok(parts.every(({ source }) => !source.startsWith('track_bfd')));
    say(false, true, 'B2');
    assert.deepEqual(
      router
        .explain('VI_1')[0]
        ?.contributors.flatMap(({ source, effect, why }) => (source.startsWith('track_bfd') ? [`${effect} ${why}`] : [])),
      ['-30 B2 is down: nothing was heard for 30 ms'],
    );
  });

  it('forgets a session that a reload removes: one of that name later must come up first', async () => {
    const { router, say } = await start(['track_bfd B1']);
    say(true);
    await router.advance(5000);
    await router.reload(conf());
    await router.reload(session() + conf(['track_bfd B1']));
    assert.equal(stateOf(router), 'fault');
  });

  const refusals: readonly (readonly [string, string, readonly string[], RegExp])[] = [
    [
      'a session that is not there',
      session(),
      ['track_bfd B2'],
      /test\.conf|VRRP_BFD.*|there is no bfd_instance B2.*did you mean "B1"/,
    ],
    ['a session for checkers only', session('checker'), ['track_bfd B1'], /bfd_instance B1 is for checkers only/],
    ['a hint that is tracked as a fault', session(), ['track_bfd B1', 'bfd_hint B1'], /in FAULT instead of taking over/],
    ['a hint that is not there', '', ['bfd_hint B1'], /there is no bfd_instance B1/],
  ];
  for (const [what, sessions, keywords, message] of refusals) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(start(keywords, sessions), (error) => error instanceof ConfigRefused && message.test(error.message));
    });
  }

  it('follows a session for both kinds of client', async () => {
    const { router, say } = await start(['track_bfd B1'], session('vrrp\n  checker'));
    say(true);
    await router.advance(5000);
    assert.equal(stateOf(router), 'master');
  });
});

describe('bfd_hint', () => {
  async function backup(more: readonly string[] = []) {
    const made = await start(['bfd_hint B1', ...more]);
    made.say(true);
    await made.router.hear(150);
    made.router.seen();
    return made;
  }
  const skewMs = hintSkewTime(100);

  it('has a backup take over from a master that fell silent, within the skew of hints', async () => {
    const { router, say } = await backup();
    const at = router.clock.now();
    say(false);
    await router.advance(skewMs - 0.5);
    assert.equal(stateOf(router), 'backup');
    await router.advance(1);
    assert.deepEqual([stateOf(router), transitions(router).at(-1)], ['master', 'backup > master: master-lost']);
    const [first] = router.seen();
    assert.ok(first?.endsWith(' advert 100') && Number.parseFloat(first) - at < skewMs + 1, first);
  });

  it('does not count where the neighbour said itself that it is down: it lives', async () => {
    const { router, say } = await backup();
    say(false, false);
    await router.advance(1000);
    assert.equal(stateOf(router), 'backup');
  });

  it('does not count where the session was not known to be up', async () => {
    const { router, say } = await start(['bfd_hint B1']);
    await router.hear(150);
    say(false);
    await router.advance(1000);
    assert.equal(stateOf(router), 'backup');
  });

  it('does not count where another router is master', async () => {
    const { router, say } = await backup();
    await router.hear(160, '192.0.2.9');
    say(false);
    await router.advance(1000);
    assert.equal(stateOf(router), 'backup');
  });

  it('is taken back by an advertisement of the master', async () => {
    const { router, say } = await backup();
    say(false);
    await router.advance(skewMs / 2);
    await router.hear(150);
    await router.advance(1000);
    assert.equal(stateOf(router), 'backup');
  });

  /** A false alarm: takes over, and yields to the answer of the master. Answers whether it was believed. */
  async function falseAlarm({ router, say }: Awaited<ReturnType<typeof backup>>): Promise<boolean> {
    say(true);
    say(false);
    await router.advance(skewMs + 1);
    const isBelieved = stateOf(router) === 'master';
    await router.hear(150);
    assert.deepEqual([stateOf(router), held(router)], ['backup', [false, false]]);
    return isBelieved;
  }

  /** Time in which the master is heard every second. */
  async function quiet({ router }: Awaited<ReturnType<typeof backup>>, ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1000) {
      await router.advance(Math.min(left, 1000));
      await router.hear(150);
    }
  }

  it('that was wrong ends with the answer of the master, and then counts again when the session has been quiet for a moment', async () => {
    const made = await backup();
    assert.equal(await falseAlarm(made), true);
    assert.ok(
      made.router.log.some(({ message }) => /BFD took 192\.0\.2\.2 for dead, which it is not: .* for 1\.5 s/.test(message)),
    );
    // Each that does not count begins the wait anew.
    for (let i = 0; i < 3; i++) {
      await quiet(made, distrustMs.least - 100);
      assert.equal(await falseAlarm(made), false);
    }
    await quiet(made, distrustMs.least);
    assert.equal(await falseAlarm(made), true);
  });

  it('that is wrong again and again counts ever less; ten quiet minutes forgive all', async () => {
    const made = await backup();
    const waits: number[] = [];
    const believed = async () => {
      assert.equal(await falseAlarm(made), true);
      const told = made.router.log.findLast(({ message }) => message.includes('for dead'))?.message;
      const waitMs = Number(/quiet for ([\d.]+) s/.exec(told ?? '')?.[1]) * 1000;
      waits.push(waitMs);
      return waitMs;
    };
    for (let i = 0; i < 10; i++) {
      const waitMs = await believed();
      await quiet(made, waitMs / 2);
      assert.equal(await falseAlarm(made), false);
      await quiet(made, waitMs + 100);
    }
    assert.deepEqual([waits[0], waits.toSorted((one, other) => one - other)], [distrustMs.least, waits]);
    assert.equal(waits.at(-1), distrustMs.most, waits.join());
    assert.equal(await believed(), distrustMs.least);
  });

  for (const [periodS, most] of [
    [10, 4],
    [30, 6],
    [45, 6],
    [55, 7],
    [120, 8],
  ] as const) {
    it(`that is wrong every ${periodS} s moves the addresses ${most} times, and then no more`, async () => {
      const made = await backup();
      let takeovers = 0;
      for (let passed = 0; passed < 3600; passed += periodS) {
        if (await falseAlarm(made)) takeovers++;
        await quiet(made, periodS * 1000);
      }
      assert.equal(takeovers, most);
    });
  }

  it('that was right is believed again after the master has come back', async () => {
    const { router, say } = await backup();
    for (let i = 0; i < 2; i++) {
      say(false);
      await router.advance(skewMs + 1);
      assert.equal(stateOf(router), 'master');
      await router.advance(5000);
      say(true);
      await router.hear(150);
      assert.equal(stateOf(router), 'backup');
    }
  });
});

describe('two routers with BFD between them', () => {
  const bfd = (name: string, other: string) =>
    `bfd_instance ${name} {\n  neighbor_ip ${other}\n  min_tx 10\n  min_rx 10\n  multiplier 3\n}\n`;

  async function lan(more: readonly string[]) {
    const simulation = new Simulation({ seed: 1 });
    const add = (name: 'a' | 'b', own: string, other: string, priority: number) =>
      simulation.addHost(name, {
        links: { eth0: [`${own}/24`] },
        daemon: {
          config: bfd(name === 'a' ? 'b' : 'a', other) + conf([`priority ${priority}`, ...(name === 'b' ? more : [])]),
          plugins: () => [createVrrpPlugin(), seededPlugin(1, name)],
        },
      });
    const a = await add('a', '192.0.2.1', '192.0.2.2', 150);
    const b = await add('b', '192.0.2.2', '192.0.2.1', 100);
    for (const host of [a, b]) await simulation.clock.drive(host.start());
    await simulation.clock.advance(10_000);
    assert.equal(a.kernel.hasAddress('192.0.2.100'), true);
    /** How long the address is nowhere, milliseconds. */
    const outage = async (fail: () => void) => {
      const from = simulation.clock.now();
      fail();
      while (!b.kernel.hasAddress('192.0.2.100')) {
        await simulation.clock.advance(1);
        assert.ok(simulation.clock.now() - from < 10_000, 'nobody took over');
      }
      return simulation.clock.now() - from;
    };
    return { a, b, outage };
  }

  it('a silent death costs less than 60 ms at adverts of a second', async () => {
    const { a, outage } = await lan(['bfd_hint a']);
    assert.ok((await outage(() => a.powerOff())) < 60);
  }).timeout(20_000);

  it('and more than two and a half seconds without the hint', async () => {
    const { a, outage } = await lan([]);
    assert.ok((await outage(() => a.powerOff())) > 2500);
  }).timeout(20_000);

  it('a clean stop is a resignation as ever, and no death', async () => {
    const { a, b, outage } = await lan(['bfd_hint a']);
    await outage(() => void a.stop());
    const last = b.events.findLast(({ name }) => name === 'vrrp.transitioned');
    assert.equal(last?.payload.reason, 'master-resigned');
  });
});
