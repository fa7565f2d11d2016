/** What somebody else changed in our part of the kernel's table is said as it is: what differs, and what becomes of it. */
import assert from 'node:assert/strict';
import type { IpvsDestination, IpvsService } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { FakeIpvs } from './fake-ipvs.js';
import { Stand } from './stand.js';
import { web as config, webId as id, webTable } from './web.js';

const server = (address: string, more: Partial<IpvsDestination> = {}): IpvsDestination => ({
  ...{ family: 4, address, port: 80, method: 'nat', weight: 1, upperThreshold: 0, lowerThreshold: 0 },
  ...more,
});
const both = webTable();
const name = '10.0.0.1:80';

/** What the next audit says of what somebody did, and the table after it. */
async function audited(stand: Stand, act: (ipvs: FakeIpvs) => void): Promise<readonly string[]> {
  const before = stand.complaints().length;
  act(stand.ipvs);
  await stand.clock.advance(60_001);
  return stand.complaints().slice(before);
}

describe('ipvs: a server that somebody else has added', () => {
  it('and that comes up before anybody has looked is ours, and nothing is said to be removed', async () => {
    const stand = await Stand.start(config());
    await stand.tell('10.0.0.1', false);
    stand.ipvs.somebody({ do: 'addDestination', service: id, destination: server('10.0.0.1') });
    await stand.tell('10.0.0.1', true);
    assert.equal(stand.ipvs.text, both);
    assert.deepEqual(stand.complaints().slice(1), [`somebody else has added ${name} to TCP 192.0.2.1:80: it is ours now`]);
    assert.deepEqual(await audited(stand, () => {}), []);
  });

  it('in place of one that the kernel had refused is ours, and refused no more', async () => {
    const ipvs = new FakeIpvs();
    ipvs.refuse = (edit) => ('destination' in edit && edit.destination.address === '10.0.0.1' ? 'ENOMEM' : undefined);
    const stand = await Stand.start(config(), { ipvs });
    const told = await audited(stand, () =>
      ipvs.somebody({ do: 'addDestination', service: id, destination: server('10.0.0.1') }),
    );
    assert.equal(ipvs.text, both);
    assert.deepEqual(told, [`somebody else has added ${name} to TCP 192.0.2.1:80: it is ours now`]);
    assert.doesNotMatch(JSON.stringify(await stand.host.objects()), /refuses/);
  });

  it('while it is down is removed, and that is said', async () => {
    const stand = await Stand.start(config());
    await stand.tell('10.0.0.1', false);
    const told = await audited(stand, (ipvs) =>
      ipvs.somebody({ do: 'addDestination', service: id, destination: server('10.0.0.1') }),
    );
    assert.equal(stand.ipvs.text, both.replace(`  -> ${name} Masq 1\n`, ''));
    assert.deepEqual(told, [`somebody else has added ${name} to TCP 192.0.2.1:80, where it is not to be now: it is removed`]);
  });
});

describe('ipvs: a server of somebody else that the configuration adopts', () => {
  const adopting = (ofServer = '', ofVirtual = '') =>
    config(`${ofVirtual}\n real_server 10.0.0.9 80 {\n ${ofServer}\n TCP_CHECK {\n }\n }`);

  async function withStranger(): Promise<Stand> {
    const stand = await Stand.start(config());
    const told = await audited(stand, (ipvs) =>
      ipvs.somebody({ do: 'addDestination', service: id, destination: server('10.0.0.9') }),
    );
    assert.match(told.join(), /10\.0\.0\.9:80 to TCP 192\.0\.2\.1:80: it is not ours and stays, unchecked$/);
    return stand;
  }

  it('gets nothing while it is down, as with alpha', async () => {
    const stand = await withStranger();
    await stand.reload(adopting('alpha'));
    assert.equal(stand.ipvs.text, both);
    await stand.tell('10.0.0.9', true);
    assert.match(stand.ipvs.text, /10\.0\.0\.9:80 Masq 1/);
  });

  it('gets nothing without quorum', async () => {
    const stand = await withStranger();
    await stand.reload(adopting('', 'quorum 3\n sorry_server 10.0.0.8 80'));
    await stand.tell('10.0.0.1', false);
    assert.equal(stand.ipvs.text, 'TCP  192.0.2.1:80 wlc\n  -> 10.0.0.8:80 Masq 1\n');
  });

  it('goes when it fails, and with its line', async () => {
    const stand = await withStranger();
    await stand.reload(adopting());
    assert.match(stand.ipvs.text, /10\.0\.0\.9:80 Masq 1/);
    await stand.tell('10.0.0.9', false);
    assert.equal(stand.ipvs.text, both);
    await stand.tell('10.0.0.9', true);
    await stand.reload(config());
    assert.equal(stand.ipvs.text, both);
  });
});

describe('ipvs: what somebody else has changed', () => {
  const changes: readonly (readonly [string, Partial<IpvsDestination>, string])[] = [
    ['a weight', { weight: 9 }, 'its weight is 9, we left it at 1'],
    [
      'thresholds',
      { upperThreshold: 7, lowerThreshold: 3 },
      'its uthreshold is 7, we left it at 0; its lthreshold is 3, we left it at 0',
    ],
    ['a method', { method: 'dr' }, 'its lvs_method is dr, we left it at nat'],
    [
      'a tunnel',
      { method: 'tun', tunnel: { type: 'gue', port: 6080 } },
      'its lvs_method is tun gue 6080 none, we left it at nat',
    ],
  ];
  for (const [what, change, words] of changes) {
    it(`of a server is named and changed back: ${what}`, async () => {
      const stand = await Stand.start(config());
      const told = await audited(stand, (ipvs) =>
        ipvs.somebody({ do: 'editDestination', service: id, destination: server('10.0.0.1', change) }),
      );
      assert.deepEqual(told, [`somebody else has changed ${name} in TCP 192.0.2.1:80: ${words}; it is changed back`]);
      assert.equal(stand.ipvs.text, both);
      assert.deepEqual(await audited(stand, () => {}), []);
    });
  }

  it('again and again is changed back each time, and soon nothing is said of it until it was let be for ten minutes', async () => {
    const stand = await Stand.start(config());
    const meddle = (weight: number) =>
      audited(stand, (ipvs) =>
        ipvs.somebody({ do: 'editDestination', service: id, destination: server('10.0.0.1', { weight }) }),
      );
    const found = (weight: number) =>
      `somebody else has changed ${name} in TCP 192.0.2.1:80: its weight is ${weight}, we left it at 1; it is changed back`;
    for (let minute = 0; minute < 3; minute++) assert.deepEqual(await meddle(9), [found(9)]);
    const goesOn = `${found(9)}. That makes 4 times in a row: each time it is put right, and it is said again when something else is found`;
    assert.deepEqual(await meddle(9), [goesOn]);
    for (let minute = 0; minute < 30; minute++) {
      assert.deepEqual(await meddle(9), []);
      assert.equal(stand.ipvs.text, both);
    }
    assert.deepEqual(await meddle(8), [found(8)]);
    await stand.clock.advance(600_000);
    assert.deepEqual(await meddle(9), [found(9)]);
  });

  it('in many places is told in ten lines, and one for the rest', async () => {
    const group = `virtual_server_group G {\n 192.0.2.1-30 80\n}\n${config().replace('192.0.2.1 80', 'group G')}`;
    const stand = await Stand.start(group);
    const told = await audited(stand, (ipvs) => ipvs.table.clear());
    assert.equal(told.length, 11);
    assert.equal(told[10], "somebody else has made 20 more changes to our part of the kernel's table");
  });

  it('of a service is named and changed back', async () => {
    const stand = await Stand.start(config('persistence_timeout 60'));
    const service: IpvsService = { id, scheduler: 'mh', persistence: 90, persistencePrefix: 24, schedulerFlags: [2] };
    const told = await audited(stand, (ipvs) => ipvs.somebody({ do: 'editService', service }));
    assert.deepEqual(told, [
      'somebody else has changed the service TCP 192.0.2.1:80: its lvs_sched is mh, we left it at wlc; ' +
        'its persistence_timeout is 90, we left it at 60; its persistence_granularity is 24, we left it at 32; ' +
        'its scheduler flags are 2, we left them at none; it is changed back',
    ]);
  });

  it('into what the kernel had refused us is not said to be changed back', async () => {
    const stand = await Stand.start(config('inhibit_on_failure'));
    stand.ipvs.refuse = ({ do: what }) => (what === 'editDestination' ? 'EBUSY' : undefined);
    await stand.tell('10.0.0.1', false);
    const told = await audited(stand, (ipvs) =>
      ipvs.somebody({ do: 'editDestination', service: id, destination: server('10.0.0.1', { weight: 0 }) }),
    );
    assert.deepEqual(told, [
      `somebody else has changed ${name} in TCP 192.0.2.1:80: its weight is 0, we left it at 1; it is to be so`,
    ]);
  });

  it('is not said to be put back where it was to go', async () => {
    const stand = await Stand.start(config());
    stand.ipvs.refuse = ({ do: what }) => (what.startsWith('delete') ? 'EBUSY' : undefined);
    await stand.tell('10.0.0.1', false);
    const server1 = await audited(stand, (ipvs) =>
      ipvs.somebody({ do: 'deleteDestination', service: id, destination: server('10.0.0.1') }),
    );
    assert.deepEqual(server1, [`somebody else has removed ${name} from TCP 192.0.2.1:80, which it was to leave`]);
    await stand.reload(config().replaceAll('192.0.2.1', '192.0.2.7'));
    const service = await audited(stand, (ipvs) => ipvs.somebody({ do: 'deleteService', service: id }));
    assert.deepEqual(service, ['somebody else has removed the service TCP 192.0.2.1:80, which was to go']);
    assert.doesNotMatch(stand.ipvs.text, /192\.0\.2\.1:80/);
  });
});
