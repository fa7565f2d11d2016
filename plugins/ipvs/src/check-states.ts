/** What is believed of each check: what it began with, then what the checking loop tells. Made by manager.ts, read by pools. */
import type { CheckState } from '@mainstay/sdk';
import type { RealServer, VirtualServer } from './model.js';
import type { CheckView } from './server-state.js';

export interface CheckStanding extends CheckView {
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export class CheckStates {
  readonly #initial = new Map<string, 'up' | 'down'>();
  readonly #told = new Map<string, CheckStanding>();
  readonly #since: number;

  constructor(now: number) {
    this.#since = now;
  }

  /** The checks that there are from now on; what is known of those that stay is kept. `beginsWith`: of new ones. */
  setChecks(
    configs: readonly VirtualServer[],
    beginsWith: (server: RealServer, config: VirtualServer) => 'up' | 'down' | undefined,
  ): void {
    const gone = new Set([...this.#initial.keys()]);
    for (const config of configs) {
      for (const server of config.servers) {
        const begin = server.checks.every(({ id }) => this.#initial.has(id)) ? undefined : beginsWith(server, config);
        for (const { id, initial } of server.checks) {
          gone.delete(id);
          if (!this.#initial.has(id)) this.#initial.set(id, begin ?? initial);
        }
      }
    }
    for (const id of gone) {
      this.#initial.delete(id);
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

  of(id: string): CheckStanding {
    return this.#told.get(id) ?? this.#unheard(id);
  }

  #unheard(id: string): CheckStanding {
    const isUp = this.initialOf(id) === 'up';
    return { isUp, reason: isUp ? 'believed until its first probe' : 'has not succeeded yet', since: this.#since };
  }
}
