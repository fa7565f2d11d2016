/**
 * One keepalived.conf for both routers of a test, told apart by their configuration id (`-i`): `a` and `b` (A is preferred),
 * and `late`, which is A with nopreempt. Used by the interoperation tests.
 */

export interface Variant {
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  readonly mode: 'multicast' | 'unicast';
  /** Seconds between adverts. */
  readonly interval: number;
}

export const priorities = { a: 150, b: 100 } as const;

/** Every combination that VRRP has: version 2 knows IPv4 only, and whole seconds. */
export const variants: readonly Variant[] = [
  { version: 2, family: 4, mode: 'multicast', interval: 1 },
  { version: 2, family: 4, mode: 'unicast', interval: 1 },
  { version: 3, family: 4, mode: 'multicast', interval: 0.2 },
  { version: 3, family: 4, mode: 'unicast', interval: 0.2 },
  { version: 3, family: 6, mode: 'multicast', interval: 0.2 },
  { version: 3, family: 6, mode: 'unicast', interval: 0.2 },
];

/** The address that clients use. */
export function serviceAddress(family: 4 | 6): string {
  return family === 4 ? '10.9.0.100' : 'fd09::100';
}

/** Addresses in the order of the configuration and of the packet; RFC 9568 section 5.2.9 wants a link-local first. */
export function advertised(family: 4 | 6): readonly string[] {
  return family === 4 ? ['10.9.0.100', '10.9.0.101'] : ['fe80::100', 'fd09::100'];
}

export function routerConf({ version, family, mode, interval }: Variant): string {
  const [a, b] = family === 4 ? ['10.9.0.1', '10.9.0.2'] : ['fd09::1', 'fd09::2'];
  const length = family === 4 ? 24 : 64;
  const unicast = ['  unicast_src_ip $MINE', '  unicast_peer {', '    $OTHER', '  }'];
  const lines = [
    `@a $MINE=${a}`,
    `@a $OTHER=${b}`,
    `@late $MINE=${a}`,
    `@late $OTHER=${b}`,
    `@b $MINE=${b}`,
    `@b $OTHER=${a}`,
    '',
    'global_defs {',
    `  vrrp_version ${version}`,
    '}',
    '',
    'vrrp_instance VI_1 {',
    '  state BACKUP',
    '  interface eth0',
    '  virtual_router_id 51',
    `  @a priority ${priorities.a}`,
    `  @late priority ${priorities.a}`,
    `  @b priority ${priorities.b}`,
    '  @late nopreempt',
    `  advert_int ${interval}`,
    ...(mode === 'unicast' ? unicast : []),
    ...(version === 2 ? ['  authentication {', '    auth_type PASS', '    auth_pass s3cret', '  }'] : []),
    '  virtual_ipaddress {',
    ...advertised(family).map((address) => `    ${address}/${length}`),
    '  }',
    '}',
    '',
  ];
  return lines.join('\n');
}

/** Skew_Time in seconds: RFC 3768 section 6.1 counts in seconds, RFC 9568 section 6.1 in intervals. */
export function skewTime({ version, interval }: Variant, priority: number): number {
  return ((256 - priority) / 256) * (version === 2 ? 1 : interval);
}

/** Master_Down_Interval (Active_Down_Interval) in seconds. */
export function masterDownInterval(variant: Variant, priority: number): number {
  return 3 * variant.interval + skewTime(variant, priority);
}
