/**
 * Every message between the supervisor and a lane, as two closed unions. They travel over the fork channel with structured
 * clone ("advanced" serialization), so values are plain data.
 */
import type {
  ActionResult,
  Diagnostic,
  Explanation,
  Facts,
  HookName,
  LaneKind,
  Manifest,
  ObjectStatus,
  SourceTree,
} from '@mainstay/sdk';
import type { CheckersMessage, CheckMessage, HeldMessage } from '../checks/orders.js';
import { type PackedTree, packTree, unpackTree } from '../config/packed/packed-tree.js';
import type { Interest } from '../hooks/interest.js';
import type { TapStatus } from '../hooks/record.js';
import type { ActionFacts } from '../host/actions.js';
import type { PluginStatus } from '../host/status.js';
import type { LogRecord } from '../log/record.js';

/** A plugin as found on disk, before any of its code runs. */
export interface PlannedPlugin {
  readonly name: string;
  /** Absolute path of the module whose default export is the plugin. */
  readonly entry: string;
  readonly version: string;
  readonly manifest: Manifest;
  /** Who asked for it: `distribution`, or the position in the configuration. */
  readonly origin: string;
}

export interface LaneSetup {
  readonly lane: string;
  readonly laneKind: LaneKind;
  readonly plugins: readonly PlannedPlugin[];
  /** Plugins of other lanes whose blocks these extend: their keywords are declared here, nothing else of them runs. */
  readonly schemaOf: readonly PlannedPlugin[];
  /** Every other plugin of the daemon and the lane kind it lives in. */
  readonly elsewhere: readonly (readonly [plugin: string, laneKind: LaneKind])[];
  readonly tree: SourceTree;
  readonly facts: Facts;
  /** Names of plugins that may tap guards. */
  readonly consent: readonly string[];
  /** 1 for the configuration that the daemon started with. */
  readonly generation: number;
}

export interface LeaseTerms {
  readonly delta: number;
  readonly ttlMs: number;
  readonly why: string;
}

export interface LeaseMessage {
  readonly kind: 'lease';
  readonly hook: HookName;
  readonly key: string;
  readonly plugin: string;
  /** Absent: withdrawn. */
  readonly terms?: LeaseTerms;
}

export type ToLane =
  | { readonly kind: 'setup'; readonly setup: LaneSetup }
  | { readonly kind: 'interest'; readonly interest: Interest }
  | { readonly kind: 'start' }
  | {
      readonly kind: 'event';
      readonly seq: number;
      readonly hook: HookName;
      readonly key: string;
      readonly payload: unknown;
      /** It was said before the lane could hear it; or nobody is to be reminded of it any more. */
      readonly about?: 'reminder' | 'forgotten';
    }
  | LeaseMessage
  | { readonly kind: 'reload'; readonly id: number; readonly tree: SourceTree; readonly generation: number }
  | { readonly kind: 'report'; readonly id: number }
  | { readonly kind: 'explain'; readonly id: number; readonly name: string }
  | { readonly kind: 'act'; readonly id: number; readonly verb: string; readonly name: string }
  | CheckMessage
  | CheckersMessage
  | HeldMessage
  | { readonly kind: 'ping'; readonly id: number }
  | { readonly kind: 'stop'; readonly why: 'shutdown' | 'restart' };

/** As they travel: configurations are packed. */
export type SentToLane =
  | Exclude<ToLane, { readonly kind: 'setup' | 'reload' }>
  | { readonly kind: 'setup'; readonly setup: Omit<LaneSetup, 'tree'> & { readonly tree: PackedTree } }
  | (Omit<Extract<ToLane, { kind: 'reload' }>, 'tree'> & { readonly tree: PackedTree });

/** For the supervisor's end. */
export function toSend(message: ToLane): SentToLane {
  if (message.kind === 'setup') return { ...message, setup: { ...message.setup, tree: packTree(message.setup.tree) } };
  return message.kind === 'reload' ? { ...message, tree: packTree(message.tree) } : message;
}

/** For the lane's end. */
export function asSent(message: SentToLane): ToLane {
  if (message.kind === 'setup') return { ...message, setup: { ...message.setup, tree: unpackTree(message.setup.tree) } };
  return message.kind === 'reload' ? { ...message, tree: unpackTree(message.tree) } : message;
}

/** What a lane says of itself when asked. */
export interface LaneReport {
  readonly objects: readonly ObjectStatus[];
  readonly plugins: readonly PluginStatus[];
  readonly taps: readonly TapStatus[];
  /** What the lane's process itself has to tell, by topic, as JSON can say it. A topic's `warning` is shown to the operator. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

export type ReloadAnswer =
  | { readonly ok: true; readonly restarted: readonly string[]; readonly failed: readonly string[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** A failure that crossed a process border: what a person needs of it. */
export interface Failure {
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
}

export type FromLane =
  | {
      readonly kind: 'ready';
      readonly interest: Interest;
      readonly isIdle: boolean;
      /** What its plugins can be asked to do; absent: nothing. */
      readonly actions?: readonly ActionFacts[];
      /** Keywords of the checkers that its plugins have; absent: none. */
      readonly checkers?: readonly string[];
    }
  | { readonly kind: 'started' }
  | { readonly kind: 'failed'; readonly phase: 'setup' | 'start'; readonly failure: Failure }
  | {
      readonly kind: 'event';
      readonly hook: HookName;
      readonly key: string;
      readonly payload: unknown;
      /** Nobody is to be reminded of it any more. */
      readonly about?: 'forgotten';
    }
  | { readonly kind: 'ack'; readonly seq: number }
  | LeaseMessage
  | { readonly kind: 'reloaded'; readonly id: number; readonly answer: ReloadAnswer }
  | { readonly kind: 'reported'; readonly id: number; readonly report: LaneReport }
  | { readonly kind: 'explained'; readonly id: number; readonly explanations: readonly Explanation[] }
  | { readonly kind: 'acted'; readonly id: number; readonly result: ActionResult }
  | CheckMessage
  | { readonly kind: 'pong'; readonly id: number }
  | { readonly kind: 'log'; readonly record: LogRecord }
  | { readonly kind: 'dropped'; readonly events: number; readonly records: number }
  /** `isCleared`: nothing of its plugins is left in the kernel. */
  | { readonly kind: 'stopped'; readonly isCleared: boolean };

/** How messages travel in both directions: those of one turn of the event loop together, in order. */
export interface Batch<Message> {
  readonly batch: readonly Message[];
}

/** What arrived on the channel; nothing where it is no batch. */
export function messagesIn(arrived: unknown): readonly unknown[] {
  if (typeof arrived !== 'object' || arrived === null) return [];
  const { batch } = arrived as Partial<Batch<unknown>>;
  return Array.isArray(batch) ? batch : [];
}

const kindsFromLane: Readonly<Record<FromLane['kind'], true>> = {
  ready: true,
  started: true,
  failed: true,
  event: true,
  ack: true,
  lease: true,
  reloaded: true,
  reported: true,
  explained: true,
  acted: true,
  checks: true,
  checked: true,
  checksAsked: true,
  checksTold: true,
  pong: true,
  log: true,
  dropped: true,
  stopped: true,
};

/** A lane runs third-party code, which can reach the channel: anything else than a message of the union is ignored. */
export function isFromLane(message: unknown): message is FromLane {
  if (typeof message !== 'object' || message === null) return false;
  return Object.hasOwn(kindsFromLane, String((message as { kind?: unknown }).kind));
}
