/** State, events and effects of a BFD session (RFC 5880 sections 6.1 and 6.8.1). Types only; machine.ts makes the steps. */
import type { BfdState } from '@mainstay/sdk';
import type { ControlPacket } from './packet.js';

/** What a session is told to be. Times on the wire are microseconds. */
export interface MachineConfig {
  readonly minTxUs: number;
  readonly minRxUs: number;
  /** Between packets while the session is not Up: a second at least. */
  readonly idleTxUs: number;
  readonly multiplier: number;
  /** Says nothing before it has heard the peer. */
  readonly isPassive: boolean;
  /** Kept down by the operator. */
  readonly isShut: boolean;
  /** Echo packets that this side sends; absent: none. */
  readonly echo?: EchoConfig;
  /** bfd.RequiredMinEchoRxInterval: how often this side loops back what the peer sends; absent: it does not. */
  readonly minEchoRxUs?: number;
}

export interface EchoConfig {
  /** Between echo packets, unless the peer wants fewer. */
  readonly intervalUs: number;
  /** bfd.RequiredMinRxInterval while the Echo function detects (section 6.8.3), where that is more than the usual one. */
  readonly slowRxUs: number;
}

export interface EchoState {
  /** Required Min Echo RX Interval of the peer's last packet; 0: it loops nothing back. */
  readonly remoteMinRxUs: number;
  /** `off`: nothing is sent. `trying`: nothing has come back yet since the session came up. `working`: it has. */
  readonly phase: 'off' | 'trying' | 'working';
  /** Something has come back from this peer in its present life: that nothing does is a failure from then on. */
  readonly isTrusted: boolean;
  /** When its detection time began: at the last packet that came back, or when the first was sent. */
  readonly since: number | undefined;
}

/**
 * `none`: no Poll Sequence. `open`: P is set until F comes. `stale`: the parameters changed under way, so that F ends this sequence
 * and begins another.
 */
export type Poll = 'none' | 'open' | 'stale';

export interface State {
  /** bfd.SessionState. */
  readonly kind: BfdState;
  /** bfd.LocalDiag: of the last change of state. */
  readonly diagnostic: number;
  readonly localDiscriminator: number;
  /** 0: unknown. */
  readonly remoteDiscriminator: number;
  readonly remoteState: BfdState;
  readonly remoteMinRxUs: number;
  readonly remoteDesiredTxUs: number;
  /** 0: not heard yet. */
  readonly remoteMultiplier: number;
  readonly isRemoteDemanding: boolean;
  /** bfd.DesiredMinTxInterval and bfd.RequiredMinRxInterval, as they stand in packets. */
  readonly desiredTxUs: number;
  readonly requiredRxUs: number;
  /** Those that count until the peer has confirmed the others by F. */
  readonly usedTxUs: number;
  readonly usedRxUs: number;
  readonly poll: Poll;
  /** When the detection time began: at the last packet that was accepted, or at the end of the detection time before. */
  readonly detectingSince: number | undefined;
  /** Absent: this side sends no echo packets. */
  readonly echo?: EchoState | undefined;
}

export type Event =
  /** The configuration may be another one. */
  | { readonly kind: 'configured' }
  /** A packet that passed every check of section 6.8.6 up to the authentication. */
  | { readonly kind: 'packet'; readonly packet: ControlPacket }
  /** Packets that change nothing came; the last one at this time. */
  | { readonly kind: 'heard'; readonly at: number }
  | { readonly kind: 'timer' }
  /** Echo packets begin to leave, or go on after a pause. */
  | { readonly kind: 'echoing' }
  /** An echo packet came back, at this time. */
  | { readonly kind: 'echo'; readonly at: number }
  /** Echo packets leave no longer, or another way from now on; `isOtherWay`: one that this peer has not proven yet. */
  | { readonly kind: 'echoPaused'; readonly isOtherWay: boolean }
  /** The session ends, by a reload or the end of the daemon. */
  | { readonly kind: 'stop' };

export type Effect =
  /** A packet with F at once, whatever the interval (section 6.5). */
  | { readonly kind: 'answer' }
  /** What the packets say has changed: the next one does not wait (section 6.8.7). */
  | { readonly kind: 'announce' }
  /** The peer's discriminator is forgotten (section 6.8.1, bfd.RemoteDiscr). */
  | { readonly kind: 'forgotten' }
  | {
      readonly kind: 'transitioned';
      readonly from: BfdState;
      readonly to: BfdState;
      readonly diagnostic: number;
      readonly why: string;
    };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}
