/**
 * One plugin's end of the checking loop: what it wants, what it was told, and which lane can check it. It outlives the lives of the
 * plugin, so that a restart does not disturb the checks. Used by the host.
 */
import { isDeepStrictEqual } from 'node:util';
import { type CheckReport, type CheckRequest, type CheckState, type Checks, type Clock, messageOf } from '@mainstay/sdk';
import type { LogLevel } from '../log/record.js';
import { asksTheSame } from './content.js';
import { type CheckingLane, LaneOrders } from './lane-orders.js';

export interface ClientOptions {
  readonly plugin: string;
  readonly clock: Clock;
  readonly log: (level: LogLevel, plugin: string, message: string) => void;
  /** Calls `work` when what is under way now has ended. */
  readonly soon?: (work: () => void) => void;
}

interface Wanted {
  request: CheckRequest;
  /** The newest that a lane told. */
  state: CheckState | undefined;
  /** It told that of this very content. */
  isSettled: boolean;
}

/** One listener of the plugin. */
interface Listener {
  hear(states: readonly CheckState[]): void;
  /** It has been told what is known, and hears of changes from then on. */
  isTold: boolean;
}

/** One life of the plugin: it begins with the beliefs of its first requests. */
interface Life {
  hasSet: boolean;
  readonly listeners: Set<Listener>;
}

/** Two seconds are promised, and whoever asks has a bound of its own. */
const reportMs = 1500;
/** A lane that was started a moment ago, or is started again, is waited for so long before its lack is an error. */
const graceMs = 15_000;

export class CheckClient {
  readonly #options: ClientOptions;
  readonly #wanted = new Map<string, Wanted>();
  readonly #lanes = new Map<string, LaneOrders>();
  #life: Life | undefined;
  /** Checkers whose lack has been told. */
  readonly #lacking = new Set<string>();
  #isLooking = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** The port, for one life of the plugin. */
  portFor(signal: AbortSignal): Checks {
    const life: Life = { hasSet: false, listeners: new Set() };
    this.#life = life;
    signal.addEventListener('abort', () => life.listeners.clear(), { once: true });
    return {
      set: (requests) => {
        this.set(requests);
        life.hasSet = true;
        this.#soon(() => this.#tellKnown(life));
      },
      watch: (listener) => {
        const own = { hear: listener, isTold: false };
        life.listeners.add(own);
        this.#soon(() => this.#tellKnown(life));
        return () => void life.listeners.delete(own);
      },
      report: (ids) => this.#report(ids),
    };
  }

  set(requests: readonly CheckRequest[]): void {
    const next = new Map<string, CheckRequest>();
    for (const request of requests) next.set(request.id, request);
    if (next.size < requests.length) this.#complain('two of its checks have the same id: only the last of them is made');
    for (const [id, { request }] of this.#wanted) if (!next.has(id)) this.#drop(id, request);
    for (const request of next.values()) this.#put(request);
    this.#lookForLacks();
  }

  /** A lane can check, from now on or anew: it is told everything that concerns it. */
  serve(name: string, lane: CheckingLane): void {
    const before = this.#lanes.get(name);
    before?.close();
    const { clock, plugin } = this.#options;
    const orders = new LaneOrders(lane, plugin, clock, (id) => this.#asked(id), this.#soon);
    this.#lanes.set(name, orders);
    for (const checker of lane.checkers) this.#lacking.delete(checker);
    this.#tellAll(orders);
    this.#goOnWithout([...(before?.lane.checkers ?? [])].filter((checker) => !lane.checkers.has(checker)));
  }

  /** It does not run any more: what it told stays, unless another lane knows better. */
  lose(name: string): void {
    const before = this.#lanes.get(name);
    before?.close();
    this.#lanes.delete(name);
    this.#goOnWithout([...(before?.lane.checkers ?? [])]);
    this.#lookForLacks();
  }

  /** States that a lane tells, of checks that it can make. Listeners hear those that are other than what they had to believe. */
  hear(lane: string, states: readonly unknown[]): void {
    const checkers = this.#lanes.get(lane)?.lane.checkers;
    if (checkers === undefined) return;
    const news = states.filter(isState).filter((state) => this.#note(state, checkers));
    for (const listener of [...(this.#life?.listeners ?? [])]) if (listener.isTold) this.#tell(listener, news);
  }

  /** For the operator: how many checks are wanted, and a warning where some are not made. */
  facts(): { readonly wanted: number; readonly notMade: number; readonly warning?: string } {
    const lacking = new Map<string, number>();
    for (const { request } of this.#wanted.values()) {
      const { checker } = request.identity;
      if (this.#laneOf(checker) === undefined) lacking.set(checker, (lacking.get(checker) ?? 0) + 1);
    }
    const notMade = [...lacking.values()].reduce((sum, count) => sum + count, 0);
    if (notMade === 0) return { wanted: this.#wanted.size, notMade };
    const names = [...lacking.keys()].join(', ');
    const warning = `${notMade} of ${this.#wanted.size} checks are not made, and servers keep the state they had: no lane runs that has ${names}`;
    return { wanted: this.#wanted.size, notMade, warning };
  }

  get #soon(): (work: () => void) => void {
    return this.#options.soon ?? queueMicrotask;
  }

  /** What an earlier life was told, and this one does not know: all that is other than the beliefs of its requests. */
  #tellKnown({ hasSet, listeners }: Life): void {
    if (!hasSet) return;
    for (const listener of [...listeners].filter(({ isTold }) => !isTold)) {
      listener.isTold = true;
      const known = [...this.#wanted.values()].flatMap(({ request, state }) => {
        return state !== undefined && isOther({ isUp: request.initial === 'up' }, state) ? [state] : [];
      });
      this.#tell(listener, known);
    }
  }

  #tell(listener: Listener, states: readonly CheckState[]): void {
    if (states.length === 0) return;
    try {
      listener.hear(states);
    } catch (error) {
      this.#complain(`it failed to take the states of its checks: ${messageOf(error)}`);
    }
  }

  #put(request: CheckRequest): void {
    const { id } = request;
    const old = this.#wanted.get(id);
    if (old === undefined) this.#wanted.set(id, { request, state: undefined, isSettled: false });
    else {
      if (isSame(old.request, request)) return;
      if (!asksTheSame(old.request, request)) old.isSettled = false;
      const before = old.request.identity.checker;
      if (before !== request.identity.checker) this.#laneOf(before)?.drop(id);
      old.request = request;
    }
    this.#laneOf(request.identity.checker)?.put(id);
  }

  #tellAll(orders: LaneOrders): void {
    const { checkers } = orders.lane;
    orders.tellAll(
      [...this.#wanted.values()].flatMap(({ request: { id, identity } }) => (checkers.has(identity.checker) ? [id] : [])),
    );
  }

  /**
   * A lane has these no more. Another one that has them too, as after a reload that moved them, says how their checks stand, and
   * hears what changed while only the other was told.
   */
  #goOnWithout(gone: readonly string[]): void {
    for (const orders of this.#lanes.values())
      if (gone.some((checker) => orders.lane.checkers.has(checker))) this.#tellAll(orders);
  }

  #drop(id: string, request: CheckRequest): void {
    this.#wanted.delete(id);
    this.#laneOf(request.identity.checker)?.drop(id);
  }

  #asked(id: string) {
    const wanted = this.#wanted.get(id);
    if (wanted === undefined) return undefined;
    const { request, state, isSettled } = wanted;
    return { request, isSettled, ...(state !== undefined && { known: state }) };
  }

  #laneOf(checker: string): LaneOrders | undefined {
    for (const orders of this.#lanes.values()) if (orders.lane.checkers.has(checker)) return orders;
    return undefined;
  }

  /** Answers true where it is news to the plugin. */
  #note(state: CheckState, checkers: ReadonlySet<string>): boolean {
    const wanted = this.#wanted.get(state.id);
    if (wanted === undefined || !checkers.has(wanted.request.identity.checker)) return false;
    const before = wanted.state ?? { isUp: wanted.request.initial === 'up' };
    wanted.state = state;
    wanted.isSettled = true;
    return isOther(before, state);
  }

  async #report(ids?: readonly string[]): Promise<readonly CheckReport[]> {
    const lanes = [...this.#lanes.values()];
    const reports = await Promise.all(lanes.map(({ lane }) => lane.report(this.#options.plugin, ids, reportMs)));
    return reports.flat();
  }

  /** After a while, says once which checkers no lane has. */
  #lookForLacks(): void {
    if (this.#isLooking || this.facts().notMade === 0) return;
    this.#isLooking = true;
    this.#options.clock.after(graceMs, () => {
      this.#isLooking = false;
      const all = new Set([...this.#wanted.values()].map(({ request }) => request.identity.checker));
      const news = [...all].filter((checker) => this.#laneOf(checker) === undefined && !this.#lacking.has(checker));
      for (const checker of news) this.#lacking.add(checker);
      if (news.length === 0) return;
      this.#complain(
        `no lane runs that has ${news.join(', ')}: these checks are not made, and their servers keep the state they had ` +
          '(look for a lane that does not start, or load the plugin of the checker)',
      );
    });
  }

  #complain(message: string): void {
    this.#options.log('error', this.#options.plugin, message);
  }
}

function isOther(before: Pick<CheckState, 'isUp' | 'weight' | 'adjust'>, state: CheckState): boolean {
  return before.isUp !== state.isUp || before.weight !== state.weight || before.adjust !== state.adjust;
}

/** The lane that checks runs anybody's code. */
function isState(value: unknown): value is CheckState {
  const { id, isUp, reason, since, weight, adjust } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const isWish = (wish: unknown) => wish === undefined || Number.isFinite(wish);
  const isPlain = typeof id === 'string' && typeof isUp === 'boolean' && typeof reason === 'string' && Number.isFinite(since);
  return isPlain && isWish(weight) && isWish(adjust);
}

/** Part by part: of forty thousand requests that are made anew at a reload, most parts are the very same objects or small. */
function isSame(a: object, b: object): boolean {
  const keys = Object.keys(a) as (keyof typeof a)[];
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(b, key)) return false;
    if (!Object.is(a[key], b[key]) && (typeof a[key] !== 'object' || !isDeepStrictEqual(a[key], b[key]))) return false;
  }
  return true;
}
