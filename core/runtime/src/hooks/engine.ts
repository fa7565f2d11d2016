/**
 * tapable behind the hook bus: one engine for each set of taps that run together. This folder alone knows tapable, and no
 * plugin ever holds one of its objects.
 */
import type { HookKind } from '@mainstay/hooks';
import { AsyncParallelHook, AsyncSeriesHook, AsyncSeriesWaterfallHook, HookMap, SyncBailHook, SyncWaterfallHook } from 'tapable';
import type { Done, Guard, HookCall } from './guard.js';
import type { TapRecord } from './record.js';

interface Extra {
  readonly record: TapRecord;
}
type Fn = (...args: unknown[]) => unknown;

const create = {
  observe: () => new AsyncParallelHook<[unknown, HookCall], Extra>(['payload', 'call']),
  lifecycle: () => new AsyncSeriesHook<[unknown, HookCall], Extra>(['payload', 'call']),
  adjust: () => new SyncWaterfallHook<[unknown, unknown, HookCall], unknown, Extra>(['value', 'payload', 'call']),
  guard: () => new SyncBailHook<[unknown, HookCall], unknown, Extra>(['payload', 'call']),
  shape: () => new AsyncSeriesWaterfallHook<[unknown, unknown, HookCall], unknown, Extra>(['value', 'payload', 'call']),
} as const;

/** The tapable hook of each kind. */
export type EngineOf<Kind extends HookKind> = ReturnType<(typeof create)[Kind]>;
export type Engine = EngineOf<HookKind>;

/** The function that tapable calls in place of the tap. */
function guarded(guard: Guard, record: TapRecord): Fn {
  switch (record.declaration.kind) {
    case 'adjust':
      return (value, payload, call) => guard.adjust(record, value, payload, call as HookCall);
    case 'guard':
      return (payload, call) => guard.guard(record, payload, call as HookCall);
    case 'shape':
      return (value, payload, call, done) => guard.shape(record, value, payload, call as HookCall, done as Done);
    case 'observe':
    case 'lifecycle':
      return (payload, call, done) => guard.tell(record, payload, call as HookCall, done as Done);
  }
}

/** Builds an engine with its taps in the given order, and compiles it: tapable would do so at the first call. */
export function buildEngine(kind: HookKind, records: readonly TapRecord[], guard: Guard): Engine {
  const engine: Engine = create[kind]();
  engine.intercept({ register: (tap) => ({ ...tap, fn: guarded(guard, tap.record) }) });
  for (const [stage, record] of records.entries()) {
    const options = { name: record.declaration.plugin, stage, record };
    const tap: Fn = record.declaration.fn as Fn;
    if (kind === 'adjust' || kind === 'guard') (engine as EngineOf<'guard'>).tap(options, tap as never);
    else (engine as EngineOf<'observe'>).tapAsync(options, tap as never);
  }
  warmUp(kind, engine);
  return engine;
}

function warmUp(kind: HookKind, engine: Engine): void {
  const call: HookCall = { isWarmUp: true, isReminder: false, contributions: [], heldBy: undefined };
  switch (kind) {
    case 'adjust':
      (engine as EngineOf<'adjust'>).call(undefined, undefined, call);
      return;
    case 'guard':
      (engine as EngineOf<'guard'>).call(undefined, call);
      return;
    case 'shape':
      (engine as EngineOf<'shape'>).callAsync(undefined, undefined, call, () => {});
      return;
    case 'observe':
    case 'lifecycle':
      (engine as EngineOf<'observe'>).callAsync(undefined, call, () => {});
  }
}

/** The engines of one hook: one for each key that some tap names, and one for all other keys. */
export class HookPoint {
  readonly #forKey: HookMap<Engine>;
  readonly #forOthers: Engine | undefined;

  constructor(
    readonly kind: HookKind,
    others: readonly TapRecord[],
    keyed: ReadonlyMap<string, readonly TapRecord[]>,
    guard: Guard,
  ) {
    this.#forOthers = others.length === 0 ? undefined : buildEngine(kind, others, guard);
    this.#forKey = new HookMap<Engine>((key: string) => buildEngine(kind, keyed.get(key) ?? [], guard));
    for (const key of keyed.keys()) this.#forKey.for(key);
  }

  /** The engine for one object; undefined where nobody taps it. Never creates one. */
  engineFor(key: string): Engine | undefined {
    return this.#forKey.get(key) ?? this.#forOthers;
  }
}
