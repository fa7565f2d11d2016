/**
 * The one entry of every plugin, built-in or third-party. Two phases: `setup` declares (hooks, keywords, status, actions) and does no
 * I/O, so that `mainstay check`, `plugins` and the docs can run it anywhere; `start` acts.
 */
import type { ActionPoints } from './actions.js';
import type { Checker } from './checker.js';
import type { Clock } from './clock.js';
import type { Diagnostic, Reporter } from './config/diagnostic.js';
import type { Block, ConfigHandle, Fields, Headed, Infer, ValueSpec } from './config/schema.js';
import type { LeasePublisher, LeaseReader } from './leases.js';
import type { Ports } from './ports/index.js';
import type { StatusPoints } from './status.js';
import type { HookCalls, Taps } from './taps.js';

export interface ExtendOptions {
  /** Where no plugin has the block there is nothing to extend, and no entry. Default: an error. */
  readonly isOptional?: boolean;
}

/** Contributes blocks and keywords to the configuration. */
export interface ConfigPoints {
  /** A root block with a name, which may be written several times: `vrrp_instance VI_1 { ... }`. */
  named<F extends Fields>(keyword: string, block: Block<F>): ConfigHandle<Infer<Block<F>>>;
  /** A root block without a name. */
  block<F extends Fields>(keyword: string, block: Block<F>): ConfigHandle<Infer<Block<F>>>;
  /** Keywords at the root. */
  root<F extends Fields>(fields: F): ConfigHandle<{ readonly [K in keyof F]: Infer<F[K]> }>;
  /** A root block with words in front of its brace, which may be written several times: `virtual_server 192.0.2.1 80 { ... }`. */
  headed<H, F extends Fields>(keyword: string, header: ValueSpec<H>, block: Block<F>): ConfigHandle<Headed<H, Infer<Block<F>>>>;
  /**
   * More keywords in a root block of another plugin, or of core (`global_defs`), or in a block within it, given as the path of their
   * keywords: `['virtual_server', 'real_server']`. One entry for each block written; its name is the words in front of the brace, of
   * a block within a block those of both, with a blank between.
   */
  extend<F extends Fields>(
    keyword: string | readonly string[],
    fields: F,
    options?: ExtendOptions,
  ): ConfigHandle<{ readonly [K in keyof F]: Infer<F[K]> }>;
  /**
   * A block for every place of that group (`s.plugged`). `facts`: plain data that the owner of the place gets with each block. The
   * handle has an entry for each block that is written, named after the block around it, wherever the owner of the place is loaded
   * too: in `mainstay check` and before a start or reload always, in a lane of its own not. For checks and `verify`.
   */
  plug<F extends Fields>(group: string, keyword: string, block: Block<F>, facts?: unknown): ConfigHandle<Infer<Block<F>>>;
  /** Runs after everything is bound, for rules that span keywords and blocks. No I/O. */
  check(check: (report: (handle: ConfigHandle<unknown>) => Reporter) => void): void;
}

/** Offers checkers to the checking loop of the lane. */
export interface CheckerPoints {
  /** Its block may stand in every `real_server`. Throws where another plugin has the keyword. The handle is that of `plug`. */
  define<F extends Fields>(checker: Checker<F>): ConfigHandle<Infer<Block<F>>>;
}

/** What `setup` may declare on. */
export interface App {
  readonly taps: Taps;
  readonly config: ConfigPoints;
  readonly status: StatusPoints;
  readonly actions: ActionPoints;
  readonly checkers: CheckerPoints;
}

export interface Log {
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What a started plugin works with. */
export interface Run {
  readonly log: Log;
  readonly clock: Clock;
  readonly ports: Ports;
  readonly hooks: HookCalls;
  readonly leases: LeasePublisher & LeaseReader;
  /** Aborted when the plugin must stop. */
  readonly signal: AbortSignal;
  /** Command-line and environment facts a plugin may need. */
  readonly facts: Facts;
}

export interface Facts {
  /** True after a restart of the lane within the life of the same daemon, also where the plugin lived in another lane before. */
  readonly isRestart: boolean;
  /** `--dont-release-vrrp`: leave addresses in place at exit. */
  readonly keepAddressesAtExit: boolean;
  /** `--dont-release-ipvs`: leave balanced services in place at exit. */
  readonly keepServicesAtExit?: boolean;
  /** Directory that relative paths of the configuration refer to. */
  readonly configDirectory: string;
}

/** A plugin's answer to a new configuration: it has applied the difference, or wants to be stopped and started. */
export type ReconfigureAnswer = 'absorbed' | 'restart';

export interface PluginSpec {
  /** The one word that names the plugin: its folder, log prefix and page in the docs. `[a-z][a-z0-9-]*`; `PARENT:NAME` for children. */
  readonly name: string;
  /** Declares. Synchronous, no I/O. */
  setup(app: App): void;
  /** Plugins that this one brings along, found with the configuration in hand (a folder of hook files). Before the graph freezes. */
  children?(run: Run): Promise<readonly Plugin[]>;
  /**
   * What only the host can tell of the bound configuration: a script that is missing, a hook file that does not load.
   * `mainstay check` prints it and counts it in its exit code (codes `SCRIPT_SECURITY_*`: 6); it never keeps a daemon from
   * starting or reloading. No side effects.
   */
  verify?(run: Run): Promise<readonly Diagnostic[]>;
  /** Acts: sockets and timers begin here. Ten seconds at most. */
  start?(run: Run): void | Promise<void>;
  /**
   * The handles already show the new configuration. Where the process dies over it, the next one starts with the configuration before, and is
   * asked once more: whatever that start takes over for others (a table in the kernel) is then taken away as it is here.
   */
  reconfigure?(run: Run): ReconfigureAnswer | Promise<ReconfigureAnswer>;
  /**
   * Undoes `start`, also one that failed half-way; called at most once per start, five seconds at most. `restart`: another life follows,
   * also after a start that failed or took too long; what others use meanwhile (a table in the kernel) stays. `shutdown`: none does.
   */
  stop?(run: Run, why: 'shutdown' | 'restart'): void | Promise<void>;
  /**
   * In place of `start` and `stop` where the daemon stops while the plugin does not run: it has not started yet, or an earlier life of it
   * failed, died, or was stopped for a `restart` that does not come any more. Takes back what that life, or a daemon before this one, left
   * for others to use (a table in the kernel), and begins nothing. Ten seconds at most. Throws where something may have stayed: the
   * operator is then told what `leaves` of the manifest says, without which it is never called.
   */
  withdraw?(run: Run): void | Promise<void>;
}

const brand = Symbol.for('mainstay.plugin');

/** A defined plugin: the default export of a plugin's package. */
export type Plugin = PluginSpec & { readonly [brand]: 1 };

export function definePlugin(spec: PluginSpec): Plugin {
  return Object.freeze({ ...spec, [brand]: 1 as const });
}

/** Works across copies of the SDK. */
export function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === 1;
}
