/** Programmable `files` and `modules` ports: a table of paths instead of a disk. */
import type { Files, Modules } from '@mainstay/sdk';
import { PortError } from '@mainstay/sdk';

export class SimulatedFiles implements Files {
  readonly #texts = new Map<string, string>();
  readonly #watches = new Set<{ readonly path: string; readonly listener: () => void }>();

  readonly #told = new Set<object>();

  constructor(texts: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(texts)) this.write(path, text);
  }

  write(path: string, text: string): void {
    this.#texts.set(path, text);
    this.#changed(path);
  }
  remove(path: string): void {
    this.#texts.delete(path);
    this.#changed(path);
  }

  list(folder: string): Promise<readonly string[]> {
    const prefix = folder.endsWith('/') ? folder : `${folder}/`;
    const names = new Set<string>();
    for (const path of this.#texts.keys()) {
      if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split('/')[0] ?? '');
    }
    return Promise.resolve([...names].sort());
  }

  readText(path: string): Promise<string> {
    const text = this.#texts.get(path);
    if (text === undefined) return Promise.reject(new PortError(`cannot read ${path}: no such file`, 'ENOENT'));
    return Promise.resolve(text);
  }

  async readHead(path: string, limit: number): Promise<string> {
    const bytes = new TextEncoder().encode(await this.readText(path));
    return new TextDecoder().decode(bytes.subarray(0, limit));
  }

  create(path: string, text: string, { overwrite = false }: { readonly overwrite?: boolean } = {}): Promise<boolean> {
    if (this.#texts.has(path) && !overwrite) return Promise.resolve(false);
    this.write(path, text);
    return Promise.resolve(true);
  }

  watch(path: string, listener: () => void): () => void {
    const watch = { path, listener };
    this.#watches.add(watch);
    return () => this.#watches.delete(watch);
  }

  /** At the end of the present microtask turn, once for changes that come together. */
  #changed(path: string): void {
    for (const watch of this.#watches) {
      if (watch.path !== path || this.#told.has(watch)) continue;
      this.#told.add(watch);
      queueMicrotask(() => {
        this.#told.delete(watch);
        if (this.#watches.has(watch)) watch.listener();
      });
    }
  }
}

/** What a module does when it is loaded: its exports, or a function that answers them or throws. */
export type SimulatedModule = Readonly<Record<string, unknown>> | (() => Readonly<Record<string, unknown>>);

export class SimulatedModules implements Modules {
  readonly loads: string[] = [];
  readonly #modules = new Map<string, SimulatedModule>();

  constructor(modules: Readonly<Record<string, SimulatedModule>> = {}) {
    for (const [path, module] of Object.entries(modules)) this.provide(path, module);
  }

  provide(path: string, module: SimulatedModule): void {
    this.#modules.set(path, module);
  }

  async load(path: string): Promise<Readonly<Record<string, unknown>>> {
    this.loads.push(path);
    const module = this.#modules.get(path);
    if (module === undefined) throw new PortError(`cannot load ${path}: no such file`, 'ENOENT');
    return typeof module === 'function' ? module() : module;
  }
}
