/**
 * The actions that the plugins of a host declare, and how one is run: bounded in time, attributed to its plugin, and with a result
 * whatever the plugin does. Used by the host.
 */
import {
  type Action,
  type ActionPoints,
  type ActionResult,
  actionDeadlineMs,
  type Clock,
  MainstayError,
  messageOf,
} from '@mainstay/sdk';
import { didYouMean } from '../hooks/index.js';
import { withDeadline } from './deadline.js';
import type { Member } from './member.js';

/** What others than the plugin may know of an action. Plain data. */
export interface ActionFacts {
  readonly verb: string;
  readonly object: string;
  readonly doc: string;
  readonly plugin: string;
  readonly deadlineMs: number;
}

export interface ActionTableOptions {
  readonly clock: Clock;
  /** Called for what a plugin did wrong in an action. */
  readonly failed: (plugin: string, message: string) => void;
}

interface Declared {
  readonly member: Member;
  readonly facts: ActionFacts;
  readonly run: Action['run'];
}

export class ActionTable {
  readonly #declared = new Map<string, Declared>();

  constructor(private readonly options: ActionTableOptions) {}

  /** The plugin's `app.actions`. Throws after `seal`: a verb declared late would be unknown to whoever asks for it. */
  pointsFor(member: Member): { readonly points: ActionPoints; seal(): void } {
    let isSealed = false;
    const declare = (action: Action) => {
      if (isSealed) {
        const message = `plugin ${member.name} declares the action "${action.verb}" after setup`;
        throw new MainstayError('ACTION_BAD_DECLARATION', message, 'declare it in setup()');
      }
      this.#declare(member, action);
    };
    const seal = () => {
      isSealed = true;
    };
    return { points: { declare }, seal };
  }

  list(): readonly ActionFacts[] {
    return [...this.#declared.values()].map(({ facts }) => facts);
  }

  /** Never rejects. */
  async run(verb: string, name: string): Promise<ActionResult> {
    const found = this.#declared.get(verb);
    if (found === undefined) return this.#unknownVerb(verb);
    const { facts, member } = found;
    const { life, state } = member;
    if (state !== 'running' || life === undefined) {
      return { ok: false, message: `plugin ${member.name} does not run (it is ${state}), so it cannot ${verb} ${name}` };
    }
    const bound = { what: `"${verb} ${name}" of plugin ${member.name}`, ms: facts.deadlineMs };
    try {
      return resultOf(await withDeadline(this.options.clock, bound, () => found.run(name), life.controller.signal));
    } catch (error) {
      return this.#failure(found, name, error, life.controller.signal);
    }
  }

  #declare(member: Member, action: Action): void {
    const problems = problemsOf(action);
    if (problems.length > 0) {
      const message = `plugin ${member.name} declares an unusable action: ${problems.join('; ')}`;
      throw new MainstayError('ACTION_BAD_DECLARATION', message);
    }
    const { verb, object, doc, deadlineMs = actionDeadlineMs.default } = action;
    const twin = this.#declared.get(verb)?.member;
    if (twin !== undefined) {
      const whose = twin === member ? `plugin ${member.name} declares` : `plugins ${twin.name} and ${member.name} both declare`;
      throw new MainstayError('ACTION_DUPLICATE', `${whose} the action "${verb}"`, 'load only one of them, or rename a verb');
    }
    const facts = { verb, object, doc, plugin: member.name, deadlineMs };
    this.#declared.set(verb, { member, facts, run: (name) => action.run(name) });
  }

  #unknownVerb(verb: string): ActionResult {
    const hint = didYouMean(verb, this.#declared.keys());
    return { ok: false, message: `no plugin here has the action "${verb}"`, ...(hint !== undefined && { hint }) };
  }

  #failure({ member, facts }: Declared, name: string, error: unknown, ended: AbortSignal): ActionResult {
    const what = `${facts.verb} ${name}`;
    if (ended.aborted && error === ended.reason) {
      return { ok: false, message: `plugin ${member.name} was stopped before "${what}" had finished` };
    }
    const isLate = error instanceof MainstayError && error.code === 'PLUGIN_TIMEOUT';
    const message = isLate ? error.message : `plugin ${member.name} failed in "${what}": ${messageOf(error)}`;
    this.options.failed(member.name, message);
    const hint = 'whether it was done all the same is not known: look at `mainstay status`';
    return { ok: false, message, ...(isLate && { hint }) };
  }
}

function problemsOf(action: Action): readonly string[] {
  const { verb, object, doc, run, deadlineMs } = (action ?? {}) as { readonly [K in keyof Action]?: unknown };
  const problems: string[] = [];
  if (typeof verb !== 'string' || !/^[a-z][a-z-]{0,31}$/.test(verb)) {
    problems.push(`its verb ${JSON.stringify(verb)} must be at most 32 lower-case letters and hyphens, beginning with a letter`);
  }
  if (typeof object !== 'string' || object === '') problems.push('"object" must name the kind of object that it is for');
  if (typeof doc !== 'string' || !/^.+$/.test(doc)) problems.push('"doc" must be one line that says what it does');
  if (typeof run !== 'function') problems.push('run is not a function');
  if (deadlineMs !== undefined && !(typeof deadlineMs === 'number' && deadlineMs > 0 && deadlineMs <= actionDeadlineMs.longest)) {
    problems.push(`"deadlineMs" must be between 1 and ${actionDeadlineMs.longest}`);
  }
  return problems;
}

/** Only what a result has, as plain data: it crosses process borders. Throws where it is none. */
function resultOf(answer: unknown): ActionResult {
  const { ok, message, hint, unknown } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof ok !== 'boolean' || typeof message !== 'string') {
    throw new TypeError('it answered something else than { ok, message }');
  }
  if (ok) return { ok, message };
  return { ok, message, ...(typeof hint === 'string' && { hint }), ...(unknown === true && { unknown }) };
}
