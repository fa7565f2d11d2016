/**
 * The files that checks follow: each is watched and read once, however many servers it concerns. Made and fed by index.ts; a check
 * subscribes by the name of its track_file.
 */
import { resolve } from 'node:path';
import { messageOf, type ObjectStatus, type PortError, type Run, type Timer } from '@mainstay/sdk';
import type { TrackFile } from './config.js';
import { mostBytes, readNumber, type Weight } from './number.js';

/** Besides being told of changes: some file systems (network, FUSE) tell of none. Milliseconds. */
export const rereadMs = 5000;
/** A file is empty for a moment while a slow writer is at it. Milliseconds. */
export const emptyMs = 1000;

/** What a file says. */
export interface FileState {
  readonly number: number;
  readonly weight: Weight;
}
type Listener = (state: FileState) => void;

export type Definitions = ReadonlyMap<string, TrackFile>;

interface Followed {
  readonly name: string;
  readonly listeners: Set<Listener>;
  path: string | undefined;
  weight: Weight;
  number: number | undefined;
  /** What was said last of a file that cannot be read as it should be. */
  complaint: string | undefined;
  unwatch(): void;
  timer: Timer | undefined;
}

export class TrackFiles {
  readonly #followed = new Map<string, Followed>();
  #definitions: Definitions = new Map();
  #run: Run | undefined;

  /**
   * `listener` hears at once what is known, and then every change. Of a track_file that is not there it hears nothing: at a reload
   * whoever wants the check may have the new configuration a moment before this plugin. Answers a function that ends it.
   */
  follow(name: string, listener: Listener): () => void {
    const followed = this.#followed.get(name) ?? this.#newlyFollowed(name);
    const entry: Listener = (state) => listener(state);
    followed.listeners.add(entry);
    if (followed.number !== undefined) entry({ number: followed.number, weight: followed.weight });
    return () => {
      followed.listeners.delete(entry);
      if (followed.listeners.size > 0 || this.#followed.get(name) !== followed) return;
      this.#unwatch(followed);
      this.#followed.delete(name);
    };
  }

  /** At start and after a reload. */
  async configure(run: Run, definitions: Definitions): Promise<void> {
    const isStart = this.#run === undefined;
    this.#run = run;
    this.#definitions = definitions;
    await this.#makeFiles(run, isStart && !run.facts.isRestart);
    for (const followed of this.#followed.values()) this.#define(followed);
  }

  stop(): void {
    for (const followed of this.#followed.values()) this.#unwatch(followed);
    this.#followed.clear();
    this.#run = undefined;
  }

  objects(): readonly ObjectStatus[] {
    return [...this.#followed.values()].map(({ name, number, path, weight, listeners, complaint }) => ({
      kind: 'track_file',
      name,
      state: number === undefined ? 'unknown' : String(number),
      summary: { weight: `${weight.factor}${weight.isReverse ? ' reverse' : ''}`, checks: listeners.size },
      detail: { file: path ?? null, problem: complaint ?? null },
    }));
  }

  #newlyFollowed(name: string): Followed {
    const weight = { factor: 1, isReverse: false };
    const nothing = { path: undefined, number: undefined, complaint: undefined, timer: undefined, unwatch: () => {} };
    const followed: Followed = { name, listeners: new Set(), weight, ...nothing };
    this.#followed.set(name, followed);
    this.#define(followed);
    return followed;
  }

  async #makeFiles(run: Run, mayOverwrite: boolean): Promise<void> {
    for (const [name, { file, init_file: init }] of this.#definitions) {
      if (init === undefined) continue;
      const path = resolve(run.facts.configDirectory, file);
      try {
        await run.ports.files.create(path, `${init.number}\n`, { overwrite: init.isOverwrite && mayOverwrite });
      } catch (error) {
        run.log.error(`track_file ${name}: ${messageOf(error)}; without the file its number is 0`);
      }
    }
  }

  /** Takes over what the configuration says of it now. */
  #define(followed: Followed): void {
    if (this.#run === undefined) return;
    const definition = this.#definitions.get(followed.name);
    const path = definition && resolve(this.#run.facts.configDirectory, definition.file);
    const weight = definition?.weight ?? followed.weight;
    const isWeightNew = weight.factor !== followed.weight.factor || weight.isReverse !== followed.weight.isReverse;
    followed.weight = weight;
    if (path !== followed.path) this.#watch(followed, path);
    else if (isWeightNew) tell(followed);
  }

  #watch(followed: Followed, path: string | undefined): void {
    this.#unwatch(followed);
    followed.path = path;
    followed.number = undefined;
    followed.complaint = undefined;
    if (path === undefined || this.#run === undefined) return;
    followed.unwatch = this.#run.ports.files.watch(path, () => void this.#read(followed, path, false));
    void this.#read(followed, path, false);
  }

  #unwatch(followed: Followed): void {
    followed.unwatch();
    followed.unwatch = () => {};
    followed.timer?.cancel();
    followed.timer = undefined;
    followed.path = undefined;
  }

  async #read(followed: Followed, path: string, isSecondLook: boolean): Promise<void> {
    const run = this.#run;
    if (run === undefined || followed.path !== path) return;
    const { text, problem } = await head(run, path);
    // Meanwhile it may be no longer wanted, or be another file.
    if (this.#run !== run || followed.path !== path) return;
    const isEmpty = text.trim() === '' && followed.number !== undefined && followed.number !== 0;
    this.#readAgain(run, followed, path, isEmpty && !isSecondLook);
    if (isEmpty && !isSecondLook) return;
    const number = readNumber(text);
    const complaint = problem ?? (number === undefined ? `the number in ${path} is out of range, and is not taken` : undefined);
    if (complaint !== undefined && complaint !== followed.complaint) run.log.warn(`track_file ${followed.name}: ${complaint}`);
    followed.complaint = complaint;
    const counted = number ?? followed.number ?? 0;
    if (counted === followed.number) return;
    run.log.debug(`track_file ${followed.name}: ${counted}, was ${followed.number ?? 'not read'}`);
    followed.number = counted;
    tell(followed);
  }

  #readAgain(run: Run, followed: Followed, path: string, isSoon: boolean): void {
    followed.timer?.cancel();
    followed.timer = run.clock.after(isSoon ? emptyMs : rereadMs, () => void this.#read(followed, path, isSoon));
  }
}

/** A file that is not there says 0, and so does one that cannot be read. */
async function head({ ports }: Run, path: string): Promise<{ readonly text: string; readonly problem?: string }> {
  try {
    return { text: await ports.files.readHead(path, mostBytes) };
  } catch (error) {
    const { errno } = error as Partial<PortError>;
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return { text: '0' };
    return { text: '0', problem: `${messageOf(error)}; its number counts as 0` };
  }
}

function tell({ listeners, number, weight }: Followed): void {
  if (number === undefined) return;
  for (const listener of [...listeners]) listener({ number, weight });
}
