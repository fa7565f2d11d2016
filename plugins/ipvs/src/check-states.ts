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

/** What is one object for all checks of a virtual server that begin alike. */
interface Beginning {
  /** Key of the virtual server. */
  readonly owner: string;
  readonly initial: 'up' | 'down';
}

export class CheckStates {
  readonly #begun = new Map<string, Beginning>();
  /** Those whose server may well be other than believed. */
  readonly #hurried = new Set<string>();
  readonly #told = new Map<string, CheckStanding>();
  readonly #unheard: Readonly<Record<'up' | 'down', CheckStanding>>;

  /** `now`: milliseconds since the epoch. */
  constructor(now: number) {
    this.#unheard = {
      up: { isUp: true, reason: 'believed until its first probe', since: now },
      down: { isUp: false, reason: 'has not succeeded yet', since: now },
    };
  }

  /** The checks that there are from now on; what is known of those that stay is kept. `beginsWith`: of new ones. */
  setChecks(
    configs: readonly VirtualServer[],
    beginsWith: (server: RealServer, config: VirtualServer) => Former | undefined,
  ): void {
    const gone = new Set(this.#begun.keys());
    for (const config of configs) {
      const { key: owner } = config;
      const beginnings = { up: { owner, initial: 'up' }, down: { owner, initial: 'down' } } as const;
      for (const server of config.servers) {
        const begin = server.checks.every(({ id }) => this.#begun.has(id)) ? undefined : beginsWith(server, config);
        for (const { id, initial } of server.checks) {
          if (gone.delete(id) || this.#begun.has(id)) continue;
          this.#begun.set(id, beginnings[begin === undefined || begin === 'unwritten' ? initial : begin]);
          if (begin === 'unwritten') this.#hurried.add(id);
        }
      }
    }
    for (const id of gone) {
      this.#begun.delete(id);
      this.#hurried.delete(id);
      this.#told.delete(id);
    }
  }

  /** False: nobody asked for this check. */
  tell({ id, isUp, weight, adjust, reason, since }: CheckState): boolean {
    if (!this.#begun.has(id)) return false;
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
    return this.#begun.get(id)?.initial ?? 'up';
  }

  /** Key of the virtual server whose check it is. */
  ownerOf(id: string): string | undefined {
    return this.#begun.get(id)?.owner;
  }

  /** For as long as there is the check: another pace would have it probed anew. */
  timingOf({ id, timing }: PlannedCheck): CheckTiming {
    return this.#hurried.has(id) ? { ...timing, warmupMs: 0 } : timing;
  }

  of(id: string): CheckStanding {
    return this.#told.get(id) ?? this.#unheard[this.initialOf(id)];
  }
}
