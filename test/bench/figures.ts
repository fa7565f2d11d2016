/** What a benchmark answers: figures, each of one case, metric and program, and remarks. Made by the benchmarks, shown by report.ts. */
import type { Options } from './options.js';
import { type Kind, programs } from './router.js';

/** `minimal`: the least that can do the work, to compare with; no program that anybody runs. */
export const columns = [...programs, 'minimal'] as const;
export type Column = (typeof columns)[number];

export interface Figure {
  /** What was done: `100 ms, kill -9`. */
  readonly what: string;
  readonly metric: string;
  readonly unit: string;
  readonly kind: Column;
  readonly value: number;
  /** Of how many measurements. */
  readonly n?: number;
}

export interface Findings {
  readonly figures: readonly Figure[];
  /** What a reader must know: failures, measurements that were void. */
  readonly notes: readonly string[];
}

export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** What is measured when no program is named. */
  readonly kinds: readonly Kind[];
  run(options: Options): Promise<Findings>;
}

/** How the remark of a failure begins. */
export const failed = 'FAILED:';

/** Gathers figures and remarks of one benchmark. */
export class Gathering implements Findings {
  readonly figures: Figure[] = [];
  readonly notes: string[] = [];

  add(kind: Column, what: string, metric: string, unit: string, value: number, n?: number): void {
    this.figures.push({ what, metric, unit, kind, value, ...(n !== undefined && { n }) });
  }

  /** Something that was to be measured could not be: a result too, and a reason for a bad exit code. */
  fail(what: string, error: unknown): void {
    this.note(`${failed} ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
    process.stderr.write(`    note: ${text}\n`);
  }
}

/** Measured values by what they are of, in order of the first; rounds of several programs add to it in turn. */
export class Values {
  readonly #lists = new Map<string, number[]>();

  add(key: string, ...values: readonly number[]): void {
    const list = this.#lists.get(key);
    if (list === undefined) this.#lists.set(key, [...values]);
    else for (const value of values) list.push(value);
  }

  of(key: string): readonly number[] {
    return this.#lists.get(key) ?? [];
  }
}
