/**
 * Watches files by their folders: a file that is replaced, or not there yet, cannot be watched itself. One watch for each folder,
 * however many files of it are wanted. Used by files.ts.
 */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

/** From a change to the call: a shell empties a file before it writes it, and nobody wants to know what is between. Milliseconds. */
const settleMs = 50;
/** How often a folder that is not there is looked for. Milliseconds. */
const lookMs = 1000;

type Listener = () => void;

export class FileWatches {
  readonly #folders = new Map<string, FolderWatch>();

  watch(path: string, listener: Listener): () => void {
    const whole = resolve(path);
    const folder = dirname(whole);
    const watched = this.#folders.get(folder) ?? new FolderWatch(folder);
    this.#folders.set(folder, watched);
    const remove = watched.add(basename(whole), listener);
    return () => {
      remove();
      if (watched.isUnused && this.#folders.get(folder) === watched) this.#folders.delete(folder);
    };
  }
}

class FolderWatch {
  readonly #files = new Map<string, WatchedFile>();
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
    const file = this.#files.get(name) ?? new WatchedFile();
    this.#files.set(name, file);
    // The same function may be given twice.
    const entry = { call: listener };
    file.listeners.add(entry);
    return () => {
      file.listeners.delete(entry);
      if (file.listeners.size > 0 || this.#files.get(name) !== file) return;
      file.forget();
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
    else this.#files.get(name)?.changed();
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
    for (const file of this.#files.values()) file.changed();
  }

  #close(): void {
    clearInterval(this.#look);
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}

class WatchedFile {
  readonly listeners = new Set<{ readonly call: Listener }>();
  #timer: NodeJS.Timeout | undefined;

  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const { call } of [...this.listeners]) call();
    }, settleMs).unref();
  }

  forget(): void {
    clearTimeout(this.#timer);
  }
}

/** Inode numbers are used again, on ext4 at once. */
function identityOf(path: string): string | undefined {
  const facts = statSync(path, { throwIfNoEntry: false });
  return facts && `${facts.ino} ${facts.birthtimeMs}`;
}
