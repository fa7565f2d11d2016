/**
 * Deadlines of probes that do justice to a server where this process stood still: what came meanwhile lies in the socket and has not
 * been read. The checking loop keeps its own by the same rule; `partOfProbe` is for checkers that ask several times in one probe.
 */
import type { CheckContext } from './checker.js';
import type { Timer } from './clock.js';

/** Noticed so late, a deadline was missed by more than a busy moment. Milliseconds. */
const busyMs = 20;
/** Noticed so late, the process stood still for a time that nobody knows. Milliseconds. */
const stoodStillMs = 200;
/** Enough for what waits in the socket to be read, and for one more answer of a server that is near. Milliseconds. */
const lookMs = 250;

/**
 * What a deadline that is noticed `lateMs` too late gives once more, milliseconds: of `wholeMs` a moment or all; 0: it is over. Not to be
 * asked a second time for the same deadline.
 */
export function forbearance(lateMs: number, wholeMs: number): number {
  if (lateMs > stoodStillMs) return wholeMs;
  return lateMs > busyMs ? Math.min(lookMs, wholeMs) : 0;
}

export interface PartOfProbe {
  /** Aborts when the time of the part is over, or with the signal of the probe. */
  readonly signal: AbortSignal;
  /** The part is over: nothing aborts any more on its account; with the probe, everything does. */
  end(): void;
}

/**
 * A part of a probe with a time of its own, `ms` milliseconds; `why` is the message of its abort. `timeoutMs` of the checker should leave
 * room for one part more than there are: a part may have its time twice.
 */
export function partOfProbe(
  { clock, signal }: Pick<CheckContext<unknown>, 'clock' | 'signal'>,
  ms: number,
  why: string,
): PartOfProbe {
  // Not AbortSignal.any: Node keeps such a signal for ever where somebody leaves a listener on it.
  const part = new AbortController();
  if (signal.aborted) part.abort(signal.reason);
  else signal.addEventListener('abort', () => part.abort(signal.reason), { once: true });
  let timer: Timer;
  const wait = (waitMs: number, isAgain: boolean) => {
    const due = clock.now() + waitMs;
    timer = clock.after(waitMs, () => {
      const more = isAgain ? 0 : forbearance(clock.now() - due, ms);
      if (more > 0) wait(more, true);
      else part.abort(new Error(why));
    });
  };
  wait(ms, false);
  return { signal: part.signal, end: () => timer.cancel() };
}
