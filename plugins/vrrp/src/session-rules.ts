/** What track_bfd and bfd_hint of an instance mean, with the bfd_instance blocks that they name. Pure; part of instance-config.ts. */
import { closest } from '@mainstay/sdk';
import type { InstanceValue, WrittenSession } from './config.js';
import type { AllSessionTerms, InstanceConfig, Reports } from './instance-config.js';
import type { TrackedSession } from './sessions.js';
import { weightThatApplies } from './tracking.js';

export function sessionsOf(
  value: InstanceValue,
  priority: number,
  all: AllSessionTerms,
  say: Reports,
): Pick<InstanceConfig, 'trackedSessions' | 'hints'> {
  const trackedSessions = value.track_bfd.flatMap((written) => trackedOf(written, priority, all, say));
  const hints = [...new Set(value.bfd_hint)].filter((name) => isThere('bfd_hint', name, all, say));
  if (priority === 255 && hints.length > 0) {
    say.warning('bfd_hint', 'VRRP_TRACK', 'an address owner waits for no master: bfd_hint is ignored');
    return { trackedSessions, hints: [] };
  }
  for (const tracked of trackedSessions) checkShut(tracked, all, say);
  for (const name of hints) {
    checkUse(name, trackedSessions, say);
    if (all.get(name)?.isShut === true) warnOfShut('bfd_hint', name, 'it will never say that the master is dead', say);
  }
  return { trackedSessions, hints };
}

function trackedOf(written: WrittenSession, priority: number, all: AllSessionTerms, say: Reports): readonly TrackedSession[] {
  const { name } = written;
  if (!isThere('track_bfd', name, all, say)) return [];
  const usual = all.get(name)?.weight;
  const weight = written.weight ?? usual?.value ?? 0;
  // keepalived: whoever writes a weight leaves the direction of the session behind, too.
  const isReversed = written.isReversed ?? (written.weight === undefined && (usual?.isReversed ?? false));
  if (priority !== 255 || weight === 0) return [{ name, weight, isReversed }];
  say.warning(
    'track_bfd',
    'VRRP_TRACK',
    `the priority of an address owner never changes: the weight of ${name} is ignored, and so is the session`,
  );
  return [];
}

/** What nobody keeps would never be up: the router would not serve. */
function isThere(keyword: string, name: string, all: AllSessionTerms, say: Reports): boolean {
  const terms = all.get(name);
  if (terms?.servesVrrp === true) return true;
  if (terms !== undefined) {
    const message = `bfd_instance ${name} is for checkers only: this router would never hear of it`;
    say.error(keyword, 'VRRP_BFD', message, `write vrrp beside checker in bfd_instance ${name}`);
    return false;
  }
  const near = closest(name, all.keys());
  const hint = near === undefined ? `write: bfd_instance ${name} { neighbor_ip ADDR }` : `did you mean "${near}"?`;
  say.error(keyword, 'VRRP_BFD', `there is no bfd_instance ${name}`, hint);
  return false;
}

/** Until it is opened, it counts as a session that is down, except for those who knew it up before it was shut (RFC 5882 section 3.2). */
function checkShut({ name, weight, isReversed }: TrackedSession, all: AllSessionTerms, say: Reports): void {
  if (all.get(name)?.isShut !== true) return;
  const delta = weightThatApplies(weight, isReversed, false);
  const means = delta === 0 ? 'its weight never applies' : `its weight of ${delta} applies from a start on`;
  const fault = isReversed ? 'it will never keep this router from serving' : 'this router stays in FAULT from a start on';
  warnOfShut('track_bfd', name, weight === 0 ? fault : means, say);
}

function warnOfShut(keyword: string, name: string, means: string, say: Reports): void {
  const message = `bfd_instance ${name} has admin_down, so it does not come up: ${means}`;
  say.warning(keyword, 'VRRP_BFD', message, `remove admin_down from bfd_instance ${name}, or ${name} from ${keyword}`);
}

/** The death of the master must not be a reason not to serve. */
function checkUse(name: string, tracked: readonly TrackedSession[], say: Reports): void {
  if (!tracked.some((one) => one.name === name && one.weight === 0 && !one.isReversed)) return;
  const message = `when the master behind ${name} dies, track_bfd would have this router in FAULT instead of taking over`;
  say.error('bfd_hint', 'VRRP_BFD', message, `remove ${name} from track_bfd, or give it a weight there`);
}
