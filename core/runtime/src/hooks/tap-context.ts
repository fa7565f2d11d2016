/** The context that an asynchronous tap receives. Its AbortSignal is made only when the tap asks for it. Made by the guard. */
import type { TapContext } from '@mainstay/sdk';

export class CallContext implements TapContext {
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined && !this.#controller.signal.aborted) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** Not a method of the context: that belongs to the tap. */
  static abort(context: CallContext, why: string): void {
    context.#reason ??= new DOMException(why, 'AbortError');
    context.#controller?.abort(context.#reason);
  }
}
