/** What clients of a session are told to go by: `bfd.decided` (plugins/bfd/src/chronicle.ts, manager.ts). */
import assert from 'node:assert/strict';
import { testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { hosts, type Lone, lines, lone, usual } from './lone.js';
import { pair, seededPlugin } from './pair.js';

const decisions = ({ events }: Pick<Lone, 'events'>) =>
  events('bfd.decided').map(({ payload: { isUp, isSilent, hasBeenUp } }) =>
    [isUp ? 'up' : 'down', ...(isSilent ? ['silent'] : []), ...(hasBeenUp ? [] : ['never up'])].join(' '),
  );

describe('what clients of a BFD session go by', () => {
  it('is up when it comes up, and down when nothing is heard', async () => {
    const router = await lone();
    assert.deepEqual(decisions(router), []);
    await router.up();
    await router.advance(1000);
    assert.deepEqual(decisions(router), ['up', 'down silent']);
  });

  it('is down, and not silent, where the peer says so itself', async () => {
    const router = await lone();
    await router.up();
    await router.tell({ state: 'down', diagnostic: 1 });
    assert.deepEqual(decisions(router), ['up', 'down']);
  });

  it('stays where the peer, or an operator, shuts the session', async () => {
    const router = await lone();
    await router.up();
    await router.tell({ state: 'adminDown', diagnostic: 7 });
    assert.deepEqual(decisions(router), ['up']);
    const other = await lone();
    await other.up();
    await other.reload(lines(...usual, 'admin_down'));
    assert.deepEqual(decisions(other), ['up']);
  });

  it('is told when the peer has been told', async () => {
    const both = await pair();
    await both.up();
    await both.advance(1000);
    const from = both.clock.now();
    both.b.crash();
    await both.advance(1000);
    const told = both.a.events.findLast(({ name }) => name === 'bfd.decided');
    const said = both.sent('a', from).find(({ packet }) => packet.state === 'down');
    assert.ok(told !== undefined && said !== undefined && told.at - from <= 150 && said.at <= told.at + 1);
  });

  it('is down after a restart where the session does not come up again', async () => {
    const both = await pair();
    await both.up();
    both.b.crash();
    both.a.crash();
    const from = both.a.events.length;
    await both.clock.drive(both.a.start(true));
    await both.advance(4900);
    const since = () => both.a.events.slice(from).filter(({ name }) => name === 'bfd.decided');
    assert.deepEqual(since(), []);
    await both.advance(200);
    assert.deepEqual(
      since().map(({ payload }) => [payload.isUp, payload.hasBeenUp, payload.isSilent]),
      [[false, false, false]],
    );
  });

  it('is down where the plugin is started again in its process and the session does not come up', async () => {
    const plugin = seededPlugin(1, 'router');
    const before = await testPlugin(plugin, { config: lines(...usual), hosts });
    await before.advance(10_000);
    assert.deepEqual(decisions(before), []);
    await before.stop();
    const after = await testPlugin(plugin, { config: lines(...usual), hosts });
    await after.advance(6000);
    assert.deepEqual(decisions(after), ['down never up']);
  });

  it('is not told at a first start, where the session was never up', async () => {
    const router = await lone();
    await router.advance(60_000);
    assert.deepEqual(decisions(router), []);
  });

  it('is down where a reload gives the session another neighbour that does not come up', async () => {
    const router = await lone();
    await router.up();
    await router.reload(lines('neighbor_ip 192.0.2.3', ...usual.slice(1)));
    assert.deepEqual(decisions(router), ['up']);
    await router.advance(6000);
    assert.deepEqual(decisions(router), ['up', 'down never up']);
  });

  it('is down where an administrative end is over and the session does not come up again', async () => {
    const router = await lone();
    await router.up();
    await router.reload(lines(...usual, 'admin_down'));
    await router.advance(60_000);
    assert.deepEqual(decisions(router), ['up']);
    await router.reload(lines(...usual));
    await router.advance(4900);
    assert.deepEqual(decisions(router), ['up']);
    await router.advance(200);
    assert.deepEqual(decisions(router), ['up', 'down']);
    await router.advance(60_000);
    assert.deepEqual(decisions(router), ['up', 'down'], 'it is said once');
  });

  it('is down where a peer that said AdminDown falls silent, and stays while it goes on saying so', async () => {
    const router = await lone();
    await router.up();
    for (let i = 0; i < 20; i++) {
      await router.tell({ state: 'adminDown', diagnostic: 7 });
      await router.advance(500);
    }
    assert.deepEqual(decisions(router), ['up']);
    await router.advance(30_000);
    assert.deepEqual(decisions(router), ['up', 'down']);
  });

  it('stays where the session comes up again after an administrative end', async () => {
    const router = await lone();
    await router.up();
    await router.tell({ state: 'adminDown', diagnostic: 7 });
    await router.up();
    for (let i = 0; i < 100; i++) {
      await router.tell({ state: 'up' });
      await router.advance(100);
    }
    assert.deepEqual(decisions(router), ['up', 'up']);
  });

  it('is down where a reload names another neighbour and shuts the session, and the next one opens it in vain', async () => {
    const router = await lone();
    const other = ['neighbor_ip 192.0.2.3', ...usual.slice(1)];
    await router.up();
    await router.reload(lines(...other, 'admin_down'));
    await router.advance(20_000);
    assert.deepEqual(decisions(router), ['up']);
    await router.reload(lines(...other));
    await router.advance(6000);
    assert.deepEqual(decisions(router), ['up', 'down never up']);
  });
});
