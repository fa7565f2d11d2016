/** Bounds one step of a plugin's life in time. Called by the host around everything that a plugin may make it wait for. */
import { type Clock, MainstayError } from '@mainstay/sdk';

/** What a step is called in messages, and how long it may take. */
export interface Bound {
  readonly what: string;
  readonly ms: number;
}

/** A bound that is noticed so late: the process was asleep, and so was the step. It gets its time once more. */
const asleepMs = 1000;

/**
 * Runs `step`; rejects with its error, with PLUGIN_TIMEOUT after the bound, or with the reason of `given` when that aborts
 * first. What the step does afterwards is nobody's business: a late rejection is swallowed.
 */
export function withDeadline<T>(clock: Clock, bound: Bound, step: () => T | Promise<T>, given?: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abandon = () => end(() => reject(given?.reason as Error));
    const timeOut = () =>
      end(() => reject(new MainstayError('PLUGIN_TIMEOUT', `${bound.what} did not finish in ${bound.ms / 1000} s`)));
    const startsAt = clock.now();
    let timer = clock.after(bound.ms, () => {
      if (clock.now() - startsAt - bound.ms > asleepMs) timer = clock.after(bound.ms, timeOut);
      else timeOut();
    });
    const end = (settle: () => void) => {
      timer.cancel();
      given?.removeEventListener('abort', abandon);
      settle();
    };
    if (given?.aborted === true) {
      abandon();
      return;
    }
    given?.addEventListener('abort', abandon, { once: true });
    // `async` turns a throw into a rejection.
    (async () => step())().then(
      (value) => end(() => resolve(value)),
      (error: unknown) => end(() => reject(error as Error)),
    );
  });
}
