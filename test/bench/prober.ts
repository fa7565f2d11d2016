/** The client of a virtual address: probes at a fixed spacing, and the outage that it saw. Runs native/probe.c. */
import type { Background } from '../support/command.js';
import { helper } from './native.js';
import type { BenchHost } from './net.js';

export interface Probe {
  readonly sentMs: number;
  /** 0: never. */
  readonly answeredMs: number;
}

export class Prober {
  private constructor(private readonly process: Background) {}

  static async start(host: BenchHost, address: string, spacingUs = 1000): Promise<Prober> {
    const process = host.start(helper('probe'), [address, String(spacingUs)]);
    await process.saw(/probing/, 5000);
    return new Prober(process);
  }

  async stop(): Promise<Probe[]> {
    const { code } = await this.process.stop('SIGTERM', 5000);
    if (code !== 0) throw new Error(`the prober ended with ${code}: ${this.process.output}`);
    const rows = this.process.output.split('\n').filter((line) => /^\d/.test(line));
    return rows.map((row) => {
      const [sent, answered] = row.split(' ').map(Number);
      return { sentMs: (sent ?? 0) / 1000, answeredMs: (answered ?? 0) / 1000 };
    });
  }
}

export interface Outage {
  readonly ms: number;
  readonly lost: number;
}

/**
 * The longest outage: from the sending of the last probe that was answered to that of the next one that was. Only unanswered probes
 * make an outage; a client that was late itself does not.
 */
export function longestOutage(probes: readonly Probe[]): Outage {
  let longest: Outage = { ms: 0, lost: 0 };
  let last: { readonly index: number; readonly sentMs: number } | undefined;
  for (const [index, { sentMs, answeredMs }] of probes.entries()) {
    if (answeredMs === 0) continue;
    const lost = last === undefined ? 0 : index - last.index - 1;
    const ms = last === undefined || lost === 0 ? 0 : sentMs - last.sentMs;
    if (ms > longest.ms) longest = { ms, lost };
    last = { index, sentMs };
  }
  return longest;
}
