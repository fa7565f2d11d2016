/**
 * Has a plugin do what an operator asks: finds the lane whose plugin has the verb, asks it with the action's deadline, and says
 * what became of it whatever the lane does. Asked of supervisor.ts, for the control socket.
 */
import type { ActionResult, ObjectStatus } from '@mainstay/sdk';
import { didYouMean } from '../hooks/index.js';
import type { ActionFacts } from '../host/actions.js';
import type { LaneHandle } from './lane-handle.js';

export type ActionOutcome =
  | { readonly ok: true; readonly message: string }
  | {
      readonly ok: false;
      /** `unavailable`: nobody could be asked, or nobody answered; `refused`: the plugin said no, or failed. */
      readonly why: 'refused' | 'unknown-verb' | 'unknown-name' | 'unavailable';
      readonly message: string;
      readonly hint?: string;
      /** What there is instead of what is unknown. */
      readonly names?: readonly string[];
    };

export interface ActionContext {
  readonly lanes: readonly LaneHandle[];
  readonly isStopping: boolean;
  readonly objects: () => Promise<readonly ObjectStatus[]>;
  readonly say: (level: 'info' | 'warn', message: string) => void;
}

const notYet = ['loading', 'ready', 'starting', 'waiting'];
const look = 'whether it was done is not known: look at `mainstay status`';

/** What the plugins of all lanes can be asked to do. Of two with one verb the first counts, as in `act`. */
export function actionsOf(lanes: readonly LaneHandle[]): readonly ActionFacts[] {
  const all = lanes.flatMap((lane) => lane.actions);
  return all.filter(({ verb }, i) => all.findIndex((other) => other.verb === verb) === i);
}

/**
 * Verbs of this lane that another lane has too. The configuration's check finds those of the plugins that it loads; plugins that
 * others bring along are seen only here.
 */
export function clashesOf(lane: LaneHandle, lanes: readonly LaneHandle[]): readonly string[] {
  return lane.actions.flatMap(({ verb, plugin }) => {
    const twin = lanes.filter((other) => other !== lane).flatMap((other) => other.actions.filter((a) => a.verb === verb))[0];
    if (twin === undefined) return [];
    return [`plugins ${twin.plugin} and ${plugin} both declare the action "${verb}": only one of them can be asked`];
  });
}

/** Never rejects. Every request leaves a line in the log. */
export async function act(context: ActionContext, verb: string, name: string): Promise<ActionOutcome> {
  const outcome = await attempt(context, verb, name);
  if (outcome.ok) context.say('info', `${verb} ${name}: ${outcome.message}`);
  else context.say('warn', `${verb} ${name}, asked for on the control socket, was not done: ${outcome.message}`);
  return outcome;
}

async function attempt(context: ActionContext, verb: string, name: string): Promise<ActionOutcome> {
  const { isStopping, lanes } = context;
  if (isStopping) return unavailable('the daemon is stopping');
  const lane = lanes.find(({ actions }) => actions.some((action) => action.verb === verb));
  const action = lane?.actions.find((one) => one.verb === verb);
  if (lane === undefined || action === undefined) return unknownVerb(lanes, verb);
  if (lane.phase !== 'started') return unavailable(`the ${lane.name} lane does not run (${lane.phase})`, 'try again in a moment');
  const answer = await lane.act(verb, name, action.deadlineMs);
  if (answer === 'died') return unavailable(`the ${lane.name} lane ended in the middle of "${verb} ${name}"`, look);
  if (answer === 'late') return unavailable(`the ${lane.name} lane does not answer`, look);
  return outcomeOf(context, action, name, answer);
}

async function outcomeOf(
  context: ActionContext,
  action: ActionFacts,
  name: string,
  result: ActionResult,
): Promise<ActionOutcome> {
  if (result.ok) return { ok: true, message: result.message };
  const { message, hint, unknown } = result;
  if (unknown !== true) return { ok: false, why: 'refused', message, ...(hint !== undefined && { hint }) };
  const names = (await context.objects()).filter(({ kind }) => kind === action.object).map((object) => object.name);
  const advice = hint ?? didYouMean(name, names);
  return { ok: false, why: 'unknown-name', message, ...(advice !== undefined && { hint: advice }), names };
}

function unavailable(message: string, hint?: string): ActionOutcome {
  return { ok: false, why: 'unavailable', message, ...(hint !== undefined && { hint }) };
}

function unknownVerb(lanes: readonly LaneHandle[], verb: string): ActionOutcome {
  const names = actionsOf(lanes).map((action) => action.verb);
  const hint = didYouMean(verb, names);
  const starting = lanes
    .filter(({ hasToldActions, phase }) => !hasToldActions && notYet.includes(phase))
    .map((lane) => lane.name);
  if (starting.length > 0 && hint === undefined) {
    const message = `no plugin has the action "${verb}", but not every lane has started (${starting.join(', ')})`;
    return unavailable(message, 'try again in a moment');
  }
  const message = `no running plugin has the action "${verb}"`;
  return { ok: false, why: 'unknown-verb', message, ...(hint !== undefined && { hint }), names };
}
