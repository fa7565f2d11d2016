/** Which real server a connection went to, as the kernel has it in /proc/net/ip_vs_conn (IPv4). Used by the tests of traffic. */
import { readFileSync } from 'node:fs';
import type { Way } from './request.js';

/** The kernel forgets a connection that was refused or reset ten seconds later; less what the way of the news may take. */
const rememberedMs = 8000;

/** The kernel tells its connections piece by piece, and passes over some while others come and go. */
const readings = 3;

/** Where connections of a client went, by the client's port, as far as the kernel knew when it was looked up. */
export class Destinations {
  readonly #found = new Map<number, string>();
  readonly #lookedUpAt: number[] = [];

  /** `to`: a virtual address that no earlier test had. The kernel keeps connections for minutes, and a client begins with the same ports. */
  constructor(private readonly way: Pick<Way, 'from' | 'to'>) {}

  lookUp(): void {
    this.#lookedUpAt.push(Date.now());
    for (let reading = 0; reading < readings; reading++)
      for (const [port, to] of destinations(this.way)) this.#found.set(port, to);
  }

  /** The address of the real server. */
  of(port: number): string | undefined {
    return this.#found.get(port);
  }

  /** Whether a connection that ended then was still known when it was looked up. Milliseconds since the epoch. */
  wasLookedUp(endedAt: number): boolean {
    return this.#lookedUpAt.some((at) => at >= endedAt && at <= endedAt + rememberedMs);
  }
}

function destinations(way: Pick<Way, 'from' | 'to'>): ReadonlyMap<number, string> {
  const lines = readFileSync('/proc/net/ip_vs_conn', 'utf8').split('\n').slice(1);
  return new Map(
    lines.flatMap((line): [number, string][] => {
      const [, from = '', port = '', virtual = '', , to = ''] = line.split(/ +/);
      return dotted(from) === way.from && dotted(virtual) === way.to ? [[Number.parseInt(port, 16), dotted(to)]] : [];
    }),
  );
}

function dotted(hex: string): string {
  return [0, 2, 4, 6].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.');
}
