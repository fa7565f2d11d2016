/** The plugin at work: checks take servers out and bring them back, weights follow, hooks and leases have their say, events are told. */
import assert from 'node:assert/strict';
import { definePlugin } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { FakeIpvs } from './fake-ipvs.js';
import { Stand } from './stand.js';

const web = (more = '', server = '') => `
virtual_server 192.0.2.1 80 {
  protocol TCP
  ${more}
  real_server 10.0.0.1 80 {
    weight 10
    ${server}
    TCP_CHECK {
    }
  }
  real_server 10.0.0.2 80 {
    weight 20
    TCP_CHECK {
    }
  }
}`;

const kinds = (stand: Stand) =>
  stand.ipvs.takeEdits().map((edit) => {
    const weight = 'destination' in edit && 'weight' in edit.destination ? ` ${edit.destination.weight}` : '';
    return 'destination' in edit ? `${edit.do} ${edit.destination.address}${weight}` : edit.do;
  });

describe('ipvs: at work', () => {
  it('puts everything in at the start, and asks for the checks', async () => {
    const stand = await Stand.start(web());
    assert.deepEqual(kinds(stand), ['addService', 'addDestination 10.0.0.1 10', 'addDestination 10.0.0.2 20']);
    assert.equal(stand.checks.requests.length, 2);
    assert.deepEqual(stand.complaints(), []);
    assert.deepEqual(stand.told('ipvs.serverChanged'), []);
    assert.deepEqual(stand.told('ipvs.quorum'), ['gained']);
  });

  it('asks for the checks after four seconds where the kernel does not come to an end with the table', async () => {
    const ipvs = new FakeIpvs();
    ipvs.apply = () => new Promise(() => {});
    const stand = await Stand.start(web(), { ipvs });
    assert.deepEqual([stand.checks.requests.length, stand.clock.now() >= 4000], [2, true]);
  });

  it('takes out what is down and puts it back, one edit each', async () => {
    const stand = await Stand.start(web());
    kinds(stand);
    await stand.tell('10.0.0.1', false);
    assert.deepEqual(kinds(stand), ['deleteDestination 10.0.0.1']);
    await stand.tell('10.0.0.1', true);
    assert.deepEqual(kinds(stand), ['addDestination 10.0.0.1 10']);
    assert.deepEqual(stand.told('ipvs.serverChanged'), ['10.0.0.1 80 down', '10.0.0.1 80 up']);
    assert.deepEqual(stand.complaints(), [
      '192.0.2.1 80: real server 10.0.0.1 80 is down, it is taken out: TCP_CHECK: connection refused',
    ]);
  });

  it('gives weight 0 with inhibit_on_failure', async () => {
    const stand = await Stand.start(web('inhibit_on_failure'));
    kinds(stand);
    await stand.tell('10.0.0.1', false);
    assert.deepEqual(kinds(stand), ['editDestination 10.0.0.1 0']);
    await stand.tell('10.0.0.1', true);
    assert.deepEqual(kinds(stand), ['editDestination 10.0.0.1 10']);
  });

  it('follows weights that checks ask for, while the server is up', async () => {
    const stand = await Stand.start(web());
    kinds(stand);
    await stand.tell('10.0.0.1', true, { weight: 77 });
    await stand.tell('10.0.0.1', true, { weight: 77 });
    await stand.tell('10.0.0.1', false, { weight: 5 });
    await stand.tell('10.0.0.1', true, { adjust: 3 });
    assert.deepEqual(kinds(stand), ['editDestination 10.0.0.1 77', 'deleteDestination 10.0.0.1', 'addDestination 10.0.0.1 13']);
  });

  it('brings the sorry server when nobody is left, first, and takes it away last', async () => {
    const stand = await Stand.start(web('sorry_server 10.0.0.9 80'));
    await stand.tell('10.0.0.1', false);
    kinds(stand);
    await stand.tell('10.0.0.2', false);
    assert.deepEqual(kinds(stand), ['addDestination 10.0.0.9 1', 'deleteDestination 10.0.0.2']);
    await stand.tell('10.0.0.1', true);
    assert.deepEqual(kinds(stand), ['addDestination 10.0.0.1 10', 'deleteDestination 10.0.0.9']);
    assert.deepEqual(stand.told('ipvs.quorum'), ['gained', 'lost', 'gained']);
  });

  it('tells what several checks turned at once in one go', async () => {
    const stand = await Stand.start(web('sorry_server 10.0.0.9 80'));
    kinds(stand);
    await stand.tell('TCP_CHECK', false);
    assert.deepEqual(kinds(stand), ['addDestination 10.0.0.9 1', 'deleteDestination 10.0.0.1', 'deleteDestination 10.0.0.2']);
  });

  it('begins with alpha as down, without events', async () => {
    const stand = await Stand.start(web('alpha'));
    assert.deepEqual(kinds(stand), ['addService']);
    assert.deepEqual(stand.told('ipvs.serverChanged'), []);
    assert.deepEqual(stand.told('ipvs.quorum'), ['lost']);
    assert.deepEqual(
      stand.checks.requests.map(({ initial }) => initial),
      ['down', 'down'],
    );
    await stand.tell('10.0.0.2', true);
    assert.deepEqual(kinds(stand), ['addDestination 10.0.0.2 20']);
    assert.deepEqual(stand.told('ipvs.serverChanged'), ['10.0.0.2 80 up']);
    assert.deepEqual(stand.told('ipvs.quorum'), ['lost', 'gained']);
  });

  it('tells of the first states, too, with rs_init_notifies', async () => {
    const stand = await Stand.start(`global_defs {\n rs_init_notifies\n}\n${web('', 'alpha')}`);
    assert.deepEqual(stand.told('ipvs.serverChanged'), ['10.0.0.1 80 down', '10.0.0.2 80 up']);
  });

  it('ignores states of checks that nobody asked for', async () => {
    const stand = await Stand.start(web());
    kinds(stand);
    await stand.tell('10.0.0.1', true, { id: 'TCP 192.0.2.9:80 10.0.0.1:80 TCP_CHECK 1' });
    assert.deepEqual(kinds(stand), []);
  });

  it('changes many services of a group together', async () => {
    const stand = await Stand.start(`virtual_server_group G {\n 192.0.2.1-50 80\n}\n${web().replace('192.0.2.1 80', 'group G')}`);
    assert.equal(kinds(stand).length, 150);
    await stand.tell('10.0.0.1', false);
    assert.equal(kinds(stand).length, 50);
  });

  it('lets taps in its lane and leases from anywhere change the weight, and clamps', async () => {
    const half = definePlugin({
      name: 'half',
      setup: ({ taps }) =>
        taps.adjust('ipvs.weight', (weight, { realServer }) => (realServer === '10.0.0.2 80' ? weight / 2 : undefined)),
    });
    const stand = await Stand.start(web(), { alongside: [half] });
    assert.deepEqual(kinds(stand), ['addService', 'addDestination 10.0.0.1 10', 'addDestination 10.0.0.2 10']);
    stand.host.leases.publish('other', 'ipvs.weight', '192.0.2.1 80 10.0.0.1 80', { delta: -15, ttlMs: 5000, why: 'disk full' });
    await stand.clock.advance(10);
    assert.deepEqual(kinds(stand), ['editDestination 10.0.0.1 0']);
    assert.match(JSON.stringify(await stand.host.explain('192.0.2.1 80 10.0.0.1 80')), /disk full/);
    await stand.clock.advance(6000);
    assert.deepEqual(kinds(stand), ['editDestination 10.0.0.1 10']);
  });

  it('tells who taps it what the kernel has taken', async () => {
    const seen: string[] = [];
    const listener = definePlugin({
      name: 'listener',
      setup: ({ taps }) =>
        taps.observe('ipvs.changed', ({ virtualServer, realServer = '-', change, weight = '-' }) => {
          seen.push(`${virtualServer} ${realServer} ${change} ${weight}`);
        }),
    });
    const stand = await Stand.start(web('sorry_server 10.0.0.9 8080'), { alongside: [listener] });
    await stand.tell('TCP_CHECK', false);
    await stand.reload(web('lb_algo rr').replaceAll('192.0.2.1', '192.0.2.2'));
    assert.deepEqual(seen, [
      '192.0.2.1 80 - added -',
      '192.0.2.1 80 10.0.0.1 80 added 10',
      '192.0.2.1 80 10.0.0.2 80 added 20',
      '192.0.2.1 80 10.0.0.9 8080 added 1',
      '192.0.2.1 80 10.0.0.1 80 removed -',
      '192.0.2.1 80 10.0.0.2 80 removed -',
      '192.0.2.2 80 - added -',
      '192.0.2.2 80 10.0.0.1 80 added 10',
      '192.0.2.2 80 10.0.0.2 80 added 20',
      '192.0.2.1 80 - removed -',
    ]);
  });
});

describe('ipvs: ha_suspend', () => {
  const suspended = (stand: Stand) => stand.checks.requests.map(({ isSuspended }) => isSuspended === true);

  it('probes while the address is on this host', async () => {
    const stand = await Stand.start(web('ha_suspend'));
    assert.deepEqual(suspended(stand), [true, true]);
    stand.addresses.put('192.0.2.1');
    await stand.clock.advance(200);
    assert.deepEqual(suspended(stand), [false, false]);
    stand.addresses.put('192.0.2.77');
    const { sets } = stand.checks;
    await stand.clock.advance(200);
    assert.equal(stand.checks.sets, sets);
    stand.addresses.take('192.0.2.1');
    await stand.clock.advance(200);
    assert.deepEqual(suspended(stand), [true, true]);
  });

  it('keeps the states of servers while they are not probed', async () => {
    const stand = await Stand.start(web('ha_suspend'));
    stand.addresses.put('192.0.2.1');
    await stand.clock.advance(200);
    await stand.tell('10.0.0.1', false);
    const { text } = stand.ipvs;
    stand.addresses.take('192.0.2.1');
    await stand.clock.advance(200);
    assert.equal(stand.ipvs.text, text);
  });
});
