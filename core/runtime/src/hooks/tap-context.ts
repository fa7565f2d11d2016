/** The context that an asynchronous tap receives. Its AbortSignal is made only when the tap asks for it. */
import type { TapContext } from '@mainstay/sdk';

export interface OpenContext {
  readonly context: TapContext;
  abort(why: string): void;
}

export function openContext(): OpenContext {
  let controller: AbortController | undefined;
  let reason: Error | undefined;
  const context: TapContext = {
    get signal() {
      controller ??= new AbortController();
      if (reason !== undefined && !controller.signal.aborted) controller.abort(reason);
      return controller.signal;
    },
  };
  return {
    context,
    abort(why) {
      reason ??= new DOMException(why, 'AbortError');
      controller?.abort(reason);
    },
  };
}
