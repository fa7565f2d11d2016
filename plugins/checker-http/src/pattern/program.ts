/** A pattern as states of an automaton: what may come next, and where it leads. Pure; made of the parser's tree, run by automaton.ts. */
import type { Ranges } from './sets.js';
import { type Assertion, type Node, PatternError } from './syntax.js';

export type State =
  /** Takes one character of `set` (index into `sets`). */
  | { readonly kind: 'set'; readonly set: number; readonly next: number }
  /** Goes on without taking anything, where the assertion holds. */
  | { readonly kind: 'assert'; readonly what: Assertion; readonly next: number }
  /** Goes on at each of them. */
  | { readonly kind: 'fork'; next: readonly number[] }
  | { readonly kind: 'found' };

export interface Program {
  readonly states: readonly State[];
  readonly sets: readonly Ranges[];
  readonly start: number;
}

/** What a text costs at worst grows with it. */
export const mostStates = 2000;

/** Throws PatternError where the pattern is too large. */
export function programOf(node: Node): Program {
  const builder = new Builder();
  const start = builder.add(node, builder.state({ kind: 'found' }));
  return { states: builder.states, sets: builder.sets, start };
}

/** Builds from the end, so that everything knows what follows it. */
class Builder {
  readonly states: State[] = [];
  readonly sets: Ranges[] = [];
  private readonly known = new Map<string, number>();

  state(state: State): number {
    if (this.states.length >= mostStates) throw new PatternError('the pattern is too large with all of its repetitions', 0);
    return this.states.push(state) - 1;
  }

  /** The state where `node` begins, with `next` behind it. */
  add(node: Node, next: number): number {
    switch (node.kind) {
      case 'set':
        return this.state({ kind: 'set', set: this.set(node.ranges), next });
      case 'assert':
        return this.state({ kind: 'assert', what: node.what, next });
      case 'sequence':
        return node.items.reduceRight((behind, item) => this.add(item, behind), next);
      case 'choice':
        return this.state({ kind: 'fork', next: node.items.map((item) => this.add(item, next)) });
      case 'repeat':
        return this.repeat(node.item, node.min, node.max, next);
      default:
        return node satisfies never;
    }
  }

  private repeat(item: Node, min: number, max: number, next: number): number {
    let entry = next;
    if (max === Number.POSITIVE_INFINITY) {
      const fork: State = { kind: 'fork', next: [] };
      entry = this.state(fork);
      fork.next = [this.add(item, entry), next];
    } else {
      for (let i = min; i < max; i++) entry = this.state({ kind: 'fork', next: [this.add(item, entry), next] });
    }
    for (let i = 0; i < min; i++) {
      const before = this.states.length;
      entry = this.add(item, entry);
      // An item without states, however often it is repeated.
      if (this.states.length === before) break;
    }
    return entry;
  }

  private set(ranges: Ranges): number {
    const key = ranges.join();
    const known = this.known.get(key) ?? this.sets.push(ranges) - 1;
    this.known.set(key, known);
    return known;
  }
}
