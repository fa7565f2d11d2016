/** Who may tap what: the checks of the whole graph that need every plugin to be known. Called by the bus when it freezes. */
import { catalogue } from '@mainstay/hooks';
import { type LaneKind, MainstayError } from '@mainstay/sdk';
import { didYouMean, type TapDeclaration } from './declaration.js';

/** Where the plugins of the daemon live. */
export interface Population {
  /** Plugins of this lane by name, in load order, with the kind of lane they belong to. */
  readonly here: ReadonlyMap<string, LaneKind>;
  /** Plugins with a process of their own, and those that they bring along: the name of the process. */
  readonly isolated?: ReadonlyMap<string, string>;
  /** Plugins of the same daemon in other lanes. Empty where this lane is the whole daemon. */
  readonly elsewhere: ReadonlyMap<string, LaneKind>;
  /** Plugins of `here` that have checkers. Absent: not every plugin of the daemon is known here. */
  readonly checkers?: ReadonlySet<string>;
  /** Plugins that the operator allows to tap guards. */
  readonly consent: ReadonlySet<string>;
}

/** Throws HOOK_WRONG_LANE, HOOK_NO_CONSENT or HOOK_UNKNOWN_ORDER. */
export function checkRights(tap: TapDeclaration, population: Population): void {
  checkLane(tap, population);
  checkConsent(tap, population);
  checkNames(tap, population);
}

/** True where both live in one process. */
function isTogether(a: string, b: string, { here, isolated }: Population): boolean {
  return here.get(a) === here.get(b) && isolated?.get(a) === isolated?.get(b);
}

function checkLane(tap: TapDeclaration, population: Population): void {
  const { here, elsewhere } = population;
  const { owner, tappedFrom } = catalogue[tap.hook];
  if (tappedFrom === 'any lane' || owner === tap.plugin) return;
  if (owner === 'checkers') {
    checkBesideCheckers(tap, population);
    return;
  }
  const ownerLane = here.get(owner) ?? elsewhere.get(owner);
  // An owner that is not part of this daemon never calls the hook: the tap is idle, not wrong.
  if (ownerLane === undefined || (here.has(owner) && isTogether(tap.plugin, owner, population))) return;
  const message =
    `plugin ${tap.plugin} (${here.get(tap.plugin)} lane) taps ${tap.hook}, which only plugins in the process of ` +
    `${owner} (${ownerLane} lane) may tap, because its answer is needed without waiting`;
  const inOneLane = `set "lane": "${ownerLane}" and no "isolated" in the mainstay block of its package.json`;
  const hint = `${inOneLane}, or publish a lease instead`;
  throw new MainstayError('HOOK_WRONG_LANE', message, hint);
}

/** The checking loop is in no lane by itself: it is where checkers are. */
function checkBesideCheckers({ hook, plugin }: TapDeclaration, population: Population): void {
  const { here, isolated, checkers } = population;
  if (checkers === undefined || [...checkers].some((other) => isTogether(plugin, other, population))) return;
  const lane = here.get(plugin);
  if (lane === 'health' && isolated?.has(plugin) !== true) return;
  const place = `the ${lane} lane${isolated?.has(plugin) === true ? ', a process of its own' : ''}`;
  const message =
    `plugin ${plugin} taps ${hook} in ${place}, and would never be called: this hook is asked in the process of the checkers, ` +
    'and none of them is there';
  const hint = 'set "lane": "health" and no "isolated" in the mainstay block of its package.json, or in its plugin block';
  throw new MainstayError('HOOK_WRONG_LANE', message, hint);
}

function checkConsent(tap: TapDeclaration, { consent }: Population): void {
  const { needsConsent, owner } = catalogue[tap.hook];
  if (!needsConsent || owner === tap.plugin || consent.has(tap.plugin)) return;
  const message = `plugin ${tap.plugin} taps ${tap.hook} and could hold the service back, which nobody has allowed to it`;
  throw new MainstayError('HOOK_NO_CONSENT', message, `allow guards to ${tap.plugin}, or remove the plugin`);
}

function checkNames(tap: TapDeclaration, { here, elsewhere }: Population): void {
  for (const wish of ['before', 'after'] as const) {
    for (const name of tap[wish]) {
      if (name === tap.plugin) {
        const message = `plugin ${tap.plugin} asks to run ${wish} itself on ${tap.hook}`;
        throw new MainstayError('HOOK_ORDER_CYCLE', message, 'remove the wish: taps of one plugin run in the order of setup()');
      }
      if (here.has(name) || elsewhere.has(name)) continue;
      const message = `plugin ${tap.plugin} asks to run ${wish} "${name}" on ${tap.hook}, and no plugin of that name is loaded`;
      const hint = didYouMean(name, [...here.keys(), ...elsewhere.keys()]) ?? 'load that plugin, or remove the wish';
      throw new MainstayError('HOOK_UNKNOWN_ORDER', message, hint);
    }
  }
}
