/**
 * keepalived's keywords of load balancing: `virtual_server`, `real_server`, `virtual_server_group` and LVS's part of `global_defs`.
 * Schema only: what the values mean together is in virtual-server.ts. Spellings, ranges and defaults are those of keepalived.conf(5).
 */
import { checkerGroup, type Infer, longestDelay, mostRetries, s } from '@mainstay/sdk';
import { flushOnStop, syncDaemon, timeouts } from './global-values.js';
import { groupEntry } from './group-entry.js';
import {
  engine,
  forwarding,
  mailAlert,
  persistenceGranularity,
  persistenceTimeout,
  placedFlag,
  protocol,
  scheduler,
  serverAddress,
} from './values.js';

const largestWeight = 2 ** 31 - 1;
const largestCount = 2 ** 32 - 1;

const noSnmp = 'SNMP is not built yet; `mainstay status --json` prints the names of the configuration';

/** Keywords of a virtual server that are the defaults of its real servers, and theirs of their checkers. */
const probing = {
  delay_loop: () =>
    s.seconds(0.001, longestDelay).optional().doc('Seconds from the beginning of one probe to that of the next. Default 60.'),
  warmup: () =>
    s
      .seconds(0, longestDelay)
      .optional()
      .doc('The first probe begins at a random moment within so many seconds. Default delay_loop.'),
  retry: () => s.int(1, mostRetries).optional().doc('More attempts after a failed probe before it counts. Default by checker.'),
  rise: () => s.int(1, 1000).optional().doc('Successes in a row that bring a server up; default 1. Not a keyword of keepalived.'),
  delay_before_retry: () =>
    s.seconds(0, longestDelay).optional().doc('Seconds from a failed attempt to the next; 0: at once. Default by checker.'),
  connect_timeout: () => s.seconds(0.001, 86_400).optional().doc('How long a probe may take. Default 5 seconds.'),
  virtualhost: () => s.word('a host name').optional().doc('Name of the host that HTTP checkers ask for.'),
};

export const realServerBlock = s
  .block({
    weight: s
      .int(0, largestWeight)
      .optional()
      .doc("Share of the connections; 0: no new ones. Default the virtual server's, or 1."),
    lvs_method: s.custom(forwarding).optional().doc("How packets reach the server. Default the virtual server's."),
    uthreshold: s.int(0, largestCount).default(0).doc('Connections at which it gets no more; 0: no limit.'),
    lthreshold: s.int(0, largestCount).default(0).doc('Connections below which a server that had too many gets some again.'),
    inhibit_on_failure: s.bool().optional().doc("Weight 0 instead of removal. Default the virtual server's."),
    alpha: s.bool().optional().doc('Down until its checkers have succeeded.'),
    delay_loop: probing.delay_loop(),
    warmup: probing.warmup(),
    retry: probing.retry(),
    rise: probing.rise(),
    delay_before_retry: probing.delay_before_retry(),
    connect_timeout: probing.connect_timeout(),
    virtualhost: probing.virtualhost(),
    smtp_alert: mailAlert().doc('Mail at changes of state. Mail is not built yet: nothing is sent.'),
    snmp_name: s.noEffect(noSnmp),
    checkers: s.plugged(checkerGroup).doc('How to find out whether the server does its work; all of them must agree.'),
  })
  .doc('A server that does the work of its virtual server.');

export const virtualServerBlock = s
  .block({
    ip_family: s
      .oneOf('inet', 'inet6')
      .optional()
      .tellsApart()
      .doc('Family of a firewall mark, where its real servers do not tell.'),
    lb_algo: s
      .custom(scheduler)
      .optional()
      .alias('lvs_sched')
      .doc('Scheduler: which real server a connection goes to. Default wlc.'),
    lb_kind: s.custom(forwarding).optional().alias('lvs_method').doc('How packets reach the real servers. Default NAT.'),
    protocol: s.custom(protocol).optional().tellsApart().doc('In any case. Without it: UDP, as keepalived has it.'),
    persistence_timeout: s.custom(persistenceTimeout).optional().doc('Seconds that a client stays with its server; alone: 360.'),
    persistence_granularity: s
      .custom(persistenceGranularity)
      .optional()
      .doc('Clients that count as one: IPv4 by mask, IPv6 by prefix length.'),
    persistence_engine: s.custom(engine).optional().doc('Persistence engine of the kernel, such as sip.'),
    ops: s.flag().doc('One-packet scheduling: every datagram is scheduled anew (UDP).'),
    hashed: s.noEffect('the kernel hashes every service by itself'),
    'flag-1': s.flag().doc('Flag 1 of the scheduler.'),
    'flag-2': s.flag().doc('Flag 2 of the scheduler.'),
    'flag-3': s.flag().doc('Flag 3 of the scheduler.'),
    'sh-port': placedFlag().doc('Scheduler sh hashes the source port, too. After the line of the scheduler.'),
    'sh-fallback': placedFlag().doc(
      'Scheduler sh takes another server where its own has weight 0. After the line of the scheduler.',
    ),
    'mh-port': placedFlag().doc('Scheduler mh hashes the source port, too. After the line of the scheduler.'),
    'mh-fallback': placedFlag().doc(
      'Scheduler mh takes another server where its own has weight 0. After the line of the scheduler.',
    ),
    weight: s.int(1, largestWeight).default(1).doc('Weight of real servers that do not say.'),
    inhibit_on_failure: s.bool().default(false).doc('A real server that is down gets weight 0 instead of being removed.'),
    alpha: s.bool().default(false).doc('Real servers are down until their checkers have succeeded.'),
    omega: s.bool().default(false).doc('Run the scripts for what goes down when the daemon stops.'),
    quorum: s.int(1, largestCount).default(1).doc('Sum of the weights of live real servers that the service needs.'),
    hysteresis: s.int(0, largestCount).default(0).doc('Beyond quorum to gain it, below quorum to lose it.'),
    sorry_server: s.custom(serverAddress).optional().doc('Server for the time without quorum. It is not checked.'),
    sorry_server_inhibit: s.bool().default(false).doc('The sorry server gets weight 0 instead of being removed.'),
    sorry_server_lvs_method: s
      .custom(forwarding)
      .optional()
      .doc("How packets reach the sorry server. Default the virtual server's."),
    ha_suspend: s.bool().default(false).doc('No probes while the address is not on this host.'),
    delay_loop: probing.delay_loop(),
    warmup: probing.warmup(),
    retry: probing.retry(),
    rise: probing.rise(),
    delay_before_retry: probing.delay_before_retry(),
    connect_timeout: probing.connect_timeout(),
    virtualhost: probing.virtualhost(),
    smtp_alert: mailAlert().doc('Mail at gain and loss of quorum. Mail is not built yet: nothing is sent.'),
    snmp_name: s.noEffect(noSnmp),
    real_server: s.headed(serverAddress, realServerBlock).repeated().doc('One of the servers that do the work.'),
  })
  .doc('An address whose connections the kernel distributes over real servers (IPVS).');

export const groupBlock = s.entries(groupEntry).doc('Addresses and firewall marks that one virtual_server serves together.');

export const globalKeywords = {
  lvs_timeouts: s
    .custom(timeouts)
    .optional()
    .doc("The kernel's timeouts of connections; those that are not named, or named with 0, stay as they are."),
  lvs_flush: s.flag().doc("Empty the kernel's whole table at the start of the daemon, entries of others included."),
  lvs_flush_on_stop: s
    .custom(flushOnStop)
    .optional()
    .doc(
      "Empty the kernel's whole table when the daemon stops; with VS: remove our services without their real servers one by one.",
    ),
  lvs_flush_onstop: s.custom(flushOnStop).optional().deprecated('lvs_flush_on_stop').doc('As lvs_flush_on_stop.'),
  lvs_sync_daemon: s.custom(syncDaemon).optional().doc('Tell another host of connections, or hear of its own.'),
  lvs_audit_interval: s
    .seconds(0, 86_400)
    .default(60_000)
    .doc("Seconds between two comparisons of the kernel's table with what it should be; 0: none."),
  rs_init_notifies: s.bool().default(false).doc('Tell of the state in which real servers begin, too.'),
  checker_log_all_failures: s.bool().default(false).doc('Log every failed probe, not only the one that counts.'),
  nftables_ipvs: s.notBuilt('nftables_ipvs (one firewall mark for a whole group)'),
  nftables_ipvs_priority: s.notBuilt('nftables_ipvs (one firewall mark for a whole group)'),
  nftables_ipvs_start_fwmark: s.notBuilt('nftables_ipvs (one firewall mark for a whole group)'),
};

export type RealServerValue = Infer<typeof realServerBlock>;
export type VirtualServerValue = Infer<typeof virtualServerBlock>;
export type GroupValue = Infer<typeof groupBlock>;
export type GlobalValue = { readonly [K in keyof typeof globalKeywords]: Infer<(typeof globalKeywords)[K]> };
