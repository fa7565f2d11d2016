/**
 * Collects young garbage now and then. A process that makes some kilobytes of it each second would otherwise touch page after page of
 * V8's young generation for minutes before it collects any: to whoever watches its memory, a leak. Used by the supervisor and by lanes.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Often enough for ten seconds to be the longest that memory grows, at less than a millisecond each. */
const everyMs = 4000;

type Collect = (options: { readonly type: 'minor' }) => void;

export function collectYoungGarbage(ms = everyMs): void {
  // V8 hands out its collector only to contexts that are made while the flag is set; plugins do not get it.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  setInterval(() => collect({ type: 'minor' }), ms).unref();
}
