/** What the keywords of a vrrp_instance mean together (plugins/vrrp/src/instance-config.ts): defaults, corrections, errors. */
import assert from 'node:assert/strict';
import { instanceConfigs } from '@mainstay/vrrp/internal/manager.js';
import { describe, it } from 'mocha';
import { configOf, configured, entryOf, globalOf, type Said, type Written } from './by-hand.js';

/** What is said about a configuration: `severity about code`. */
function remarks(written: Written, global: Written = {}): readonly string[] {
  return configured(written, global).said.map(({ severity, about, code }) => `${severity} ${about} ${code}`);
}

const vip6 = { virtual_ipaddress: ['fe80::100/64', '2001:db8::100/64'] };
const peer = { unicast_peer: ['192.0.2.2'] };

describe('vrrp_instance: defaults', () => {
  it('are those of keepalived', () => {
    const { password, addresses, ...config } = configOf();
    assert.deepEqual(config, {
      name: 'VI_1',
      interface: 'eth0',
      family: 4,
      version: 2,
      virtualRouterId: 51,
      basePriority: 100,
      advertIntervalMs: 1000,
      downAdverts: 3,
      preempt: true,
      preemptDelayMs: 0,
      lowerPriorityNoAdvert: false,
      higherPrioritySendAdvert: false,
      isUnicast: false,
      peers: [],
      unicastTtl: 255,
      checkUnicastSource: false,
      group: '224.0.0.18',
      trackSource: false,
      trackOwnLink: true,
      tracked: [],
      trackedSessions: [],
      hints: [],
      authType: 0,
      checksum: 'rfc',
      deadManMs: 3609.375,
      detectOldChecksum: false,
      excluded: [],
      accept: true,
      checkAddressList: true,
      announce: {
        repeat: 5,
        delayMs: 5000,
        refreshMs: 0,
        refreshRepeat: 1,
        lowerPriorityRepeat: 5,
        lowerPriorityDelayMs: 5000,
        arpIntervalMs: 0,
        neighbourIntervalMs: 0,
      },
    });
    assert.deepEqual([...password], [0, 0, 0, 0, 0, 0, 0, 0]);
    assert.deepEqual(
      addresses.map(({ address }) => address),
      ['192.0.2.100'],
    );
  });

  it('follow global_defs, unless the instance says otherwise', () => {
    const global = {
      vrrp_version: '3',
      vrrp_down_timer_adverts: '5',
      vrrp_lower_prio_no_advert: 'on',
      vrrp_higher_prio_send_advert: '',
      vrrp_skip_check_adv_addr: '',
      vrrp_mcast_group4: '224.0.0.99',
      vrrp_garp_master_repeat: '3',
      vrrp_garp_master_delay: '2',
      vrrp_garp_interval: '0.1',
      vrrp_gna_interval: '0.25',
    };
    const config = configOf({}, global);
    assert.equal(config.version, 3);
    assert.equal(config.downAdverts, 5);
    assert.equal(config.lowerPriorityNoAdvert, true);
    assert.equal(config.higherPrioritySendAdvert, true);
    assert.equal(config.checkAddressList, false);
    assert.equal(config.group, '224.0.0.99');
    assert.deepEqual(
      [
        config.announce.repeat,
        config.announce.delayMs,
        config.announce.lowerPriorityRepeat,
        config.announce.lowerPriorityDelayMs,
      ],
      [3, 2000, 3, 2000],
    );
    assert.deepEqual([config.announce.arpIntervalMs, config.announce.neighbourIntervalMs], [100, 250]);
    const own = configOf(
      {
        version: '2',
        down_timer_adverts: '4',
        lower_prio_no_advert: 'off',
        garp_master_repeat: '7',
        garp_lower_prio_repeat: '0',
        mcast_dst_ip: '224.0.0.50',
      },
      global,
    );
    assert.deepEqual([own.version, own.downAdverts, own.lowerPriorityNoAdvert, own.group], [2, 4, false, '224.0.0.50']);
    assert.deepEqual([own.announce.repeat, own.announce.lowerPriorityRepeat], [7, 0]);
  });

  it('vrrp_min_garp means one announcement and no second burst', () => {
    const { announce } = configOf({}, { vrrp_min_garp: '' });
    assert.deepEqual(
      [announce.repeat, announce.delayMs, announce.lowerPriorityRepeat, announce.lowerPriorityDelayMs],
      [1, 0, 1, 0],
    );
  });

  it('a repeat of 0 means 1, except after a lower priority', () => {
    const { announce } = configOf({
      garp_master_repeat: '0',
      garp_master_refresh: '10',
      garp_master_refresh_repeat: '0',
      garp_lower_prio_repeat: '0',
    });
    assert.deepEqual([announce.repeat, announce.refreshRepeat, announce.lowerPriorityRepeat], [1, 1, 0]);
  });

  it('state MASTER without a priority is an owner', () => {
    assert.equal(configOf({ state: 'MASTER' }).basePriority, 255);
    assert.equal(configOf({ state: 'MASTER', priority: '150' }).basePriority, 150);
    assert.equal(configOf({ state: 'BACKUP' }).basePriority, 100);
  });
});

describe('vrrp_instance: corrections', () => {
  it('IPv6 is version 3', () => {
    assert.equal(configOf(vip6).version, 3);
    const { config, said } = configured({ ...vip6, version: '2' });
    assert.deepEqual([config.version, config.family, config.group, config.checksum], [3, 6, 'ff02::12', 'rfc']);
    assert.deepEqual(
      said.map(({ code }) => code),
      ['VRRP_VERSION'],
    );
  });

  it('version 2 counts whole seconds, version 3 hundredths', () => {
    const interval = (advert_int: string, version: string) => configured({ advert_int, version }).config.advertIntervalMs;
    assert.deepEqual(
      ['0.3', '0.5', '1.4', '1.5', '255'].map((n) => interval(n, '2')),
      [1000, 1000, 1000, 2000, 255_000],
    );
    assert.deepEqual(
      ['0.01', '0.014', '0.5', '1.239', '40.95'].map((n) => interval(n, '3')),
      [10, 10, 500, 1240, 40_950],
    );
    assert.deepEqual(remarks({ advert_int: '1.4' }), ['warning advert_int VRRP_INTERVAL']);
    assert.deepEqual(remarks({ advert_int: '40.96', version: '3' }), ['error advert_int VRRP_INTERVAL']);
  });

  it('no_accept wins over accept, and gives way to the ownership of the addresses', () => {
    const table: [Written, boolean, string[]][] = [
      [{ accept: '' }, true, []],
      [{ no_accept: '' }, false, []],
      [{ no_accept: '', accept: '' }, false, ['warning accept VRRP_ACCEPT']],
      [{ no_accept: '', priority: '255' }, true, ['warning no_accept VRRP_ACCEPT']],
      [{ no_accept: '', state: 'MASTER' }, true, ['warning no_accept VRRP_ACCEPT']],
    ];
    for (const [written, accept, said] of table) {
      assert.deepEqual([configured(written).config.accept, remarks(written)], [accept, said]);
    }
  });

  it('nopreempt and preempt_delay give way', () => {
    const table: readonly (readonly [Written, boolean, number, readonly string[]])[] = [
      [{ nopreempt: '' }, false, 0, []],
      [{ preempt_delay: '1.5' }, true, 1500, []],
      [{ nopreempt: '', preempt_delay: '5' }, false, 0, ['warning preempt_delay VRRP_PREEMPT']],
      [{ nopreempt: '', state: 'MASTER', priority: '100' }, true, 0, ['warning nopreempt VRRP_PREEMPT']],
      [{ preempt_delay: '5', state: 'MASTER', priority: '100' }, true, 0, ['warning preempt_delay VRRP_PREEMPT']],
      [{ nopreempt: '', priority: '255' }, true, 0, ['warning nopreempt VRRP_PREEMPT']],
    ];
    for (const [written, preempt, delay, said] of table) {
      const { config } = configured(written);
      assert.deepEqual([config.preempt, config.preemptDelayMs, remarks(written)], [preempt, delay, said]);
    }
  });

  it('authentication: eight bytes in version 2, none in version 3', () => {
    const authentication = ['auth_type PASS', 'auth_pass verylongsecret'];
    const { config, said } = configured({ authentication });
    assert.equal(config.authType, 1);
    assert.equal(Buffer.from(config.password).toString(), 'verylong');
    assert.deepEqual(
      said.map(({ severity, code }) => `${severity} ${code}`),
      ['warning VRRP_AUTH'],
    );
    const short = configOf({ authentication: ['auth_type PASS', 'auth_pass abc'] });
    assert.deepEqual([...short.password], [97, 98, 99, 0, 0, 0, 0, 0]);
    const v3 = configured({ authentication, version: '3' });
    assert.equal(v3.config.authType, 0);
    assert.deepEqual(
      v3.said.map(({ severity }) => severity),
      ['warning'],
    );
    assert.deepEqual(remarks({ authentication: ['auth_type AH', 'auth_pass x'] }), ['error authentication CONFIG_NOT_BUILT']);
  });

  it("the instance's own interface is tracked anyway; an owner's priority never changes", () => {
    const { config, said } = configured({ track_interface: ['eth0', 'eth1 weight -20', 'eth2'] });
    assert.deepEqual(
      config.tracked.map(({ name }) => name),
      ['eth1', 'eth2'],
    );
    assert.deepEqual(
      said.map(({ code }) => code),
      ['VRRP_TRACK'],
    );
    const owner = configured({ priority: '255', track_interface: ['eth1 weight -20', 'eth2'] });
    assert.deepEqual(
      owner.config.tracked.map(({ name }) => name),
      ['eth2'],
    );
    assert.deepEqual(
      configOf({ dont_track_primary: '', track_interface: ['eth0'] }).tracked.map(({ name }) => name),
      ['eth0'],
    );
  });

  it('checksum forms', () => {
    const form = (written: Written, global: Written = {}) => {
      const { checksum, detectOldChecksum } = configOf({ version: '3', ...written }, global);
      return [checksum, detectOldChecksum];
    };
    assert.deepEqual(form({}), ['rfc', false]);
    assert.deepEqual(form({ v3_checksum_as_v2: '' }), ['as-v2', false]);
    assert.deepEqual(form({}, { v3_checksum_as_v2: '' }), ['as-v2', false]);
    assert.deepEqual(form({ v3_checksum_as_v2: 'off' }, { v3_checksum_as_v2: '' }), ['rfc', false]);
    assert.deepEqual(form(peer), ['rfc', true]);
    assert.deepEqual(form({ ...peer, old_unicast_checksum: '' }), ['multicast', true]);
    assert.deepEqual(form({ ...peer, old_unicast_checksum: 'never' }), ['rfc', false]);
    assert.deepEqual(form({ version: '2', v3_checksum_as_v2: '' }), ['rfc', false]);
  });

  it('unicast: peers, TTL checks, no peers', () => {
    const plain = configOf({ ...peer, unicast_src_ip: '192.0.2.1' });
    assert.deepEqual([plain.isUnicast, plain.checkUnicastSource, plain.source], [true, false, '192.0.2.1']);
    assert.equal(configOf({ unicast_peer: ['192.0.2.2 min_ttl 254 max_ttl 255'] }).checkUnicastSource, true);
    assert.equal(configOf({ ...peer, check_unicast_src: '' }).checkUnicastSource, true);
    assert.equal(configOf(peer, { vrrp_check_unicast_src: '' }).checkUnicastSource, true);
    const nobody = configured({ unicast_src_ip: '192.0.2.1' });
    assert.equal(nobody.config.isUnicast, false);
    assert.deepEqual(
      nobody.said.map(({ severity, code }) => `${severity} ${code}`),
      ['warning VRRP_PEER'],
    );
    assert.equal(configOf({ unicast_src_ip: '192.0.2.1', unicast_fault_no_peer: '' }).isUnicast, true);
  });
});

describe('vrrp_instance: errors', () => {
  it('are said about the keyword that causes them', () => {
    const table: readonly (readonly [Written, readonly string[]])[] = [
      [{ virtual_ipaddress: ['192.0.2.100', '2001:db8::1'] }, ['error virtual_ipaddress VRRP_FAMILY']],
      [{ virtual_ipaddress: ['192.0.2.100', '192.0.2.100'] }, ['warning virtual_ipaddress VRRP_ADDRESSES']],
      [{ virtual_ipaddress: ['224.0.0.1'] }, ['error virtual_ipaddress VRRP_ADDRESSES']],
      [{ virtual_ipaddress: Array.from({ length: 256 }, (_, i) => `10.0.0.${i}`) }, ['error virtual_ipaddress VRRP_ADDRESSES']],
      [{ virtual_ipaddress: [], version: '3' }, ['error  VRRP_ADDRESSES']],
      [{ virtual_ipaddress: [], version: '2' }, ['warning  VRRP_ADDRESSES']],
      [{ virtual_ipaddress: [], version: '3', no_virtual_ipaddress: '' }, []],
      [{ virtual_ipaddress: ['2001:db8::1'] }, ['warning virtual_ipaddress VRRP_ADDRESSES']],
      [{ virtual_ipaddress_excluded: ['2001:db8::1', '10.0.0.1'] }, []],
      [{ virtual_ipaddress_excluded: ['192.0.2.100/24'] }, ['warning virtual_ipaddress VRRP_ADDRESSES']],
      [{ unicast_peer: ['2001:db8::2'] }, ['error unicast_peer VRRP_FAMILY']],
      [{ unicast_peer: ['224.0.0.1'] }, ['error unicast_peer VRRP_PEER']],
      [{ mcast_src_ip: '2001:db8::2' }, ['error mcast_src_ip VRRP_FAMILY']],
      [{ mcast_dst_ip: '192.0.2.9' }, ['error mcast_dst_ip VRRP_GROUP']],
      [{ mcast_dst_ip: 'ff02::12' }, ['error mcast_dst_ip VRRP_GROUP']],
    ];
    for (const [written, said] of table) assert.deepEqual(remarks(written), said, JSON.stringify(written));
  });

  it('refuse one VRID twice on an interface, in one family and group', () => {
    const clashes = (...all: readonly Written[]) => {
      const said: Said[] = [];
      instanceConfigs(
        all.map((written) => entryOf(written, said)),
        globalOf(),
      );
      return said.filter(({ code }) => code === 'VRRP_DUPLICATE_VRID').map(({ about }) => about);
    };
    assert.deepEqual(clashes({}, {}), ['virtual_router_id']);
    assert.deepEqual(clashes({}, { interface: 'eth1' }), []);
    assert.deepEqual(clashes({}, { virtual_router_id: '52' }), []);
    assert.deepEqual(clashes({}, vip6), []);
    assert.deepEqual(clashes({}, { mcast_dst_ip: '224.0.0.50' }), []);
    assert.deepEqual(clashes({}, peer), []);
    assert.deepEqual(clashes(peer, peer), ['virtual_router_id']);
    assert.deepEqual(clashes(peer, { unicast_peer: ['192.0.2.3'] }), []);
  });
});
