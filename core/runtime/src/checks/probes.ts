/**
 * All probes of a loop, found by what they ask and whom. The text of a question is long and nearly always the same, so that it is kept
 * once for all servers that are asked it. Used by the loop.
 */
import type { CheckRequest } from '@mainstay/sdk';
import { questionOf, serverOf } from './content.js';
import { Probe, type Say } from './probe.js';

export class Probes implements Iterable<Probe> {
  readonly #byQuestion = new Map<string, Map<string, Probe>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The one that asks this; a new one where there is none yet. */
  for(request: CheckRequest, say: Say): Probe {
    const question = questionOf(request);
    const server = serverOf(request.target);
    const known = this.#byQuestion.get(question) ?? new Map<string, Probe>();
    const found = known.get(server);
    if (found !== undefined) return found;
    const probe = new Probe(question, server, request, say);
    this.#byQuestion.set(question, known);
    known.set(server, probe);
    this.#size++;
    return probe;
  }

  delete({ question, server }: Probe): void {
    const known = this.#byQuestion.get(question);
    if (known?.delete(server) !== true) return;
    this.#size--;
    if (known.size === 0) this.#byQuestion.delete(question);
  }

  clear(): void {
    this.#byQuestion.clear();
    this.#size = 0;
  }

  *[Symbol.iterator](): Iterator<Probe> {
    for (const known of this.#byQuestion.values()) yield* known.values();
  }
}
