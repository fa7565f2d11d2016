/** What somebody else has done to our part of the kernel's table, in words: found by an audit or after a surprise. Pure. */
import { destinationDifferences, serviceDifferences } from './differences.js';
import { hasScheduler } from './half-done.js';
import { type DesiredService, isSameDestination, isSameService, type ServiceEntry } from './table.js';

/** Findings of one look that are told one by one. */
const toldAtMost = 10;

export interface ForeignChange {
  readonly service: string;
  readonly message: string;
  /** A destination that somebody put beside ours: it is left alone. */
  readonly stranger?: string;
}

/** What is ours in a service, when somebody else has been at it. */
export interface Ours {
  /** What we took the kernel to hold; undefined: no such service. */
  readonly before: ServiceEntry | undefined;
  /** What it should hold now; undefined: the service is to go. */
  readonly desired: Pick<DesiredService, 'service' | 'destinations'> | undefined;
  /** A destination that the configuration has, up or down. */
  isConfigured(destination: string): boolean;
}

/** `actual`: what the kernel holds. */
export function foreignChanges(service: string, ours: Ours, actual: ServiceEntry | undefined): readonly ForeignChange[] {
  const { before, desired } = ours;
  const somebody = (message: string): ForeignChange => ({ service, message: `somebody else has ${message}` });
  if (before === undefined) return actual === undefined ? [] : [somebody(`added the service ${service}: it is ours now`)];
  if (actual === undefined)
    return [somebody(`removed the service ${service}${desired === undefined ? ', which was to go' : ': it is put back'}`)];
  const isWanted = (destination: string) => desired?.destinations.has(destination) === true;
  const isOurs = (destination: string) => isWanted(destination) || ours.isConfigured(destination);
  const found: ForeignChange[] = [];
  if (hasScheduler(before.service) && !hasScheduler(actual.service)) {
    const why = 'somebody else has left it so, or the kernel, which had let go of it for a change that failed';
    found.push({
      service,
      message: `the service ${service} has lost its scheduler and takes no new connections: ${why}; it gets one`,
    });
  } else if (!isSameService(before.service, actual.service)) {
    const how = serviceDifferences(before.service, actual.service).join('; ');
    found.push(
      somebody(`changed the service ${service}: ${how}${outcome(desired?.service, (one) => isSameService(one, actual.service))}`),
    );
  }
  for (const [key, destination] of before.destinations) {
    const now = actual.destinations.get(key);
    if (!isOurs(key)) continue;
    if (now === undefined)
      found.push(somebody(`removed ${key} from ${service}${isWanted(key) ? ': it is put back' : ', which it was to leave'}`));
    else if (!isSameDestination(destination, now)) {
      const how = destinationDifferences(destination, now).join('; ');
      const then = outcome(desired?.destinations.get(key), (one) => isSameDestination(one, now));
      found.push(somebody(`changed ${key} in ${service}: ${how}${then}`));
    }
  }
  for (const key of actual.destinations.keys()) {
    if (before.destinations.has(key)) continue;
    if (isWanted(key)) found.push(somebody(`added ${key} to ${service}: it is ours now`));
    else if (isOurs(key)) found.push(somebody(`added ${key} to ${service}, where it is not to be now: it is removed`));
    else found.push({ ...somebody(`added ${key} to ${service}: it is not ours and stays, unchecked`), stranger: key });
  }
  return found;
}

/** What becomes of a change. A refused one of ours may have been made by hand. */
function outcome<Entry>(desired: Entry | undefined, isSo: (desired: Entry) => boolean): string {
  if (desired === undefined) return '';
  return isSo(desired) ? '; it is to be so' : '; it is changed back';
}

/** What the log says of the findings of one look: somebody may have been at everything. */
export function toldOf(messages: readonly string[]): readonly string[] {
  const more = messages.length - toldAtMost;
  if (more <= 0) return messages;
  return [...messages.slice(0, toldAtMost), `somebody else has made ${more} more changes to our part of the kernel's table`];
}
