/** One tap as the bus keeps it: the declaration, its place in the order, and what its calls cost. */
import type { HookKind } from '@mainstay/hooks';
import type { Phase } from '@mainstay/sdk';
import type { TapDeclaration } from './declaration.js';
import type { Standing } from './standing.js';

export interface TapRecord {
  readonly declaration: TapDeclaration;
  readonly standing: Standing;
  readonly isOwnHook: boolean;
  readonly stats: TapStats;
}

/** Written by the guard. Times in milliseconds. */
export interface TapStats {
  calls: number;
  /** Time until the answer, over all calls. */
  totalMs: number;
  maxMs: number;
  /** The part of it during which the tap kept the event loop. */
  blockedMs: number;
  strikes: number;
  lastError: string | undefined;
}

/** One tap as `mainstay hooks --taps` shows it. */
export interface TapStatus extends Readonly<Omit<TapStats, 'lastError'>> {
  readonly hook: string;
  readonly kind: HookKind;
  readonly plugin: string;
  /** Only for the object of this name. */
  readonly for?: string;
  readonly phase: Phase;
  /** Place in the order in which the taps of the hook run, from 1. */
  readonly position: number;
  /** Why it has this place. */
  readonly reason: string;
  readonly lastError?: string;
  readonly isParked: boolean;
}

export function newStats(): TapStats {
  return { calls: 0, totalMs: 0, maxMs: 0, blockedMs: 0, strikes: 0, lastError: undefined };
}

export function statusOf({ declaration, standing, stats }: TapRecord, position: number, reason: string): TapStatus {
  const { lastError, ...numbers } = stats;
  return {
    hook: declaration.hook,
    kind: declaration.kind,
    plugin: declaration.plugin,
    ...(declaration.key === undefined ? {} : { for: declaration.key }),
    phase: declaration.phase,
    position,
    reason,
    ...numbers,
    ...(lastError === undefined ? {} : { lastError }),
    isParked: standing.parked !== undefined,
  };
}
