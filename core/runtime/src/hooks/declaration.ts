/** What a plugin declares in `setup`: one tap on one hook. Made by `tapsFor`, ordered by `orderTaps`, built into an engine. */
import { catalogue, type HookKind, type HookName, hookNames } from '@mainstay/hooks';
import { closest, MainstayError, type Phase, phases, type TapOptions, type Taps } from '@mainstay/sdk';
import { isRemembered } from './memory.js';

export interface TapDeclaration {
  readonly plugin: string;
  readonly hook: HookName;
  readonly kind: HookKind;
  readonly fn: (...args: never[]) => unknown;
  readonly phase: Phase;
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Only for the object of this name. */
  readonly key: string | undefined;
  /** Milliseconds: the tap's own deadline, or the hook's. */
  readonly deadlineMs: number;
  /** It wants to be reminded of what was said last. */
  readonly isReminded: boolean;
  /** Load order: counts the declarations of the bus. */
  readonly sequence: number;
}

/** `did you mean "..."?`, where a name looks like a slip of the finger. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const near = closest(word, candidates);
  return near === undefined ? undefined : `did you mean "${near}"?`;
}

/** The hook of that name. Throws HOOK_UNKNOWN. */
export function knownHook(plugin: string, name: string): HookName {
  if (Object.hasOwn(catalogue, name)) return name as HookName;
  throw new MainstayError(
    'HOOK_UNKNOWN',
    `plugin ${plugin} uses the hook "${name}", which does not exist`,
    didYouMean(name, hookNames) ?? '`mainstay hooks` lists every hook',
  );
}

function checkKind(plugin: string, name: HookName, kind: HookKind): void {
  const actual = catalogue[name].kind;
  if (actual === kind) return;
  const message = `plugin ${plugin} taps ${name} with taps.${kind}(), but it is of the kind ${actual}`;
  throw new MainstayError('HOOK_WRONG_KIND', message, `use taps.${actual}()`);
}

function checkPhase(plugin: string, name: HookName, phase: string): Phase {
  const known = phases.find((p) => p === phase);
  if (known !== undefined) return known;
  const message = `plugin ${plugin} taps ${name} in the phase "${phase}", which does not exist`;
  const hint = didYouMean(phase, phases) ?? `phases are ${phases.join(', ')}`;
  throw new MainstayError('HOOK_UNKNOWN_ORDER', message, hint);
}

function deadlineOf(plugin: string, name: HookName, wish: number | undefined): number {
  const { deadlineMs, kind } = catalogue[name];
  if (wish === undefined) return deadlineMs;
  if (kind !== 'observe') {
    const message = `plugin ${plugin} sets a deadline for its tap of ${name}, on which the daemon waits`;
    throw new MainstayError('HOOK_WRONG_KIND', message, `the deadline of ${name} is ${deadlineMs} ms`);
  }
  if (wish >= 1 && wish <= 60_000) return wish;
  throw new RangeError(`plugin ${plugin}: the deadline of a tap of ${name} must be 1..60000 milliseconds, not ${wish}`);
}

function checkReminder(plugin: string, name: HookName, wish: boolean): boolean {
  if (!wish || isRemembered(name)) return wish;
  const message = `plugin ${plugin} wants to be reminded of ${name}, which nobody remembers`;
  throw new MainstayError('HOOK_WRONG_KIND', message, 'leave `remind` out: events of this hook are told once');
}

const asList = (names: string | readonly string[] | undefined): readonly string[] =>
  names === undefined ? [] : typeof names === 'string' ? [names] : [...names];

/**
 * The `taps` of one plugin's App. `add` receives each declaration that names a known hook in the right way. `seal` ends it:
 * from then on a declaration throws HOOK_FROZEN.
 */
export function tapsFor(
  plugin: string,
  nextSequence: () => number,
  add: (declaration: TapDeclaration) => void,
): { readonly taps: Taps; seal(): void } {
  let isSealed = false;
  const declare =
    (kind: HookKind) =>
    (name: string, fn: unknown, options: TapOptions = {}) => {
      const hook = knownHook(plugin, name);
      if (isSealed) throw frozen(plugin, hook);
      checkKind(plugin, hook, kind);
      if (typeof fn !== 'function') throw new TypeError(`plugin ${plugin}: a tap of ${hook} must be a function`);
      add({
        plugin,
        hook,
        kind,
        fn: fn as TapDeclaration['fn'],
        phase: checkPhase(plugin, hook, options.phase ?? 'normal'),
        before: asList(options.before),
        after: asList(options.after),
        key: options.for,
        deadlineMs: deadlineOf(plugin, hook, options.deadlineMs),
        isReminded: checkReminder(plugin, hook, options.remind === true),
        sequence: nextSequence(),
      });
    };
  const taps: Taps = {
    observe: declare('observe'),
    adjust: declare('adjust'),
    guard: declare('guard'),
    shape: declare('shape'),
    lifecycle: declare('lifecycle'),
  };
  return {
    taps: Object.freeze(taps),
    seal: () => {
      isSealed = true;
    },
  };
}

function frozen(plugin: string, hook: HookName): MainstayError {
  return new MainstayError('HOOK_FROZEN', `plugin ${plugin} taps ${hook} after setup`, 'declare every tap inside setup()');
}
