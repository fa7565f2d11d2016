/** What one session tells of itself: events for hooks, lines for the log, counters, and what was last. Kept by session.ts. */
import type { BfdChanged, BfdDecided, BfdDecision, Run, Timer } from '@mainstay/sdk';
import { type ControlPacket, diagnostics } from './packet.js';
import type { DropCause, Receipt } from './receive.js';
import type { SessionConfig } from './session-config.js';
import type { Effect, State } from './states.js';

export interface Statistics {
  packetsSent: number;
  packetsReceived: number;
  dropped: Partial<Record<DropCause, number>>;
  timesUp: number;
  timesDown: number;
}

export interface Change {
  readonly from: BfdChanged['from'];
  readonly to: BfdChanged['to'];
  readonly diagnostic: number;
  readonly why: string;
  readonly at: number;
}

type Transition = Extract<Effect, { kind: 'transitioned' }>;

/**
 * What a client should make of a change (RFC 5882): a session that ends because somebody has shut it says nothing of the path, and one
 * that was not Up has nothing to lose.
 */
export function decisionOf({ from, to }: Transition, remoteState: State['remoteState']): BfdDecision {
  if (to === 'up') return { act: true, why: 'the path works' };
  if (from !== 'up') return { act: false, why: 'the session was not up' };
  if (to === 'adminDown') return { act: false, why: 'this side is administratively down (RFC 5882 section 3.2)' };
  if (remoteState === 'adminDown') return { act: false, why: 'the peer is administratively down (RFC 5882 section 3.2)' };
  return { act: true, why: 'the path has failed' };
}

/** A decision that a plugin has put off. */
interface Withheld {
  readonly change: Transition;
  readonly proposed: BfdDecision;
  readonly payload: BfdChanged;
}

/** Whoever puts a decision off is asked again. */
const askAgainMs = 1000;

export class Chronicle {
  private readonly counted: Statistics = { packetsSent: 0, packetsReceived: 0, dropped: {}, timesUp: 0, timesDown: 0 };
  private readonly warned = new Set<string>();
  last: Change;
  /** What clients were told last, and who has changed that. */
  decision: BfdDecision & { readonly by: readonly string[] } = { act: false, why: 'the session was not up', by: [] };
  private hasBeenUp = false;
  /** Clients may go by an Up that has ended, as an AdminDown says nothing of the path: if it does not come back, they must hear of it. */
  isUpPending = false;
  /** What clients were told last; undefined: nothing by this process. */
  private toldUp: boolean | undefined;
  /** There was a session of this name before: what clients were told of it, this process does not know, and it may be Up. */
  private isReturning = false;
  private withheld: Withheld | undefined;
  private asking: Timer | undefined;
  /** Diagnostic of the peer's last packet. */
  remoteDiagnostic = 0;

  constructor(
    private readonly run: Run,
    private readonly configOf: () => SessionConfig,
    first: State,
  ) {
    const { kind: to, diagnostic } = first;
    this.last = { from: to, to, diagnostic, why: 'starting', at: run.clock.wall() };
  }

  /** Clients may go by an Up of an earlier process or configuration. */
  returns(): void {
    this.isReturning = true;
    this.isUpPending = true;
  }

  /** With what the pacemaker sent and heard in the name of the session. */
  countedWith({ sent, heard }: { readonly sent: number; readonly heard: number }): Statistics {
    const { packetsReceived, dropped } = this.counted;
    return { ...this.counted, packetsSent: sent, packetsReceived: packetsReceived + heard, dropped: { ...dropped } };
  }

  received(source: string, receipt: Receipt): void {
    if (receipt.ok) {
      this.counted.packetsReceived++;
      this.remoteDiagnostic = receipt.packet.diagnostic;
      return;
    }
    const { cause, detail } = receipt;
    this.counted.dropped[cause] = (this.counted.dropped[cause] ?? 0) + 1;
    this.warnOnce(cause, `packet from ${source} dropped: ${detail}`);
  }

  /** Only the operator can know whether that was meant. */
  parametersSeen({ desiredMinTxUs, requiredMinRxUs, multiplier }: ControlPacket, isChanged: boolean): void {
    if (!isChanged) return;
    const [tx, rx] = [desiredMinTxUs / 1000, requiredMinRxUs / 1000];
    this.log(
      'info',
      `The peer would like to send every ${tx} ms, can take packets every ${rx} ms, and has multiplier ${multiplier}`,
    );
  }

  transitioned(change: Transition, remoteState: State['remoteState']): void {
    const { from, to, diagnostic, why } = change;
    const at = this.run.clock.wall();
    const config = this.configOf();
    this.last = { from, to, diagnostic, why, at };
    this.warned.clear();
    if (to === 'up') {
      this.counted.timesUp++;
      this.hasBeenUp = true;
    }
    if (from === 'up') this.counted.timesDown++;
    this.log(from === 'up' && to === 'down' ? 'warn' : 'info', `Entering ${nameOf(to)} STATE (was ${nameOf(from)}): ${why}`);
    const payload: BfdChanged = { session: config.name, peer: config.neighbour, from, to, diagnostic, at };
    const proposed = decisionOf(change, remoteState);
    if (to === 'up') this.isUpPending = false;
    else if (from === 'up') this.isUpPending = !proposed.act;
    this.decide({ change, proposed, payload });
    this.run.hooks.observe('bfd.changed', config.name, payload);
  }

  /** Nobody is asked again. */
  close(): void {
    this.settle();
  }

  private decide({ change, proposed, payload }: Withheld): void {
    const { to, diagnostic, why } = change;
    const adjusted = this.run.hooks.adjust('bfd.clientDecision', payload.session, proposed, payload);
    this.decision = { ...adjusted.value, by: adjusted.contributions.map(({ plugin }) => plugin) };
    // Only control packets that cease are silence: where echo packets do not come back, the peer may live and speak.
    if (this.decision.act) this.decided(to === 'up', diagnostic === diagnostics.expired, why);
    else this.putOff({ change, proposed, payload });
  }

  /** Clients must not go for ever by what is not so any more: what a plugin puts off, it is asked about again until it is told. */
  private putOff(what: Withheld): void {
    const { proposed, change } = what;
    const { from, to } = change;
    const isOpen = this.withheld !== undefined;
    const isAdministrative = from === 'up' || to === 'adminDown';
    if (proposed.act) {
      this.settle();
      if ((to === 'up') !== this.toldUp) this.withheld = what;
    } else if (isOpen && isAdministrative) {
      // It says nothing of the path, and takes the place of what was to be told: what counts is whether the session comes back.
      this.isUpPending = this.toldUp ?? this.isReturning;
      this.settle();
    }
    if (this.withheld !== undefined) this.asking ??= this.run.clock.after(askAgainMs, () => this.askAgain());
  }

  private askAgain(): void {
    const { withheld } = this;
    this.asking = undefined;
    if (withheld === undefined) return;
    this.decide(withheld);
    if (this.decision.act) this.log('info', `Clients are told now what was put off: ${withheld.change.why}`);
  }

  private settle(): void {
    this.withheld = undefined;
    this.asking?.cancel();
    this.asking = undefined;
  }

  /** It was to come up again, and did not: those who knew it Up must not believe so for ever. */
  missing(why: string): void {
    this.log('warn', `The session did not come up${this.hasBeenUp ? ' again' : ''}: ${why}`);
    this.decided(false, false, why);
  }

  private decided(isUp: boolean, isSilent: boolean, why: string): void {
    const { name, neighbour } = this.configOf();
    const { hasBeenUp } = this;
    this.isUpPending = false;
    this.toldUp = isUp;
    this.settle();
    const payload: BfdDecided = { session: name, peer: neighbour, isUp, hasBeenUp, isSilent, why, at: this.run.clock.wall() };
    this.run.hooks.observe('bfd.decided', name, payload);
  }

  log(level: 'info' | 'warn' | 'error', message: string): void {
    this.run.log[level](`(${this.configOf().name}) ${message}`);
  }

  /** Said once for each cause and state, as a flood of bad packets must not become a flood of lines. */
  warnOnce(cause: string, message: string): void {
    if (this.warned.has(cause)) return;
    this.warned.add(cause);
    this.log('warn', message);
  }
}

export function nameOf(state: BfdChanged['to']): string {
  return state === 'adminDown' ? 'ADMIN DOWN' : state.toUpperCase();
}
