/** What somebody else has done to our part of the kernel's table, in words: found by an audit or after a surprise. Pure. */
import { isSameDestination, isSameService, type ServiceEntry } from './table.js';

export interface ForeignChange {
  readonly service: string;
  readonly message: string;
  /** A destination that somebody put beside ours: it is left alone. */
  readonly stranger?: string;
}

/** `before`: what we took the kernel to hold. `isOurs`: a destination that the configuration has. */
export function foreignChanges(
  service: string,
  before: ServiceEntry | undefined,
  actual: ServiceEntry | undefined,
  isOurs: (destination: string) => boolean,
): readonly ForeignChange[] {
  if (before === undefined) {
    return actual === undefined ? [] : [{ service, message: `somebody else has added the service ${service}: it is ours now` }];
  }
  if (actual === undefined) {
    return [{ service, message: `somebody else has removed the service ${service}: it is put back` }];
  }
  const found: ForeignChange[] = [];
  if (!isSameService(before.service, actual.service))
    found.push({ service, message: `somebody else has changed the service ${service}: it is changed back` });
  for (const [key, destination] of before.destinations) {
    const now = actual.destinations.get(key);
    if (!isOurs(key)) continue;
    if (now === undefined) found.push({ service, message: `somebody else has removed ${key} from ${service}` });
    else if (!isSameDestination(destination, now))
      found.push({
        service,
        message: `somebody else has changed ${key} in ${service}: its weight is ${now.weight}, we left it at ${destination.weight}`,
      });
  }
  for (const key of actual.destinations.keys()) {
    if (before.destinations.has(key)) continue;
    if (isOurs(key))
      found.push({ service, message: `somebody else has added ${key} to ${service}, where it is not to be now: it is removed` });
    else
      found.push({
        service,
        stranger: key,
        message: `somebody else has added ${key} to ${service}: it is not ours and stays, unchecked`,
      });
  }
  return found;
}
