/** What is believed of each check: what it began with, then what the checking loop tells. Made by manager.ts, read by pools. */
import type { CheckState, CheckTiming } from '@mainstay/sdk';
import type { Former } from './adoption.js';
import type { PlannedCheck, RealServer, VirtualServer } from './model.js';
import type { CheckView } from './server-state.js';

export interface CheckStanding extends CheckView {
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export class CheckStates {
  readonly #initial = new Map<string, 'up' | 'down'>();
  /** Those whose server may well be other than believed. */
  readonly #hurried = new Set<string>();
  readonly #told = new Map<string, CheckStanding>();
  readonly #since: number;

  constructor(now: number) {
    this.#since = now;
  }

  /** The checks that there are from now on; what is known of those that stay is kept. `beginsWith`: of new ones. */
  setChecks(
    configs: readonly VirtualServer[],
    beginsWith: (server: RealServer, config: VirtualServer) => Former | undefined,
  ): void {
    const gone = new Set([...this.#initial.keys()]);
    for (const config of configs) {
      for (const server of config.servers) {
        const begin = server.checks.every(({ id }) => this.#initial.has(id)) ? undefined : beginsWith(server, config);
        for (const { id, initial } of server.checks) {
          gone.delete(id);
          if (this.#initial.has(id)) continue;
          this.#initial.set(id, begin === 'up' || begin === 'down' ? begin : initial);
          if (begin === 'unwritten') this.#hurried.add(id);
        }
      }
    }
    for (const id of gone) {
      this.#initial.delete(id);
      this.#hurried.delete(id);
      this.#told.delete(id);
    }
  }

  /** False: nobody asked for this check. */
  tell({ id, isUp, weight, adjust, reason, since }: CheckState): boolean {
    if (!this.#initial.has(id)) return false;
    this.#told.set(id, {
      isUp,
      ...(weight === undefined ? {} : { weight }),
      ...(adjust === undefined ? {} : { adjust }),
      reason,
      since,
    });
    return true;
  }

  initialOf(id: string): 'up' | 'down' {
    return this.#initial.get(id) ?? 'up';
  }

  /** For as long as there is the check: its pace is a part of the question, and another one begins the check anew. */
  timingOf({ id, timing }: PlannedCheck): CheckTiming {
    return this.#hurried.has(id) ? { ...timing, warmupMs: 0 } : timing;
  }

  of(id: string): CheckStanding {
    return this.#told.get(id) ?? this.#unheard(id);
  }

  #unheard(id: string): CheckStanding {
    const isUp = this.initialOf(id) === 'up';
    return { isUp, reason: isUp ? 'believed until its first probe' : 'has not succeeded yet', since: this.#since };
  }
}
