/**
 * A lane that goes on takes over another configuration. Where its process dies over that, the next one begins with the configuration that the
 * lane had, and is given the other one once more: so it knows what is gone. Used by reload.ts, replacing.ts and reloads.ts.
 */
import { formatDiagnostic } from '@mainstay/sdk';
import type { Footing } from './footing.js';
import type { LaneHandle } from './lane-handle.js';
import { reloadMs, tellOrphans } from './letting-go.js';
import type { Say } from './one-reload.js';

/** How long its next process is waited for, in milliseconds: what a plugin may take for its start, with a large configuration. */
export const backMs = 30_000;

/** Undefined, or what went wrong: a clause for the operator that names the lane. `restarted`: receives the names of plugins. */
export async function follow(lane: LaneHandle, to: Footing, say: Say, restarted: string[] = []): Promise<string | undefined> {
  const { name } = lane;
  for (const isLast of [false, true]) {
    const { restarts } = lane;
    const answer = await lane.follow(to, reloadMs);
    if (answer?.ok === true) {
      restarted.push(...answer.restarted);
      if (answer.failed.length === 0) return undefined;
      return `${answer.failed.join(', ')} could not start again in the ${name} lane`;
    }
    if (answer !== undefined) {
      for (const diagnostic of answer.diagnostics) say('error', formatDiagnostic(diagnostic));
      return `${name} lane refused the new configuration and goes on with the old one`;
    }
    if (lane.restarts === restarts) return isEnding(lane) ? `${name} lane ended meanwhile` : silent(name);
    if (isLast) break;
    if (!(await lane.back(backMs))) return away(name);
    // It could not begin with what it had: that was said, and it is on the new one.
    if (lane.footing === to) return undefined;
  }
  lane.hopeless = to;
  tellOrphans(lane, to.tree, lane.footing.tree, 'it ended twice on its way to the new configuration', say, 'and goes on without');
  return (
    `${name} lane ended twice while it took over the new configuration, and goes on with the one that it had ` +
    '(the log says what it ended of; the next reload tries again)'
  );
}

function isEnding({ phase }: LaneHandle): boolean {
  return phase === 'stopping' || phase === 'down';
}

function silent(name: string): string {
  return (
    `${name} lane did not answer to the reload within ${reloadMs / 1000} s, and is on the configuration that it had until it does ` +
    '(where it hangs it is killed, and comes back on that one; the log tells whether it follows then)'
  );
}

function away(name: string): string {
  return (
    `${name} lane ended while it took over the new configuration, and is not back after ${backMs / 1000} s ` +
    '(when it is, it goes on from the configuration that it had; the log tells whether it follows then)'
  );
}
