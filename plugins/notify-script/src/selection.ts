/**
 * Which scripts an event calls for, and with which arguments: as keepalived 2.2.7 was observed to do it. Pure. Called by the
 * service for each event.
 */
import type { IpvsQuorum, IpvsServerChanged, VrrpState, VrrpTransitioned } from '@mainstay/sdk';
import {
  type InstanceConfig,
  type InstanceScript,
  type RealServerConfig,
  type Script,
  type ScriptKeyword,
  scriptOf,
  type VirtualServerConfig,
} from './config.js';

/** A script with its final argument vector. */
export interface Invocation {
  readonly keyword: ScriptKeyword;
  readonly script: Script;
  readonly command: readonly string[];
}

/** Everything that one event runs, in order. */
export interface Job {
  /** keepalived's word for the state, as scripts see it. */
  readonly state: string;
  /** Ends the life of the instance: still run while the daemon stops. */
  readonly isLast: boolean;
  /** A change of state outdates the scripts of the state before; other events do not. */
  readonly isTransition: boolean;
  readonly invocations: readonly Invocation[];
}

interface Announcement {
  readonly state: string;
  readonly specific?: InstanceScript;
}

function announce(to: VrrpState, config: InstanceConfig): Announcement | undefined {
  switch (to) {
    case 'master':
      return { state: 'MASTER', specific: 'notify_master' };
    case 'backup':
      return { state: 'BACKUP', specific: 'notify_backup' };
    case 'fault':
      return { state: 'FAULT', specific: 'notify_fault' };
    case 'stopped':
      return { state: 'STOP', specific: 'notify_stop' };
    case 'deleted':
      // Without notify_deleted only the generic script hears of it: notify_fault is not run.
      return config.notify_deleted === undefined ? { state: 'FAULT' } : { state: 'DELETED', specific: 'notify_deleted' };
    case 'initialize':
      return undefined;
  }
}

export function jobOfTransition(config: InstanceConfig, event: VrrpTransitioned): Job | undefined {
  const announcement = announce(event.to, config);
  if (announcement === undefined) return undefined;
  const { state, specific } = announcement;
  const added = ['INSTANCE', event.instance, state, String(event.priority)];
  const invocations = [
    ...(specific === undefined ? [] : invocation(config, specific, [])),
    ...invocation(config, 'notify', added),
  ];
  const isLast = event.to === 'stopped' || event.to === 'deleted';
  return invocations.length === 0 ? undefined : { state, isLast, isTransition: true, invocations };
}

/** The generic script does not hear of lower-priority advertisements. */
export function jobOfLowerPriority(config: InstanceConfig): Job | undefined {
  const invocations = invocation(config, 'notify_master_rx_lower_pri', []);
  return invocations.length === 0 ? undefined : { state: 'MASTER_RX_LOWER_PRI', isLast: false, isTransition: false, invocations };
}

/** What goes down while the daemon stops is told before it ends. */
export function jobOfServer(config: RealServerConfig, { to, isStopping }: IpvsServerChanged): Job | undefined {
  const keyword = to === 'up' ? 'notify_up' : 'notify_down';
  return jobOf(keyword, config[keyword], to === 'up' ? 'UP' : 'DOWN', isStopping);
}

export function jobOfQuorum(config: VirtualServerConfig, { to, isStopping }: IpvsQuorum): Job | undefined {
  const keyword = to === 'gained' ? 'quorum_up' : 'quorum_down';
  return jobOf(keyword, config[keyword], to === 'gained' ? 'UP' : 'DOWN', isStopping);
}

function jobOf(keyword: ScriptKeyword, script: Script | undefined, state: string, isLast: boolean): Job | undefined {
  if (script === undefined) return undefined;
  return { state, isLast, isTransition: true, invocations: [{ keyword, script, command: script.command }] };
}

function invocation(config: InstanceConfig, keyword: InstanceScript, added: readonly string[]): readonly Invocation[] {
  const script = scriptOf(config, keyword);
  return script === undefined ? [] : [{ keyword, script, command: [...script.command, ...added] }];
}
