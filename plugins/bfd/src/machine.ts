/**
 * The BFD state machine of asynchronous mode (RFC 5880 section 6.8): pure, so that the network, the simulator and the tests run the
 * same one. Packets come here after the checks of receive.ts; what is sent and when follows from the state by voice.ts and timing.ts.
 */
import type { BfdState } from '@mainstay/sdk';
import { echoBegun, echoHeard, echoOf, echoPaused, echoReturned, idleEcho } from './echo-state.js';
import { type ControlPacket, diagnosticName, diagnostics } from './packet.js';
import type { Effect, Event, MachineConfig, State, Step } from './states.js';
import { deadlineOf, detectionMs, echoDeadlineOf, echoDetectionMs, grainMs, slowestUs } from './timing.js';

/** What is known of a peer that was never heard: section 6.8.1. */
const unheard = {
  remoteDiscriminator: 0,
  remoteState: 'down',
  remoteMinRxUs: 1,
  remoteDesiredTxUs: 0,
  remoteMultiplier: 0,
  isRemoteDemanding: false,
  poll: 'none',
  detectingSince: undefined,
} as const satisfies Partial<State>;

/** A session that begins. The discriminator is random, not 0, and no other session's. */
export function initialState(config: MachineConfig, localDiscriminator: number): State {
  const desiredTxUs = slow(config);
  return {
    ...unheard,
    kind: config.isShut ? 'adminDown' : 'down',
    diagnostic: config.isShut ? diagnostics.adminDown : diagnostics.none,
    localDiscriminator,
    desiredTxUs,
    requiredRxUs: config.minRxUs,
    usedTxUs: desiredTxUs,
    usedRxUs: config.minRxUs,
    ...(config.echo && { echo: idleEcho }),
  };
}

function slow({ minTxUs, idleTxUs }: MachineConfig): number {
  return Math.max(minTxUs, idleTxUs, slowestUs);
}

export function step(state: State, event: Event, config: MachineConfig, now: number): Step {
  const made = react(state, event, config, now);
  const echo = echoOf(made.state, config);
  const isSame = echo === state.echo && echo === made.state.echo;
  return isSame ? made : withEcho(made, { ...made.state, echo }, config);
}

/** What else the Echo function asks for: a peer whose packets are not needed for detection may send fewer (section 6.8.3). */
function withEcho({ effects }: Step, state: State, config: MachineConfig): Step {
  const next = settledBelowUp(withParameters(state, config));
  const isSaid = next.requiredRxUs !== state.requiredRxUs && !effects.some(({ kind }) => kind === 'announce');
  return { state: next, effects: isSaid ? [...effects, { kind: 'announce' }] : effects };
}

function react(state: State, event: Event, config: MachineConfig, now: number): Step {
  switch (event.kind) {
    case 'configured':
      return configured(state, config);
    case 'packet':
      return heard(state, event.packet, config, now);
    case 'heard': {
      const isLater = state.detectingSince === undefined || event.at > state.detectingSince;
      return { state: isLater ? { ...state, detectingSince: event.at } : state, effects: [] };
    }
    case 'timer':
      return expired(state, config, now);
    case 'echoing':
      return { state: echoing(state, echoBegun(state.echo, now)), effects: [] };
    case 'echo':
      return { state: echoing(state, echoReturned(state.echo, event.at)), effects: [] };
    case 'echoPaused':
      return { state: echoing(state, echoPaused(state.echo, event.isOtherWay)), effects: [] };
    case 'stop':
      return shut(state, config, 'the session ends here');
    default:
      return event satisfies never;
  }
}

function echoing(state: State, echo: State['echo']): State {
  return echo === state.echo ? state : { ...state, echo };
}

function configured(state: State, config: MachineConfig): Step {
  if (config.isShut) return shut(state, config, 'admin_down is configured');
  if (state.kind === 'adminDown') {
    // Section 6.8.16: what the peer said meanwhile counts for nothing.
    const fresh = { ...state, remoteState: 'down' } as const;
    return change(fresh, config, 'down', diagnostics.none, 'admin_down is configured no more');
  }
  const next = withParameters(state, config);
  return { state: next, effects: next === state ? [] : [{ kind: 'announce' }] };
}

function shut(state: State, config: MachineConfig, why: string): Step {
  if (state.kind === 'adminDown') return { state: withParameters(state, config), effects: [] };
  return change(state, config, 'adminDown', diagnostics.adminDown, why);
}

/** Section 6.8.3: control packets need not come often while echo packets do the detecting. */
function requiredRx({ kind, echo }: State, { minRxUs, echo: config }: MachineConfig): number {
  const isSlow = kind === 'up' && echo?.phase === 'working' && config !== undefined;
  return isSlow ? Math.max(minRxUs, config.slowRxUs) : minRxUs;
}

/** The parameters that belong to the state (section 6.8.3). What changes is polled for where there is a peer to confirm it. */
function withParameters(state: State, config: MachineConfig): State {
  const desiredTxUs = state.kind === 'up' ? config.minTxUs : slow(config);
  const requiredRxUs = requiredRx(state, config);
  if (desiredTxUs === state.desiredTxUs && requiredRxUs === state.requiredRxUs) return state;
  const changed = { ...state, desiredTxUs, requiredRxUs };
  const hasPeer = state.remoteDiscriminator !== 0 && state.kind !== 'adminDown';
  if (!hasPeer) return { ...changed, usedTxUs: desiredTxUs, usedRxUs: requiredRxUs, poll: 'none' };
  return {
    ...changed,
    poll: state.poll === 'none' ? 'open' : 'stale',
    // While Up, the faster sending and the longer patience count until the peer has confirmed.
    usedTxUs: state.kind === 'up' ? Math.min(state.usedTxUs, desiredTxUs) : desiredTxUs,
    usedRxUs: state.kind === 'up' ? Math.max(state.usedRxUs, requiredRxUs) : requiredRxUs,
  };
}

/** Only while Up there is anything to wait for: what was held back for a confirmation counts at once elsewhere. */
function settledBelowUp(state: State): State {
  return state.kind === 'up' ? state : { ...state, usedTxUs: state.desiredTxUs, usedRxUs: state.requiredRxUs };
}

/** The one door through which the session changes its state. */
function change(state: State, config: MachineConfig, to: BfdState, diagnostic: number, why: string): Step {
  const next = settledBelowUp(withParameters({ ...state, kind: to, diagnostic }, config));
  return {
    state: to === 'adminDown' ? { ...next, poll: 'none' } : next,
    effects: [{ kind: 'transitioned', from: state.kind, to, diagnostic, why }, { kind: 'announce' }],
  };
}

function expired(state: State, config: MachineConfig, now: number): Step {
  const deadline = deadlineOf(state);
  if (deadline === undefined || now < deadline - grainMs) return echoExpired(state, config, now);
  if (state.kind === 'init' || state.kind === 'up') {
    const silence = `nothing was heard for ${Math.round(detectionMs(state) * 1000) / 1000} ms`;
    return change({ ...state, detectingSince: now }, config, 'down', diagnostics.expired, silence);
  }
  // A further detection time without a packet.
  const { desiredTxUs, requiredRxUs } = state;
  const heardOf = { ...unheard, ...(state.echo && { echo: idleEcho }) };
  const alone: State = { ...state, ...heardOf, usedTxUs: desiredTxUs, usedRxUs: requiredRxUs };
  return { state: alone, effects: [{ kind: 'forgotten' }, { kind: 'announce' }] };
}

/** Section 6.8.5 (and 6.4): the path is dead in one of its directions, or in the forwarding plane of the peer. */
function echoExpired(state: State, config: MachineConfig, now: number): Step {
  const deadline = echoDeadlineOf(state, config);
  if (deadline === undefined || now < deadline - grainMs) return { state, effects: [] };
  const silence = `no echo packet came back for ${echoDetectionMs(state, config)} ms`;
  return change(state, config, 'down', diagnostics.echoFailed, silence);
}

/** Section 6.8.6 from the storing of variables on. */
function heard(before: State, packet: ControlPacket, config: MachineConfig, now: number): Step {
  const known = endOfPoll(stored(before, packet), packet);
  // Section 6.8.1: the peer is to be forgotten while AdminDown, too.
  if (known.kind === 'adminDown') return { state: { ...known, detectingSince: now }, effects: [] };
  const moved = afterState(known, packet, config);
  const effects: Effect[] = [...moved.effects];
  if (packet.isPoll) effects.push({ kind: 'answer' });
  return { state: { ...moved.state, detectingSince: now }, effects };
}

function stored(state: State, packet: ControlPacket): State {
  const echo = echoHeard(state, packet);
  return {
    ...state,
    ...(echo && { echo }),
    remoteDiscriminator: packet.myDiscriminator,
    remoteState: packet.state,
    isRemoteDemanding: packet.isDemand,
    remoteMinRxUs: packet.requiredMinRxUs,
    remoteDesiredTxUs: packet.desiredMinTxUs,
    remoteMultiplier: packet.multiplier,
  };
}

/** Section 6.5: F confirms what the packets with P said, and nothing that was changed since. */
function endOfPoll(state: State, { isFinal }: ControlPacket): State {
  if (!isFinal || state.poll === 'none') return state;
  if (state.poll === 'stale') return { ...state, poll: 'open' };
  return { ...state, poll: 'none', usedTxUs: state.desiredTxUs, usedRxUs: state.requiredRxUs };
}

function afterState(state: State, packet: ControlPacket, config: MachineConfig): Step {
  const remote = packet.state;
  const quiet: Step = { state, effects: [] };
  if (remote === 'adminDown') {
    if (state.kind === 'down') return quiet;
    return change(state, config, 'down', diagnostics.neighbourDown, 'the peer is administratively down');
  }
  switch (state.kind) {
    case 'down':
      if (remote === 'down') return change(state, config, 'init', diagnostics.none, 'the peer is heard, and down');
      if (remote === 'init') return change(state, config, 'up', diagnostics.none, 'the peer hears this side');
      return quiet;
    case 'init':
      if (remote === 'down') return quiet;
      return change(state, config, 'up', diagnostics.none, 'the peer hears this side');
    case 'up':
      if (remote !== 'down') return quiet;
      return change(state, config, 'down', diagnostics.neighbourDown, `the peer went down: ${diagnosticName(packet.diagnostic)}`);
    default:
      return quiet;
  }
}

/** The packet again would change nothing but the detection time: it may be believed without a look. */
export function isSettled(state: State, packet: ControlPacket, config: MachineConfig): boolean {
  if (packet.isPoll || packet.isFinal || state.kind === 'adminDown') return false;
  const { state: next, effects } = heard(state, packet, config, 0);
  const keys = Object.keys(next) as (keyof State)[];
  return effects.length === 0 && keys.every((key) => key === 'detectingSince' || next[key] === state[key]);
}
