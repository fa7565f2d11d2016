/** What a lane is told before anything else, and what its process may take: pure. Used by supervisor.ts for early and for present lanes. */
import { partOfTree } from '../config/packed/packed-tree.js';
import type { LaneSetup } from '../lanes/messages.js';
import type { LanePlan } from '../lanes/plan.js';
import type { LaneLimits } from './lane-handle.js';
import type { DaemonSettings, Outlook } from './prepared.js';

/** What the command line and the files' places say about the plugins' surroundings. */
export interface Surroundings {
  readonly configDirectory: (outlook: Outlook) => string;
  readonly keepAddressesAtExit: boolean;
  readonly keepServicesAtExit?: boolean;
}

/** Which process of the lane it is, and the number of the configuration. */
export interface Occasion {
  readonly isRestart: boolean;
  readonly generation: number;
}

/** V8's heap limit for a lane that may hold `memoryMiB`: the rest is for code, buffers and stacks. */
function heapShare(memoryMiB: number): number {
  return Math.max(32, Math.floor(memoryMiB * 0.75));
}

export function setupOf(plan: LanePlan, outlook: Outlook, surroundings: Surroundings, occasion: Occasion): LaneSetup {
  const { lane, laneKind, plugins, schemaOf, roots } = plan;
  const facts = {
    isRestart: occasion.isRestart,
    keepAddressesAtExit: surroundings.keepAddressesAtExit,
    keepServicesAtExit: surroundings.keepServicesAtExit ?? false,
    configDirectory: surroundings.configDirectory(outlook),
  };
  const others = outlook.plans.filter((other) => other.lane !== lane);
  const elsewhere = others.flatMap((other) => other.plugins.map((p) => [p.name, other.laneKind] as const));
  const { consent } = outlook.settings;
  const tree = partOfTree(outlook.tree, roots);
  return { lane, laneKind, plugins, schemaOf, elsewhere, tree, facts, consent, generation: occasion.generation };
}

/** The realtime lane may grow as it must: killing it would be worse than what it holds. */
export function limitsOf({ laneKind }: LanePlan, { laneMemoryMiB, laneHeartbeatSeconds }: DaemonSettings): LaneLimits {
  const heartbeats = laneHeartbeatSeconds;
  if (laneKind === 'realtime') return { heartbeats };
  return { heartbeats, memoryMiB: laneMemoryMiB, heapMiB: heapShare(laneMemoryMiB) };
}
