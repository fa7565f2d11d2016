/** Ports to the host: scripts, modules named by the operator, small state that survives a restart. */

export interface ScriptIdentity {
  /** User and group by name; absent: those of the daemon's lane. */
  readonly user?: string;
  readonly group?: string;
}

export interface ScriptOptions extends ScriptIdentity {
  /** argv; the first is the program. No shell, unless the program is a text file without an interpreter line. */
  readonly command: readonly string[];
  /** Milliseconds until SIGTERM to the process group; SIGKILL 2 s later. */
  readonly timeoutMs: number;
  /** Ends the script as the timeout does; the result is then `signalled`. */
  readonly signal?: AbortSignal;
  /** Hears what the script prints, line by line: at most 100 lines of 500 characters each; the rest is read and dropped. */
  onOutput?(line: string, stream: 'stdout' | 'stderr'): void;
}

export type ScriptResult =
  | { readonly outcome: 'exited'; readonly code: number; readonly durationMs: number }
  | { readonly outcome: 'signalled'; readonly signal: string; readonly durationMs: number }
  | { readonly outcome: 'timedOut'; readonly durationMs: number }
  | { readonly outcome: 'failed'; readonly error: string };

export interface ProcessPort {
  /** Runs a script to its end in a process group of its own, with closed descriptors and a clean environment. Never rejects. */
  run(options: ScriptOptions): Promise<ScriptResult>;
  /**
   * What is wrong with running this command as that user (missing, not executable, an unknown user, a path component that others may write
   * while it would run as root); undefined when nothing is. Only the program counts, not its arguments.
   */
  inspect(command: readonly string[], identity: ScriptIdentity): Promise<ScriptProblem | undefined>;
}

export interface ScriptProblem {
  /** `unanswered`: the host could not find out whether there is such a user or group; ask again. */
  readonly kind: 'missing' | 'not-executable' | 'unknown-user' | 'unanswered' | 'insecure';
  readonly message: string;
}

export interface Modules {
  /** Loads a TypeScript or JavaScript module by absolute path, compiled at load time; answers its exports. */
  load(path: string): Promise<Readonly<Record<string, unknown>>>;
}

export interface Files {
  /** Names in a folder, sorted; empty where it does not exist. */
  list(folder: string): Promise<readonly string[]>;
  readText(path: string): Promise<string>;
  /** At most `limit` bytes from the beginning. Never waits: of a pipe that nobody writes to it reads nothing. */
  readHead(path: string, limit: number): Promise<string>;
  /**
   * Makes a file; one that exists is left alone, or with `overwrite` gets that content. Never through a symbolic link, nor into
   * what is no regular file. Answers whether it wrote.
   */
  create(path: string, text: string, options?: { readonly overwrite?: boolean }): Promise<boolean>;
  /**
   * Calls `listener` a moment after the file was written, made, removed or replaced, once for changes that come together. A folder
   * that is not there yet, or is removed meanwhile, is waited for. Of a path with symbolic links also when one of them leads elsewhere.
   * Answers a function that ends it.
   */
  watch(path: string, listener: () => void): () => void;
}
