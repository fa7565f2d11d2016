/** So many requests a second, whether the earlier ones are answered or not, as strangers on the Internet ask. Used by client-agent.ts. */
import { ask, type Way } from './request.js';

export interface Failure {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly failedAt: number;
  /** Of the client: by which the kernel knows where the connection went. */
  readonly port: number;
  readonly why: string;
}

export interface Tally {
  readonly started: number;
  /** Answers by server. */
  readonly answered: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  /** Milliseconds from a request to its answer at worst. */
  readonly slowestMs: number;
  readonly beganAt: number;
}

const tickMs = 20;
/** A machine that does not keep up asks less often, instead of drowning. */
const mostAtOnce = 50;

export class Load {
  readonly #way: Way;
  readonly #beganAt = Date.now();
  readonly #timer: NodeJS.Timeout;
  readonly #failures: Failure[] = [];
  readonly #answered = new Map<string, number>();
  readonly #underWay = new Set<Promise<void>>();
  #started = 0;
  #slowestMs = 0;
  /** Requests that are due and not begun, in parts of one. */
  #due = 0;
  #lookedAt = performance.now();

  constructor(way: Way, perSecond: number) {
    this.#way = way;
    this.#timer = setInterval(() => this.#tick(perSecond), tickMs);
  }

  tally(): Tally {
    return {
      started: this.#started,
      answered: Object.fromEntries(this.#answered),
      failures: [...this.#failures],
      slowestMs: Math.round(this.#slowestMs),
      beganAt: this.#beganAt,
    };
  }

  async end(): Promise<Tally> {
    clearInterval(this.#timer);
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    return this.tally();
  }

  #tick(perSecond: number): void {
    const now = performance.now();
    this.#due += ((now - this.#lookedAt) * perSecond) / 1000;
    this.#lookedAt = now;
    while (this.#due >= 1 && this.#underWay.size < mostAtOnce) {
      this.#due--;
      this.#begin();
    }
    // What could not be begun in time is not made up for in a crowd.
    this.#due = Math.min(this.#due, mostAtOnce);
  }

  #begin(): void {
    const startedAt = Date.now();
    const began = performance.now();
    this.#started++;
    const { answer, port } = ask(this.#way);
    const work = answer
      .then(
        (name) => {
          this.#answered.set(name, (this.#answered.get(name) ?? 0) + 1);
          this.#slowestMs = Math.max(this.#slowestMs, performance.now() - began);
        },
        (error: Error) => void this.#failures.push({ startedAt, failedAt: Date.now(), port, why: error.message }),
      )
      .finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }
}
