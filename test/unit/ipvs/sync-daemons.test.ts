/** Synchronisation of connections: both roles, or the one that a virtual router's state asks for. */
import assert from 'node:assert/strict';
import { type IpvsSyncDaemon, PortError, type VrrpState } from '@mainstay/sdk';
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
}
vrrp_instance VI_1 {
}
`;

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

  it('have the id that stands behind the name, as it was written before', async () => {
    const stand = await Stand.start(conf('lvs_sync_daemon eth1 VI_1 7 maxlen 1400'));
    await become(stand, 'master');
    assert.deepEqual([daemons(stand), stand.ipvs.daemons[0]?.maxLength], [['master eth1 7'], 1400]);
  });

  it('of a virtual router that is not there are refused, at a reload too', async () => {
    const refused = async (line: string) => {
      const error = await Stand.ready(conf(line)).then(
        () => undefined,
        (error: Error) => error.message,
      );
      return error?.replace(/^.*?:/, '');
    };
    assert.equal(
      await refused('lvs_flush\n  lvs_sync_daemon eth1 VI_l id 7'),
      '4:3: error: there is no vrrp_instance VI_l, so lvs_sync_daemon never runs, and a takeover breaks every connection (did you mean "VI_1"?) [CONFIG_UNKNOWN_NAME]',
    );
    assert.match((await refused('lvs_sync_daemon eth1 inst gateway')) ?? '', /no vrrp_instance gateway.*\(known: VI_1\)/);
    const stand = await Stand.start(conf('lvs_sync_daemon eth1 VI_1'));
    await become(stand, 'master');
    const { diagnostics } = await stand.reload(
      conf('lvs_sync_daemon eth1 VI_1').replace('vrrp_instance VI_1', 'vrrp_instance VI_2'),
    );
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['CONFIG_UNKNOWN_NAME'],
    );
    assert.deepEqual(daemons(stand), ['master eth1 51']);
  });

  it('are only missed where there is no virtual router at all: another daemon may run VRRP', async () => {
    const stand = await Stand.start(conf(''));
    const { ok, diagnostics } = await stand.reload(conf('lvs_sync_daemon eth1 VI_1').replace(/vrrp_instance.*/s, ''));
    assert.deepEqual(
      diagnostics.map(({ severity, code }) => `${severity} ${code}`),
      ['warning CONFIG_UNKNOWN_NAME'],
    );
    assert.equal(ok, true);
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
    await stand.clock.advance(200_000);
    assert.deepEqual(stand.complaints(), [
      'connections are not synchronised as configured: the kernel does not start the master sync daemon on eth9: there is no such link; the kernel does not start the backup sync daemon on eth9: there is no such link. It is tried again, up to every 60 s',
    ]);
    ipvs.startSyncDaemon = start;
    await stand.clock.advance(60_001);
    assert.equal(ipvs.daemons.length, 2);
    assert.ok(stand.log.some(({ message }) => message === 'connections are synchronised again'));
  });
});

describe('ipvs: sync daemons, of which one is refused', () => {
  const complaint = (what: string) =>
    `connections are not synchronised as configured: ${what}. It is tried again, up to every 60 s`;

  /** The kernel makes of each what `made` says, and refuses what it answers nothing for. */
  function kernel(made: (daemon: IpvsSyncDaemon) => IpvsSyncDaemon | undefined) {
    const ipvs = new FakeIpvs();
    const start = ipvs.startSyncDaemon.bind(ipvs);
    const starts: string[] = [];
    ipvs.startSyncDaemon = async (daemon) => {
      starts.push(daemon.role);
      const one = made(daemon);
      return one === undefined ? { outcome: 'failed', code: 'EADDRNOTAVAIL', error: 'eth1 has no address' } : start(one);
    };
    return { ipvs, starts, start };
  }

  it('run in the other role, and in both once the kernel lets them', async () => {
    const { ipvs, start } = kernel((daemon) => (daemon.role === 'master' ? undefined : daemon));
    const stand = await Stand.start(conf('lvs_sync_daemon eth1'), { ipvs });
    assert.deepEqual(daemons(stand), ['backup eth1 0']);
    await stand.clock.advance(200_000);
    assert.deepEqual(stand.complaints(), [
      complaint('the kernel does not start the master sync daemon on eth1: eth1 has no address'),
    ]);
    ipvs.startSyncDaemon = start;
    await stand.clock.advance(60_001);
    assert.deepEqual(daemons(stand), ['backup eth1 0', 'master eth1 0']);
  });

  it('are not started anew at each try where the kernel has limits of its own', async () => {
    const { ipvs, starts } = kernel((daemon) => (daemon.role === 'master' ? { ...daemon, maxLength: 1024 } : undefined));
    const stand = await Stand.start(conf('lvs_sync_daemon eth1 maxlen 600'), { ipvs });
    const [running] = ipvs.daemons;
    await stand.clock.advance(200_000);
    assert.equal(ipvs.daemons[0], running);
    assert.equal(starts.filter((role) => role === 'master').length, 1);
    assert.ok(starts.length > 5);
  });

  it('that cannot be ended leave the other role alone, and what is in their place is not asked for', async () => {
    const { ipvs, starts } = kernel((daemon) => daemon);
    const stop = ipvs.stopSyncDaemon.bind(ipvs);
    ipvs.stopSyncDaemon = async (role) =>
      role === 'master' ? { outcome: 'failed', code: 'EPERM', error: 'not permitted' } : stop(role);
    const stand = await Stand.start(conf('lvs_sync_daemon eth1'), { ipvs });
    starts.length = 0;
    await stand.reload(conf('lvs_sync_daemon eth2'));
    assert.deepEqual([daemons(stand), starts], [['master eth1 0', 'backup eth2 0'], ['backup']]);
    assert.deepEqual(stand.complaints(), [complaint('the kernel does not end the master sync daemon on eth1: not permitted')]);
  });

  it('do not take over what somebody else has started meanwhile', async () => {
    const { ipvs, start } = kernel(() => undefined);
    ipvs.startSyncDaemon = async (daemon) => {
      if (daemon.role === 'master') await start({ ...daemon, ttl: 9 });
      return daemon.role === 'master' ? { outcome: 'unchanged' } : start(daemon);
    };
    const stand = await Stand.start(conf('lvs_sync_daemon eth1 ttl 3'), { ipvs });
    ipvs.startSyncDaemon = start;
    await stand.clock.advance(60_001);
    assert.deepEqual(
      ipvs.daemons.map(({ role, ttl }) => `${role} ${ttl}`),
      ['backup 3', 'master 3'],
    );
  });
});

describe('ipvs: sync daemons, at each audit', () => {
  const audit = (stand: Stand) => stand.clock.advance(60_001);
  const gone = (role: string) =>
    `the ${role} sync daemon on eth1 did not run, so connections were not synchronised: somebody else has ended it, or the module ip_vs ` +
    'was loaded anew; it is started again';

  it('are started again where the module was loaded anew', async () => {
    const stand = await Stand.start(conf('lvs_sync_daemon eth1 id 3'));
    stand.ipvs.loadAnew();
    await audit(stand);
    assert.deepEqual(daemons(stand), ['master eth1 3', 'backup eth1 3']);
    assert.deepEqual(
      stand.complaints().filter((one) => one.includes('sync')),
      [gone('master'), gone('backup')],
    );
  });

  it('are started again where somebody has ended or changed them, or ended where somebody has started them', async () => {
    const stand = await Stand.start(conf('lvs_sync_daemon eth1 VI_1'));
    await become(stand, 'master');
    await stand.ipvs.stopSyncDaemon('master');
    await audit(stand);
    assert.deepEqual(daemons(stand), ['master eth1 51']);
    await stand.ipvs.startSyncDaemon({ role: 'backup', link: 'eth7', syncId: 4 });
    await audit(stand);
    assert.deepEqual(daemons(stand), ['master eth1 51']);
    await stand.ipvs.stopSyncDaemon('master');
    await stand.ipvs.startSyncDaemon({ role: 'master', link: 'eth1', syncId: 9 });
    await audit(stand);
    assert.deepEqual(daemons(stand), ['master eth1 51']);
    assert.deepEqual(stand.complaints(), [
      gone('master'),
      'somebody else has started the backup sync daemon on eth7: it is ended',
      'the master sync daemon on eth1 was not as configured, so connections were not synchronised: somebody else has changed it, or the module ip_vs was loaded anew; it is started again',
    ]);
  });

  it('are left alone where they are as configured, also where the kernel has limits of its own', async () => {
    const ipvs = new FakeIpvs();
    const start = ipvs.startSyncDaemon.bind(ipvs);
    let starts = 0;
    ipvs.startSyncDaemon = (daemon) => {
      starts++;
      return start(daemon.role === 'backup' ? { ...daemon, maxLength: 1024 } : daemon);
    };
    const stand = await Stand.start(conf('lvs_sync_daemon eth1 maxlen 600'), { ipvs });
    await stand.clock.advance(3_600_000);
    assert.deepEqual([starts, stand.complaints()], [2, []]);
    await ipvs.stopSyncDaemon('backup');
    await ipvs.startSyncDaemon({ role: 'backup', link: 'eth1', syncId: 0, ttl: 7 });
    await audit(stand);
    assert.equal(ipvs.daemons.find(({ role }) => role === 'backup')?.ttl, 1);
  });

  it('of others run where none are configured, or nobody knows yet which', async () => {
    for (const line of ['', 'lvs_sync_daemon eth1 VI_1']) {
      const ipvs = new FakeIpvs();
      await ipvs.startSyncDaemon({ role: 'master', link: 'eth0', syncId: 1 });
      const stand = await Stand.start(conf(line), { ipvs });
      await audit(stand);
      assert.deepEqual(daemons(stand), ['master eth0 1']);
    }
  });

  it('that cannot be read are in doubt, once, and go on', async () => {
    const stand = await Stand.start(conf('lvs_sync_daemon eth1'));
    const read = stand.ipvs.syncDaemons.bind(stand.ipvs);
    stand.ipvs.syncDaemons = () => Promise.reject(new PortError('no answer came', 'ETIMEDOUT'));
    await stand.clock.advance(600_000);
    assert.deepEqual(stand.complaints(), [
      'whether connections are synchronised as configured cannot be read: no answer came; what runs goes on. It is tried again, up to every 60 s',
    ]);
    stand.ipvs.syncDaemons = read;
    await audit(stand);
    assert.ok(stand.log.some(({ message }) => message === 'sync daemons can be read again, and run as configured'));
    assert.equal(stand.complaints().length, 1);
  });

  it('are missed once, not at each audit, while the kernel has no IPVS', async () => {
    const stand = await Stand.start(conf('lvs_sync_daemon eth1'));
    stand.ipvs.loadAnew();
    stand.ipvs.blind = 'the kernel has no IPVS';
    await stand.clock.advance(3_600_000);
    assert.deepEqual(
      stand.complaints().filter((one) => one.includes('sync')),
      ['connections are not synchronised as configured: the kernel has no IPVS. It is tried again, up to every 60 s'],
    );
    stand.ipvs.blind = undefined;
    await stand.clock.advance(60_001);
    assert.equal(stand.ipvs.daemons.length, 2);
  });
});
