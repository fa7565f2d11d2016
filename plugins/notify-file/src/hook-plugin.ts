/** One loaded hook file as a plugin of its own: the bus attributes its time and failures to it, and parks it alone. */
import {
  catalogue,
  definePlugin,
  type HookNameOf,
  type Log,
  type Notify,
  type NotifyEvent,
  type PayloadOf,
  type Plugin,
  type TapOptions,
} from '@mainstay/sdk';
import { defaultTimeoutMs } from './validate.js';
import { exactKey, matches } from './where.js';

type Observed = HookNameOf<'observe'>;

export interface HookCounters {
  heard: number;
  failed: number;
}

/** Adapts `notify` to the plugin contract. `counters` are for status. */
export function hookPlugin(name: string, notify: Notify, fallbackLog: Log, counters: HookCounters): Plugin {
  let log = fallbackLog;
  const deadlineMs = notify.timeoutMs ?? defaultTimeoutMs;
  const hear = async <Name extends Observed>(hook: Name, payload: PayloadOf<Name>, signal: AbortSignal): Promise<void> => {
    counters.heard++;
    try {
      await notify.run({ name: hook, ...payload } as NotifyEvent<Observed>, { log, signal });
    } catch (error) {
      counters.failed++;
      throw error; // The guard of the bus says it, counts the strike and parks the hook.
    }
  };
  return definePlugin({
    name,
    setup(app) {
      for (const hook of new Set(notify.on)) {
        const key = exactKey(hook, notify.where);
        const options: TapOptions = { deadlineMs, ...(key === undefined ? {} : { for: key }) };
        const tap = (payload: PayloadOf<Observed>, { signal }: { readonly signal: AbortSignal }) =>
          matches(payload, notify.where) ? hear(hook, payload, signal) : undefined;
        app.taps.observe(hook, tap as Parameters<typeof app.taps.observe<typeof hook>>[1], options);
      }
    },
    start(run) {
      log = run.log;
    },
  });
}

/** Events in the words of the catalogue, for status. */
export function describeHooks(notify: Notify): string {
  return notify.on.filter((name) => Object.hasOwn(catalogue, name)).join(', ');
}
