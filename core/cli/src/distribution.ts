/**
 * The default distribution, as data: the plugins that come with the command, the parts that -P, -C and -B select, and keepalived's
 * root keywords that no plugin does yet. A vendor's distribution is another list.
 */

export interface Part {
  /** As the operator calls it. */
  readonly name: string;
  /** Root keywords of its blocks: passed over when the part is switched off. */
  readonly keywords: readonly string[];
  /** Plugins that do not run when the part is switched off. */
  readonly plugins: readonly string[];
}

/** Package names, in load order. */
export const plugins = [
  '@mainstay/vrrp',
  '@mainstay/bfd',
  '@mainstay/ipvs',
  '@mainstay/checker-tcp',
  '@mainstay/checker-http',
  '@mainstay/checker-smtp',
  '@mainstay/checker-dns',
  '@mainstay/checker-udp',
  '@mainstay/checker-ping',
  '@mainstay/checker-misc',
  '@mainstay/checker-file',
  '@mainstay/checker-bfd',
  '@mainstay/notify-script',
  '@mainstay/notify-file',
] as const;

export const parts = {
  vrrp: {
    name: 'VRRP',
    keywords: [
      'vrrp_instance',
      'vrrp_sync_group',
      'vrrp_script',
      'vrrp_track_process',
      'vrrp_track_file',
      'track_file',
      'track_group',
      'garp_group',
      'static_ipaddress',
      'static_routes',
      'static_rules',
    ],
    plugins: ['vrrp'],
  },
  check: {
    name: 'load balancing',
    keywords: ['virtual_server', 'virtual_server_group', 'SSL'],
    plugins: [
      'ipvs',
      'checker-tcp',
      'checker-http',
      'checker-smtp',
      'checker-dns',
      'checker-udp',
      'checker-ping',
      'checker-misc',
      'checker-file',
      'checker-bfd',
    ],
  },
  bfd: { name: 'BFD', keywords: ['bfd_instance'], plugins: ['bfd'] },
} as const satisfies Readonly<Record<string, Part>>;

/** Root keywords of keepalived that are not built yet. A plugin that contributes one of them takes precedence. */
export const reserved: readonly (readonly [keyword: string, why: string])[] = [
  ['vrrp_sync_group', 'synchronised groups of VRRP instances'],
  ['vrrp_script', 'tracking by script'],
  ['vrrp_track_process', 'tracking of processes'],
  ['vrrp_track_file', 'tracking of files'],
  ['track_group', 'groups of tracked static items'],
  ['garp_group', 'pacing of gratuitous ARP by group'],
  ['static_ipaddress', 'static addresses'],
  ['static_routes', 'static routes'],
  ['static_rules', 'static rules'],
  ['interface_up_down_delays', 'debouncing of link changes'],
  ['linkbeat_interfaces', 'polling of links'],
  ['linkbeat_use_polling', 'polling of links'],
  ['net_namespace_ipvs', 'load balancing in another network namespace'],
  ['namespace_with_ipsets', 'firewall sets in a network namespace'],
];
