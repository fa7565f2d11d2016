/** The real servers of a benchmark, all behind one listener, and who was asked when. Runs native/answer.c. */
import type { Background } from '../support/command.js';
import { helper } from './native.js';

/** Starts a program where the benchmark is: in a namespace, or here. */
export type Launch = (command: string, args: readonly string[], options?: { env?: NodeJS.ProcessEnv }) => Background;

export interface Visit {
  /** Its number. */
  readonly server: number;
  /** When the connection was accepted, milliseconds since the epoch. */
  readonly at: number;
}

export class RealServers {
  private constructor(private readonly process: Background) {}

  static async start(launch: Launch, protocol: 'tcp' | 'http', port: number, servers: number): Promise<RealServers> {
    const process = launch(helper('answer'), [protocol, String(port), String(servers)]);
    await process.saw(/answering/, 10_000);
    return new RealServers(process);
  }

  /** Each of them has been asked. */
  async allAsked(withinMs: number): Promise<void> {
    await this.process.saw(/all asked/, withinMs);
  }

  async stop(): Promise<Visit[]> {
    const { code } = await this.process.stop('SIGTERM', 20_000);
    if (code !== 0) throw new Error(`the real servers ended with ${code}`);
    const rows = this.process.output.split('\n').filter((line) => /^\d/.test(line));
    return rows.map((row) => {
      const [server, at] = row.split(' ').map(Number);
      return { server: server ?? 0, at: (at ?? 0) / 1000 };
    });
  }
}

/**
 * By how much each visit in a time came later than a period after the one before, milliseconds; 0 where it was not later. A program
 * that keeps a schedule and one that counts from the last probe are judged alike.
 */
export function lateness(visits: readonly Visit[], periodMs: number, from: number, to: number): number[] {
  const last = new Map<number, number>();
  const late: number[] = [];
  for (const { server, at } of [...visits].sort((a, b) => a.at - b.at)) {
    const before = last.get(server);
    last.set(server, at);
    if (before !== undefined && at >= from && at < to) late.push(Math.max(0, at - before - periodMs));
  }
  return late;
}
