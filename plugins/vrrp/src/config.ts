/**
 * keepalived's keywords of VRRP: the block `vrrp_instance` and VRRP's part of `global_defs`. Schema only: what the values mean
 * together is in instance-config.ts. Spellings, ranges and defaults are those of keepalived.conf(5).
 */
import { type Args, canonicalAddress, type Field, type Infer, s, type ValueSpec } from '@mainstay/sdk';
import { addressEntry } from './address-entry.js';

const address = (what: string): Field<string> =>
  s.custom({
    syntax: 'ADDR',
    json: { type: 'string' },
    parse(args) {
      const word = args.take() ?? args.fail(`${what} is missing`, { code: 'CONFIG_MISSING_VALUE' });
      return (
        canonicalAddress(word.text) ?? args.fail(`"${word.text}" is not an IP address`, { at: word.at, code: 'CONFIG_BAD_VALUE' })
      );
    },
  });

function takeInteger(args: Args, min: number, max: number, what: string): number {
  const word = args.take() ?? args.fail(`${what} is missing`, { code: 'CONFIG_MISSING_VALUE' });
  const n = /^-?[0-9]+$/.test(word.text) ? Number(word.text) : Number.NaN;
  if (n >= min && n <= max) return n;
  return args.fail(`${what} must be a whole number ${min}..${max}, not "${word.text}"`, {
    at: word.at,
    code: 'CONFIG_OUT_OF_RANGE',
  });
}

/** An interface whose state is tracked; weight 0: its loss is a fault. */
export interface TrackedInterface {
  readonly name: string;
  readonly weight: number;
  readonly isReversed: boolean;
}

const trackedInterface: ValueSpec<TrackedInterface> = {
  syntax: 'IF [weight -253..253 [reverse]]',
  json: { type: 'string' },
  parse(args) {
    const name = args.take()?.text ?? args.fail('an interface name is missing', { code: 'CONFIG_MISSING_VALUE' });
    if (args.peek() === undefined) return { name, weight: 0, isReversed: false };
    const word = args.take();
    if (word?.text !== 'weight')
      return args.fail(`"${word?.text}" is not known here`, {
        ...(word && { at: word.at }),
        code: 'CONFIG_BAD_VALUE',
        hint: 'write: IF weight N',
      });
    const weight = takeInteger(args, -253, 253, 'the weight');
    const isReversed = args.peek()?.text === 'reverse';
    if (isReversed) args.take();
    return { name, weight, isReversed };
  },
};

const sessionName: ValueSpec<string> = {
  syntax: 'NAME',
  json: { type: 'string' },
  parse: (args) => args.take()?.text ?? args.fail('the name of a bfd_instance is missing', { code: 'CONFIG_MISSING_VALUE' }),
};

/** As it is written: of the weight, what is left out is that of the session. */
export interface WrittenSession {
  readonly name: string;
  readonly weight?: number;
  readonly isReversed?: boolean;
}

const trackedSession: ValueSpec<WrittenSession> = {
  syntax: 'NAME [weight -253..253 [reverse|noreverse]]',
  json: { type: 'string' },
  parse(args) {
    const name = sessionName.parse(args);
    const word = args.take();
    if (word === undefined) return { name };
    if (word.text !== 'weight')
      return args.fail(`"${word.text}" is not known here`, {
        at: word.at,
        code: 'CONFIG_BAD_VALUE',
        hint: 'write: NAME weight N',
      });
    const weight = takeInteger(args, -253, 253, 'the weight');
    const option = args.take();
    if (option === undefined) return { name, weight };
    if (option.text === 'reverse' || option.text === 'noreverse') return { name, weight, isReversed: option.text === 'reverse' };
    const hint = 'write reverse, noreverse, or nothing';
    return args.fail(`"${option.text}" is not known here`, { at: option.at, code: 'CONFIG_BAD_VALUE', hint });
  },
};

/** Of bfd_instance, whose plugin parses them. */
export const sessionKeywords = {
  weight: s
    .custom<{ readonly value: number; readonly isReversed: boolean }>({
      syntax: '-253..253 [reverse|noreverse]',
      json: { type: 'string' },
      parse: (args) => args.fail('there is no plugin for bfd_instance'),
    })
    .optional()
    .shared()
    .doc('Default weight for those who track the session.'),
  vrrp: s.flag().shared().doc('Only for tracking by virtual routers, unless checker is written too.'),
  checker: s.flag().shared().doc('Only for checking of servers, unless vrrp is written too.'),
  admin_down: s.flag().shared().doc('Keep the session administratively down; the peer is told so. Not a keyword of keepalived.'),
};
export type SessionValue = { readonly [K in keyof typeof sessionKeywords]: Infer<(typeof sessionKeywords)[K]> };

/** A unicast peer; a TTL bound turns the TTL check on for it. */
export interface UnicastPeer {
  readonly address: string;
  readonly minTtl?: number;
  readonly maxTtl?: number;
}

const unicastPeer: ValueSpec<UnicastPeer> = {
  syntax: 'ADDR [min_ttl 0..255] [max_ttl 0..255]',
  json: { type: 'string' },
  parse(args) {
    const word = args.take() ?? args.fail('a peer address is missing', { code: 'CONFIG_MISSING_VALUE' });
    const peer: { address: string; minTtl?: number; maxTtl?: number } = {
      address:
        canonicalAddress(word.text) ??
        args.fail(`"${word.text}" is not an IP address`, { at: word.at, code: 'CONFIG_BAD_VALUE' }),
    };
    for (let option = args.take(); option !== undefined; option = args.take()) {
      if (option.text === 'min_ttl') peer.minTtl = takeInteger(args, 0, 255, 'min_ttl');
      else if (option.text === 'max_ttl') peer.maxTtl = takeInteger(args, 0, 255, 'max_ttl');
      else
        args.fail(`"${option.text}" is not an option of a peer`, {
          at: option.at,
          code: 'CONFIG_BAD_VALUE',
          hint: 'known: min_ttl max_ttl',
        });
    }
    return peer;
  },
};

/** Bare keyword: on; `never`: neither used nor detected. */
const oldUnicastChecksum: Field<'on' | 'never'> = s.custom({
  syntax: '[never]',
  json: { enum: ['on', 'never'] },
  parse(args) {
    const word = args.take();
    if (word === undefined) return 'on' as const;
    return word.text === 'never'
      ? ('never' as const)
      : args.fail(`"${word.text}" is not known here`, { at: word.at, code: 'CONFIG_BAD_VALUE', hint: 'write never, or nothing' });
  },
});

const count = (min: number, max = 65535) => s.int(min, max);
const delay = () => s.seconds(0, 86400);

/** Keywords that stand in `global_defs` as `vrrp_<name>` and in an instance as `<name>`. */
const garp = {
  master_delay: () =>
    delay().optional().doc('Seconds from becoming master to the second burst of gratuitous ARP; 0: no second burst. Default 5.'),
  master_repeat: () => count(0).optional().doc('Gratuitous ARPs for each address in a burst. Default 5.'),
  master_refresh: () => delay().optional().doc('Seconds between repeated gratuitous ARPs while master; 0: none. Default 0.'),
  master_refresh_repeat: () => count(0).optional().doc('Gratuitous ARPs for each address at a refresh. Default 1.'),
  lower_prio_delay: () => delay().optional().doc('As garp_master_delay, after an advertisement of lower priority was heard.'),
  lower_prio_repeat: () =>
    count(0).optional().doc('As garp_master_repeat, after an advertisement of lower priority was heard; 0: none.'),
};

export const globalKeywords = {
  vrrp_version: s.oneOf('2', '3').default('2').doc('VRRP version of instances that do not say. IPv6 is always version 3.'),
  vrrp_mcast_group4: address('a multicast group').default('224.0.0.18').doc('IPv4 multicast group of advertisements.'),
  vrrp_mcast_group6: address('a multicast group').default('ff02::12').doc('IPv6 multicast group of advertisements.'),
  vrrp_garp_master_delay: garp.master_delay(),
  vrrp_garp_master_repeat: garp.master_repeat(),
  vrrp_garp_master_refresh: garp.master_refresh(),
  vrrp_garp_master_refresh_repeat: garp.master_refresh_repeat(),
  vrrp_garp_lower_prio_delay: garp.lower_prio_delay(),
  vrrp_garp_lower_prio_repeat: garp.lower_prio_repeat(),
  vrrp_garp_interval: s.seconds(0, 10).default(0).doc('Seconds between two gratuitous ARPs on an interface.'),
  vrrp_gna_interval: s.seconds(0, 10).default(0).doc('Seconds between two unsolicited neighbour advertisements on an interface.'),
  vrrp_min_garp: s.bool().default(false).doc('One gratuitous ARP for each address and no second burst.'),
  vrrp_down_timer_adverts: s.int(1, 100).default(3).doc('Advertisements that may be missed before the master counts as down.'),
  vrrp_dead_man_time: s
    .seconds(0.1, 3600)
    .optional()
    .doc('Seconds for which the daemon may hang before it resigns. Default 2, or the master-down interval where that is longer.'),
  vrrp_lower_prio_no_advert: s.bool().default(false).doc('Do not answer an advertisement of lower priority at once.'),
  vrrp_higher_prio_send_advert: s.bool().default(false).doc('Send one last advertisement before yielding to a higher priority.'),
  vrrp_check_unicast_src: s.flag().doc('Accept unicast advertisements from configured peers only.'),
  vrrp_skip_check_adv_addr: s
    .bool()
    .default(false)
    .doc('Do not compare the addresses in advertisements with the configured ones.'),
  vrrp_startup_delay: s.seconds(0, 3600).default(0).doc('Seconds to wait before instances start.'),
  v3_checksum_as_v2: s.bool().default(false).doc('Version 3 on IPv4: leave the pseudo-header out of the checksum.'),
  log_unknown_vrids: s.flag().doc('Log advertisements for virtual router ids that are not configured.'),
  vrrp_owner_ignore_adverts: s
    .bool()
    .default(true)
    .doc('The address owner ignores advertisements; RFC 9568 demands it and Mainstay always does.'),
  vrrp_garp_extra_if: s
    .notBuilt('vrrp_garp_extra_if (gratuitous ARP on the extra interfaces of a virtual MAC)')
    .alias('vrrp_vmac_garp_intvl'),
  vrrp_strict: s.notBuilt('vrrp_strict (refusing what the RFCs do not have)'),
  vrrp_iptables: s.noEffect('no_accept uses nftables, never iptables'),
  vrrp_ipsets: s.noEffect('no_accept uses nftables, never ipsets'),
  vrrp_delay_after_boot: s.notBuilt('vrrp_delay_after_boot'),
  dynamic_interfaces: s
    .custom<boolean>({ syntax: '[allow_if_changes]', json: { type: 'boolean' }, parse: (args) => args.take() !== null })
    .default(true)
    .doc('Interfaces may be missing at start and come and go. Mainstay always allows it.'),
  default_interface: s.notBuilt('default_interface (static addresses and routes)'),
  disable_local_igmp: s.notBuilt('disable_local_igmp'),
  vmac_prefix: s.notBuilt('vmac_prefix (virtual MAC addresses)'),
  vmac_addr_prefix: s.notBuilt('vmac_addr_prefix (virtual MAC addresses)'),
  vrrp_rx_bufs_policy: s.notBuilt('vrrp_rx_bufs_policy'),
  vrrp_rx_bufs_multiplier: s.notBuilt('vrrp_rx_bufs_multiplier'),
  nftables: s.noEffect('no_accept always uses nftables, in the table inet mainstay-vrrp'),
  nftables_priority: s.noEffect('the chain of no_accept has priority -1'),
  nftables_ifindex: s.noEffect('link-local addresses are matched by the name of their interface'),
  nftables_counters: s.noEffect('packets that no_accept drops are always counted'),
};

export const authenticationBlock = s.block({
  auth_type: s.oneOf('PASS', 'AH').doc('PASS: a password in clear text (RFC 2338). AH is not built yet.'),
  auth_pass: s.word('a password').secret().doc('Password, at most eight characters.'),
});

export const instanceBlock = s
  .block({
    state: s
      .oneOf('MASTER', 'BACKUP')
      .default('BACKUP')
      .doc('Initial state. Only priority 255 really skips the wait for a master.'),
    interface: s.word('an interface').doc('Interface on which advertisements are sent and heard.'),
    virtual_router_id: s.int(1, 255).doc('Virtual router id.'),
    priority: s
      .int(1, 255)
      .optional()
      .doc('Base priority; 255: this router owns the addresses. Default 100, or 255 with state MASTER.'),
    version: s.oneOf('2', '3').optional().doc('VRRP version; IPv6 is always 3.'),
    advert_int: s
      .seconds(0.01, 255)
      .default(1000)
      .doc('Seconds between advertisements: whole in version 2, hundredths up to 40.95 in version 3.'),
    down_timer_adverts: s.int(1, 100).optional().doc('Advertisements that may be missed. Default 3.'),
    mcast_src_ip: address('a source address').optional().doc('Source address of multicast advertisements.'),
    unicast_src_ip: address('a source address').optional().doc('Source address of unicast advertisements.'),
    mcast_dst_ip: address('a multicast group').optional().doc('Multicast group of this instance.'),
    unicast_peer: s.lines(unicastPeer).doc('Routers to advertise to by unicast.'),
    unicast_ttl: s.int(1, 255).default(255).doc('TTL or hop limit of unicast advertisements.'),
    unicast_fault_no_peer: s.flag().doc('With a unicast source and no peers: FAULT instead of multicast.'),
    check_unicast_src: s.flag().doc('Accept unicast advertisements from configured peers only.'),
    old_unicast_checksum: oldUnicastChecksum
      .optional()
      .doc('Checksum of keepalived before 1.3.6 for unicast; otherwise detected.'),
    v3_checksum_as_v2: s.bool().optional().doc('Version 3 on IPv4: leave the pseudo-header out of the checksum.'),
    track_src_ip: s.flag().doc('FAULT while the configured source address is missing.'),
    dont_track_primary: s.flag().doc("Ignore the state of the instance's own interface."),
    track_interface: s.lines(trackedInterface).doc('Interfaces to track: loss is a fault, or changes the priority by a weight.'),
    track_bfd: s.lines(trackedSession).doc('BFD sessions to track: while one is down, a fault or another priority by a weight.'),
    bfd_hint: s
      .lines(sessionName)
      .doc(
        'BFD sessions with other routers: a master of which nothing is heard there is down at once. Not a keyword of keepalived.',
      ),
    authentication: s.nested(authenticationBlock).optional().doc('Password authentication (version 2 only).'),
    virtual_ipaddress: s.lines(addressEntry).doc('Virtual addresses, advertised; all of one family.'),
    virtual_ipaddress_excluded: s.lines(addressEntry).doc('Virtual addresses that are not advertised; either family.'),
    no_virtual_ipaddress: s.flag().doc('Permit an instance without addresses.'),
    nopreempt: s.flag().doc('Leave a master of lower priority alone.'),
    preempt: s.flag().doc('Take over from a master of lower priority (the default).'),
    preempt_delay: s.seconds(0, 1000).optional().doc('Seconds to tolerate a master of lower priority after it was first heard.'),
    accept: s.flag().doc('Accept packets to the virtual addresses (the default).'),
    no_accept: s.flag().doc('Drop packets to the virtual addresses, except neighbour discovery (RFC 9568 Accept_Mode false).'),
    lower_prio_no_advert: s.bool().optional().doc('Do not answer an advertisement of lower priority at once.'),
    higher_prio_send_advert: s.bool().optional().doc('Send one last advertisement before yielding to a higher priority.'),
    owner_ignore_adverts: s.bool().default(true).doc('The address owner ignores advertisements; Mainstay always does.'),
    skip_check_adv_addr: s.bool().optional().doc('Do not compare the addresses in advertisements with the configured ones.'),
    garp_master_delay: garp.master_delay(),
    garp_master_repeat: garp.master_repeat(),
    garp_master_refresh: garp.master_refresh(),
    garp_master_refresh_repeat: garp.master_refresh_repeat(),
    garp_lower_prio_delay: garp.lower_prio_delay(),
    garp_lower_prio_repeat: garp.lower_prio_repeat(),
    native_ipv6: s.flag().deprecated('an IPv6 address in virtual_ipaddress').doc('Runs over IPv6.'),
    debug: s.int(0, 4).optional().doc('Accepted for compatibility; keepalived makes no use of it either.'),
    linkbeat_use_polling: s.notBuilt('linkbeat_use_polling'),
    kernel_rx_buf_size: s.notBuilt('kernel_rx_buf_size'),
    promote_secondaries: s.notBuilt('promote_secondaries'),
    use_vmac: s.notBuilt('use_vmac (a virtual MAC address)'),
    use_vmac_addr: s.notBuilt('use_vmac_addr (a virtual MAC address)'),
    vmac_xmit_base: s.notBuilt('vmac_xmit_base (a virtual MAC address)'),
    use_ipvlan: s.notBuilt('use_ipvlan'),
    vrf: s.notBuilt('vrf'),
    strict_mode: s.notBuilt('strict_mode (refusing what the RFCs do not have)'),
    timer_expired_backup: s.notBuilt('timer_expired_backup').alias('thread_timer_expired'),
    garp_extra_if: s.notBuilt('garp_extra_if (a virtual MAC address)').alias('vmac_garp_intvl'),
    track_script: s.notBuilt('track_script'),
    track_file: s.notBuilt('track_file'),
    track_process: s.notBuilt('track_process'),
    auth_hmac: s.notBuilt('auth_hmac (HMAC authentication)'),
    virtual_routes: s.notBuilt('virtual_routes'),
    virtual_rules: s.notBuilt('virtual_rules'),
    lvs_sync_daemon_interface: s.notBuilt('lvs_sync_daemon_interface (IPVS connection synchronisation)'),
  })
  .doc('A virtual router: addresses that one of several hosts holds at a time (RFC 3768, RFC 9568).');

export type InstanceValue = Infer<typeof instanceBlock>;
export type GlobalValue = { readonly [K in keyof typeof globalKeywords]: Infer<(typeof globalKeywords)[K]> };
