/** What a state means for time: how often packets leave, when the peer is given up (RFC 5880 sections 6.8.2 to 6.8.7). Pure. */
import type { MachineConfig, State } from './states.js';

/** Section 6.8.3: while a session is not Up, packets are a second apart at least. */
export const slowestUs = 1_000_000;

/** Times are equal when they differ by less, milliseconds: they went through microseconds. */
export const grainMs = 0.01;

/**
 * Shares of the interval (section 6.8.7): 75 to 100 %, with a multiplier of 1 up to 90 %. A hundredth is left below, for a packet
 * that is late makes the next interval shorter.
 */
const jitter = { usual: [0.76, 1], single: [0.76, 0.9] } as const;

export interface Rhythm {
  readonly intervalUs: number;
  readonly jitter: readonly [least: number, most: number];
}

/** How packets are sent by themselves; undefined: not at all. */
export function rhythmOf(state: State, config: MachineConfig): Rhythm | undefined {
  if (config.isPassive && state.remoteDiscriminator === 0) return undefined;
  if (state.remoteMinRxUs === 0) return undefined;
  const isQuiet = state.isRemoteDemanding && state.kind === 'up' && state.remoteState === 'up' && state.poll === 'none';
  if (isQuiet) return undefined;
  return {
    intervalUs: Math.max(state.usedTxUs, state.remoteMinRxUs),
    jitter: config.multiplier === 1 ? jitter.single : jitter.usual,
  };
}

/** Section 6.8.4, milliseconds: the peer's multiplier of the slower of what it sends and what is asked of it. 0: not heard yet. */
export function detectionMs(state: State): number {
  return (state.remoteMultiplier * Math.max(state.usedRxUs, state.remoteDesiredTxUs)) / 1000;
}

/** When the detection time ends; undefined: it does not run. */
export function deadlineOf(state: State): number | undefined {
  if (state.detectingSince === undefined || state.remoteDiscriminator === 0) return undefined;
  return state.detectingSince + detectionMs(state);
}

/** Section 6.8.9: between echo packets; undefined: none may be sent. */
export function echoIntervalUs({ echo }: State, config: MachineConfig): number | undefined {
  if (config.echo === undefined || echo === undefined || echo.phase === 'off') return undefined;
  return Math.max(config.echo.intervalUs, echo.remoteMinRxUs);
}

/** Milliseconds in which an echo packet must come back: as many may be lost as the peer may lose of the others. */
export function echoDetectionMs(state: State, config: MachineConfig): number | undefined {
  const intervalUs = echoIntervalUs(state, config);
  return intervalUs === undefined ? undefined : (config.multiplier * intervalUs) / 1000;
}

/** When the Echo function has failed; undefined: nothing is concluded from its silence. */
export function echoDeadlineOf(state: State, config: MachineConfig): number | undefined {
  const ms = echoDetectionMs(state, config);
  if (ms === undefined || state.echo?.since === undefined || !state.echo.isTrusted) return undefined;
  return state.echo.since + ms;
}
