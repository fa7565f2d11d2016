/** Which real server a connection went to, as the kernel has it in /proc/net/ip_vs_conn (IPv4). Used by the tests of traffic. */
import { readFileSync } from 'node:fs';

/** By the client's port: the address of the real server. Connections that were refused are in it for ten seconds. */
export function destinations(client: string): ReadonlyMap<number, string> {
  const lines = readFileSync('/proc/net/ip_vs_conn', 'utf8').split('\n').slice(1);
  return new Map(
    lines.flatMap((line): [number, string][] => {
      const [, from = '', port = '', , , to = ''] = line.split(/ +/);
      return dotted(from) === client ? [[Number.parseInt(port, 16), dotted(to)]] : [];
    }),
  );
}

function dotted(hex: string): string {
  return [0, 2, 4, 6].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.');
}
