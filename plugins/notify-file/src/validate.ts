/** Whether the default export of a hook file is a notify hook that can be tapped; says what is wrong, for its author. */
import { catalogue, closest, type HookName, hookNames, isNotify, MainstayError, type Notify } from '@mainstay/sdk';

export const defaultTimeoutMs = 3000;
export const longestTimeoutMs = 60_000;

/** Throws NOTIFY_BAD_EXPORT. */
export function checkedNotify(path: string, exports: Readonly<Record<string, unknown>>): Notify {
  const { default: notify } = exports;
  if (!isNotify(notify)) {
    throw bad(path, 'its default export is not a notify hook', 'end the file with `export default defineNotify({ on, run })`');
  }
  if (typeof notify.run !== 'function') throw bad(path, '`run` is not a function');
  if (!Array.isArray(notify.on) || notify.on.length === 0) throw bad(path, '`on` names no event');
  for (const name of notify.on) checkName(path, name);
  const { timeoutMs } = notify;
  if (timeoutMs !== undefined && !(timeoutMs >= 1 && timeoutMs <= longestTimeoutMs)) {
    throw bad(path, `timeoutMs is ${timeoutMs}; it must lie in 1..${longestTimeoutMs}`);
  }
  return notify;
}

function checkName(path: string, name: string): void {
  const entry = Object.hasOwn(catalogue, name) ? catalogue[name as HookName] : undefined;
  if (entry?.kind === 'observe') return;
  if (entry !== undefined) throw bad(path, `${name} cannot be observed: it is of the kind ${entry.kind}`);
  const near = closest(name, hookNames);
  throw bad(path, `there is no event "${name}"`, near === undefined ? '`mainstay hooks` lists them' : `did you mean "${near}"?`);
}

function bad(path: string, what: string, hint?: string): MainstayError {
  return new MainstayError('NOTIFY_BAD_EXPORT', `${path}: ${what}`, hint);
}
