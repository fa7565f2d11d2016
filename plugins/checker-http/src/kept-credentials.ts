/**
 * The credentials in use: read at the start, at every reload, and when one of their files has changed. What cannot be used any more stays
 * as it worked. Made by index.ts.
 */
import { resolve } from 'node:path';
import { messageOf, type Run, type Timer } from '@mainstay/sdk';
import type { SslConfig } from './config.js';
import { type Credentials, orAsBefore, readCredentials } from './credentials.js';

const keywords = ['certificate', 'key', 'ca'] as const;

/** From the first change to the reading: a certificate and its key are replaced one after the other. Milliseconds. */
export const settleMs = 1000;

export class KeptCredentials {
  #current: Credentials = {};
  #run: Run | undefined;
  #unwatch: readonly (() => void)[] = [];
  #watched = '';
  /** What the last reading complained about. */
  #problems: ReadonlySet<string> = new Set();
  #timer: Timer | undefined;
  /** Readings come one after another. */
  #reading: Promise<void> = Promise.resolve();

  constructor(private readonly config: () => SslConfig) {}

  get current(): Credentials {
    return this.#current;
  }

  start(run: Run): Promise<void> {
    this.stop();
    this.#current = {};
    this.#run = run;
    return this.reread();
  }

  stop(): void {
    this.#run = undefined;
    this.#unwatchAll();
  }

  /** As an operator has asked for it: with all complaints. Never rejects. */
  reread(): Promise<void> {
    this.#problems = new Set();
    return this.#again();
  }

  #again(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#read()).catch((error) => this.#run?.log.error(`SSL: ${messageOf(error)}`));
    return this.#reading;
  }

  async #read(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    this.#watch(run);
    const found = await readCredentials(this.config(), run.ports.files, run.facts.configDirectory);
    if (this.#run !== run) return;
    const before = this.#current;
    const now = orAsBefore(found, before);
    this.#current = now;
    const known = this.#problems;
    this.#problems = new Set(found.problems.map(({ message }) => message));
    for (const { keyword, message } of found.problems) {
      if (known.has(message)) continue;
      const isKept = before[keyword] !== undefined && now[keyword] === before[keyword];
      run.log.error(`SSL: ${message}; SSL_GET goes on ${isKept ? 'with what worked before' : 'without it'}`);
    }
    const replaced = keywords.filter(
      (keyword) => before[keyword] !== undefined && now[keyword] !== undefined && now[keyword] !== before[keyword],
    );
    if (replaced.length > 0) run.log.info(`SSL: SSL_GET has read anew: ${replaced.join(', ')}`);
  }

  /** Before they are read: what changes meanwhile is not missed. */
  #watch({ clock, facts, ports }: Run): void {
    const config = this.config();
    const paths = new Set(
      keywords.flatMap((keyword) => config[keyword] ?? []).map((path) => resolve(facts.configDirectory, path)),
    );
    const wanted = JSON.stringify([...paths]);
    if (wanted === this.#watched) return;
    this.#unwatchAll();
    this.#watched = wanted;
    const changed = () => {
      this.#timer ??= clock.after(settleMs, () => {
        this.#timer = undefined;
        void this.#again();
      });
    };
    this.#unwatch = [...paths].map((path) => ports.files.watch(path, changed));
  }

  #unwatchAll(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const unwatch of this.#unwatch) unwatch();
    this.#unwatch = [];
    this.#watched = '';
  }
}
