/** The keywords of the vrrp plugin through the whole configuration pipeline: what is said, and where (config.ts, index.ts). */
import assert from 'node:assert/strict';
import { createBfdPlugin } from '@mainstay/bfd';
import { ConfigRegistry, loadKeepalivedText } from '@mainstay/core';
import { type App, formatDiagnostic } from '@mainstay/sdk';
import { createVrrpPlugin } from '@mainstay/vrrp';
import { describe, it } from 'mocha';

/** Every diagnostic of a text, without its file name. */
function remarks(text: string): readonly string[] {
  const registry = new ConfigRegistry();
  const app = {
    taps: { observe: () => undefined },
    status: { objects: () => undefined, explain: () => undefined },
    actions: { declare: () => undefined },
  };
  for (const plugin of [createBfdPlugin(), createVrrpPlugin()]) {
    plugin.setup({ ...app, config: registry.pointsFor(plugin.name) } as unknown as App);
  }
  const { tree, diagnostics } = loadKeepalivedText(text, { file: 'k.conf', configId: '' });
  const bound = registry.bind(tree, { unknownKeywords: 'error' });
  return [...diagnostics, ...bound].map((diagnostic) => formatDiagnostic(diagnostic).replace('k.conf:', ''));
}

const everything = `
global_defs {
  vrrp_version 3
  vrrp_mcast_group4 224.0.0.18
  vrrp_garp_master_delay 10
  vrrp_garp_interval 0.001
  vrrp_gna_interval 0.000001
  vrrp_skip_check_adv_addr
  dynamic_interfaces
}
vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  mcast_src_ip 192.0.2.1
  virtual_router_id 51
  priority 100
  advert_int 0.25
  nopreempt
  garp_master_refresh 60
  track_interface {
    eth1
    eth2 weight -10
  }
  virtual_ipaddress {
    192.0.2.100/24 brd 192.0.2.255 dev eth0 scope global label eth0:1
    192.0.2.101/24
  }
  virtual_ipaddress_excluded {
    2001:db8::100/64
  }
}
vrrp_instance VI_2 {
  interface eth1
  version 2
  virtual_router_id 51
  unicast_src_ip 10.0.0.1
  unicast_peer {
    10.0.0.2
    10.0.0.3 min_ttl 255
  }
  authentication {
    auth_type PASS
    auth_pass 1111
  }
  virtual_ipaddress {
    10.0.0.100
  }
}
`;

describe('vrrp keywords', () => {
  it('are all accepted where they are right', () => {
    assert.deepEqual(remarks(everything), []);
  });

  it('are refused at their place where they are wrong', () => {
    const text = [
      'vrrp_instance VI_1 {',
      '  interface eth0',
      '  virtual_router_id 256',
      '  priority 0',
      '  advert_intt 1',
      '  version 4',
      '  virtual_ipaddress {',
      '    192.0.2.300',
      '  }',
      '  virtual_ipaddress_excluded {',
      '    192.0.2.1 scop link',
      '  }',
      '  use_vmac',
      '  track_interface {',
      '    eth1 weight 300',
      '  }',
      '}',
      '',
    ].join('\n');
    const places = remarks(text).map((remark) => /^(\d+:\d+): error: .*\[(\w+)\]$/.exec(remark)?.slice(1).join(' '));
    assert.deepEqual(places, [
      '3:21 CONFIG_OUT_OF_RANGE',
      '4:12 CONFIG_OUT_OF_RANGE',
      '5:3 CONFIG_UNKNOWN_KEYWORD',
      '6:11 CONFIG_BAD_VALUE',
      '8:5 CONFIG_BAD_VALUE',
      '11:15 CONFIG_BAD_VALUE',
      '13:3 CONFIG_NOT_BUILT',
      '15:17 CONFIG_OUT_OF_RANGE',
    ]);
  });

  it('that follow a BFD session which is kept down are taken, with a warning of what that means for this router', () => {
    const session = (name: string, i: number) => `bfd_instance ${name} {\nneighbor_ip 192.0.2.${i}\nadmin_down\n}`;
    const sessions = ['B1', 'B2', 'B3', 'B4'].map(session).join('\n').split('\n');
    const tracked = ['track_bfd {', 'B1', 'B2 weight -30', 'B3 weight 30', 'B4 weight 0 reverse', '}', 'bfd_hint B2'];
    const lines = ['vrrp_instance VI_1 {', 'interface eth0', 'virtual_router_id 51', 'priority 100', ...tracked];
    const said = remarks([...sessions, ...lines, 'virtual_ipaddress {', '192.0.2.100', '}', '}', ''].join('\n'));
    const expected = [
      ['track_bfd', 'B1', 'this router stays in FAULT from a start on'],
      ['track_bfd', 'B2', 'its weight of -30 applies from a start on'],
      ['track_bfd', 'B3', 'its weight never applies'],
      ['track_bfd', 'B4', 'it will never keep this router from serving'],
      ['bfd_hint', 'B2', 'it will never say that the master is dead'],
    ].map(([keyword, name, means]) => {
      const line = sessions.length + lines.findIndex((one) => one.startsWith(keyword ?? '')) + 1;
      const message = `(VI_1) bfd_instance ${name} has admin_down, so it does not come up: ${means}`;
      const hint = `remove admin_down from bfd_instance ${name}, or ${name} from ${keyword}`;
      return `${line}:1: warning: ${message} (${hint}) [VRRP_BFD]`;
    });
    assert.deepEqual(said, expected);
  });

  it('that say how keepalived sets the rules of no_accept are taken, with a remark', () => {
    const global = ['nftables keepalived', 'nftables_priority -5', 'nftables_ifindex', 'nftables_counters'];
    const said = remarks(['global_defs {', ...global, 'vrrp_iptables INPUT OUTPUT', 'vrrp_ipsets', '}'].join('\n'));
    assert.equal(said.length, 6);
    assert.equal(
      said[0],
      '2:10: warning: this has no effect: no_accept always uses nftables, in the table inet mainstay-vrrp [CONFIG_NO_EFFECT]',
    );
    assert.ok(said.every((line) => line.includes(': warning: this has no effect: ')));
  });

  it('are compared across instances', () => {
    const one = 'vrrp_instance VI_1 {\n  interface eth0\n  virtual_router_id 1\n  virtual_ipaddress {\n    192.0.2.1\n  }\n}\n';
    const [remark, ...more] = remarks(one + one.replace('VI_1', 'VI_2'));
    assert.match(remark ?? '', /^10:3: error: \(VI_2\) VRID 1 on eth0 is already that of VI_1.*\[VRRP_DUPLICATE_VRID\]$/);
    assert.deepEqual(more, []);
  });
});
