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
  /** Root keywords that others have, too: they say nothing about who is wanted. */
  readonly sharedRoot?: ReadonlySet<string>;
  /** Groups whose blocks may stand at the top level. */
  readonly rootPlaces?: ReadonlySet<string>;
  /** Keywords in blocks of others: path of the block, its keywords with a blank between -> keywords. */
  readonly inside: ReadonlyMap<string, ReadonlySet<string>>;
  /** Blocks for the places of others: group -> keywords. */
  readonly plugs?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Groups that its own blocks have places for. */
  readonly places?: ReadonlySet<string>;
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
  /** Keywords of the top level that the lane has a use for. Absent: nobody knows. */
  readonly roots?: ReadonlySet<string>;
}

/** What its plugins may leave in the kernel when they die, and how that is cleared by hand. */
export function leavesOf({ plugins }: LanePlan): string | undefined {
  const told = plugins.flatMap(({ manifest: { leaves } }) => (leaves === undefined ? [] : [leaves]));
  return told.length === 0 ? undefined : told.join('; ');
}

/** Names of those that live there. */
export function pluginsOf({ plugins }: LanePlan): ReadonlySet<string> {
  return new Set(plugins.map(({ name }) => name));
}

/** Any plugin may add to it, so every lane is told. */
const shared = 'global_defs';

/** True where the configuration writes a keyword of the plugin, or nothing can tell. */
function isUsed(
  candidate: Candidate,
  statements: readonly Statement[],
  plugged: ReadonlySet<string>,
  mayContain: MayContain,
): boolean {
  const { root, inside, plugs = none, hasChildren } = candidate.contribution;
  if (!candidate.contribution.acts()) return false;
  if (candidate.isNamed || hasChildren || (root.size === 0 && inside.size === 0 && plugs.size === 0)) return true;
  if (statements.some(({ keyword }) => root.has(keyword.text))) return true;
  const isInside = ([path, keywords]: readonly [string, ReadonlySet<string>]) =>
    [...keywords].some(mayContain) && isWritten(statements, path.split(' '), keywords);
  if ([...inside].some(isInside)) return true;
  return [...plugs.values()].some((keywords) => [...keywords].some((keyword) => plugged.has(keyword)));
}

/** False: the word is nowhere in the configuration, which then need not be looked through for it. */
export type MayContain = (word: string) => boolean;

const none: ReadonlyMap<string, ReadonlySet<string>> = new Map();

/** One of `keywords` stands in a block of that path. In data, names of blocks are statements around their content. */
function isWritten(
  statements: readonly Statement[],
  [first, ...more]: readonly string[],
  keywords: ReadonlySet<string>,
): boolean {
  return statements.some((statement) => {
    const { keyword, form } = statement;
    if (first === undefined && keywords.has(keyword.text)) return true;
    const isNext = keyword.text === first;
    // Only then the block is looked at: that of the top level is unpacked for it.
    if (!isNext && form === undefined) return false;
    const { block } = statement;
    if (block === undefined) return false;
    return isWritten(block, isNext ? more : first === undefined ? [] : [first, ...more], keywords);
  });
}

/** Which of the keywords that anybody has for places of others are written in any block: a large configuration is walked once at most. */
function pluggedIn(
  candidates: readonly Candidate[],
  statements: readonly Statement[],
  mayContain: MayContain,
): ReadonlySet<string> {
  const known = new Set(
    candidates.flatMap(({ contribution: { plugs = none } }) =>
      [...plugs.values()].flatMap((words) => [...words].filter(mayContain)),
    ),
  );
  const found = new Set<string>();
  const walk = (block: readonly Statement[]) => {
    for (const { keyword, block: inner } of block) {
      if (known.has(keyword.text)) found.add(keyword.text);
      if (inner !== undefined && found.size < known.size) walk(inner);
    }
  };
  for (const statement of statements) {
    if (found.size === known.size) break;
    const { block } = statement;
    if (block !== undefined) walk(block);
  }
  return found;
}

/**
 * Plugins whose keywords a lane must know beside those of its members: those whose blocks they extend, those that have blocks for
 * the members' places, used or not, because the lane shall go on when a reload brings the first of them, and what these need in turn.
 */
function schemaFor(members: readonly Candidate[], all: readonly Candidate[]): ReadonlySet<Candidate> {
  const known = new Set(members);
  const add = (wanted: (other: Candidate) => boolean) => {
    for (const other of all) {
      if (known.has(other) || !wanted(other)) continue;
      known.add(other);
      addParents(other);
    }
  };
  const addParents = ({ contribution: { inside } }: Candidate) => {
    const blocks = new Set([...inside.keys()].map((path) => path.split(' ')[0] ?? ''));
    add(({ contribution: { root } }) => [...blocks].some((block) => root.has(block)));
  };
  for (const member of members) addParents(member);
  const places = new Set(members.flatMap(({ contribution }) => [...(contribution.places ?? [])]));
  add(({ contribution: { plugs = none } }) => [...plugs.keys()].some((group) => places.has(group)));
  for (const member of members) known.delete(member);
  return known;
}

/** The realtime lane first, then in the order in which plugins were given. */
export function planLanes(
  candidates: readonly Candidate[],
  statements: readonly Statement[],
  mayContain: MayContain = () => true,
): readonly LanePlan[] {
  const lanes = new Map<string, { kind: LaneKind; members: Candidate[] }>();
  const plugged = pluggedIn(candidates, statements, mayContain);
  for (const candidate of candidates.filter((c) => isUsed(c, statements, plugged, mayContain))) {
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
  const others = schemaFor(members, all);
  return {
    lane,
    laneKind,
    plugins: members.map((m) => m.plugin),
    schemaOf: all.filter((c) => others.has(c)).map((c) => c.plugin),
    hasChildren: members.some((m) => m.contribution.hasChildren),
    observes: [...new Set(members.flatMap((m) => [...(m.contribution.observes ?? [])]))],
    roots: new Set([shared, ...[...members, ...others].flatMap(({ contribution }) => rootsOf(contribution, all))]),
  };
}

/** What may stand at the top level and means something to a plugin. */
function rootsOf({ root, sharedRoot, rootPlaces }: Contribution, all: readonly Candidate[]): readonly string[] {
  const groups = [...(rootPlaces ?? [])];
  const plugged = all.flatMap(({ contribution: { plugs } }) => groups.flatMap((group) => [...(plugs?.get(group) ?? [])]));
  return [...root, ...(sharedRoot ?? []), ...plugged];
}

/** Two plans run the same program: the same plugins of the same versions in the same order. */
export function isSamePlan(a: LanePlan, b: LanePlan): boolean {
  const key = (plan: LanePlan) =>
    JSON.stringify([plan.laneKind, plan.plugins.map((p) => [p.name, p.entry, p.version]), plan.schemaOf.map((p) => p.entry)]);
  return key(a) === key(b);
}
