/** keepalived.conf of a load balancer whose real servers are 127.1.0.0 and those behind it. Pure; used by checks.ts and tables.ts. */

export interface Site {
  readonly virtualServers: number;
  /** Of each virtual server. */
  readonly realServers: number;
  readonly protocol: 'tcp' | 'http';
  /** Of the real servers. */
  readonly port: number;
  /** Seconds from one probe to the next. */
  readonly delayLoop: number;
  /** Weight of the very last real server, where it is not that of the others. */
  readonly lastWeight?: number;
}

export const usualWeight = 10;

const checkers = {
  tcp: ['TCP_CHECK {', '  connect_timeout 2', '}'],
  http: ['HTTP_GET {', '  url {', '    path /alive', '    status_code 200', '  }', '  connect_timeout 2', '}'],
} as const;

export function virtualAddress(index: number): string {
  return `10.1.${index >> 8}.${index & 255}`;
}

/** Of a real server by its number among all. */
export function realAddress(index: number): string {
  return `127.1.${index >> 8}.${index & 255}`;
}

/** `globals`: lines for global_defs. */
export function balancerConf(site: Site, globals: readonly string[] = []): string {
  const { virtualServers, realServers, delayLoop, lastWeight = usualWeight } = site;
  const last = virtualServers * realServers - 1;
  const weightOf = (index: number) => (index === last ? lastWeight : usualWeight);
  const blocks = Array.from({ length: virtualServers }, (_, i) => [
    `virtual_server ${virtualAddress(i)} 80 {`,
    `  delay_loop ${delayLoop}`,
    '  lb_algo wrr',
    '  lb_kind NAT',
    '  protocol TCP',
    ...Array.from({ length: realServers }, (_, j) => i * realServers + j).flatMap((index) =>
      realServer(index, weightOf(index), site),
    ),
    '}',
  ]);
  return `${['global_defs {', ...globals.map((line) => `  ${line}`), '}', ...blocks.flat()].join('\n')}\n`;
}

function realServer(index: number, weight: number, { protocol, port }: Site): readonly string[] {
  const lines = [`weight ${weight}`, ...checkers[protocol]];
  return [`  real_server ${realAddress(index)} ${port} {`, ...lines.map((line) => `    ${line}`), '  }'];
}
