/**
 * The Echo function in the state of a session (RFC 5880 sections 6.4, 6.8.3 and 6.8.9): when it runs, and what it has shown. Pure; used
 * by machine.ts.
 */
import type { ControlPacket } from './packet.js';
import type { EchoState, MachineConfig, State } from './states.js';

/** Of a peer that was not heard yet. */
export const idleEcho: EchoState = { remoteMinRxUs: 0, phase: 'off', isTrusted: false, since: undefined };

/**
 * What the peer's packet says of it. One that has restarted may have come back as a host that loops nothing, and promise it all the same:
 * it has to prove it anew.
 */
export function echoHeard(state: State, packet: ControlPacket): EchoState | undefined {
  const { echo } = state;
  if (echo === undefined) return undefined;
  const isTrusted = echo.isTrusted && packet.myDiscriminator === state.remoteDiscriminator;
  const remoteMinRxUs = packet.requiredMinEchoRxUs;
  const isSame = isTrusted === echo.isTrusted && remoteMinRxUs === echo.remoteMinRxUs;
  const phase = echo.phase === 'working' && !isTrusted ? 'trying' : echo.phase;
  return isSame ? echo : { ...echo, phase, isTrusted, remoteMinRxUs };
}

/** The phase that belongs to the rest: only while Up, and only to a peer that wants it. The same object where it is so already. */
export function echoOf({ echo = idleEcho, kind }: State, config: MachineConfig): EchoState | undefined {
  if (config.echo === undefined) return undefined;
  const isWanted = kind === 'up' && echo.remoteMinRxUs > 0;
  if (isWanted === (echo.phase !== 'off')) return echo;
  return { ...echo, phase: isWanted ? 'trying' : 'off', since: undefined };
}

/** Its first packets are under way: where nothing comes back from now on, that is a failure if it ever worked. */
export function echoBegun(echo: EchoState | undefined, now: number): EchoState | undefined {
  return echo === undefined || echo.phase === 'off' ? echo : { ...echo, since: now };
}

export function echoReturned(echo: EchoState | undefined, at: number): EchoState | undefined {
  if (echo === undefined || echo.phase === 'off') return echo;
  return { ...echo, phase: 'working', isTrusted: true, since: Math.max(at, echo.since ?? at) };
}

/** Nothing comes back while nothing is sent: until the packets leave again, control packets alone detect, at their usual rate. */
export function echoPaused(echo: EchoState | undefined, isOtherWay: boolean): EchoState | undefined {
  if (echo === undefined) return undefined;
  const isTrusted = echo.isTrusted && !isOtherWay;
  const phase = echo.phase === 'off' ? 'off' : 'trying';
  const isSame = isTrusted === echo.isTrusted && phase === echo.phase && echo.since === undefined;
  return isSame ? echo : { ...echo, phase, isTrusted, since: undefined };
}
