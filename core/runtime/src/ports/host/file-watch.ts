/**
 * Watches files by their folders: a file that is replaced, or not there yet, cannot be watched itself. One watch for each folder,
 * however many files of it are wanted. Links on the way are watched as well: where files are replaced together, as Kubernetes does, only a
 * link to their folder changes. Used by files.ts.
 */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { stepsOf } from './path-steps.js';

/** From a change to the call: a shell empties a file before it writes it, and nobody wants to know what is between. Milliseconds. */
const settleMs = 50;
/** How often a folder that is not there is looked for. Milliseconds. */
const lookMs = 1000;

/** Whoever changes links faster than that is looked at again with the next change. */
const mostLooks = 5;

type Listener = () => void;

export class FileWatches {
  readonly #folders = new Map<string, FolderWatch>();

  watch(path: string, listener: Listener): () => void {
    const followed = new FollowedPath(resolve(path), listener, (place, changed) => this.#watchPlace(place, changed));
    return () => followed.close();
  }

  #watchPlace(place: string, listener: Listener): () => void {
    const folder = dirname(place);
    const watched = this.#folders.get(folder) ?? new FolderWatch(folder);
    this.#folders.set(folder, watched);
    const remove = watched.add(basename(place), listener);
    return () => {
      remove();
      if (watched.isUnused && this.#folders.get(folder) === watched) this.#folders.delete(folder);
    };
  }
}

/** A path that may lead elsewhere after any change on its way. */
class FollowedPath {
  readonly #watches = new Map<string, () => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly path: string,
    private readonly listener: Listener,
    private readonly watchPlace: (place: string, listener: Listener) => () => void,
  ) {
    this.#follow();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const unwatch of this.#watches.values()) unwatch();
    this.#watches.clear();
  }

  #changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#follow();
      this.listener();
    }, settleMs).unref();
  }

  /** Until nothing new is found: what changes before it is watched is not told. */
  #follow(): void {
    for (let isNew = true, looks = 0; isNew && looks < mostLooks; looks++) {
      isNew = false;
      const steps = new Set(stepsOf(this.path));
      for (const step of steps) {
        if (this.#watches.has(step)) continue;
        this.#watches.set(
          step,
          this.watchPlace(step, () => this.#changed()),
        );
        isNew = true;
      }
      for (const [place, unwatch] of this.#watches) {
        if (steps.has(place)) continue;
        unwatch();
        this.#watches.delete(place);
      }
    }
  }
}

class FolderWatch {
  readonly #files = new Map<string, Set<{ readonly call: Listener }>>();
  #watcher: FSWatcher | undefined;
  /** Which folder is watched: another one may come in its place. */
  #identity: string | undefined;
  #look: NodeJS.Timeout | undefined;

  constructor(private readonly folder: string) {
    this.#open();
  }

  get isUnused(): boolean {
    return this.#files.size === 0;
  }

  add(name: string, listener: Listener): () => void {
    const listeners = this.#files.get(name) ?? new Set();
    this.#files.set(name, listeners);
    // The same function may be given twice.
    const entry = { call: listener };
    listeners.add(entry);
    return () => {
      listeners.delete(entry);
      if (listeners.size > 0 || this.#files.get(name) !== listeners) return;
      this.#files.delete(name);
      if (this.isUnused) this.#close();
    };
  }

  /** Answers whether changes are told from now on. */
  #open(): boolean {
    this.#identity = identityOf(this.folder);
    try {
      // Whoever watches lives on for reasons of its own: a watch keeps no process alive.
      this.#watcher = watch(this.folder, { persistent: false }, (_, name) => this.#changed(name));
      this.#watcher.on('error', () => this.#lost());
      return true;
    } catch {
      this.#wait();
      return false;
    }
  }

  #changed(name: string | null): void {
    // The kernel tells of the end of the folder itself under its own name, and of nothing after.
    if ((name === null || name === basename(this.folder)) && identityOf(this.folder) !== this.#identity) this.#lost();
    else if (name === null) this.#all();
    else this.#tell(this.#files.get(name) ?? []);
  }

  #lost(): void {
    this.#close();
    this.#all();
    this.#wait();
  }

  /** For a folder that is gone, or cannot be watched now. Nothing is told before it can: nothing is known to have changed. */
  #wait(): void {
    this.#look = setInterval(() => {
      if (identityOf(this.folder) === undefined) return;
      this.#close();
      if (this.#open()) this.#all();
    }, lookMs).unref();
  }

  #all(): void {
    for (const listeners of this.#files.values()) this.#tell(listeners);
  }

  #tell(listeners: Iterable<{ readonly call: Listener }>): void {
    for (const { call } of [...listeners]) call();
  }

  #close(): void {
    clearInterval(this.#look);
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}

/** Inode numbers are used again, on ext4 at once. Undefined where there is no folder that could be looked at. */
function identityOf(path: string): string | undefined {
  try {
    const { ino, birthtimeMs } = statSync(path);
    return `${ino} ${birthtimeMs}`;
  } catch {
    return undefined;
  }
}
