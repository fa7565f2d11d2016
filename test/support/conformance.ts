/**
 * Runs conformance cases of a pure machine: folders with `case.json` (what it is about, configuration, starting state) and `steps.jsonl`
 * (one line for each event: time, event, and the effects and state that must follow). `UPDATE=1` writes the answers of the machine
 * into the steps; the prose in case.json says what they must be. Used by test/conformance.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { it } from 'mocha';

interface Case<Config, State> {
  readonly title: string;
  /** Section of the RFC or keyword of the manual page. */
  readonly source: string;
  readonly input: string;
  readonly output: string;
  readonly config: Config;
  readonly state: State;
}

interface Line<Event> {
  readonly at: number;
  readonly event: Event;
}

type Step<Config, State, Event> = (
  state: State,
  event: Event,
  config: Config,
  now: number,
) => { readonly effects: readonly unknown[]; readonly state: State };

const isUpdate = process.env.UPDATE === '1';

/** JSON has no infinity: a master that has not answered anybody yet has `answeredAt` "never". */
function write(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) => (v === Number.NEGATIVE_INFINITY ? 'never' : v));
}

function read<T>(text: string): T {
  return JSON.parse(text, (key, v: unknown) => {
    const value = key === 'answeredAt' && v === 'never' ? Number.NEGATIVE_INFINITY : v;
    return typeof value === 'object' && value !== null ? Object.freeze(value) : value;
  }) as T;
}

export class Conformance<Config, State, Event> {
  readonly #root: string;
  readonly #declared = new Set<string>();

  /** `folder`: below test/conformance. */
  constructor(
    folder: string,
    private readonly step: Step<Config, State, Event>,
  ) {
    // This file runs from test/dist; the cases stay in the source tree.
    this.#root = fileURLToPath(new URL(`../../conformance/${folder}/`, import.meta.url));
  }

  /** Names of all case folders. */
  caseNames(): readonly string[] {
    const entries = readdirSync(this.#root, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  }

  /** The cases that `conforms` was called for. */
  declaredNames(): readonly string[] {
    return [...this.#declared].sort();
  }

  /** Declares the test of one case. */
  readonly conforms = (name: string): void => {
    this.#declared.add(name);
    const about = read<Case<Config, State>>(readFileSync(`${this.#root}${name}/case.json`, 'utf8'));
    it(`${name}: ${about.title} [${about.source}]`, () => {
      const file = `${this.#root}${name}/steps.jsonl`;
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
      const played = this.#play(about, lines.map(read<Line<Event>>));
      if (isUpdate) writeFileSync(file, `${played.join('\n')}\n`);
      else
        for (const [i, line] of played.entries()) assert.deepEqual(JSON.parse(line), JSON.parse(lines[i] ?? ''), `step ${i + 1}`);
    });
  };

  #play(about: Case<Config, State>, lines: readonly Line<Event>[]): readonly string[] {
    let state = about.state;
    return lines.map(({ at, event }) => {
      const { effects, state: next } = this.step(state, event, about.config, at);
      state = next;
      return write({ at, event, effects, state });
    });
  }
}
