/** What a router lets the pacemaker begin in its name, and what becomes of it; what is put off, and what is rehearsed. */
import assert from 'node:assert/strict';
import {
  definePlugin,
  type Foreseen,
  type PacedSocket,
  type PacedSocketOptions,
  type Plugin,
  type Run,
  type Watch,
  type WatchOptions,
} from '@mainstay/sdk';
import { createVrrpPlugin } from '@mainstay/vrrp';
import { Afterwards } from '@mainstay/vrrp/internal/afterwards.js';
import { rehearse } from '@mainstay/vrrp/internal/rehearsal.js';
import { describe, it } from 'mocha';
import { manualClock } from '../../support/manual-clock.js';
import { configOf } from './by-hand.js';
import { conf, held, type Router, routerOf, stateOf, without } from './router.js';

/** Nothing is heard for so long: 3 intervals of 1 s and the skew time of priority 100. */
const deadlineMs = 3609.375;

/** The pacemaker of a router, which can act before the router hears of it. */
class Accomplice {
  foreseen: Foreseen | undefined;
  consents = 0;
  /** Of each silence that was told, whether the pacemaker had acted. */
  readonly silences: boolean[] = [];
  /** The test acts and tells of silence, and nobody else. */
  isInCharge = false;
  private run: Run | undefined;
  private socket: PacedSocket | undefined;
  private ears: WatchOptions | undefined;

  readonly plugin: Plugin;

  constructor() {
    const plugin = createVrrpPlugin();
    this.plugin = { ...plugin, start: (run: Run) => plugin.start?.(this.between(run)) };
  }

  /** As two threads do at silence. */
  async act(): Promise<void> {
    assert.ok(this.foreseen !== undefined && this.consents > 0, 'it has no consent');
    for (const packet of this.foreseen.packets) this.socket?.send(packet);
    await this.run?.ports.addresses.add(this.foreseen.addresses ?? []);
  }
  tell(hasActed: boolean): void {
    this.ears?.onSilence(this.run?.clock.now() ?? Number.NaN, hasActed);
  }
  warn(deadline: number): void {
    this.ears?.onImminent?.(deadline);
  }

  private between(run: Run): Run {
    this.run = run;
    const open = (options: PacedSocketOptions) => {
      const socket = run.ports.pacemaker.open(options);
      this.socket = socket;
      return doubled(socket, { watch: (options: WatchOptions) => this.watch(socket, options) });
    };
    return doubled(run, { ports: doubled(run.ports, { pacemaker: doubled(run.ports.pacemaker, { open }) }) });
  }
  private watch(socket: PacedSocket, options: WatchOptions): Watch {
    this.ears = options;
    const onSilence: WatchOptions['onSilence'] = (at, hasActed) => {
      this.silences.push(hasActed);
      if (!this.isInCharge) options.onSilence(at, hasActed);
    };
    const watch = socket.watch({ ...options, onSilence });
    return doubled(watch, {
      foresee: (foreseen: Foreseen) => {
        this.foreseen = foreseen;
        watch.foresee(foreseen);
      },
      consent: () => {
        this.consents++;
        if (!this.isInCharge) watch.consent();
      },
    });
  }
}

/** The same, with some members replaced. */
function doubled<Thing extends object>(thing: Thing, members: object): Thing {
  return new Proxy({} as Thing, {
    get: (_, name) => {
      if (name in members) return members[name as keyof typeof members];
      const value: unknown = Reflect.get(thing, name);
      return typeof value === 'function' ? value.bind(thing) : value;
    },
    set: (_, name, value) => Reflect.set(thing, name, value),
  });
}

async function backup(alongside: readonly Plugin[] = []): Promise<{ router: Router; accomplice: Accomplice }> {
  const accomplice = new Accomplice();
  const router = await routerOf(conf(), { alongside }, accomplice.plugin);
  return { router, accomplice };
}

/** A backup that has consented, and whose pacemaker has acted just now. */
async function acted(): Promise<{ router: Router; accomplice: Accomplice }> {
  const both = await backup();
  await both.router.advance(deadlineMs - 50);
  await both.router.clock.drive(both.accomplice.act());
  await both.router.advance(1);
  assert.deepEqual([held(both.router), without(both.router.seen()).includes('advert 100')], [[true, true], true]);
  return both;
}

const statistics = (router: Router) => {
  const { advertsSent, priorityZeroSent } = (router.status()[0]?.detail.statistics ?? {}) as Record<string, number>;
  return { advertsSent, priorityZeroSent };
};
const adverts = (router: Router) => without(router.seen()).filter((line) => line.startsWith('advert'));

describe('a takeover that is foreseen', () => {
  it('is consented to shortly before it comes, and begins with advertisement, addresses and their announcement', async () => {
    const { router, accomplice } = await backup();
    await router.advance(deadlineMs - 250);
    assert.equal(accomplice.consents, 0);
    await router.advance(100);
    assert.equal(accomplice.consents, 1);
    assert.deepEqual(
      accomplice.foreseen?.addresses?.map(({ address }) => address),
      ['192.0.2.100', '192.0.2.101'],
    );
    assert.equal(accomplice.foreseen?.frames?.length, 2);
    assert.deepEqual([stateOf(router), router.seen()], ['backup', []]);
  });

  it('is advertised once, and counted once', async () => {
    const { router } = await backup();
    await router.advance(deadlineMs + 500);
    assert.deepEqual([stateOf(router), held(router), adverts(router)], ['master', [true, true], ['advert 100']]);
    assert.deepEqual(statistics(router), { advertsSent: 1, priorityZeroSent: 0 });
    await router.advance(1000);
    assert.deepEqual([adverts(router), statistics(router).advertsSent], [['advert 100'], 2]);
  });

  it('is not called off by what comes from beyond a router, which is counted', async () => {
    const { router, accomplice } = await backup();
    await router.advance(deadlineMs - 100);
    await router.hear(255, '192.0.2.9', 254);
    const detail = router.status()[0]?.detail as { statistics: { dropped: { ttl: number } }; strays: object };
    assert.deepEqual([detail.statistics.dropped.ttl, detail.strays], [1, { truncated: 0, unknownVrid: 0, untold: 0 }]);
    await router.advance(200);
    assert.deepEqual([stateOf(router), accomplice.silences], ['master', [true]]);
  });

  it('is not consented to where a guard has a say', async () => {
    const guard = definePlugin({ name: 'guard', setup: ({ taps }) => taps.guard('vrrp.mayBecomeMaster', () => undefined) });
    const { router, accomplice } = await backup([guard]);
    await router.advance(deadlineMs + 500);
    assert.equal(accomplice.consents, 0);
    assert.deepEqual([stateOf(router), adverts(router), statistics(router).advertsSent], ['master', ['advert 100'], 1]);
  });

  it('is not consented to when the warning is out of date', async () => {
    const { router, accomplice } = await backup();
    await router.hear(150);
    accomplice.warn(router.clock.now() + 100);
    assert.equal(accomplice.consents, 0);
  });

  it('is taken over by the router where the pacemaker has begun it', async () => {
    const { router, accomplice } = await backup();
    accomplice.isInCharge = true;
    await router.advance(deadlineMs + 1);
    await router.clock.drive(accomplice.act());
    assert.equal(stateOf(router), 'backup');
    accomplice.tell(true);
    await router.advance(500);
    assert.deepEqual([stateOf(router), held(router), adverts(router)], ['master', [true, true], ['advert 100']]);
    assert.deepEqual(statistics(router), { advertsSent: 1, priorityZeroSent: 0 });
  });
});

describe('a takeover that was begun and does not come', () => {
  async function isUndone(router: Router, told: number): Promise<void> {
    await router.advance(20);
    assert.deepEqual([held(router), adverts(router)], [[false, false], ['advert 0']]);
    assert.deepEqual(statistics(router), { advertsSent: told + 1, priorityZeroSent: told });
  }

  it('is taken back where another master has spoken', async () => {
    const { router, accomplice } = await acted();
    await router.hear(150);
    accomplice.tell(true);
    await isUndone(router, 1);
    assert.equal(stateOf(router), 'backup');
  });

  it('is taken back although the plan was forgotten meanwhile', async () => {
    const { router, accomplice } = await acted();
    await router.clock.drive(router.machine.reload(conf(['priority 90'])));
    accomplice.tell(true);
    await isUndone(router, 1);
    assert.equal(stateOf(router), 'backup');
  });

  it('leaves nothing where the router is stopped in that moment', async () => {
    const { router, accomplice } = await acted();
    const stop = { isOver: false };
    const over = router.machine.stop().then(() => Object.assign(stop, { isOver: true }));
    await router.advance(5);
    assert.equal(stop.isOver, false);
    accomplice.tell(true);
    await router.advance(30);
    await over;
    assert.deepEqual([held(router), adverts(router)], [[false, false], ['advert 0']]);
  });

  it('means nothing to a router that is master already', async () => {
    const { router, accomplice } = await acted();
    await router.advance(60);
    assert.equal(stateOf(router), 'master');
    router.seen();
    accomplice.tell(true);
    await router.advance(100);
    assert.deepEqual([stateOf(router), held(router), adverts(router)], ['master', [true, true], []]);
  });
});

describe('what comes afterwards', () => {
  it('is done in its order, so much in each turn of the event loop', async () => {
    const clock = manualClock();
    const afterwards = new Afterwards(clock);
    const done: number[] = [];
    for (let i = 0; i < 150; i++) afterwards.do(() => done.push(i));
    assert.deepEqual([done.length, clock.pending], [0, 1]);
    const turns: number[] = [];
    const look = () => {
      turns.push(done.length);
      if (done.length < 150) clock.after(0, look);
    };
    clock.after(0, look);
    await clock.advance(0);
    assert.deepEqual(turns, [64, 128, 150]);
    assert.deepEqual(
      done,
      Array.from({ length: 150 }, (_, i) => i),
    );
    assert.equal(clock.pending, 0);
  });

  it('is done at once where it is flushed, and what that leads to later', async () => {
    const clock = manualClock();
    const afterwards = new Afterwards(clock);
    const done: string[] = [];
    afterwards.do(() => {
      done.push('first');
      afterwards.do(() => done.push('third'));
    });
    afterwards.do(() => done.push('second'));
    afterwards.flush();
    assert.deepEqual(done, ['first', 'second']);
    await clock.advance(0);
    assert.deepEqual([done, clock.pending], [['first', 'second', 'third'], 0]);
  });
});

describe('a rehearsal', () => {
  for (const [what, written] of [
    ['of a plain router', {}],
    ['of an address owner', { priority: '255' }],
    ['of VRRP version 2', { version: '2' }],
    ['over unicast', { unicast_peer: ['192.0.2.2'], unicast_src_ip: '192.0.2.1' }],
  ] as const) {
    it(`${what} comes to its end, and leaves nothing behind`, async () => {
      const clock = manualClock();
      const begun = clock.now();
      await clock.drive(rehearse(configOf(written), clock));
      assert.ok(clock.now() - begun < 1000, `${clock.now() - begun} ms`);
      assert.equal(clock.pending, 0);
    });
  }
});
