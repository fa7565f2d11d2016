/**
 * The plugin host of one lane: loads plugins, binds their configuration, freezes the hook graph, runs their lives. Used by the
 * lane process (real ports), by @mainstay/testing (simulated ports, virtual clock) and by `mainstay check` (load and bind).
 */
import {
  type ActionResult,
  type Clock,
  type Diagnostic,
  type Explanation,
  type Facts,
  type LaneKind,
  type Log,
  MainstayError,
  messageOf,
  type ObjectStatus,
  type Plugin,
  type PortName,
  type Ports,
  type Run,
  type SourceTree,
} from '@mainstay/sdk';
import { HostChecks } from '../checks/host-checks.js';
import type { Routines } from '../checks/routines.js';
import { ConfigRegistry } from '../config/bind/registry.js';
import { HookBus, type TapStatus } from '../hooks/index.js';
import type { LogLevel, LogRecord } from '../log/record.js';
import { checkPlugin } from '../plugins/check-plugin.js';
import { type ActionFacts, ActionTable } from './actions.js';
import { CheckerTable } from './checkers.js';
import { ConfigPart } from './config-part.js';
import { withDeadline } from './deadline.js';
import { grantedPorts } from './granted-ports.js';
import { LeaseTable } from './leases.js';
import { awaitStart, Ending, hasNews, LifeCycle, startDeadlineMs } from './life-cycle.js';
import { type Life, type LoadedPlugin, Member } from './member.js';
import { runSetup, setupFailure } from './setup.js';
import { explanationsNow, explanationsOf, hasObjects, objectsNow, objectsOf, type PluginStatus, pluginStatus } from './status.js';

export interface HostOptions {
  readonly lane: string;
  readonly laneKind: LaneKind;
  readonly clock: Clock;
  readonly log: (record: LogRecord) => void;
  /** Asked once for each life of a plugin, when it first touches a port that it may touch. */
  readonly portsFor: (plugin: string, needs: readonly PortName[]) => Ports;
  readonly facts: Facts;
  /** Plugins that the operator allows to tap guards. */
  readonly consent: ReadonlySet<string>;
  /** Root keywords of plugins that are not there, and why. */
  readonly reserved?: ReadonlyMap<string, string>;
  /** Plugins of the same daemon in other lanes. Absent: this lane is the whole daemon. */
  readonly otherPlugins?: ReadonlyMap<string, LaneKind>;
  /** Of the configuration that `bind` is given: 1 unless the lane was restarted. */
  readonly generation?: number;
  /** 0 <= number < 1, for what must not happen everywhere at once. Default: Math.random. */
  readonly random?: () => number;
  /** Makes probes that go on as before. Absent: each is made by its checker. */
  readonly routines?: Routines;
}

export interface BindOptions {
  readonly unknownKeywords: 'error' | 'warning' | 'ignored';
}

export type ReloadResult =
  /** `failed`: plugins that could not start again and are out of service. */
  | { readonly ok: true; readonly restarted: string[]; readonly failed: string[]; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

export class Host {
  readonly bus: HookBus;
  readonly leases: LeaseTable;
  /** What plugins of this host check, and have checked. */
  readonly checks: HostChecks;
  /** The keywords of the loaded plugins, their values, and the schema of it all. */
  readonly config = new ConfigRegistry();
  readonly #options: HostOptions;
  readonly #members: Member[] = [];
  readonly #cycle: LifeCycle;
  readonly #actions: ActionTable;
  readonly #checkers: CheckerTable;
  /** Of the configuration in force; not its tree, of which nothing is asked once it is bound. */
  #files: readonly string[] | undefined;
  #generation: number;
  #isFrozen = false;
  /** Aborted by `stop`: whatever is under way gives up. */
  #ended = new AbortController();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: HostOptions) {
    this.#options = options;
    this.#generation = options.generation ?? 1;
    for (const [keyword, why] of options.reserved ?? []) this.config.reserve(keyword, why);
    const { clock, lane, random, routines } = options;
    this.bus = new HookBus({
      lane,
      clock,
      log: (level, plugin, message, fields) => this.#log(level, plugin, message, fields),
      lifecycleFailed: (plugin, hook, error) => this.#noteFailure(plugin, `${hook}: ${error}`),
    });
    this.leases = new LeaseTable(clock, (plugin, message) => this.#log('warn', plugin, message));
    this.#actions = new ActionTable({ clock, failed: (plugin, message) => this.#log('error', plugin, message) });
    this.checks = new HostChecks({
      lane,
      clock,
      ...(random !== undefined && { random }),
      routines,
      hooks: this.bus.callsFor('checkers'),
      log: (level, plugin, message, fields) => this.#log(level, plugin, message, fields),
    });
    this.#checkers = new CheckerTable(this.checks);
    this.#cycle = new LifeCycle({
      clock,
      log: (level, plugin, message) => this.#log(level, plugin, message),
      lifeOf: (member) => this.#lifeOf(member),
      running: (member, isRunning) => this.#running(member, isRunning),
    });
  }

  /** Runs the setup of each plugin, in order. Throws MainstayError; the host is then of no more use. */
  load(plugins: readonly LoadedPlugin[]): void {
    for (const loaded of plugins) {
      this.#admit(loaded, undefined, (name) => new ConfigPart(name, this.config.pointsFor(name)));
    }
  }

  /** Binds the configuration. On errors the handles stay as they were. */
  bind(tree: SourceTree, options: BindOptions): readonly Diagnostic[] {
    const diagnostics = this.config.bind(tree, options);
    if (!hasErrors(diagnostics)) this.#files = tree.files;
    return diagnostics;
  }

  /** Adds the plugins that bound plugins bring along, and those that these bring. */
  async expand(): Promise<void> {
    // The list grows while it is walked.
    for (const member of this.#members) {
      for (const child of await this.#childrenOf(member)) this.#admitChild(child, member);
    }
  }

  /** Orders the taps and builds the hooks. Throws MainstayError. */
  freeze(): void {
    const here = new Map(this.#members.map((member) => [member.name, member.loaded.manifest.lane]));
    const alone = this.#members.filter((member) => member.loaded.manifest.isolated === true);
    const isolated = new Map(alone.map((member) => [member.name, member.parent ?? member.name]));
    const { consent, otherPlugins } = this.#options;
    const all = otherPlugins === undefined ? { checkers: this.#checkers.plugins() } : {};
    this.bus.freeze({ here, isolated, elsewhere: otherPlugins ?? new Map(), consent, ...all });
    for (const member of this.#members) awaitStart(member);
    this.#isFrozen = true;
  }

  /** What the plugins find on this machine about the bound configuration. Never rejects. */
  async verify(): Promise<readonly Diagnostic[]> {
    const found: Diagnostic[] = [];
    for (const member of this.#members) {
      const { plugin } = member.loaded;
      if (plugin.verify === undefined) continue;
      const bound = { what: `verify of plugin ${member.name}`, ms: startDeadlineMs };
      try {
        found.push(...(await withDeadline(this.#options.clock, bound, () => plugin.verify?.(this.#lifeOf(member).run) ?? [])));
      } catch (error) {
        found.push(this.#verifyFailure(member, error));
      }
    }
    return found;
  }

  /** In load order, ten seconds each. On a failure everything that has started is stopped, and the promise rejects. */
  start(): Promise<void> {
    // At once: a stop that comes before the start has begun must find it.
    this.#ended = new AbortController();
    const { signal } = this.#ended;
    return this.#oneAtATime(async () => {
      const files = this.#files;
      if (!this.#isFrozen || files === undefined) throw new Error('the host is started before it is bound and frozen');
      for (const member of this.#members) awaitStart(member);
      await this.bus.lifecycle('config.loaded', { files, generation: this.#generation });
      await this.#cycle.startAll(this.#members, signal);
    });
  }

  /**
   * Binds a new configuration and tells the plugins whose part of it changed. With errors nothing changes. Parked plugins get
   * another chance. Plugins that others brought along stay as they are: a lane that has such starts anew instead.
   */
  reload(tree: SourceTree, options: BindOptions & { readonly generation?: number }): Promise<ReloadResult> {
    const { signal } = this.#ended;
    return this.#oneAtATime(async () => {
      const diagnostics = this.bind(tree, options);
      if (hasErrors(diagnostics)) return { ok: false, diagnostics };
      this.#generation = options.generation ?? this.#generation + 1;
      this.bus.resumeAll();
      const restarted: string[] = [];
      const failed: string[] = [];
      for (const member of this.#members.filter(hasNews)) {
        const answer = await this.#cycle.reconfigure(member, signal);
        if (signal.aborted) break;
        member.told = member.part.snapshot();
        if (answer === 'absorbed') continue;
        ((await this.#cycle.restart(member, signal)) ? restarted : failed).push(member.name);
      }
      await this.bus.lifecycle('config.reloaded', { files: tree.files, generation: this.#generation });
      return { ok: true, restarted, failed, diagnostics };
    });
  }

  /** In reverse order, five seconds each; gives up a start or reload under way. Never rejects; harmless when repeated. */
  stop(why: 'shutdown' | 'restart'): Promise<void> {
    this.#ended.abort(new Ending(why));
    return this.#oneAtATime(async () => {
      this.checks.close();
      await this.#cycle.stopAll(this.#members, why);
      for (const member of this.#members) member.standing.close();
      this.leases.close();
    });
  }

  /**
   * After a `stop` for good: has the plugins take back what no stop took back, of this process or an earlier one. Answers the names of those
   * that may still have something in the kernel. Never rejects.
   */
  withdraw(): Promise<readonly string[]> {
    return this.#oneAtATime(() => this.#cycle.withdrawAll(this.#members));
  }

  /** What the plugins report of their objects. A plugin has two seconds. Never rejects. */
  objects(): Promise<readonly ObjectStatus[]> {
    return objectsOf(this.#members, this.#options.clock, this.#reportFailed);
  }

  explain(name: string): Promise<readonly Explanation[]> {
    return explanationsOf(this.#members, name, this.#options.clock, this.#reportFailed);
  }

  /** Those that are reported at once. */
  objectsNow(): readonly ObjectStatus[] {
    return objectsNow(this.#members, this.#reportFailed);
  }

  explainNow(name: string): readonly Explanation[] {
    return explanationsNow(this.#members, name, this.#reportFailed);
  }

  get hasObjects(): boolean {
    return hasObjects(this.#members);
  }

  readonly #reportFailed = (plugin: string, message: string) => this.#log('error', plugin, message);

  plugins(): readonly PluginStatus[] {
    const { lane, laneKind } = this.#options;
    const taps = this.taps();
    return this.#members.map((member) => pluginStatus(member, { lane, laneKind }, taps));
  }

  taps(): readonly TapStatus[] {
    return this.bus.taps();
  }

  /** What the plugins can be asked to do. */
  actions(): readonly ActionFacts[] {
    return this.#actions.list();
  }

  /** Keywords of the checkers that plugins define. */
  checkers(): readonly string[] {
    return this.#checkers.list();
  }

  /** Has a plugin do what it declared. Never rejects; does not wait for a start, reload or stop under way. */
  act(verb: string, name: string): Promise<ActionResult> {
    return this.#actions.run(verb, name);
  }

  #admit(loaded: LoadedPlugin, parent: string | undefined, partOf: (name: string) => ConfigPart): void {
    const { plugin } = loaded;
    checkPlugin(plugin, loaded.origin);
    const { name } = plugin;
    const twin = this.#members.find((member) => member.name === name);
    if (twin !== undefined) {
      const message = `two plugins are named ${name}: one from ${twin.loaded.origin}, one from ${loaded.origin}`;
      throw new MainstayError('PLUGIN_DUPLICATE', message, 'load only one of them');
    }
    const part = partOf(name);
    const member = new Member(loaded, parent, part, this.bus.standing(name));
    const { taps, seal } = this.bus.tapsFor(name);
    const actions = this.#actions.pointsFor(member);
    const checkers = this.#checkers.pointsFor(member);
    const { points: config } = part;
    const { statusPoints: status } = member;
    runSetup(plugin, () => plugin.setup({ taps, config, status, actions: actions.points, checkers: checkers.points }));
    seal();
    actions.seal();
    checkers.seal();
    part.seal();
    this.#members.push(member);
  }

  async #childrenOf(member: Member): Promise<readonly Plugin[]> {
    const { plugin } = member.loaded;
    if (plugin.children === undefined) return [];
    const { run } = this.#lifeOf(member);
    const bound = { what: `plugin ${member.name}, finding the plugins it brings along,`, ms: startDeadlineMs };
    try {
      const children = await withDeadline(this.#options.clock, bound, () => plugin.children?.(run), this.#ended.signal);
      if (!Array.isArray(children)) throw new TypeError('it answered something else than a list of plugins');
      return children;
    } catch (error) {
      throw setupFailure(plugin, 'children()', error);
    }
  }

  #admitChild(child: Plugin, parent: Member): void {
    const { manifest, version } = parent.loaded;
    const loaded = { plugin: child, manifest, version, origin: `plugin ${parent.name}` };
    this.#admit(loaded, parent.name, (name) => new ConfigPart(name, undefined));
  }

  #lifeOf(member: Member): Life {
    member.life ??= this.#newLife(member);
    return member.life;
  }

  #newLife({ name, loaded }: Member): Life {
    const { clock, facts, portsFor } = this.#options;
    const { needs } = loaded.manifest;
    const controller = new AbortController();
    const checks = () => this.checks.portFor(name, controller.signal);
    const run: Run = {
      log: this.#logOf(name),
      clock,
      ports: grantedPorts(`plugin ${name}`, needs, () => portsFor(name, needs), undefined, checks),
      hooks: this.bus.callsFor(name),
      leases: this.leases.forPlugin(name),
      signal: controller.signal,
      facts,
    };
    return { run: Object.freeze(run), controller };
  }

  /** The checks of its checkers go on and stop with it. */
  #running(member: Member, isRunning: boolean): void {
    if (isRunning) {
      this.bus.remind(member.name);
      const { run } = this.#lifeOf(member);
      this.#checkers.begin(member, run.log, run.ports);
    } else this.#checkers.end(member);
  }

  #logOf(plugin: string): Log {
    const say = (level: LogLevel) => (message: string, fields?: Readonly<Record<string, unknown>>) =>
      this.#log(level, plugin, message, fields);
    return Object.freeze({ error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') });
  }

  #log(level: LogLevel, plugin: string, message: string, fields?: Readonly<Record<string, unknown>>): void {
    const at = this.#options.clock.wall();
    try {
      this.#options.log({ level, plugin, message, at, ...(fields === undefined ? {} : { fields }) });
    } catch {
      // A log that cannot be written (a closed channel, fields that cannot be copied) must not fail what was logged.
    }
  }

  #noteFailure(plugin: string, error: string): void {
    const member = this.#members.find((m) => m.name === plugin);
    if (member !== undefined) member.lastError = error;
  }

  #verifyFailure(member: Member, error: unknown): Diagnostic {
    const at = { file: this.#files?.[0] ?? '', line: 0, column: 0 };
    const message = `plugin ${member.name} could not verify its configuration: ${messageOf(error)}`;
    return { severity: 'warning', code: 'PLUGIN_VERIFY_FAILED', message, at };
  }

  /** Start, reload and stop never overlap. */
  #oneAtATime<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(operation);
    this.#queue = result.catch(() => {});
    return result;
  }
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === 'error');
}
