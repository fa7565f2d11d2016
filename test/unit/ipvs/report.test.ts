/** What operators see: status with the kernel's figures, and the reasons of each state. */
import assert from 'node:assert/strict';
import type { Explanation, ObjectStatus } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { FakeIpvs } from './fake-ipvs.js';
import { Stand } from './stand.js';

const config = `
virtual_server 192.0.2.1 80 {
  protocol TCP
  ha_suspend
  sorry_server 10.0.0.9 80
  real_server 10.0.0.1 80 {
    weight 10
    TCP_CHECK {
    }
    MISC_CHECK {
      misc_path /bin/true
    }
  }
  real_server 10.0.0.2 80 {
    inhibit_on_failure
    TCP_CHECK {
    }
  }
}`;

async function status(stand: Stand, kind: string): Promise<readonly ObjectStatus[]> {
  return (await stand.host.objects()).filter((one) => one.kind === kind);
}

async function explained(stand: Stand, name: string): Promise<Explanation> {
  const [explanation] = await stand.host.explain(name);
  assert.ok(explanation !== undefined);
  return explanation;
}

describe('ipvs: status', () => {
  it('shows virtual servers and real servers, with connections from the kernel', async () => {
    const stand = await Stand.start(config);
    await stand.tell('10.0.0.2', false);
    const [virtual] = await status(stand, 'virtual_server');
    assert.equal(virtual?.state, 'up');
    assert.deepEqual(virtual?.summary, {
      service: 'TCP 192.0.2.1:80',
      scheduler: 'wlc',
      up: '1/2',
      weight: 10,
      quorum: 1,
      connections: 6,
    });
    const [first, second] = await status(stand, 'real_server');
    assert.deepEqual(
      [first?.name, first?.state, first?.summary.weight, first?.summary.active],
      ['192.0.2.1 80 10.0.0.1 80', 'up', 10, 3],
    );
    assert.equal(first?.summary.reason, 'all of its checkers succeed');
    assert.deepEqual(
      [second?.state, second?.summary.in_table, second?.summary.reason],
      ['down', 0, 'TCP_CHECK: connection refused'],
    );
  });

  it('shows when each server and each of its checks was probed and will be, as moments', async () => {
    const stand = await Stand.start(config);
    const report = { isUp: true, reason: 'connected', since: 1, attempt: 1, probes: 4, failures: 2 };
    const times = [{ lastProbeAt: 5, nextProbeAt: 19 }, { lastProbeAt: 7 }];
    const ids = stand.checks.requests.map(({ id }) => id).filter((id) => id.includes('10.0.0.1:80'));
    stand.checks.reports = ids.map((id, i) => ({ id, ...report, ...times[i] }));
    const [first, second] = await status(stand, 'real_server');
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual(Object.keys(first.summary), ['weight', 'in_table', 'active', 'inactive', 'last', 'next', 'reason']);
    assert.deepEqual([first.summary.last, first.summary.next, second.summary.last, second.summary.next], [7, 19, null, null]);
    const checks = first.detail.checks as readonly Record<string, unknown>[];
    assert.deepEqual(
      checks.map((check) => [check.checker, check.probes, check.last_probe, check.next_probe]),
      [
        ['TCP_CHECK', 4, 5, 19],
        ['MISC_CHECK', 4, 7, null],
      ],
    );
    for (const field of ['last', 'next', 'since', 'last_probe', 'next_probe']) assert.ok(first.moments?.includes(field), field);
    const [virtual] = await status(stand, 'virtual_server');
    assert.deepEqual(virtual?.moments, ['quorum_since']);
  });

  it('tells of a table that cannot be read, and of refusals', async () => {
    const ipvs = new FakeIpvs();
    ipvs.blind = 'no IPVS';
    const blind = await Stand.start(config, { ipvs });
    const [virtual] = await status(blind, 'virtual_server');
    assert.deepEqual([virtual?.state, virtual?.summary.connections, virtual?.detail.problem], ['unknown', null, 'no IPVS']);
    const refusing = new FakeIpvs();
    refusing.refuse = (edit) => (edit.do === 'addService' ? 'ENOENT' : undefined);
    const [refused] = await status(await Stand.start(config, { ipvs: refusing }), 'virtual_server');
    assert.equal(refused?.state, 'refused');
    assert.match(JSON.stringify(refused?.detail.refusals), /nothing serves it/);
  });

  it('is plain data', async () => {
    const stand = await Stand.start(config);
    const objects = await stand.host.objects();
    assert.deepEqual(JSON.parse(JSON.stringify(objects)), objects);
  });
});

describe('ipvs: explain', () => {
  it('a virtual server: quorum, sorry server, suspension, each real server', async () => {
    const stand = await Stand.start(config);
    await stand.tell('TCP_CHECK', false);
    const { state, because, contributors } = await explained(stand, '192.0.2.1 80');
    assert.equal(state, 'sorry');
    assert.match(because, /it lacks its quorum: real servers that are up weigh 0, quorum 1/);
    assert.deepEqual(
      contributors.map(({ source, effect }) => `${source}: ${effect}`),
      [
        'quorum: lost',
        'sorry_server: 10.0.0.9 80 serves',
        'ha_suspend: no probes: states stay as they are',
        '10.0.0.1 80: 0',
        '10.0.0.2 80: 0',
      ],
    );
  });

  it('a real server: every checker, the weight, what stands instead of removal', async () => {
    const stand = await Stand.start(config);
    await stand.tell('10.0.0.1:80 TCP_CHECK', true, { weight: 4 });
    const up = await explained(stand, '192.0.2.1 80 10.0.0.1 80');
    assert.equal(up.state, 'up');
    assert.deepEqual(
      up.contributors.filter(({ of }) => of === 'weight').map(({ source, effect }) => `${source} ${effect}`),
      ['configuration 10', 'TCP_CHECK -6'],
    );
    await stand.tell('10.0.0.2', false);
    const down = await explained(stand, '192.0.2.1 80 10.0.0.2 80');
    assert.deepEqual([down.state, down.because], ['down', 'TCP_CHECK: connection refused']);
    assert.ok(
      down.contributors.some(({ source, effect }) => source === 'inhibit_on_failure' && effect === '0 instead of removal'),
    );
  });

  it('a checker by what its last probe found, where no turn came of it', async () => {
    const stand = await Stand.start(config);
    await stand.tell('10.0.0.1:80 TCP_CHECK', true);
    const ids = stand.checks.requests.map(({ id }) => id).filter((id) => id.includes('10.0.0.1:80 TCP_CHECK'));
    const counts = { attempt: 1, probes: 7, failures: 0, since: 5 };
    const reported = async (isUp: boolean) => {
      stand.checks.reports = ids.map((id) => ({ ...counts, id, isUp, reason: 'not checked: its script is missing' }));
      const { contributors } = await explained(stand, '192.0.2.1 80 10.0.0.1 80');
      return contributors.find(({ source }) => source === 'TCP_CHECK')?.why;
    };
    assert.equal(await reported(true), 'not checked: its script is missing');
    // A turn under way: what has been told counts.
    assert.equal(await reported(false), 'connected');
  });

  it('a server whose only check decides by what its last probe found, and so its row in the status', async () => {
    const stand = await Stand.start(config);
    const counts = { attempt: 1, probes: 7, failures: 0, since: 5 };
    const said = async (isUp: boolean, reason: string) => {
      const ids = stand.checks.requests.map(({ id }) => id);
      stand.checks.reports = ids.map((id) => ({ ...counts, id, isUp, reason }));
      const name = '192.0.2.1 80 10.0.0.2 80';
      const { because } = await explained(stand, name);
      const { contributors } = await explained(stand, '192.0.2.1 80');
      const row = (await status(stand, 'real_server')).find((one) => one.name === name);
      return [because, contributors.find(({ source }) => source === '10.0.0.2 80')?.why, row?.summary.reason];
    };
    const thrice = (text: string) => [text, text, text];
    // It began as up and has been so since: no turn was told.
    assert.deepEqual(await said(true, 'status 200'), thrice('TCP_CHECK: status 200'));
    await stand.tell('10.0.0.2', false);
    assert.deepEqual(await said(false, 'timeout'), thrice('TCP_CHECK: timeout'));
    assert.deepEqual(await said(true, 'status 200'), thrice('TCP_CHECK: connection refused'));
  });

  it('when each checker has probed and will, and of a virtual server each of its servers', async () => {
    const stand = await Stand.start(config);
    const report = { isUp: true, reason: 'connected', since: 1, attempt: 1, probes: 4, failures: 2 };
    const ids = stand.checks.requests.map(({ id }) => id).filter((id) => id.includes('10.0.0.1:80'));
    stand.checks.reports = ids.map((id, i) => ({ id, ...report, lastProbeAt: 5 + i, nextProbeAt: 19 - i }));
    const times = async (name: string) =>
      (await explained(stand, name)).contributors
        .filter(({ lastAt }) => lastAt !== undefined)
        .map(({ source, lastAt, nextAt }) => [source, lastAt, nextAt]);
    assert.deepEqual(await times('192.0.2.1 80 10.0.0.1 80'), [
      ['TCP_CHECK', 5, 19],
      ['MISC_CHECK', 6, 18],
    ]);
    assert.deepEqual(await times('192.0.2.1 80'), [['10.0.0.1 80', 6, 18]]);
  });

  it('a server without quorum: what serves in its place, or that it is the sorry server itself', async () => {
    const text = (sorry: string) => config.replace('10.0.0.9 80', sorry).replace('ha_suspend', 'quorum 10');
    const partOf = async (stand: Stand, name: string) =>
      (await explained(stand, `192.0.2.1 80 ${name}`)).contributors
        .filter(({ source }) => source === 'quorum' || source === 'inhibit_on_failure')
        .map(({ effect, why }) => `${effect}: ${why}`);
    const other = await Stand.start(text('10.0.0.9 80'));
    await other.tell('10.0.0.1', false);
    assert.deepEqual(await partOf(other, '10.0.0.2 80'), ['takes no part: without quorum the sorry server 10.0.0.9 80 serves']);
    const twin = await Stand.start(text('10.0.0.2 80'));
    assert.deepEqual(await partOf(twin, '10.0.0.2 80'), []);
    await twin.tell('10.0.0.1', false);
    const serves = 'serves: without quorum it is the sorry server, with weight 1';
    assert.deepEqual(await partOf(twin, '10.0.0.2 80'), [serves]);
    await twin.tell('10.0.0.2', false);
    assert.deepEqual(await partOf(twin, '10.0.0.2 80'), [serves]);
    assert.match(twin.ipvs.text, /10\.0\.0\.2:80 Masq 1/);
    await twin.tell('10.0.0.1', true);
    assert.deepEqual(await partOf(twin, '10.0.0.2 80'), ['0 instead of removal: configured']);
  });

  it('a server that the kernel refuses', async () => {
    const ipvs = new FakeIpvs();
    ipvs.refuse = (edit) => ('destination' in edit && edit.destination.address === '10.0.0.1' ? 'ENOMEM' : undefined);
    const stand = await Stand.start(config, { ipvs });
    const { because, contributors } = await explained(stand, '192.0.2.1 80 10.0.0.1 80');
    assert.match(because, /the kernel refuses 10.0.0.1:80 as a server/);
    assert.ok(contributors.some(({ source }) => source === 'kernel'));
  });

  it('nothing that it does not have', async () => {
    const stand = await Stand.start(config);
    assert.deepEqual(await stand.host.explain('192.0.2.1 80 10.0.0.77 80'), []);
  });
});

describe('ipvs: many who ask for the status at the same time', () => {
  it('share one read of a table that takes long, and later ones get a new one', async () => {
    const stand = await Stand.start(config);
    const { ipvs } = stand;
    const read = ipvs.read.bind(ipvs);
    let answer = () => {};
    ipvs.read = async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return read();
    };
    const { reads } = ipvs;
    const asked = Array.from({ length: 20 }, () => status(stand, 'virtual_server'));
    await stand.clock.settle();
    answer();
    for (const [virtual] of await stand.clock.drive(Promise.all(asked))) assert.equal(virtual?.summary.connections, 6);
    assert.equal(ipvs.reads - reads, 1);
    const later = status(stand, 'virtual_server');
    await stand.clock.settle();
    ipvs.blind = 'no memory';
    answer();
    const [virtual] = await later;
    assert.deepEqual([virtual?.summary.connections, virtual?.detail.problem], [null, 'no memory']);
    assert.equal(ipvs.reads - reads, 2);
  });
});
