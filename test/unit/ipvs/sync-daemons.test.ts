/** Synchronisation of connections: both roles, or the one that a virtual router's state asks for. */
import assert from 'node:assert/strict';
import type { VrrpState } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { FakeIpvs } from './fake-ipvs.js';
import { Stand } from './stand.js';

const conf = (line: string) => `
global_defs {
  ${line}
}
virtual_server 192.0.2.1 80 {
  protocol TCP
  real_server 10.0.0.1 80 {
  }
}`;

async function become(stand: Stand, to: VrrpState, instance = 'VI_1', about?: 'reminder'): Promise<void> {
  const identity = { instance, interface: 'eth0', virtualRouterId: 51, family: 4 } as const;
  const event = {
    ...identity,
    from: 'backup',
    to,
    reason: 'startup',
    detail: '',
    priority: 1,
    at: 0,
  };
  void stand.host.bus.deliver('vrrp.transitioned', instance, event, about);
  await stand.clock.advance(10);
}

const daemons = ({ ipvs }: Stand) => ipvs.daemons.map(({ role, link, syncId }) => `${role} ${link} ${syncId}`);

describe('ipvs: sync daemons', () => {
  it('run in both roles where no virtual router decides', async () => {
    const stand = await Stand.start(conf('lvs_sync_daemon eth1'));
    assert.deepEqual(daemons(stand), ['master eth1 0', 'backup eth1 0']);
    await stand.stop();
    assert.deepEqual(daemons(stand), []);
  });

  it('follow the state of their virtual router, with its id', async () => {
    const stand = await Stand.start(conf('lvs_sync_daemon eth1 VI_1'));
    assert.deepEqual(daemons(stand), []);
    await become(stand, 'backup');
    assert.deepEqual(daemons(stand), ['backup eth1 51']);
    await become(stand, 'master');
    assert.deepEqual(daemons(stand), ['master eth1 51']);
    await become(stand, 'fault', 'VI_2');
    assert.deepEqual(daemons(stand), ['master eth1 51']);
    await become(stand, 'fault');
    assert.deepEqual(daemons(stand), ['backup eth1 51']);
    await become(stand, 'deleted');
    assert.deepEqual(daemons(stand), []);
  });

  it('are told at a start how the virtual router stands that has long been master', async () => {
    const stand = await Stand.start(conf('lvs_sync_daemon eth1 VI_1'));
    await become(stand, 'master', 'VI_1', 'reminder');
    assert.deepEqual(daemons(stand), ['master eth1 51']);
  });

  it('have the id that is configured', async () => {
    const stand = await Stand.start(conf('lvs_sync_daemon eth1 inst VI_1 id 7 maxlen 1400'));
    await become(stand, 'master');
    assert.deepEqual([daemons(stand), stand.ipvs.daemons[0]?.maxLength], [['master eth1 7'], 1400]);
  });

  it('that run already as they should go on', async () => {
    const first = await Stand.start(conf('lvs_sync_daemon eth1 VI_1'));
    await become(first, 'master');
    const [running] = first.ipvs.daemons;
    const second = await Stand.start(conf('lvs_sync_daemon eth1 VI_1'), { ipvs: first.ipvs });
    await become(second, 'master');
    assert.equal(second.ipvs.daemons[0], running);
  });

  it('change with a reload, and end with it', async () => {
    const stand = await Stand.start(conf('lvs_sync_daemon eth1 id 3'));
    await stand.reload(conf('lvs_sync_daemon eth2 id 3'));
    assert.deepEqual(daemons(stand), ['master eth2 3', 'backup eth2 3']);
    await stand.reload(conf(''));
    assert.deepEqual(daemons(stand), []);
  });

  it('are tried again where the kernel refuses, with one complaint', async () => {
    const ipvs = new FakeIpvs();
    const start = ipvs.startSyncDaemon.bind(ipvs);
    ipvs.startSyncDaemon = async () => ({ outcome: 'failed', code: 'ENODEV', error: 'there is no such link' });
    const stand = await Stand.start(conf('lvs_sync_daemon eth9'), { ipvs });
    await stand.clock.advance(20_000);
    assert.deepEqual(stand.complaints(), [
      'connections are not synchronised as configured: the kernel does not start the master sync daemon on eth9: there is no such link. It is tried again every 5 s',
    ]);
    ipvs.startSyncDaemon = start;
    await stand.clock.advance(5001);
    assert.equal(ipvs.daemons.length, 2);
  });
});
