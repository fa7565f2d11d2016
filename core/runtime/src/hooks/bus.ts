/**
 * The hook bus of one lane. Plugins declare taps on it in setup; `freeze` checks and orders them and builds the engines;
 * from then on owners call their hooks through `callsFor`. Events also travel to other lanes (`onObserve`, `deliver`).
 */
import { catalogue, type HookName, type HookNameOf, hookNames, type PayloadOf } from '@mainstay/hooks';
import { type Clock, type HookCalls, MainstayError, messageOf, type Taps } from '@mainstay/sdk';
import type { LogLevel } from '../log/record.js';
import { callsFor } from './calls.js';
import { type TapDeclaration, tapsFor } from './declaration.js';
import { type EngineOf, HookPoint } from './engine.js';
import { frozenCopy } from './frozen.js';
import { Guard, type HookCall, type RunningTap } from './guard.js';
import { type Interest, InterestSet } from './interest.js';
import { Mailbox } from './mailbox.js';
import { isRemembered, Memory } from './memory.js';
import { type OrderedTap, orderTaps } from './order.js';
import { newStats, statusOf, type TapRecord, type TapStatus } from './record.js';
import { checkRights, type Population } from './rights.js';
import { Standing } from './standing.js';

export interface HookBusOptions {
  /** Name of the lane, for `plugin.parked`. */
  readonly lane: string;
  readonly clock: Clock;
  readonly log: (level: LogLevel, plugin: string, message: string, fields?: Readonly<Record<string, unknown>>) => void;
  /** A lifecycle tap of a plugin failed. */
  readonly lifecycleFailed?: (plugin: string, hook: string, error: string) => void;
}

/** Hears events for other lanes. The payload is frozen and structured-cloneable. */
export type ObserveListener = (name: HookNameOf<'observe'>, key: string, payload: unknown) => void;
/** Hears that nobody is to be reminded of that object any more. */
export type ForgetListener = (name: HookNameOf<'observe'>, key: string) => void;

interface Event {
  readonly name: HookName;
  readonly key: string;
  readonly payload: unknown;
  /** False for an event that came from another lane. */
  readonly goesOut: boolean;
  /** Said before: only for taps that want to be reminded. */
  readonly isReminder: boolean;
  /** Called once: when the taps have ended, or will not be called. */
  readonly done?: () => void;
}

export class HookBus {
  readonly #options: HookBusOptions;
  readonly #guard: Guard;
  readonly #mailbox: Mailbox<Event>;
  readonly #declarations: TapDeclaration[] = [];
  readonly #standings = new Map<string, Standing>();
  readonly #running: RunningTap[] = [];
  #points: ReadonlyMap<HookName, HookPoint> = new Map();
  readonly #memory = new Memory();
  #order: readonly { readonly record: TapRecord; readonly position: number; readonly reason: string }[] = [];
  #isFrozen = false;
  #listener: ObserveListener | undefined;
  #forgetListener: ForgetListener | undefined;
  #remote: InterestSet | undefined;

  constructor(options: HookBusOptions) {
    this.#options = options;
    this.#mailbox = new Mailbox<Event>(
      (event) => this.#dispatch(event),
      (dropped) => this.#overflowed(dropped),
    );
    this.#guard = new Guard({
      clock: options.clock,
      enter: (tap) => {
        this.#running.push(tap);
        this.#mailbox.enter();
      },
      leave: () => {
        this.#running.pop();
        this.#mailbox.leave();
      },
      log: options.log,
      lifecycleFailed: (plugin, hook, error) => options.lifecycleFailed?.(plugin, hook, error),
      parked: (record, strikes, error) => this.#park(record, strikes, error),
    });
  }

  /** The taps of one plugin's App; `seal` when its setup has returned. */
  tapsFor(plugin: string): { readonly taps: Taps; seal(): void } {
    this.standing(plugin);
    const add = (declaration: TapDeclaration) => {
      if (this.#isFrozen) throw new MainstayError('HOOK_FROZEN', `plugin ${plugin} taps ${declaration.hook} after the start`);
      this.#declarations.push(declaration);
    };
    return tapsFor(plugin, () => this.#declarations.length, add);
  }

  /** Checks the rights and wishes of every tap, orders them, builds and compiles the engines. Throws MainstayError. */
  freeze(population: Population): void {
    if (this.#isFrozen) throw new MainstayError('HOOK_FROZEN', 'the hook bus is frozen already');
    for (const tap of this.#declarations) checkRights(tap, population);
    const points = new Map<HookName, HookPoint>();
    const order: { record: TapRecord; position: number; reason: string }[] = [];
    for (const name of hookNames) {
      const taps = this.#declarations.filter((tap) => tap.hook === name);
      if (taps.length === 0) continue;
      const records = new Map(taps.map((tap) => [tap, this.#recordOf(tap)]));
      points.set(name, this.#buildPoint(name, taps, records));
      order.push(...placesOf(taps, records));
    }
    this.#points = points;
    this.#order = order;
    this.#isFrozen = true;
  }

  #recordOf(declaration: TapDeclaration): TapRecord {
    const isOwnHook = catalogue[declaration.hook].owner === declaration.plugin;
    return { declaration, standing: this.standing(declaration.plugin), isOwnHook, stats: newStats() };
  }

  #buildPoint(name: HookName, taps: readonly TapDeclaration[], records: ReadonlyMap<TapDeclaration, TapRecord>): HookPoint {
    const inOrder = (set: readonly TapDeclaration[]) =>
      orderTaps(set).flatMap(({ tap }) => {
        const record = records.get(tap);
        return record === undefined ? [] : [record];
      });
    const keys = new Set(taps.flatMap((tap) => (tap.key === undefined ? [] : [tap.key])));
    const keyed = new Map([...keys].map((key) => [key, inOrder(taps.filter((tap) => tap.key === undefined || tap.key === key))]));
    return new HookPoint(catalogue[name].kind, inOrder(taps.filter((tap) => tap.key === undefined)), keyed, this.#guard);
  }

  /** How a plugin stands: strikes, parked, gate. */
  standing(plugin: string): Standing {
    const known = this.#standings.get(plugin) ?? new Standing(plugin);
    this.#standings.set(plugin, known);
    return known;
  }

  /** Forgives strikes and calls parked plugins again, who have missed what was said meanwhile. */
  resumeAll(): void {
    for (const standing of this.#standings.values()) {
      const wasParked = standing.parked !== undefined;
      standing.resume();
      if (wasParked) this.remind(standing.plugin);
    }
  }

  /** Tells the taps of a plugin that want it what was said last about each object, by plugins of this lane or of others. */
  remind(plugin: string): void {
    for (const { record } of this.#order) {
      const { declaration } = record;
      if (declaration.plugin !== plugin || !declaration.isReminded) continue;
      for (const [key, payload] of this.#memory.of(declaration.hook)) {
        if (declaration.key === undefined || declaration.key === key) this.#guard.tell(record, payload, newCall(true), () => {});
      }
    }
  }

  /** Every tap, in the order in which the taps of its hook run. */
  taps(): readonly TapStatus[] {
    return this.#order.map(({ record, position, reason }) => statusOf(record, position, reason));
  }

  /** The tap that keeps the event loop at this moment: for a watchdog to name the culprit. */
  running(): RunningTap | undefined {
    return this.#running.at(-1);
  }

  /** How `owner` calls the hooks that the catalogue says are its own. */
  callsFor(owner: string): HookCalls {
    return callsFor(owner, this);
  }

  isTapped(name: HookName, key: string): boolean {
    return isRemembered(name) || this.#points.get(name)?.engineFor(key) !== undefined || this.#isWantedOutside(name, key);
  }

  /** Tells local taps and other lanes, after the call under way if there is one. Never throws. */
  raise(name: HookNameOf<'observe'>, key: string, payload: unknown): void {
    this.#post({ name, key, payload, goesOut: true, isReminder: false });
  }

  /** The owner's word that there is no such object any more. */
  forget(name: HookNameOf<'observe'>, key: string): void {
    this.#memory.forget(name, key);
    try {
      if (isRemembered(name)) this.#forgetListener?.(name, key);
    } catch (error) {
      this.#options.log('error', 'mainstay', `${name}: other lanes still remember ${key}: ${messageOf(error)}`);
    }
  }

  /**
   * An event from another lane, for the taps of this one. Settles when they have ended, at their deadlines at the latest. `about`: it was
   * said before this lane could hear it, or nobody is to be reminded of it any more.
   */
  deliver(name: HookName, key: string, payload: unknown, about?: 'reminder' | 'forgotten'): Promise<void> {
    if (!Object.hasOwn(catalogue, name) || catalogue[name].kind !== 'observe') return Promise.resolve();
    if (about === 'forgotten') {
      this.#memory.forget(name, key);
      return Promise.resolve();
    }
    return new Promise((done) => this.#post({ name, key, payload, goesOut: false, isReminder: about === 'reminder', done }));
  }

  /** Hears every event that other lanes want; one listener at a time. Before `setRemoteInterest`, they want everything. */
  onObserve(listener: ObserveListener | undefined, forgotten?: ForgetListener): void {
    this.#listener = listener;
    this.#forgetListener = forgotten;
  }

  setRemoteInterest(interest: Interest): void {
    this.#remote = new InterestSet();
    for (const { hook, keys } of interest) this.#remote.add(hook, keys);
  }

  /** The events that taps of this lane want. Complete once the bus is frozen. */
  interest(): Interest {
    const wanted = new InterestSet();
    for (const { hook, kind, key } of this.#declarations) {
      if (kind === 'observe') wanted.add(hook, key === undefined ? '*' : [key]);
    }
    const reminded = new Set(this.#declarations.flatMap(({ hook, isReminded }) => (isReminded ? [hook] : [])));
    return wanted.toList().map((one) => (reminded.has(one.hook) ? { ...one, isReminded: true as const } : one));
  }

  /** Runs a call of a synchronous hook: events raised by its taps wait until it has ended. */
  callSync<Answer>(
    name: HookName,
    key: string,
    run: (engine: EngineOf<'adjust' | 'guard'>, call: HookCall) => Answer,
  ): Answer | undefined {
    const engine = this.#points.get(name)?.engineFor(key);
    if (engine === undefined) return undefined;
    this.#mailbox.enter();
    try {
      return run(engine as EngineOf<'adjust' | 'guard'>, newCall());
    } finally {
      this.#mailbox.leave();
    }
  }

  /** Runs the taps of a shape hook in order. Never rejects. */
  shape(name: HookName, key: string, value: unknown, payload: unknown): Promise<unknown> {
    const engine = this.#points.get(name)?.engineFor(key) as EngineOf<'shape'> | undefined;
    if (engine === undefined) return Promise.resolve(value);
    return new Promise((resolve) => {
      engine.callAsync(frozenCopy(value), frozenCopy(payload), newCall(), (_, result) => resolve(result ?? value));
    });
  }

  /** Runs the taps of a lifecycle hook in order; resolves when the last has ended. Never rejects. */
  lifecycle<Name extends HookNameOf<'lifecycle'>>(name: Name, payload: PayloadOf<Name>): Promise<void> {
    const engine = this.#points.get(name)?.engineFor('') as EngineOf<'lifecycle'> | undefined;
    if (engine === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      engine.callAsync(frozenCopy(payload), newCall(), () => resolve());
    });
  }

  #post(event: Event): void {
    const { name, key, goesOut, done } = event;
    try {
      const isWanted = goesOut ? this.isTapped(name, key) : this.#points.get(name)?.engineFor(key) !== undefined;
      if (!isWanted) {
        done?.();
        return;
      }
      const payload = frozenCopy(event.payload);
      this.#memory.put(name, key, payload);
      this.#mailbox.post({ ...event, payload });
    } catch (error) {
      done?.();
      this.#options.log('error', 'mainstay', `${name}: an event about ${key} is lost: ${messageOf(error)}`);
    }
  }

  #dispatch({ name, key, payload, goesOut, isReminder, done }: Event): void {
    this.#mailbox.enter();
    try {
      if (goesOut && this.#isWantedOutside(name, key)) this.#listener?.(name as HookNameOf<'observe'>, key, payload);
    } catch (error) {
      this.#options.log('error', 'mainstay', `${name}: an event about ${key} did not reach other lanes: ${messageOf(error)}`);
    }
    const engine = this.#points.get(name)?.engineFor(key) as EngineOf<'observe'> | undefined;
    try {
      if (engine === undefined) done?.();
      else engine.callAsync(payload, newCall(isReminder), () => done?.());
    } finally {
      this.#mailbox.leave();
    }
  }

  #isWantedOutside(name: HookName, key: string): boolean {
    if (this.#listener === undefined || (catalogue as Partial<typeof catalogue>)[name]?.kind !== 'observe') return false;
    // What is remembered is kept outside, too, for lanes that do not run yet.
    return this.#remote === undefined || isRemembered(name) || this.#remote.has(name, key);
  }

  #overflowed(dropped: readonly Event[]): void {
    for (const { done } of dropped) done?.();
    const names = [...new Set(dropped.map((event) => event.name))].join(', ');
    const message = `${dropped.length} events are lost (${names}): taps answer each other's events without end`;
    this.#options.log('error', 'mainstay', message);
  }

  #park({ declaration, standing }: TapRecord, strikes: number, lastError: string): void {
    const at = this.#options.clock.wall();
    const { plugin, hook } = declaration;
    standing.park({ hook, strikes, lastError, at });
    const message = `parked after ${strikes} strikes: none of its taps is called in the lane ${this.#options.lane} until a reload`;
    this.#options.log('error', plugin, message, { hook, lastError });
    this.raise('plugin.parked', plugin, { plugin, lane: this.#options.lane, hook, strikes, lastError, at });
  }
}

function newCall(isReminder = false): HookCall {
  return { isWarmUp: false, isReminder, contributions: [], heldBy: undefined };
}

/** The place of each tap among all taps of its hook. Where keyed taps never meet, load order decides between them. */
function placesOf(taps: readonly TapDeclaration[], records: ReadonlyMap<TapDeclaration, TapRecord>) {
  return orderForShow(taps).flatMap(({ tap, reason }, i) => {
    const record = records.get(tap);
    return record === undefined ? [] : [{ record, position: i + 1, reason }];
  });
}

function orderForShow(taps: readonly TapDeclaration[]): readonly OrderedTap[] {
  try {
    return orderTaps(taps);
  } catch {
    // Taps for different objects may contradict each other without ever meeting.
    const groups = new Map<string | undefined, TapDeclaration[]>();
    for (const tap of taps) groups.set(tap.key, [...(groups.get(tap.key) ?? []), tap]);
    return [...groups.values()].flatMap((group) => orderTaps(group));
  }
}
