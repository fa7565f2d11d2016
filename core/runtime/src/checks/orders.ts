/** What travels between whoever wants checks and the lane that makes them. Plain data; packed-order.ts makes bytes of it. */
import type { CheckReport, CheckRequest, CheckState } from '@mainstay/sdk';

export interface AskedCheck {
  readonly request: CheckRequest;
  /** How it stood when this was sent, for a lane that does not know it. */
  readonly known?: CheckState;
  /** A verdict on this very content has counted before. */
  readonly isSettled: boolean;
}

/** Changes to what one client wants of one lane. */
export interface CheckOrder {
  /** From here to `isLast` comes everything that it wants: what is not in it is wanted no more. */
  readonly isFirst?: boolean;
  readonly isLast?: boolean;
  readonly put: readonly AskedCheck[];
  readonly drop: readonly string[];
}

/** An order on its way: as bytes, which whoever only passes it on need not understand, or as it is. */
export type SentOrder = CheckOrder | Uint8Array;

/**
 * Between the lanes, by way of the supervisor. `plugin` is the client: it decides the lane where answers go. `from` is the lane that
 * speaks, and the supervisor's word.
 */
export type CheckMessage =
  | { readonly kind: 'checks'; readonly lane: string; readonly plugin: string; readonly order: SentOrder }
  | { readonly kind: 'checked'; readonly plugin: string; readonly states: readonly CheckState[]; readonly from?: string }
  | {
      readonly kind: 'checksAsked';
      readonly lane: string;
      readonly plugin: string;
      readonly id: number;
      readonly checks?: readonly string[];
    }
  | { readonly kind: 'checksTold'; readonly plugin: string; readonly id: number; readonly reports: readonly CheckReport[] };

/** Told to lanes with clients: what another lane can check; nothing when it does not run. */
export interface CheckersMessage {
  readonly kind: 'checkers';
  readonly lane: string;
  readonly checkers: readonly string[];
}

/** Told to lanes that want or make checks: another lane, in which these plugins live, does not take what is sent to it. */
export interface HeldMessage {
  readonly kind: 'checksHeld';
  readonly lane: string;
  readonly plugins: readonly string[];
  readonly isHeld: boolean;
}

/** What a lane hears of checks. */
export type CheckNews = CheckMessage | CheckersMessage | HeldMessage;
