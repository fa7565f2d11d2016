/** What a lane is asked, with the deadlines of the answers. Used by lane-handle.ts. */
import type { ActionResult, Clock, Explanation } from '@mainstay/sdk';
import type { FromLane, LaneReport, ReloadAnswer, ToLane } from '../lanes/messages.js';
import { Requests } from './requests.js';

/** Every answer is undefined where none comes in time, or the process ends, or there is none. */
export class LaneQuestions {
  readonly #reports: Requests<LaneReport>;
  readonly #explanations: Requests<readonly Explanation[]>;
  readonly #reloads: Requests<ReloadAnswer>;
  readonly #acts: Requests<ActionResult>;

  constructor(
    clock: Clock,
    /** False: there is nobody to ask. */
    private readonly isThere: () => boolean,
    private readonly send: (message: ToLane) => void,
  ) {
    this.#reports = new Requests(clock);
    this.#explanations = new Requests(clock);
    this.#reloads = new Requests(clock);
    this.#acts = new Requests(clock);
  }

  report(withinMs: number): Promise<LaneReport | undefined> {
    return this.#ask(this.#reports, (id) => ({ kind: 'report', id }), withinMs);
  }

  explain(name: string, withinMs: number): Promise<readonly Explanation[] | undefined> {
    return this.#ask(this.#explanations, (id) => ({ kind: 'explain', id, name }), withinMs);
  }

  /** `asked` hears the number of the question. */
  reload(
    message: Omit<Extract<ToLane, { kind: 'reload' }>, 'kind' | 'id'>,
    withinMs: number,
    asked: (id: number) => void,
  ): Promise<ReloadAnswer | undefined> {
    const question = (id: number) => {
      asked(id);
      return { kind: 'reload', id, ...message } as const;
    };
    return this.#ask(this.#reloads, question, withinMs);
  }

  act(verb: string, name: string, withinMs: number): Promise<ActionResult | undefined> {
    return this.#ask(this.#acts, (id) => ({ kind: 'act', id, verb, name }), withinMs);
  }

  hear(message: FromLane): void {
    if (message.kind === 'reported') this.#reports.answer(message.id, message.report);
    else if (message.kind === 'explained') this.#explanations.answer(message.id, message.explanations);
    else if (message.kind === 'reloaded') this.#reloads.answer(message.id, message.answer);
    else if (message.kind === 'acted') this.#acts.answer(message.id, message.result);
  }

  /** The process is gone. */
  abandon(): void {
    for (const requests of [this.#reports, this.#explanations, this.#reloads, this.#acts]) requests.abandon();
  }

  #ask<A>(requests: Requests<A>, message: (id: number) => ToLane, withinMs: number): Promise<A | undefined> {
    return this.isThere() ? requests.ask((id) => this.send(message(id)), withinMs) : Promise.resolve(undefined);
  }
}
