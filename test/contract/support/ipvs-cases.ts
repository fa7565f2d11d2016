/**
 * What the contract of the port `ipvs` puts into the table, with the lines by which ipvsadm saves and restores the same: so that our
 * writing and reading cannot agree on a mistake.
 */
import type { IpvsDestination, IpvsService, IpvsServiceId } from '@mainstay/sdk';

export interface IpvsCase {
  readonly name: string;
  readonly service: IpvsService;
  readonly destinations: readonly IpvsDestination[];
  /** Of `ipvsadm --save --numeric`, in any order. */
  readonly saved: readonly string[];
  /** What is only among the arguments of ipvsadm, not in what it saves, to the line of that number. */
  readonly unsaved?: readonly string[];
}

export const web: IpvsServiceId = { family: 4, protocol: 'tcp', address: '192.0.2.1', port: 80 };
export const web6: IpvsServiceId = { family: 6, protocol: 'tcp', address: '2001:db8::1', port: 443 };

const plain = {
  family: 4,
  address: '10.0.0.1',
  port: 80,
  method: 'nat',
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
} as const;
const plain6 = { ...plain, family: 6, address: 'fd00::1', port: 443 } as const;

/** A destination that differs from the plainest in what is given. */
export function destination(more: Partial<IpvsDestination> = {}): IpvsDestination {
  return { ...(more.family === 6 ? plain6 : plain), ...more };
}

const simple = (
  name: string,
  service: IpvsService,
  line: string,
  destinations: readonly (readonly [IpvsDestination, string])[] = [],
): IpvsCase => ({
  name,
  service,
  destinations: destinations.map(([one]) => one),
  saved: [`-A ${line}`, ...destinations.map(([, text]) => `-a ${line.split(' -s ')[0]} ${text}`)],
});

const flagNames: Readonly<Record<string, readonly [string, string]>> = {
  sh: ['sh-fallback', 'sh-port'],
  mh: ['mh-fallback', 'mh-port'],
};

/** Of Linux 6.1 as the lab has it; a kernel with `twos` needs no other words for it. */
export const schedulers = 'rr wrr lc wlc lblc lblcr sh mh dh fo ovf sed nq'.split(' ');

const identities: readonly IpvsCase[] = [
  simple('TCP over IPv4', { id: web, scheduler: 'wlc' }, '-t 192.0.2.1:80 -s wlc', [
    [destination(), '-r 10.0.0.1:80 -m -w 1'],
    [destination({ port: 8080, weight: 0 }), '-r 10.0.0.1:8080 -m -w 0'],
    [destination({ address: '10.0.0.2', weight: 2147483647 }), '-r 10.0.0.2:80 -m -w 2147483647'],
  ]),
  simple('UDP over IPv4', { id: { ...web, protocol: 'udp', port: 53 }, scheduler: 'rr' }, '-u 192.0.2.1:53 -s rr', [
    [destination({ port: 53 }), '-r 10.0.0.1:53 -m -w 1'],
  ]),
  simple(
    'SCTP over IPv4',
    { id: { ...web, protocol: 'sctp', port: 36412 }, scheduler: 'rr' },
    '--sctp-service 192.0.2.1:36412 -s rr',
    [[destination({ port: 36412 }), '-r 10.0.0.1:36412 -m -w 1']],
  ),
  simple('TCP over IPv6', { id: web6, scheduler: 'wlc' }, '-t [2001:db8::1]:443 -s wlc', [
    [destination({ family: 6 }), '-r [fd00::1]:443 -m -w 1'],
    [destination({ family: 6, address: 'fd00::ff:2', method: 'dr' }), '-r [fd00::ff:2]:443 -g -w 1'],
  ]),
  simple('UDP over IPv6', { id: { ...web6, protocol: 'udp', port: 53 }, scheduler: 'rr' }, '-u [2001:db8::1]:53 -s rr'),
  simple(
    'SCTP over IPv6',
    { id: { ...web6, protocol: 'sctp', port: 9 }, scheduler: 'rr' },
    '--sctp-service [2001:db8::1]:9 -s rr',
  ),
  simple('a firewall mark over IPv4', { id: { family: 4, fwmark: 7 }, scheduler: 'rr' }, '-f 7 -s rr', [
    [destination({ port: 0, method: 'dr' }), '-r 10.0.0.1:0 -g -w 1'],
  ]),
  simple('a firewall mark over IPv6', { id: { family: 6, fwmark: 2147483647 }, scheduler: 'rr' }, '-f 2147483647 -6 -s rr', [
    [destination({ family: 6, port: 0, method: 'dr' }), '-r [fd00::1]:0 -g -w 1'],
  ]),
];

const persistences: readonly IpvsCase[] = [
  simple('persistence', { id: web, scheduler: 'rr', persistence: 360 }, '-t 192.0.2.1:80 -s rr -p 360'),
  simple(
    'persistence of networks',
    { id: web, scheduler: 'rr', persistence: 1, persistencePrefix: 20 },
    '-t 192.0.2.1:80 -s rr -p 1 -M 255.255.240.0',
  ),
  simple(
    'persistence by a mask with holes',
    { id: web, scheduler: 'rr', persistence: 1, persistenceMask: '255.255.0.255' },
    '-t 192.0.2.1:80 -s rr -p 1 -M 255.255.0.255',
  ),
  simple(
    'persistence of all clients together',
    { id: web, scheduler: 'rr', persistence: 1, persistencePrefix: 0 },
    '-t 192.0.2.1:80 -s rr -p 1 -M 0.0.0.0',
  ),
  simple(
    'persistence of IPv6 networks',
    { id: web6, scheduler: 'rr', persistence: 2678400, persistencePrefix: 64 },
    '-t [2001:db8::1]:443 -s rr -p 2678400 -M 64',
  ),
  simple('persistence of IPv6 addresses', { id: web6, scheduler: 'rr', persistence: 50 }, '-t [2001:db8::1]:443 -s rr -p 50'),
  simple('every port', { id: { ...web, port: 0 }, scheduler: 'rr', persistence: 300 }, '-t 192.0.2.1:0 -s rr -p 300', [
    [destination({ port: 0 }), '-r 10.0.0.1:0 -m -w 1'],
  ]),
  simple(
    'a persistence engine',
    { id: { ...web, protocol: 'udp', port: 5060 }, scheduler: 'rr', persistence: 60, persistenceEngine: 'sip' },
    '-u 192.0.2.1:5060 -s rr -p 60 --pe sip',
  ),
  simple(
    'one-packet scheduling',
    { id: { ...web, protocol: 'udp', port: 53 }, scheduler: 'rr', isOnePacket: true },
    '-u 192.0.2.1:53 -s rr -o',
  ),
];

const scheduled: readonly IpvsCase[] = schedulers.flatMap((scheduler) => {
  const [first, second] = flagNames[scheduler] ?? ['flag-1', 'flag-2'];
  return [
    simple(`scheduler ${scheduler}`, { id: web, scheduler }, `-t 192.0.2.1:80 -s ${scheduler}`, [
      [destination(), '-r 10.0.0.1:80 -m -w 1'],
    ]),
    simple(
      `scheduler ${scheduler} with flags`,
      { id: web, scheduler, schedulerFlags: [1, 2] },
      `-t 192.0.2.1:80 -s ${scheduler} -b ${first},${second}`,
    ),
    // ipvsadm has no word for the third flag of these two.
    ...(scheduler in flagNames
      ? []
      : [
          simple(
            `scheduler ${scheduler} with the third flag`,
            { id: web, scheduler, schedulerFlags: [3] },
            `-t 192.0.2.1:80 -s ${scheduler} -b flag-3`,
          ),
        ]),
  ];
});

const tunnels: readonly (readonly [Partial<IpvsDestination>, string])[] = [
  [{}, '-r 10.0.0.1:80 -i -w 1 --tun-type ipip'],
  [{ tunnel: { type: 'gue', port: 6080 } }, '-r 10.0.0.1:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum'],
  [{ tunnel: { type: 'gue', port: 1, checksum: 'csum' } }, '-r 10.0.0.1:80 -i -w 1 --tun-type gue --tun-port 1 --tun-csum'],
  [
    { tunnel: { type: 'gue', port: 65535, checksum: 'remcsum' } },
    '-r 10.0.0.1:80 -i -w 1 --tun-type gue --tun-port 65535 --tun-remcsum',
  ],
  [{ tunnel: { type: 'gre' } }, '-r 10.0.0.1:80 -i -w 1 --tun-type gre --tun-nocsum'],
  [{ tunnel: { type: 'gre', checksum: 'csum' } }, '-r 10.0.0.1:80 -i -w 1 --tun-type gre --tun-csum'],
];

const forwarded: readonly IpvsCase[] = [
  simple('direct routing', { id: web, scheduler: 'rr' }, '-t 192.0.2.1:80 -s rr', [
    [destination({ method: 'dr' }), '-r 10.0.0.1:80 -g -w 1'],
  ]),
  ...tunnels.map(([more, line]) =>
    simple(`tunnel ${JSON.stringify(more.tunnel ?? {})}`, { id: web, scheduler: 'rr' }, '-t 192.0.2.1:80 -s rr', [
      [destination({ method: 'tun', ...more }), line],
    ]),
  ),
  simple('IPv6 in a tunnel of IPv4', { id: web6, scheduler: 'rr' }, '-t [2001:db8::1]:443 -s rr', [
    [destination({ method: 'tun', port: 443 }), '-r 10.0.0.1:443 -i -w 1 --tun-type ipip'],
  ]),
  simple('IPv4 in a tunnel of IPv6', { id: web, scheduler: 'rr' }, '-t 192.0.2.1:80 -s rr', [
    [destination({ family: 6, method: 'tun', port: 80 }), '-r [fd00::1]:80 -i -w 1 --tun-type ipip'],
  ]),
  {
    ...simple('thresholds', { id: web, scheduler: 'rr' }, '-t 192.0.2.1:80 -s rr', [
      [destination({ upperThreshold: 2147483647, lowerThreshold: 100 }), '-r 10.0.0.1:80 -m -w 1'],
      [destination({ address: '10.0.0.2', upperThreshold: 7 }), '-r 10.0.0.2:80 -m -w 1'],
    ]),
    unsaved: ['', '-x 2147483647 -y 100', '-x 7'],
  },
];

export const ipvsCases: readonly IpvsCase[] = [...identities, ...persistences, ...scheduled, ...forwarded];
