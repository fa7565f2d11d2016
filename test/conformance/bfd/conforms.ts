/**
 * Runs one conformance case: a folder with `case.json` (what it is about, configuration, starting state) and `steps.jsonl` (one
 * line for each event: time, event, and the effects and state that must follow). `UPDATE=1` writes the answers of the machine
 * into the steps; the prose in case.json says what they must be.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Effect, type Event, type MachineConfig, type State, step } from '@mainstay/bfd';
import { it } from 'mocha';

interface Case {
  readonly title: string;
  /** Section of the RFC or keyword of the manual page. */
  readonly source: string;
  readonly input: string;
  readonly output: string;
  readonly config: MachineConfig;
  readonly state: State;
}

interface Line {
  readonly at: number;
  readonly event: Event;
  readonly effects?: readonly Effect[];
  readonly state?: State;
}

/** This file runs from test/dist; the cases stay in the source tree. */
const root = fileURLToPath(new URL('../../../conformance/bfd/', import.meta.url));
const isUpdate = process.env.UPDATE === '1';

function read<T>(text: string): T {
  return JSON.parse(text, (_key, value: unknown) =>
    typeof value === 'object' && value !== null ? Object.freeze(value) : value,
  ) as T;
}

/** Names of all case folders. */
export function caseNames(): readonly string[] {
  const entries = readdirSync(root, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

const declared = new Set<string>();

/** The cases that `conforms` was called for. */
export function declaredNames(): readonly string[] {
  return [...declared].sort();
}

/** Declares the test of one case. */
export function conforms(name: string): void {
  declared.add(name);
  const about = read<Case>(readFileSync(`${root}${name}/case.json`, 'utf8'));
  it(`${name}: ${about.title} [${about.source}]`, () => {
    const file = `${root}${name}/steps.jsonl`;
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const played = play(about, lines.map(read<Line>));
    if (isUpdate) writeFileSync(file, `${played.join('\n')}\n`);
    else
      for (const [i, line] of played.entries()) assert.deepEqual(JSON.parse(line), JSON.parse(lines[i] ?? ''), `step ${i + 1}`);
  });
}

function play(about: Case, lines: readonly Line[]): readonly string[] {
  let state = about.state;
  return lines.map(({ at, event }) => {
    const { effects, state: next } = step(state, event, about.config, at);
    state = next;
    return JSON.stringify({ at, event, effects, state });
  });
}
