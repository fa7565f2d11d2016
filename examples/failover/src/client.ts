/** What the client sees: probes sent and answered, by whom, and how long nobody answered. Fed by the stages, read by the story. */
import { probeEveryMs, type RouterName } from './story.js';

export interface Outage {
  /** Longest time between two answers since the mark, milliseconds. */
  readonly ms: number;
  /** Probes since the mark that nobody answered. */
  readonly lost: number;
}

/** Silence of that many probes is told as it happens. */
const silenceMs = 15 * probeEveryMs;

export interface ClientEvents {
  onSilence(): void;
  onAnswer(by: RouterName, outage: Outage | undefined): void;
}

export class Client {
  answeredBy: RouterName | undefined;
  answered = 0;
  #first: number | undefined;
  #lastAnswer: { readonly sequence: number; readonly at: number } | undefined;
  #isSilent = false;
  #longest: Outage = { ms: 0, lost: 0 };

  constructor(private readonly events: ClientEvents) {}

  /** Probes sent from the first to the last that was answered. */
  get sent(): number {
    return this.#lastAnswer === undefined || this.#first === undefined ? 0 : this.#lastAnswer.sequence - this.#first + 1;
  }

  /** Forgets outages so far. */
  mark(): void {
    this.#longest = { ms: 0, lost: 0 };
  }

  /** The longest outage since the mark. */
  outage(): Outage {
    return this.#longest;
  }

  /** Probe `sequence` was answered at `at` (milliseconds, any zero). */
  onAnswer(sequence: number, by: RouterName, at: number): void {
    const last = this.#lastAnswer;
    const gap = last === undefined ? { ms: 0, lost: 0 } : { ms: at - last.at, lost: Math.max(0, sequence - last.sequence - 1) };
    this.#longest = { ms: Math.max(gap.ms, this.#longest.ms), lost: this.#longest.lost + gap.lost };
    this.#first = Math.min(this.#first ?? sequence, sequence);
    this.#lastAnswer = { sequence, at };
    this.answered++;
    const isNews = by !== this.answeredBy || this.#isSilent;
    this.answeredBy = by;
    this.#isSilent = false;
    if (isNews) this.events.onAnswer(by, gap.lost > 0 ? gap : undefined);
  }

  /** Called often: `at` is now. */
  onTick(at: number): void {
    if (this.#lastAnswer === undefined || this.#isSilent || at - this.#lastAnswer.at < silenceMs) return;
    this.#isSilent = true;
    this.events.onSilence();
  }
}
