/** Prints what happens, as it happens: one line for each event, in colour on a terminal. Used by the story and the stages. */
import { Client, type Outage } from './client.js';
import { type RouterName, virtualAddress } from './story.js';

export type Mood = 'plain' | 'good' | 'bad' | 'quiet';

const colours: Readonly<Record<Mood, string>> = { plain: '', good: '\x1b[32m', bad: '\x1b[31;1m', quiet: '\x1b[2m' };

export class Timeline {
  readonly client: Client;
  readonly #holders = new Set<RouterName>();
  readonly #isColourful = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  readonly #start: number;

  /** `now` answers milliseconds; its zero does not matter. */
  constructor(readonly now: () => number) {
    this.#start = now();
    this.client = new Client({
      onSilence: () => this.say('client', 'no answer', 'bad'),
      onAnswer: (by, outage) => this.say('client', answer(by, outage), 'good'),
    });
  }

  say(who: string, what: string, mood: Mood = 'plain'): void {
    const seconds = ((this.now() - this.#start) / 1000).toFixed(2).padStart(6);
    this.print(`${this.#paint('quiet', `${seconds} s`)}  ${who.padEnd(9)} ${this.#paint(mood, what)}`);
  }

  print(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  onState(router: RouterName, from: string, to: string, why: string): void {
    this.say(`router ${router}`, `${from.toUpperCase()} -> ${to.toUpperCase()}  ${this.#paint('quiet', why)}`);
  }

  onAddress(router: RouterName, isHeld: boolean): void {
    if (isHeld === this.#holders.has(router)) return;
    if (isHeld) this.#holders.add(router);
    else this.#holders.delete(router);
    const where = [...this.#holders].sort().join(' and ');
    this.say('address', where === '' ? `${virtualAddress} is nowhere` : `${virtualAddress} is on router ${where}`);
  }

  /** A router that lost its power holds nothing, and cannot say so. */
  onPowerLoss(router: RouterName): void {
    this.#holders.delete(router);
  }

  sumUp(failover: Outage, handBack: Outage, boundMs: number): void {
    const { sent, answered } = this.client;
    const ms = failover.ms.toFixed(0);
    this.print('');
    this.print(
      `Failover:  ${this.#paint('good', `${ms} ms without an answer`)}, ${failover.lost} probes lost; the bound is ${boundMs.toFixed(0)} ms`,
    );
    this.print(`Hand-back: ${handBack.ms.toFixed(0)} ms between answers, ${handBack.lost} probes lost`);
    this.print(`Client:    ${sent} probes sent since the first answer, ${answered} answered`);
    if (failover.ms > boundMs)
      this.print(
        `The bound was missed by ${(failover.ms - boundMs).toFixed(0)} ms: this machine was too busy to send, receive or measure in time.`,
      );
  }

  #paint(mood: Mood, text: string): string {
    return this.#isColourful && colours[mood] !== '' ? `${colours[mood]}${text}\x1b[0m` : text;
  }
}

function answer(by: RouterName, outage: Outage | undefined): string {
  if (outage === undefined) return `answered by router ${by}`;
  return `answered by router ${by}: ${outage.ms.toFixed(0)} ms without an answer, ${outage.lost} probes lost`;
}
