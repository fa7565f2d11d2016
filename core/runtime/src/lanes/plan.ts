/**
 * Which lanes there are and which plugins live in each: pure, from manifests, the operator's wishes and what the configuration
 * uses. Called by prepare.ts; the supervisor starts the lanes that it answers.
 */
import type { HookName, LaneKind, Statement } from '@mainstay/sdk';
import type { PlannedPlugin } from './messages.js';

/** What a plugin's `setup` contributed to the configuration. */
export interface Contribution {
  /** Root keywords and root blocks. */
  readonly root: ReadonlySet<string>;
  /** Keywords in blocks of others: block keyword -> keywords. */
  readonly inside: ReadonlyMap<string, ReadonlySet<string>>;
  /** It finds more plugins once it is bound (a folder of hook files). */
  readonly hasChildren: boolean;
  /** Hooks that it observes; plugins that it brings along may observe more. */
  readonly observes?: ReadonlySet<HookName>;
  /** It does more than declare keywords. */
  acts(): boolean;
}

export interface Candidate {
  readonly plugin: PlannedPlugin;
  readonly contribution: Contribution;
  /** The operator named it, so it runs whether or not the configuration uses a keyword of it. */
  readonly isNamed: boolean;
  readonly lane?: LaneKind;
  readonly isIsolated?: boolean;
}

export interface LanePlan {
  /** `realtime`, `extension`, or `extension:NAME` for a plugin with a process of its own. */
  readonly lane: string;
  readonly laneKind: LaneKind;
  readonly plugins: readonly PlannedPlugin[];
  readonly schemaOf: readonly PlannedPlugin[];
  /** Plugins that find children: on a reload the lane starts anew, so that changed files are read again. */
  readonly hasChildren: boolean;
  /** Hooks that these plugins observe, as far as that is known before they run. */
  readonly observes?: readonly HookName[];
}

/** True where the configuration writes a keyword of the plugin, or nothing can tell. */
export function isUsed(candidate: Candidate, statements: readonly Statement[]): boolean {
  const { root, inside, hasChildren } = candidate.contribution;
  if (!candidate.contribution.acts()) return false;
  if (candidate.isNamed || hasChildren || (root.size === 0 && inside.size === 0)) return true;
  return statements.some(
    ({ keyword, block }) =>
      root.has(keyword.text) || block?.some((child) => inside.get(keyword.text)?.has(child.keyword.text)) === true,
  );
}

/** Plugins whose blocks `candidate` extends, and those that these need in turn. */
function parentsOf(candidate: Candidate, all: readonly Candidate[], seen = new Set<Candidate>()): ReadonlySet<Candidate> {
  for (const block of candidate.contribution.inside.keys()) {
    for (const parent of all) {
      if (parent === candidate || seen.has(parent) || !parent.contribution.root.has(block)) continue;
      seen.add(parent);
      parentsOf(parent, all, seen);
    }
  }
  return seen;
}

/** The realtime lane first, then in the order in which plugins were given. */
export function planLanes(candidates: readonly Candidate[], statements: readonly Statement[]): readonly LanePlan[] {
  const lanes = new Map<string, { kind: LaneKind; members: Candidate[] }>();
  for (const candidate of candidates.filter((c) => isUsed(c, statements))) {
    const { manifest, name } = candidate.plugin;
    const kind = candidate.lane ?? manifest.lane;
    const lane = (candidate.isIsolated ?? manifest.isolated ?? false) ? `${kind}:${name}` : kind;
    const members = lanes.get(lane)?.members ?? [];
    members.push(candidate);
    lanes.set(lane, { kind, members });
  }
  const plans = [...lanes].map(([lane, { kind, members }]) => planOf(lane, kind, members, candidates));
  return [...plans.filter((p) => p.laneKind === 'realtime'), ...plans.filter((p) => p.laneKind !== 'realtime')];
}

function planOf(lane: string, laneKind: LaneKind, members: readonly Candidate[], all: readonly Candidate[]): LanePlan {
  const parents = new Set(members.flatMap((member) => [...parentsOf(member, all)]));
  for (const member of members) parents.delete(member);
  return {
    lane,
    laneKind,
    plugins: members.map((m) => m.plugin),
    schemaOf: all.filter((c) => parents.has(c)).map((c) => c.plugin),
    hasChildren: members.some((m) => m.contribution.hasChildren),
    observes: [...new Set(members.flatMap((m) => [...(m.contribution.observes ?? [])]))],
  };
}

/** Two plans run the same program: the same plugins of the same versions in the same order. */
export function isSamePlan(a: LanePlan, b: LanePlan): boolean {
  const key = (plan: LanePlan) =>
    JSON.stringify([plan.laneKind, plan.plugins.map((p) => [p.name, p.entry, p.version]), plan.schemaOf.map((p) => p.entry)]);
  return key(a) === key(b);
}
