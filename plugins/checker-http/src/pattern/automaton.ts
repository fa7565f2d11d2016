/**
 * Runs a pattern over a text, symbol by symbol, in one pass: all ways to match at once, so that no text makes it go back. Where it has
 * been before, one look-up leads on; where hardly any place comes again, `run` goes without. Pure; used by pattern.ts.
 */
import type { Alphabet } from './alphabet.js';
import type { Effort } from './effort.js';
import type { Program } from './program.js';
import { type Before, otherCharacter, Simulation, textStart } from './simulation.js';

/** A place in the automaton: the states that wait for the next symbol, and what came before. */
export interface Place {
  readonly waiting: Int32Array;
  readonly before: Before;
  /** Where each transition (see Simulation) leads, as far as it is known; nothing of a place that is not remembered. */
  readonly onward: (Place | undefined)[];
}

const nowhere: (Place | undefined)[] = [];

/** Of all places that are remembered together, in numbers that they hold. */
const mostRemembered = 100_000;

/** What a new place costs beside its states: to look it up and to make it. */
const costOfPlace = 200;
const costOfMember = 8;

export class Automaton {
  readonly origin: Place;
  /** Something was found. */
  readonly found: Place;
  readonly width: number;
  private readonly simulation: Simulation;
  private places = new Map<string, Place>();
  private remembered = 0;
  private readonly one = new Int32Array(1);

  constructor(program: Program, alphabet: Alphabet) {
    this.simulation = new Simulation(program, alphabet);
    this.width = this.simulation.width;
    this.origin = { waiting: new Int32Array(0), before: textStart, onward: this.unknown() };
    this.found = { waiting: new Int32Array(0), before: otherCharacter, onward: nowhere };
  }

  /** From a place that is remembered over one transition to another one. */
  step(place: Place, transition: number, effort: Effort): Place {
    const known = place.onward[transition];
    if (known !== undefined) return known;
    this.one[0] = transition;
    const next = this.remember(this.run(place, this.one, 0, 1, effort), effort);
    place.onward[transition] = next;
    return next;
  }

  /** From `place` over transitions number `from` to `to` (exclusive), to a place that is not remembered. */
  run(place: Place, transitions: Int32Array, from: number, to: number, effort: Effort): Place {
    const { simulation } = this;
    const isFound = simulation.run(place.waiting, place.before, transitions, from, to);
    effort.add(simulation.steps);
    if (isFound) return this.found;
    return { waiting: simulation.waiting.slice(0, simulation.count), before: simulation.before, onward: nowhere };
  }

  /** The one place that all remember who come to `place`. */
  remember(place: Place, effort: Effort): Place {
    if (place === this.found) return place;
    const { waiting, before } = place;
    effort.add(costOfPlace + waiting.length * costOfMember);
    waiting.sort();
    // States and what comes before are numbers far below those that a character of a string can be.
    const key = String.fromCharCode(before, ...waiting);
    const known = this.places.get(key);
    if (known !== undefined) return known;
    this.remembered += waiting.length + 2 * this.width + 8;
    // Begun anew: the places of old go as soon as nobody stands on one.
    if (this.remembered > mostRemembered) {
      this.places = new Map();
      this.remembered = 0;
      this.origin.onward.fill(undefined);
    }
    const remembered: Place = { waiting, before, onward: this.unknown() };
    this.places.set(key, remembered);
    return remembered;
  }

  private unknown(): (Place | undefined)[] {
    return new Array<Place | undefined>(2 * this.width).fill(undefined);
  }
}
