/** Decisions for the clients of a BFD session that a plugin puts off: whoever waits for them hears them in the end (chronicle.ts). */
import assert from 'node:assert/strict';
import { type BfdChanged, type BfdDecision, definePlugin } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { type Lone, lines, lone, usual } from './lone.js';

const told = ({ events }: Pick<Lone, 'events'>) => events('bfd.decided').map(({ payload: { isUp } }) => (isUp ? 'up' : 'down'));

/** A session beside a plugin that puts off what the test names, and the changes that it was asked about. */
async function damped() {
  const state: { putsOff: (change: BfdChanged, decision: BfdDecision) => boolean } = { putsOff: () => false };
  const asked: BfdChanged[] = [];
  const plugin = definePlugin({
    name: 'damping',
    setup(app) {
      app.taps.adjust('bfd.clientDecision', (decision, change) => {
        asked.push(change);
        return state.putsOff(change, decision) ? { act: false, why: 'dampened' } : decision;
      });
    },
  });
  const router = await lone(lines(...usual), 1, [plugin]);
  return { router, state, asked };
}

/** The peer lives on for so long. */
async function goesOn(router: Lone, ms: number): Promise<void> {
  for (let i = 0; i < ms / 100; i++) {
    await router.tell({ state: 'up' });
    await router.advance(99);
  }
}

describe('a decision that a plugin puts off', () => {
  it('is told as soon as the plugin lets it, without another change', async () => {
    const { router, state, asked } = await damped();
    state.putsOff = ({ to }) => to === 'up';
    await router.up();
    await goesOn(router, 3500);
    assert.deepEqual(told(router), []);
    const about = asked.filter(({ to }) => to === 'up');
    assert.equal(about.length, 4, 'once a second');
    assert.equal(new Set(about.map(({ at }) => at)).size, 1, 'and about the same change');
    state.putsOff = () => false;
    await goesOn(router, 1000);
    assert.deepEqual(told(router), ['up']);
    assert.match(
      router.log.map(({ message }) => message).join('\n'),
      /Clients are told now what was put off: the peer hears this side/,
    );
    const before = asked.length;
    await goesOn(router, 5000);
    assert.deepEqual([told(router), asked.length], [['up'], before], 'nothing is left to ask about');
  });

  it('of a failure is told although the session does not come back', async () => {
    const { router, state } = await damped();
    await router.up();
    state.putsOff = ({ to }) => to !== 'up';
    await router.advance(5000);
    assert.deepEqual(told(router), ['up']);
    state.putsOff = () => false;
    await router.advance(1000);
    assert.deepEqual(told(router), ['up', 'down']);
    await router.advance(60_000);
    assert.deepEqual(told(router), ['up', 'down'], 'once');
  });

  it('gives way to the state that is, when the session changes', async () => {
    const { router, state } = await damped();
    state.putsOff = ({ to }) => to === 'up';
    await router.up();
    // Nothing is heard any more: what was put off is not so any more.
    await router.advance(400);
    assert.deepEqual(told(router), ['down']);
    state.putsOff = () => false;
    await router.advance(10_000);
    assert.deepEqual(told(router), ['down'], 'that it was up is not told afterwards');
    await router.up();
    assert.deepEqual(told(router), ['down', 'up']);
  });

  it('of a failure is of no interest when the session is up again', async () => {
    const { router, state } = await damped();
    await router.up();
    state.putsOff = ({ from, to }) => from === 'up' && to === 'down';
    await router.tell({ state: 'down', diagnostic: 1 });
    await router.up();
    await goesOn(router, 5000);
    assert.deepEqual(told(router), ['up', 'up']);
  });

  it('is left alone where somebody shuts the session, which says nothing of the path', async () => {
    const { router, state, asked } = await damped();
    await router.up();
    state.putsOff = ({ from }) => from === 'up';
    await router.tell({ state: 'down', diagnostic: 1 });
    await router.reload(lines(...usual, 'admin_down'));
    const before = asked.length;
    await router.advance(10_000);
    assert.deepEqual([told(router), asked.length], [['up'], before]);
    await router.reload(lines(...usual));
    await router.advance(6000);
    assert.deepEqual(told(router), ['up', 'down'], 'it did not come up again');
  });

  it('that it is up is forgotten where the peer shuts it', async () => {
    const { router, state } = await damped();
    state.putsOff = ({ to }) => to === 'up';
    await router.up();
    await router.tell({ state: 'adminDown', diagnostic: 7 });
    state.putsOff = () => false;
    await router.advance(10_000);
    assert.deepEqual(told(router), []);
  });

  /** A session that takes the place of one that clients were told to be up, and comes up while the plugin puts that off. */
  async function replaced() {
    const { router, state } = await damped();
    await router.up();
    await router.reload(lines('neighbor_ip 192.0.2.3', ...usual.slice(1)));
    state.putsOff = ({ to }) => to === 'up';
    const from = { source: '192.0.2.3' };
    for (const said of ['down', 'up'] as const) await router.tell({ state: said }, from);
    assert.deepEqual([router.status()[0]?.state, told(router)], ['up', ['up']]);
    return { router, state, from };
  }

  it('that it is up again is not all where clients know it so from before: shut and never back, it is down', async () => {
    const { router, state, from } = await replaced();
    await router.tell({ state: 'adminDown', diagnostic: 7 }, from);
    state.putsOff = () => false;
    await router.advance(10_000);
    assert.deepEqual(told(router), ['up', 'down']);
  });

  it('that it is up again is told in the end, for clients may have heard otherwise before', async () => {
    const { router, state, from } = await replaced();
    state.putsOff = () => false;
    for (let i = 0; i < 15; i++) {
      await router.tell({ state: 'up' }, from);
      await router.advance(99);
    }
    assert.deepEqual(told(router), ['up', 'up']);
  });

  it('is not asked about when the session is gone', async () => {
    const { router, state, asked } = await damped();
    state.putsOff = ({ to }) => to === 'up';
    await router.up();
    await router.stop();
    const before = asked.length;
    await router.advance(5000);
    assert.equal(asked.length, before);
  });
});
