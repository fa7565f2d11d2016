/** BFD_CHECK beside the balancer: what a session is, its server is a moment later, in the table of the kernel. */
import assert from 'node:assert/strict';
import { checkerBfd } from '@mainstay/checker-bfd';
import { createIpvsPlugin } from '@mainstay/ipvs';
import { ConfigRefused, Simulation, type TestedPlugin, testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { sayer } from '../../support/bfd-sayer.js';
import { bindChecks } from '../../support/checker-config.js';
import { seededPlugin } from '../bfd/pair.js';

const [first, second] = ['192.0.2.10', '192.0.2.11'] as const;
const session = (name: string, neighbour: string, more = '') => `bfd_instance ${name} {\nneighbor_ip ${neighbour}\n${more}\n}\n`;
const server = (address: string, check: string) => `real_server ${address} 80 {\nweight 10\nBFD_CHECK {\n${check}\n}\n}\n`;
const service = (...servers: readonly string[]) =>
  `virtual_server 192.0.2.80 80 {\ndelay_loop 2\nlb_algo wrr\nlb_kind DR\nprotocol TCP\n${servers.join('')}}\n`;

const sessions = session('B1', first) + session('B2', second);
const both = (more = '') => service(server(first, `name B1\n${more}`), server(second, `name B2\n${more}`));

/** Addresses of the real servers in the table. */
const table = ({ kernel }: Pick<TestedPlugin, 'kernel'>): readonly string[] =>
  kernel.ipvs
    .list()
    .flatMap(({ destinations }) => destinations)
    .map(({ address }) => address)
    .sort();

async function start(config: string) {
  const { plugin, say } = sayer();
  const tested = await testPlugin(createIpvsPlugin(), { config, alongside: [plugin, checkerBfd()] });
  await tested.advance(10);
  return { tested, say };
}

describe('BFD_CHECK', () => {
  it('takes a server out and back in with its session, at once', async () => {
    const { tested, say } = await start(sessions + both());
    assert.deepEqual(table(tested), [first, second]);
    say(true);
    say(false);
    await tested.advance(1);
    assert.deepEqual(table(tested), [second]);
    say(true);
    await tested.advance(1);
    assert.deepEqual(table(tested), [first, second]);
    await tested.stop();
  });

  it('with alpha waits for the session to come up', async () => {
    const { tested, say } = await start(sessions + both('alpha'));
    assert.deepEqual(table(tested), []);
    say(true, false, 'B2');
    await tested.advance(1);
    assert.deepEqual(table(tested), [second]);
    await tested.stop();
  });

  it('judges a server that a reload adds by what is known of its session', async () => {
    const { tested, say } = await start(sessions + service(server(second, 'name B2')));
    say(true);
    say(false);
    await tested.reload(sessions + both());
    await tested.advance(10);
    assert.deepEqual(table(tested), [second]);
    await tested.stop();
  });

  it('knows nothing of a session that was removed and comes again', async () => {
    const { tested, say } = await start(sessions + both());
    say(true);
    say(false);
    await tested.reload(session('B2', second) + service(server(second, 'name B2')));
    await tested.reload(sessions + both());
    await tested.advance(10);
    assert.deepEqual(table(tested), [first, second]);
    await tested.stop();
  });

  it('knows nothing of what a session says that a reload has removed already', async () => {
    const { tested, say } = await start(sessions + both());
    say(true);
    await tested.reload(session('B2', second) + service(server(second, 'name B2')));
    say(false);
    await tested.reload(sessions + both());
    await tested.advance(10);
    assert.deepEqual(table(tested), [first, second]);
    await tested.stop();
  });

  it('leaves a server alone whose session was never up, and takes one out that does not come up again', async () => {
    const { tested, say } = await start(sessions + both());
    const missing = (name: string) => say(false, false, name, false);
    missing('B1');
    await tested.advance(1);
    assert.deepEqual(table(tested), [first, second]);
    say(true, false, 'B2');
    missing('B2');
    await tested.advance(1);
    assert.deepEqual(table(tested), [first]);
    await tested.stop();
  });

  it('is taken with a warning where the session is kept down', () => {
    const text = `server A {\nBFD_CHECK {\nname B1\n}\n}\n${session('B1', first, 'admin_down')}`;
    assert.deepEqual(bindChecks(checkerBfd(), text, [seededPlugin(1, 'a')]).said, [
      '3:1: warning: bfd_instance B1 has admin_down, so it does not come up: this check says nothing of the server meanwhile (remove admin_down from bfd_instance B1, or the check) [BFD_CHECK_SHUT]',
    ]);
  });

  const refusals = [
    ['a session that is not there', sessions + service(server(first, 'name B3')), /there is no bfd_instance B3/],
    [
      'a session for virtual routers only',
      session('B1', first, 'vrrp') + service(server(first, 'name B1')),
      /for virtual routers only/,
    ],
    ['a check without a name', sessions + service(server(first, '')), /lacks name/],
  ] as const;
  for (const [what, config, message] of refusals) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(start(config), (error) => error instanceof ConfigRefused && message.test(error.message));
    });
  }

  it('follows a real session: the server dies, and is out within the detection time', async () => {
    const simulation = new Simulation({ seed: 1 });
    const fast = 'min_tx 50\nmin_rx 50\nmultiplier 3';
    const lb = await simulation.addHost('lb', {
      links: { eth0: ['192.0.2.1/24'] },
      daemon: {
        config: session('web', first, fast) + service(server(first, 'name web\nalpha')),
        plugins: () => [createIpvsPlugin(), seededPlugin(1, 'lb'), checkerBfd()],
      },
    });
    const web = await simulation.addHost('web', {
      links: { eth0: [`${first}/24`] },
      daemon: { config: session('lb', '192.0.2.1', fast), plugins: () => [seededPlugin(1, 'web')] },
    });
    for (const host of [lb, web]) await simulation.clock.drive(host.start());
    await simulation.clock.advance(5000);
    assert.deepEqual(table(lb), [first]);
    web.powerOff();
    await simulation.clock.advance(160);
    assert.deepEqual(table(lb), []);
    web.powerOn();
    await simulation.clock.drive(web.start());
    await simulation.clock.advance(5000);
    assert.deepEqual(table(lb), [first]);
    await simulation.clock.drive(web.stop());
    await simulation.clock.advance(5000);
    assert.deepEqual(table(lb), [first], 'an administrative end is no failure');
  });
});
