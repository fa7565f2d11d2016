/** Why a virtual router cannot serve: its links, BFD sessions, its source address, and what the kernel refused. Kept by instance.ts. */
import type { Clock, Timer } from '@mainstay/sdk';
import type { InstanceConfig } from './instance-config.js';
import { type SessionOf, sessionFaults } from './sessions.js';
import { type LinkOf, linkFaults } from './tracking.js';

/** What is looked at. */
export interface Views {
  readonly linkOf: LinkOf;
  readonly sessionOf: SessionOf;
}

/** After the kernel refused something: when to try again. */
const retryMs = 10_000;

export class Faults {
  private readonly refused = new Map<'socket' | 'kernel', string>();
  private retry: Timer | undefined;

  /** `tryAgain` is called some time after a refusal, when it has been forgotten. */
  constructor(
    private readonly clock: Clock,
    private readonly views: Views,
    private readonly tryAgain: () => void,
  ) {}

  /** In words; empty when the router can serve. */
  list(config: InstanceConfig, source: string | undefined): readonly string[] {
    const { linkOf, sessionOf } = this.views;
    const links = linkFaults(config, linkOf);
    const isReachable = linkOf(config.interface)?.isUp === true || !config.trackOwnLink;
    const isAlone = config.isUnicast && config.peers.length === 0;
    return [
      ...links,
      ...sessionFaults(config.trackedSessions, sessionOf),
      ...(isAlone ? ['unicast_peer names no router to advertise to'] : []),
      ...(isReachable && source === undefined ? [missingSource(config)] : []),
      ...this.refused.values(),
    ];
  }

  refuse(what: 'socket' | 'kernel', why: string): void {
    this.refused.set(what, why);
    this.retry?.cancel();
    this.retry = this.clock.after(retryMs, () => {
      this.refused.clear();
      this.tryAgain();
    });
  }

  forgive(what: 'socket' | 'kernel'): void {
    this.refused.delete(what);
  }

  close(): void {
    this.retry?.cancel();
  }
}

function missingSource({ source, family, interface: link }: InstanceConfig): string {
  if (source !== undefined) return `the source address ${source} is not on ${link}`;
  return `interface ${link} has no ${family === 4 ? 'IPv4' : 'usable IPv6'} address to advertise from`;
}
