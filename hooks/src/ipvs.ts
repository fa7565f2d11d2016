/** Hook points of load balancing, called by the ipvs plugin. */
import type { Adjust, HookEntry, Observe } from './kinds.js';

export interface IpvsChanged {
  readonly virtualServer: string;
  /** Absent when the change is to the virtual server itself. */
  readonly realServer?: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly weight?: number;
  readonly at: number;
}

/** A real server came to serve or stopped serving, because of its checkers or the configuration. */
export interface IpvsServerChanged {
  readonly virtualServer: string;
  readonly realServer: string;
  /** Name of its block as extensions of it know it: see `ConfigEntry.block` and `uniqueNames` of the SDK. */
  readonly block: string;
  readonly to: 'up' | 'down';
  readonly reason: string;
  /** True while the daemon stops (`omega`). */
  readonly isStopping: boolean;
  readonly at: number;
}

export interface IpvsQuorum {
  readonly virtualServer: string;
  /** Name of its block as extensions of it know it: see `ConfigEntry.block` and `uniqueNames` of the SDK. */
  readonly block: string;
  readonly to: 'gained' | 'lost';
  /** Sum of the weights of live real servers. */
  readonly weight: number;
  readonly quorum: number;
  readonly isStopping: boolean;
  readonly at: number;
}

export interface IpvsWeightQuestion {
  readonly virtualServer: string;
  readonly realServer: string;
  readonly configured: number;
}

export interface IpvsHooks {
  'ipvs.changed': Observe<IpvsChanged>;
  'ipvs.serverChanged': Observe<IpvsServerChanged>;
  'ipvs.weight': Adjust<number, IpvsWeightQuestion>;
  'ipvs.quorum': Observe<IpvsQuorum>;
}

const common = {
  owner: 'ipvs',
  key: 'virtual_server',
  since: '0.1.0',
  stability: 'experimental',
  needsConsent: false,
} as const;

export const ipvsEntries: { [Name in keyof IpvsHooks]: HookEntry<IpvsHooks[Name]['kind']> } = {
  'ipvs.changed': {
    ...common,
    kind: 'observe',
    summary: 'The kernel table changed on our account.',
    tappedFrom: 'any lane',
    deadlineMs: 3000,
  },
  'ipvs.serverChanged': {
    ...common,
    kind: 'observe',
    summary: 'A real server turned up or down.',
    tappedFrom: 'any lane',
    deadlineMs: 3000,
  },
  'ipvs.weight': {
    ...common,
    kind: 'adjust',
    summary: 'The effective weight of a real server is computed.',
    tappedFrom: "the owner's lane",
    deadlineMs: 1,
  },
  'ipvs.quorum': {
    ...common,
    kind: 'observe',
    summary: 'A virtual server gained or lost its quorum.',
    tappedFrom: 'any lane',
    deadlineMs: 3000,
  },
};
