/** What the verb `handover` answers. Pure; used by instance.ts. */
import type { ActionResult } from '@mainstay/sdk';
import type { Transition } from './chronicle.js';
import type { State } from './states.js';

/** Why this router cannot hand over; undefined where it can. */
export function refusalToHandOver(name: string, { kind, priority }: State, last: Transition): ActionResult | undefined {
  if (kind === 'resigning') return { ok: false, message: `${name} hands over already` };
  if (kind !== 'master') return { ok: false, message: `${name} is not master but ${last.state}` };
  if (priority !== 255) return undefined;
  const hint = 'stop the daemon, or give the instance a lower priority';
  return { ok: false, message: `${name} is address owner (priority 255), which is always master`, hint };
}

/** `last`: the transition that ended the hand-over, or the one before it where there was none. */
export function handedOver(name: string, { state, detail }: Transition): ActionResult {
  if (state === 'backup') return { ok: true, message: `${name}: ${detail}` };
  if (state === 'master') return { ok: false, message: `${name} is still master: no other router took over` };
  return { ok: false, message: `${name} is ${state}: ${detail}` };
}
